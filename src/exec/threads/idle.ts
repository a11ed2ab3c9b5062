import type { Bell } from '../../hw/bell.ts';
import type { Clock } from '../../hw/clock.ts';

/** Empty steps before a thread thinks of sleeping. */
const SPINS = 2000;
/** A sleep shorter than this is not worth the waking: the thread spins on. */
const LEAST_SLEEP_US = 200;
/** Waking by time-out is about this late. */
const LATE_US = 100;
const LONGEST_SLEEP_MS = 20;

/** Spin, then park. */
export class IdleWatch {
  private readonly bell: Bell;
  private readonly clock: Clock;
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
}
