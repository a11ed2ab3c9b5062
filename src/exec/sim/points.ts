/** Where a simulation gets in between two accesses to shared words, or two calls of a driver. */

/** More accesses than any scenario makes. */
const NEVER = 0x3fffffff;
/** The index of no word. */
const NONE = -1;

export class Points {
  /** Accesses left until `strike` is called. */
  private left = NEVER;
  /** Called before the access that is about to be made. */
  private strike: () => void = () => undefined;
  /** Accesses so far that may have changed something. */
  writes = 0;
  private armed = false;
  /** Words around which strikes are due whenever they are touched. */
  private hot0 = NONE;
  private hot1 = NONE;
  private hot2 = NONE;
  private early = false;

  /** An access to the word of this index. */
  pass(index: number): void {
    if (index === this.hot0 || index === this.hot1 || index === this.hot2) this.touch();
    this.passCall();
  }

  /** A call begins or ends: what touches no shared word can be interrupted too. */
  passCall(): void {
    if (--this.left <= 0) this.strike();
  }

  /** An access that may change the word. */
  passWrite(index: number): void {
    this.writes++;
    this.pass(index);
  }

  /** At most three. */
  heat(words: readonly number[]): void {
    [this.hot0 = NONE, this.hot1 = NONE, this.hot2 = NONE] = words;
    this.early = false; // whatever was hot before: the same words, the same strikes
  }

  /** Now before the access, now right behind it. */
  private touch(): void {
    if (!this.armed) return;
    this.early = !this.early;
    this.left = Math.min(this.left, this.early ? 1 : 2);
  }

  /** The next strike comes before the `accesses`-th access from now. */
  arm(accesses: number, strike: () => void): void {
    this.left = accesses;
    this.strike = strike;
    this.armed = true;
  }

  /** While a strike lasts there is no other: so many accesses are too many. */
  guard(accesses: number, exceeded: () => void): void {
    this.left = accesses;
    this.strike = exceeded;
    this.armed = false;
  }

  /** A strike that is due later comes earlier. */
  hasten(accesses: number): void {
    if (this.armed && accesses < this.left) this.left = accesses;
  }

  disarm(): void {
    this.left = NEVER;
    this.armed = false;
  }
}

/** One simulation at a time in a thread. */
export const POINTS = new Points();
