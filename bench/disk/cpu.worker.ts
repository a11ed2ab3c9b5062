/** A disk cell's CPU thread: asks for blocks in turns with the disk, or beside it, as it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { failure } from '../../src/exec/threads/messages.ts';
import { Control } from '../../src/host/control.ts';
import { type Clock, MonotonicClock } from '../../src/hw/clock.ts';
import { Memory } from '../../src/hw/memory.ts';
import type { TimedTurns } from '../drain/messages.ts';
import { HARDWARE, NOBODY, Turns } from '../drain/turns.ts';
import type { SwapSeries } from '../live/messages.ts';
import { gaugeNs, warmGauges } from '../pace.ts';
import type { Asker } from './asker.ts';
import { BarePair } from './bare-pair.ts';
import { Host } from './host.ts';
import type { DiskAnswer, DiskCommand, DiskRun, DiskStart } from './messages.ts';

/** Runs begin with a time that counts in no figure: threads find a core each, and what waited since the last run is taken. */
const LEAD_US = 5000;

function main(start: DiskStart): void {
  const memory = new Memory(start.buffer);
  warmGauges();
  const clock = new MonotonicClock(start.originUs);
  const turns = new Turns(start.turns);
  const control = new Control(memory, start.layout.control);
  const { asker: kind, layout } = start;
  const asker: Asker =
    kind.kind === 'host'
      ? new Host(memory, layout, clock, kind.rehearsed)
      : new BarePair(memory, layout, clock, kind.wholeLedger);
  parentPort?.on('message', (command: DiskCommand) => {
    const answer = obey(command, asker, turns, clock);
    turns.give(NOBODY);
    parentPort?.postMessage(answer);
  });
  control.go();
  parentPort?.postMessage({ kind: 'ready' });
}

function obey(command: DiskCommand, asker: Asker, turns: Turns, clock: Clock): DiskAnswer {
  switch (command.kind) {
    case 'work':
      asker.begin(command.work);
      return { kind: 'working' };
    case 'turns':
      return { kind: 'turned', trial: take(command.turns, asker, turns) };
    case 'run':
      return { kind: 'ran', run: run(command.durationUs, command.swaps, asker, clock) };
    case 'end':
      return { kind: 'finished', result: asker.conclude() };
  }
}

/**
 * The disk does all that it was told of, then all that is taken, and as much asked for: only that is timed. A driver that
 * holds commands or interrupts back has turns in which nothing is done: they do not count.
 */
function take(count: number, asker: Asker, turns: Turns): TimedTurns {
  const ns = new Float64Array(count);
  const frames = new Int32Array(count);
  const gauges = new Float64Array(count);
  const fetches = new Float64Array(count);
  for (let turn = 0; turn < count; ) {
    turns.give(HARDWARE);
    turns.await(HARDWARE);
    const before = asker.done;
    const fetchNs = turns.lines.fetchNs();
    const gaugeBefore = gaugeNs();
    const began = performance.now();
    asker.drain();
    const tookMs = performance.now() - began;
    if (asker.done === before) continue;
    gauges[turn] = Math.max(gaugeBefore, gaugeNs());
    fetches[turn] = fetchNs;
    ns[turn] = tookMs * 1e6;
    frames[turn++] = asker.done - before;
  }
  return { ns, frames, gaugeNs: gauges, fetchNs: fetches };
}

function run(durationUs: number, swaps: SwapSeries | undefined, asker: Asker, clock: Clock): DiskRun {
  asker.serve(clock.nowUs() + LEAD_US, undefined);
  asker.latency.clear();
  const before = asker.done;
  const beganUs = clock.nowUs();
  const service = asker.serve(beganUs + durationUs, swaps);
  const seconds = (clock.nowUs() - beganUs) / 1e6;
  return { seconds, done: asker.done - before, latencyUs: asker.latency.summary(), ...service };
}

try {
  main(workerData as DiskStart);
} catch (error) {
  parentPort?.postMessage(failure(error));
}
