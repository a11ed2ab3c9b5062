import type { Cell, Figure, LedgerResult, Series, Unit } from '../../../bench/results.ts';
import { summarise } from '../../../bench/statistics.ts';

export interface SampleOptions {
  readonly seed?: number;
  readonly quick?: boolean;
  /** Factor on all figures whose id begins so. */
  readonly slowed?: { readonly id: string; readonly factor: number };
}

export const DRIVERS = ['interrupt', 'polling', 'batching'];

export class Lot {
  readonly #options: SampleOptions;
  #state: number;

  constructor(seed: number, options: SampleOptions) {
    this.#options = options;
    this.#state = seed * 7919;
  }

  /** Evenly from 0 to 1, by Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Mostly near `middle`, now and then far above it, as on a shared machine. */
  figure(
    id: string,
    unit: Unit,
    middle: number,
    spread: number,
    count = 11,
    better: 'lower' | 'higher' = 'lower',
  ): Figure {
    const { slowed } = this.#options;
    const factor = slowed !== undefined && id.startsWith(slowed.id) ? slowed.factor : 1;
    const most = unit === 'share' ? 1 : Number.POSITIVE_INFINITY;
    const values = Array.from({ length: count }, () => {
      const around = this.next() + this.next() + this.next() - 1.5;
      const outlier = this.next() < 0.06 ? (better === 'lower' ? 6 : -6) * this.next() : 0;
      return Math.min(most, Math.max(0, middle * factor * (1 + spread * (around * 1.4 + outlier))));
    });
    return { id, unit, better, values };
  }
}

export function ledger(frames: number, swaps = 0): LedgerResult {
  return { verdict: 'pass', frames, wholeShare: 1 / 64, swaps, violations: [] };
}

export function cells(...figures: readonly Figure[]): Cell[] {
  return figures.map(({ id }) => ({ figure: id }));
}

export function seriesOf(name: string, x: readonly number[], figures: readonly Figure[]): Series {
  const points = figures.map(({ values }) => summarise(values));
  return {
    name,
    x,
    y: points.map(({ median }) => median),
    low: points.map(({ low }) => low),
    high: points.map(({ high }) => high),
  };
}
