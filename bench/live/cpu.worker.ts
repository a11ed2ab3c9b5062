/** A live cell's CPU thread: serves while a trial lasts, and swaps as it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import { conclude } from '../../src/exec/threads/conclude.ts';
import { IdleWatch, type Occupancy } from '../../src/exec/threads/idle.ts';
import { failure } from '../../src/exec/threads/messages.ts';
import { Control } from '../../src/host/control.ts';
import { Cpu } from '../../src/host/cpu.ts';
import { MonotonicClock } from '../../src/hw/clock.ts';
import { Memory } from '../../src/hw/memory.ts';
import { rehearse } from '../../src/swap/rehearsal.ts';
import { SwapGauges } from '../gauged-swaps.ts';
import { type Lines, warmGauges } from '../pace.ts';
import { Asking } from './asking.ts';
import { Histogram } from './histogram.ts';
import {
  COUNTING,
  type CpuTrial,
  GOING,
  LED,
  type LiveCommand,
  type LiveStart,
  linesOf,
  OFFERED,
  SERVED,
  type SwapSeries,
  TAKEN,
} from './messages.ts';
import { Stamps } from './stamps.ts';
import { timedSink } from './timed-sink.ts';

const STEPS_PER_LOOK = 16;

function main(start: LiveStart): void {
  const { layout } = start;
  const memory = new Memory(start.buffer);
  const clock = new MonotonicClock(start.originUs);
  const control = new Control(memory, layout.control);
  const { stream } = layout.cards[layout.cards.length - 1];
  const stamps = new Stamps(memory, start.stamps, stream.kind === 'generated' ? stream.flows : 1);
  const histogram = new Histogram(start.histogram);
  const understudy = start.swaps ? rehearse(NIC_DRIVERS, clock) : undefined;
  warmGauges();
  const gauges = new SwapGauges();
  const cpu = new Cpu(memory, layout, clock, {
    timed: [],
    round: undefined,
    drivers: NIC_DRIVERS,
    understudy,
    applications: [timedSink(stamps, histogram, clock)],
    swapEnded: gauges.swapEnded,
  });
  for (const _ of cpu.boot());
  const beganUs = clock.nowUs();
  cpu.desk.start(beganUs);
  const serving = new Serving(cpu, clock, gauges, start.ending, histogram);
  parentPort?.on('message', (command: LiveCommand) => {
    if (command.kind === 'trial') {
      parentPort?.postMessage({ kind: 'trial', trial: serving.run(command.swaps) });
      return;
    }
    const occupancy = { workingUs: 0, lookingUs: 0, idleUs: 0 };
    const served = { startUs: beganUs, endUs: clock.nowUs(), occupancy };
    const result = conclude(cpu, memory, layout, false, served);
    control.stopHardware();
    parentPort?.postMessage({ kind: 'finished', result });
  });
  control.go();
  parentPort?.postMessage({ kind: 'ready' });
}

class Serving {
  private readonly cpu: Cpu;
  private readonly clock: MonotonicClock;
  private readonly idle: IdleWatch;
  private readonly gauges: SwapGauges;
  private readonly ending: Int32Array;
  private readonly lines: Lines;
  private readonly histogram: Histogram;

  constructor(
    cpu: Cpu,
    clock: MonotonicClock,
    gauges: SwapGauges,
    ending: SharedArrayBuffer,
    histogram: Histogram,
  ) {
    this.cpu = cpu;
    this.clock = clock;
    this.idle = new IdleWatch(cpu.port.bell, clock);
    this.gauges = gauges;
    this.ending = new Int32Array(ending);
    this.lines = linesOf(ending);
    this.histogram = histogram;
  }

  /** Until the hardware says that all is over, and the swaps that have begun have ended. */
  run(series: SwapSeries | undefined): CpuTrial {
    const { cpu, idle } = this;
    const before = cpu.desk.records.length;
    const swaps = new Asking(series, cpu.desk, cpu.slots, this.clock);
    const stage = () => Atomics.load(this.ending, 0);
    const hasWork = () => cpu.port.anyPending() || stage() === LED || stage() === TAKEN;
    const nextUs = () => Math.min(cpu.desk.nextDueUs(), swaps.nextUs());
    idle.restart();
    Atomics.store(this.ending, 0, GOING);
    let occupancy: Occupancy | undefined;
    let seldomNs = 0;
    for (let steps = 0; ; steps++) {
      const frames = cpu.step();
      if (frames > 0) idle.busy();
      else if (!cpu.idle()) idle.rest();
      else if (idle.pause(hasWork, nextUs)) cpu.sleptThrough();
      if (steps % STEPS_PER_LOOK !== 0) continue;
      if (stage() === LED) {
        seldomNs = this.lines.fetchNs();
        idle.restart();
        this.histogram.clear();
        Atomics.store(this.ending, 0, COUNTING);
      }
      // What comes after the last frame is not the load's.
      if (occupancy === undefined && stage() === OFFERED) {
        occupancy = idle.occupancy();
        seldomNs = Math.max(seldomNs, this.lines.fetchNs());
      }
      if (stage() === TAKEN) break;
      swaps.look();
    }
    while (cpu.desk.busy) cpu.step();
    Atomics.store(this.ending, 0, SERVED);
    const swapped = this.gauges.of(cpu.desk.records.slice(before), seldomNs);
    return { occupancy: occupancy ?? idle.occupancy(), swaps: swapped };
  }
}

try {
  main(workerData as LiveStart);
} catch (error) {
  parentPort?.postMessage(failure(error));
}
