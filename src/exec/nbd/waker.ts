/** Wakes another thread once for much: waking costs more than a request does, and clients send them one by one. */

/** So many are not held back: the other thread works on them while more come. */
const MANY = 8;

export class Waker {
  private readonly wake: () => void;
  /** Published and not told of: now, and when last looked at. */
  private untold = 0;
  private seen = 0;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** The other thread is to be told of what was just published; at once if it waits for nothing else. */
  tell(alone: boolean): void {
    this.untold++;
    if (alone) this.now();
    else if (this.untold === 1) setImmediate(this.look);
  }

  /** Looks after each turn of the event loop, until one has brought nothing more. */
  private readonly look = (): void => {
    if (this.untold === 0) return;
    if (this.untold === this.seen || this.untold >= MANY) return this.now();
    this.seen = this.untold;
    setImmediate(this.look);
  };

  private now(): void {
    this.untold = this.seen = 0;
    this.wake();
  }
}
