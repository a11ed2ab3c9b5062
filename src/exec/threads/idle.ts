import { availableParallelism } from 'node:os';
import type { MachineLayout } from '../../host/machine.ts';
import type { Bell } from '../../hw/bell.ts';
import type { Clock } from '../../hw/clock.ts';

/** How long a thread looks for work: empty steps before it thinks of sleeping, and before one that polls rests. */
export interface Spins {
  readonly beforeSleep: number;
  readonly beforeRest: number;
}

/** A thread that must go on looking gives its core away for a moment, once in so many empty steps. */
const STEPS_PER_REST = 256;
/** A millisecond or so before the first rest, unless the other thread has no core but ours. */
const SPINS: Spins = { beforeSleep: 2000, beforeRest: availableParallelism() >= 2 ? 20_000 : 2000 };
/** Where a disk is served, the thread with the sockets and the clients need the cores: each look takes them one. */
const SPINS_WHERE_SERVED: Spins = { beforeSleep: 10, beforeRest: STEPS_PER_REST };

/** A sleep shorter than this is not worth the waking: the thread spins on. */
const LEAST_SLEEP_US = 200;
/** Waking by time-out is about this late. */
const LATE_US = 100;
const LONGEST_SLEEP_MS = 20;
const REST_MS = 0.05;

/** What a thread did with its time since the traffic began, in microseconds. */
export interface Occupancy {
  /** Steps that found something to do. */
  readonly workingUs: number;
  /** Steps that found nothing, of a thread that must go on looking. */
  readonly lookingUs: number;
  /** Nothing to do, and somebody to tell when there is: the core is free for others, slept through or not. */
  readonly idleUs: number;
}

const WORKING = 0;
const LOOKING = 1;
const IDLE = 2;

export function spinsFor({ disks }: MachineLayout): Spins {
  return disks.some(({ client }) => client.kind === 'remote') ? SPINS_WHERE_SERVED : SPINS;
}

/** Spin, then park; or, where nobody would wake us, spin and rest: on a machine with too few cores the other thread needs ours. */
export class IdleWatch {
  private readonly bell: Bell;
  private readonly clock: Clock;
  private readonly spins: Spins;
  private readonly pillow = new Int32Array(new SharedArrayBuffer(4));
  private empty = 0;
  private readonly spentUs = new Float64Array(3);
  private state = IDLE;
  private sinceUs: number;

  constructor(bell: Bell, clock: Clock, spins: Spins = SPINS) {
    this.bell = bell;
    this.clock = clock;
    this.spins = spins;
    this.sinceUs = clock.nowUs();
  }

  /** Time counts from now. */
  restart(): void {
    this.enter(this.state);
    this.spentUs.fill(0);
  }

  occupancy(): Occupancy {
    this.enter(this.state);
    const [workingUs, lookingUs, idleUs] = this.spentUs;
    return { workingUs, lookingUs, idleUs };
  }

  busy(): void {
    if (this.state !== WORKING) this.enter(WORKING);
    this.empty = 0;
  }

  /** An empty step. True if the thread slept, and nobody woke it. */
  pause(hasWork: () => boolean, nextUs: () => number): boolean {
    if (this.state !== IDLE) this.enter(IDLE);
    if (++this.empty < this.spins.beforeSleep) return false;
    const sleepUs = nextUs() - this.clock.nowUs();
    if (sleepUs < LEAST_SLEEP_US) return false;
    return !this.bell.park(hasWork, Math.min(LONGEST_SLEEP_MS, (sleepUs - LATE_US) / 1000));
  }

  /** An empty step of a thread that polls. */
  rest(): void {
    if (this.state !== LOOKING) this.enter(LOOKING);
    if (++this.empty >= this.spins.beforeRest && this.empty % STEPS_PER_REST === 0)
      Atomics.wait(this.pillow, 0, 0, REST_MS);
  }

  /** The clock is read only where a thread turns from one thing to another. */
  private enter(state: number): void {
    const now = this.clock.nowUs();
    this.spentUs[this.state] += now - this.sinceUs;
    this.state = state;
    this.sinceUs = now;
  }
}
