/** Who empties the rings, behind one face. */

import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import { conclude } from '../../src/exec/threads/conclude.ts';
import type { CpuResult } from '../../src/exec/threads/messages.ts';
import { Cpu } from '../../src/host/cpu.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import { type Clock, MonotonicClock } from '../../src/hw/clock.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { rehearse } from '../../src/swap/rehearsal.ts';
import { RoundRobin } from '../../src/swap/timetable.ts';
import { type GaugedSwap, SwapGauges } from '../gauged-swaps.ts';
import { BareForward } from './bare-forward.ts';
import { BareReceive } from './bare-receive.ts';
import { MACSWAP } from './macswap.ts';
import type { DrainStart } from './messages.ts';

/** Frames that the loop written by hand took, and what was not as expected. */
export interface BareResult {
  readonly frames: number;
  readonly wrong: number;
}

export type DrainResult =
  /** `waiting`: for each swap, in the order of the records, the frames that lay in the rings when it ended. */
  | {
      readonly kind: 'host';
      readonly cpu: CpuResult;
      readonly swaps: readonly GaugedSwap[];
      readonly waiting: readonly number[];
    }
  | { readonly kind: 'bare'; readonly bare: BareResult };

export interface Drain {
  /** A turn begins, and ends. */
  begin(): void;
  end(): void;
  /** Takes all that there is. Returns the number of frames. */
  drain(): number;
  /** From now on a swap begins every so many microseconds of the CPU's own time, at the next turn; none at infinity. */
  swapEvery(us: number): void;
  /** So many swaps, the last one to this driver. */
  swap(count: number, to: string): void;
  /** Swaps done so far. */
  swaps(): number;
  /** No swap begins any more, and the one under way comes to its end. */
  settle(): void;
  conclude(): DrainResult;
}

export function makeDrain(memory: Memory, start: DrainStart): Drain {
  const { drainer, layout, originUs } = start;
  if (drainer.kind === 'host') {
    const clock = new TurnClock(new MonotonicClock(originUs));
    const understudy = drainer.rehearsed ? rehearse(NIC_DRIVERS, clock) : undefined;
    const waiting = new Waiting();
    const gauges = new SwapGauges();
    const cpu = new Cpu(memory, layout, clock, {
      timed: [],
      round: drainer.round,
      drivers: NIC_DRIVERS.filter(({ name }) => drainer.drivers?.includes(name) ?? true),
      applications: [MACSWAP],
      understudy,
      swapEnded: () => {
        waiting.swapEnded();
        if (drainer.round !== undefined) gauges.swapEnded(); // elsewhere turns are timed, which it would lengthen
      },
    });
    for (const _ of cpu.boot());
    return new HostDrain(memory, layout, cpu, clock, waiting, gauges);
  }
  const clock = new MonotonicClock(originUs);
  const bare = drainer.forwards
    ? new BareForward(memory, layout, clock, drainer.burst)
    : new BareReceive(memory, layout, clock, drainer.burst, drainer.wholeLedger ?? false);
  for (const _ of bare.bringUp());
  return new BareDrain(bare, new TurnClock(clock));
}

/** Places in the clock's times. */
const PAUSED = 0;
const SINCE = 1;

/** Stands still between turns: what is due in a millisecond is due after a millisecond of the CPU's own time. */
class TurnClock implements Clock {
  private readonly clock: Clock;
  /** In milliseconds. An array, and the platform's own clock: whatever is inlined, a turn allocates as much for all. */
  private readonly times = new Float64Array(2);

  constructor(clock: Clock) {
    this.clock = clock;
    this.pause();
  }

  nowUs(): number {
    return this.clock.nowUs() - this.times[PAUSED] * 1000;
  }

  resume(): void {
    this.times[PAUSED] += performance.now() - this.times[SINCE];
  }

  pause(): void {
    this.times[SINCE] = performance.now();
  }
}

/** Frames that a turn still has to take when a swap ends, which only the end of the turn can tell. */
class Waiting {
  readonly frames: number[] = [];
  private told = 0;
  private taken = 0;

  take(frames: number): void {
    this.taken += frames;
  }

  swapEnded(): void {
    this.frames.push(this.taken);
  }

  turnEnded(): void {
    for (; this.told < this.frames.length; this.told++)
      this.frames[this.told] = this.taken - this.frames[this.told];
    this.taken = 0;
  }
}

class HostDrain implements Drain {
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly cpu: Cpu;
  private readonly clock: TurnClock;
  private readonly waiting: Waiting;
  private readonly gauges: SwapGauges;
  private readonly beganUs: number;
  private readonly round: RoundRobin;
  private swapEveryUs = Number.POSITIVE_INFINITY;
  private swapDueUs = Number.POSITIVE_INFINITY;
  /** Intervals between swaps, and how much is left of each when another one takes its place: most trials are shorter. */
  private readonly leftUs = new Map<number, number>();

  constructor(
    memory: Memory,
    layout: MachineLayout,
    cpu: Cpu,
    clock: TurnClock,
    waiting: Waiting,
    gauges: SwapGauges,
  ) {
    this.memory = memory;
    this.layout = layout;
    this.cpu = cpu;
    this.clock = clock;
    this.waiting = waiting;
    this.gauges = gauges;
    clock.pause();
    this.beganUs = clock.nowUs();
    cpu.desk.start(this.beganUs);
    const round = { intervalUs: 0, method: 'inplace', vary: {} } as const;
    this.round = new RoundRobin(round, cpu.driverNames('nic'));
  }

  begin(): void {
    this.clock.resume();
  }

  end(): void {
    this.clock.pause();
  }

  drain(): number {
    if (this.swapDueUs !== Number.POSITIVE_INFINITY) this.swapIfDue();
    let frames = 0;
    for (let served = this.cpu.step(); served > 0; served = this.cpu.step()) {
      frames += served;
      this.waiting.take(served);
    }
    this.waiting.turnEnded();
    return frames;
  }

  swapEvery(us: number): void {
    this.clock.resume(); // it tells the time in turns alone
    const now = this.clock.nowUs();
    this.clock.pause();
    this.leftUs.set(this.swapEveryUs, this.swapDueUs - now);
    this.swapEveryUs = us;
    this.swapDueUs = now + (this.leftUs.get(us) ?? us);
  }

  swap(count: number, to: string): void {
    const { desk } = this.cpu;
    const names = this.cpu.driverNames('nic');
    for (let i = 1; i <= count; i++) {
      const before = desk.records.length;
      desk.ask(0, i === count ? to : names[i % names.length], {}, 'inplace');
      while (desk.records.length === before) this.cpu.step();
    }
    this.waiting.turnEnded();
  }

  swaps(): number {
    return this.cpu.desk.records.length;
  }

  settle(): void {
    this.clock.resume();
    this.cpu.desk.close();
    while (this.cpu.desk.busy) this.cpu.step();
    this.clock.pause();
    this.waiting.turnEnded();
  }

  conclude(): DrainResult {
    const occupancy = { workingUs: 0, lookingUs: 0, idleUs: 0 };
    const served = { startUs: this.beganUs, endUs: this.clock.nowUs(), occupancy };
    const cpu = conclude(this.cpu, this.memory, this.layout, false, served);
    return { kind: 'host', cpu, swaps: this.gauges.of(cpu.records), waiting: this.waiting.frames };
  }

  private swapIfDue(): void {
    if (this.clock.nowUs() < this.swapDueUs) return;
    this.swapDueUs += this.swapEveryUs;
    const { to, parameters, method } = this.round.next();
    this.cpu.desk.ask(0, to, parameters, method);
  }
}

class BareDrain implements Drain {
  private readonly bare: BareReceive | BareForward;
  private readonly clock: TurnClock;

  constructor(bare: BareReceive | BareForward, clock: TurnClock) {
    this.bare = bare;
    this.clock = clock;
  }

  /** The clock is of no use here, but costs what it costs the others. */
  begin(): void {
    this.clock.resume();
  }

  end(): void {
    this.clock.pause();
  }

  drain(): number {
    return this.bare.drain();
  }

  swapEvery(us: number): void {
    if (us !== Number.POSITIVE_INFINITY) this.swap();
  }

  swap(): void {
    throw new Error('there is no driver to be swapped');
  }

  swaps(): number {
    return 0;
  }

  settle(): void {}

  conclude(): DrainResult {
    return { kind: 'bare', bare: { frames: this.bare.frames, wrong: this.bare.wrong } };
  }
}
