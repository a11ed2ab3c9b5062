/** Where a simulation gets in between two accesses to shared words. */

/** More accesses than any scenario makes. */
const NEVER = 0x3fffffff;

export class Points {
  /** Accesses left until `strike` is called. */
  private left = NEVER;
  /** Called before the access that is about to be made. */
  private strike: () => void = () => undefined;
  private armed = false;

  /** One access. Its own cost is one decrement. */
  pass(): void {
    if (--this.left <= 0) this.strike();
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
