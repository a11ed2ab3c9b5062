import type { Bell } from '../../hw/bell.ts';
import type { Clock } from '../../hw/clock.ts';

/** Empty steps before a thread thinks of sleeping. */
const SPINS = 2000;
/** A sleep shorter than this is not worth the waking: the thread spins on. */
const LEAST_SLEEP_US = 200;
/** Waking by time-out is about this late. */
const LATE_US = 100;
const LONGEST_SLEEP_MS = 20;
/** A thread that must go on looking gives its core away for a moment, once in so many empty steps. */
const STEPS_PER_REST = 256;
const REST_MS = 0.05;

/** Spin, then park; or, where nobody would wake us, spin and rest: on a machine with too few cores the other thread needs ours. */
export class IdleWatch {
  private readonly bell: Bell;
  private readonly clock: Clock;
  private readonly pillow = new Int32Array(new SharedArrayBuffer(4));
  private empty = 0;

  constructor(bell: Bell, clock: Clock) {
    this.bell = bell;
    this.clock = clock;
  }

  busy(): void {
    this.empty = 0;
  }

  /** An empty step. True if the thread slept, and nobody woke it. */
  pause(hasWork: () => boolean, nextUs: () => number): boolean {
    if (++this.empty < SPINS) return false;
    const sleepUs = nextUs() - this.clock.nowUs();
    if (sleepUs < LEAST_SLEEP_US) return false;
    return !this.bell.park(hasWork, Math.min(LONGEST_SLEEP_MS, (sleepUs - LATE_US) / 1000));
  }

  /** An empty step of a thread that polls. */
  rest(): void {
    if (++this.empty >= SPINS && this.empty % STEPS_PER_REST === 0) Atomics.wait(this.pillow, 0, 0, REST_MS);
  }
}
