/** How far a run has come: what tells an end from a pause, and both from a standstill. */

/** Turns without work after which the clock leaps, and leaps without work after which nothing more is expected. */
const IDLE_TURNS = 14;
const IDLE_LEAPS = 16;
/** Turns without work after which not even a swap under way will end. */
const STUCK_TURNS = 20_000;
export const MOST_TURNS = 300_000;

export class Progress {
  turns = 0;
  private idleTurns = 0;
  private leaps = 0;
  /** The last turn in which anything was done. */
  private lastWork = 0;
  /** What it was when the CPU last looked and found nothing. */
  private foundNothing = -1;

  /** Something was done: the run is not at its end. */
  worked(): void {
    this.idleTurns = 0;
    this.leaps = 0;
    this.lastWork = this.turns;
  }

  cpuFoundNothing(): void {
    this.foundNothing = this.lastWork;
  }

  /** Has the CPU found nothing, and has nothing been done since? */
  get nothingNew(): boolean {
    return this.foundNothing === this.lastWork;
  }

  get idle(): boolean {
    return this.idleTurns > 0;
  }

  /** A turn is over. True when the clock should leap. */
  endTurn(): boolean {
    if (++this.idleTurns <= IDLE_TURNS) return false;
    this.idleTurns = 0;
    return true;
  }

  /** The clock leapt, and nothing will come by itself. */
  leaptInVain(): void {
    this.leaps++;
  }

  get exhausted(): boolean {
    return this.leaps >= IDLE_LEAPS;
  }

  get stuck(): boolean {
    return this.turns - this.lastWork > STUCK_TURNS || this.turns >= MOST_TURNS;
  }
}
