import type { Clock } from '../hw/clock.ts';

/**
 * The longest time, while work waits, in which nothing was served. One look a poll: frames served end a
 * wait; an empty poll ends it only if there was indeed nothing to serve. A sleep ends when it is ended.
 */
export class StallMeter {
  longestUs = 0;
  private readonly clock: Clock;
  private sinceUs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  open(): void {
    this.longestUs = 0;
    this.sinceUs = this.clock.nowUs();
  }

  /** After a poll: frames served, and whether work waits all the same. */
  observe(served: number, waits: boolean, wokenUs: number): void {
    const now = this.clock.nowUs();
    if (wokenUs > this.sinceUs) this.sinceUs = wokenUs;
    if (served > 0) {
      this.longestUs = Math.max(this.longestUs, now - this.sinceUs);
      this.sinceUs = now;
    } else if (!waits) {
      this.sinceUs = now;
    }
  }

  /** Ends the window; what still waits counts up to now. */
  close(waits: boolean): number {
    if (waits) this.longestUs = Math.max(this.longestUs, this.clock.nowUs() - this.sinceUs);
    return this.longestUs;
  }
}
