/**
 * The highest rate without loss on an open link (RFC 2544, 26.1), on a machine that others use too: short trials,
 * repeated at each rate until most of them agree, as MLRsearch does (draft-ietf-bmwg-mlrsearch). A rate is loss-free
 * when at least half of its trials lost nothing: a thread that loses its core for milliseconds spoils a trial, not the rate.
 * A trial in which the tester itself was late says nothing at all and is repeated: it then offers in one burst what a cable
 * would have brought in milliseconds.
 */
import type { LiveCell, LiveTrial } from './cell.ts';
import type { SwapSeries } from './messages.ts';

/** The packet buffer lasts longer than this at any rate that is found. */
const LATE_US = 1000;
/** So many in a row at one rate: not the machine's doing, the tester cannot keep that pace. */
const MOST_LATE = 4;
/** The ratio of a ladder's neighbouring rates. */
const RUNG = 1.1;

export interface SearchOptions {
  /** Rates in frames per second, one known to be too high. */
  readonly from: number;
  readonly to: number;
  /** Ends when the bounds are as near to each other as this: 0.01 for one per cent. */
  readonly width: number;
  readonly trialUs: number;
  /** Trials at one rate, at the most. */
  readonly repeats: number;
}

/** Halves the interval, in proportion, until it is narrow enough. Several searches can be run in turn. */
export class RateSearch {
  private low: number;
  private high: number;
  private readonly options: SearchOptions;
  private good = 0;
  private bad = 0;
  private late = 0;

  constructor(options: SearchOptions) {
    this.options = options;
    this.low = options.from;
    this.high = options.to;
  }

  get over(): boolean {
    return this.high / this.low <= 1 + this.options.width;
  }

  /** The rate to be tried next. */
  get rate(): number {
    return Math.sqrt(this.low * this.high);
  }

  /** The rate found; meaningful when it is over. */
  get found(): number {
    return this.low;
  }

  /** What one trial at `rate` has shown; `lateUs`: by how much the tester was behind its pace. */
  take(lossFree: boolean, lateUs = 0): void {
    if (lateUs > LATE_US && ++this.late < MOST_LATE) return;
    this.late = 0;
    if (lossFree) this.good++;
    else this.bad++;
    const { repeats } = this.options;
    const passed = this.good * 2 >= repeats;
    if (!passed && this.bad * 2 <= repeats) return;
    if (passed) this.low = this.rate;
    else this.high = this.rate;
    this.good = this.bad = 0;
  }
}

/**
 * The same rates for several in turn, a rung apart, each tried as often: what is found (the estimator of Spearman and
 * Kärber) says nothing new of the rate, but their ratio is known better, for what the machine does for a while strikes all.
 */
export class Ladder {
  private readonly lowest: number;
  private readonly rungs: number;
  private readonly told: number[];
  private readonly passed: number[];
  private tries = 0;

  /** `middle`: the rate about which the rungs stand, of an odd number. */
  constructor(middle: number, rungs: number) {
    this.lowest = middle / RUNG ** ((rungs - 1) / 2);
    this.rungs = rungs;
    this.told = Array.from({ length: rungs }, () => 0);
    this.passed = Array.from({ length: rungs }, () => 0);
  }

  /** The rate to be tried next: from the lowest to the highest, and again. */
  get rate(): number {
    return this.lowest * RUNG ** (this.tries % this.rungs);
  }

  /** Where half of the trials pass. A rung at which the tester was always late is none that it can offer. */
  get found(): number {
    const shares = this.passed.map((count, rung) => count / Math.max(1, this.told[rung]));
    return this.lowest * RUNG ** (shares.reduce((sum, share) => sum + share, 0) - 0.5);
  }

  /** As for a search, but that a trial with a late tester is not repeated. */
  take(lossFree: boolean, lateUs = 0): void {
    const rung = this.tries++ % this.rungs;
    if (lateUs > LATE_US) return;
    this.told[rung]++;
    if (lossFree) this.passed[rung]++;
  }
}

/** One trial of a search on its machine, with the swaps that are to be done meanwhile. */
export async function tryRate(
  cell: LiveCell,
  search: RateSearch | Ladder,
  trialUs: number,
  swaps?: SwapSeries,
): Promise<LiveTrial> {
  const pace = { kind: 'rate', framesPerSecond: search.rate } as const;
  const trial = await cell.trial({ pace, durationUs: trialUs }, swaps);
  search.take(trial.offered === trial.delivered, trial.hardware.lateUs);
  return trial;
}

/** Alone, from start to end. Frames per second. */
export async function lossFreeRate(cell: LiveCell, options: SearchOptions): Promise<number> {
  const search = new RateSearch(options);
  while (!search.over) await tryRate(cell, search, options.trialUs);
  return search.found;
}
