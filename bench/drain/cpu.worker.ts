/** A cell's CPU thread: empties the rings when it is its turn, and times that. */
import { PerformanceObserver } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { failure } from '../../src/exec/threads/messages.ts';
import { Control } from '../../src/host/control.ts';
import { Memory } from '../../src/hw/memory.ts';
import { gaugeNs } from '../pace.ts';
import { type Drain, makeDrain } from './drains.ts';
import type { Command, DrainStart, TimedTurns, Trial } from './messages.ts';
import { HARDWARE, NOBODY, Turns } from './turns.ts';

/** Turns without a frame after which everything has come, and no driver holds back a doorbell. */
const LAST_TURNS = 20;

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

function main(start: DrainStart): void {
  const memory = new Memory(start.buffer);
  const turns = new Turns(start.turns);
  const drain = makeDrain(memory, start);
  const control = new Control(memory, start.layout.control);
  parentPort?.on('message', (command: Command) => {
    if (command.kind === 'trial') void answerTrial(command, drain, turns);
    else if (command.kind === 'swaps') answerSwaps(command, drain, turns);
    else end(drain, turns, control);
  });
  control.go();
  parentPort?.postMessage({ kind: 'ready' });
}

type TrialCommand = Extract<Command, { kind: 'trial' }>;

async function answerTrial(command: TrialCommand, drain: Drain, turns: Turns): Promise<void> {
  const trial = runTrial(command, drain, turns);
  await new Promise((resolve) => setImmediate(resolve)); // the observer hears of collections by then
  const ended: Trial = { ...trial, collections };
  collections = 0;
  parentPort?.postMessage({ kind: 'trial', trial: ended });
}

/** The hardware runs freely meanwhile. */
function answerSwaps({ count, to }: Extract<Command, { kind: 'swaps' }>, drain: Drain, turns: Turns): void {
  drain.begin();
  drain.swap(count, to);
  drain.end();
  turns.give(NOBODY);
  parentPort?.postMessage({ kind: 'swapped' });
}

/** Until nothing comes any more and no swap is under way: without frames a probation takes many polls, but no turns. */
function end(drain: Drain, turns: Turns, control: Control): void {
  drain.swapEvery(Number.POSITIVE_INFINITY);
  for (let empty = 0; empty < LAST_TURNS; ) {
    turns.give(HARDWARE);
    turns.await(HARDWARE);
    empty = drain.drain() === 0 ? empty + 1 : 0;
  }
  turns.give(NOBODY);
  drain.settle();
  const result = drain.conclude();
  control.stopHardware();
  parentPort?.postMessage({ kind: 'finished', result });
}

function runTrial({ turns: count, lead, swapEveryUs }: TrialCommand, drain: Drain, turns: Turns): Trial {
  drain.swapEvery(swapEveryUs);
  const timed = {
    ns: new Float64Array(count),
    frames: new Int32Array(count),
    gaugeNs: new Float64Array(count),
    fetchNs: new Float64Array(count),
  };
  for (let turn = 0; turn < lead; turn++) takeTurn(drain, turns, timed, 0);
  const swaps = drain.swaps();
  const heapBytes = process.memoryUsage().heapUsed;
  for (let turn = 0; turn < count; turn++) takeTurn(drain, turns, timed, turn);
  const grown = process.memoryUsage().heapUsed - heapBytes;
  turns.give(NOBODY);
  return { ...timed, swaps: drain.swaps() - swaps, heapBytes: grown, collections: 0 };
}

/** What it took is written down in its place. */
function takeTurn(drain: Drain, turns: Turns, timed: TimedTurns, turn: number): void {
  turns.give(HARDWARE);
  turns.await(HARDWARE);
  timed.fetchNs[turn] = turns.lines.fetchNs();
  const before = gaugeNs();
  drain.begin();
  const began = performance.now();
  timed.frames[turn] = drain.drain();
  timed.ns[turn] = (performance.now() - began) * 1e6;
  drain.end();
  timed.gaugeNs[turn] = Math.max(before, gaugeNs());
}

try {
  main(workerData as DrainStart);
} catch (error) {
  parentPort?.postMessage(failure(error));
}
