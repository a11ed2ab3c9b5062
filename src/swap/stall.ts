/**
 * The longest time, while work waits, in which nothing was served. One look a poll: frames served end a
 * wait; an empty poll ends it only if there was indeed nothing to serve. A sleep ends when it is ended.
 */
export class StallMeter {
  longestUs = 0;
  private sinceUs: number;

  constructor(nowUs: number) {
    this.sinceUs = nowUs;
  }

  /** After a poll: frames served, and whether work waits all the same. */
  observe(served: number, waits: boolean, nowUs: number, wokenUs: number): void {
    if (wokenUs > this.sinceUs) this.sinceUs = wokenUs;
    if (served > 0) {
      this.longestUs = Math.max(this.longestUs, nowUs - this.sinceUs);
      this.sinceUs = nowUs;
    } else if (!waits) {
      this.sinceUs = nowUs;
    }
  }

  /** Ends the window; what still waits counts up to now. */
  close(waits: boolean, nowUs: number): number {
    if (waits) this.longestUs = Math.max(this.longestUs, nowUs - this.sinceUs);
    return this.longestUs;
  }
}
