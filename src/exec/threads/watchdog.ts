/** Notices a CPU that makes no step any more: a driver that does not come back from a call. */

const LOOK_MS = 100;
/** Looks in a row that found nothing new. Counted, not timed: whoever looks may be held up too. */
const STILL_LOOKS = 20;

export interface Watched {
  /** Rises with the steps of whichever CPU serves. */
  beat(): number;
  asleep(): boolean;
}

export class Watchdog {
  private readonly watched: Watched;
  private readonly hangs: (reason: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private last = -1;
  private still = 0;

  /** `hangs` is called once for each time that it comes to a standstill. */
  constructor(watched: Watched, hangs: (reason: string) => void) {
    this.watched = watched;
    this.hangs = hangs;
  }

  start(): void {
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  look(): void {
    const beat = this.watched.beat();
    if (beat !== this.last || this.watched.asleep()) this.still = 0;
    else if (++this.still === STILL_LOOKS)
      this.hangs(`it made no step for ${(LOOK_MS * STILL_LOOKS) / 1000} s, and did not sleep`);
    this.last = beat;
  }
}
