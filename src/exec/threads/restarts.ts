/** What is done about CPUs that end again and again: how long to wait before the next one, and when a driver is to serve no more. */

/** Ends that are held against a driver, and that make the next CPU wait, are as old as this at the most. */
const MEMORY_US = 60_000_000;
/** After so many ends by one driver, another one is to take its place on that device. */
export const MOST_ENDS = 3;
/** After so many by any drivers there is no next CPU. */
const LIMIT = 16;
/** Before the second CPU; twice as long before each further one, up to the most. */
const FIRST_DELAY_MS = 10;
const MOST_DELAY_MS = 1000;

interface End {
  readonly device: number;
  /** The driver's place among those that the machine knows. */
  readonly place: number;
  readonly atUs: number;
}

export class Restarts {
  private ends: readonly End[] = [];

  /** A CPU has ended by what a driver did on a device. */
  ended(device: number, place: number, nowUs: number): void {
    const recent = this.ends.filter(({ atUs }) => nowUs - atUs < MEMORY_US);
    this.ends = [...recent, { device, place, atUs: nowUs }];
  }

  /** How often it did. */
  count(device: number, place: number): number {
    return this.ends.filter((end) => end.device === device && end.place === place).length;
  }

  /** It is to serve this device no more. */
  isCondemned(device: number, place: number): boolean {
    return this.count(device, place) >= MOST_ENDS;
  }

  /** It goes on like this, whoever serves. */
  get hopeless(): boolean {
    return this.ends.length >= LIMIT;
  }

  /** How long the next CPU is to wait. */
  get delayMs(): number {
    const before = this.ends.length - 1;
    return before <= 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (before - 1), MOST_DELAY_MS);
  }
}
