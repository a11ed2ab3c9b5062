/** Where a process puts what it measures. */
import type { Measured } from './bench.ts';
import type { LedgerResult } from './results.ts';

export class Collected implements Measured {
  readonly values: Record<string, number[]> = {};
  readonly points: Record<string, number[]> = {};
  readonly ledgers: LedgerResult[] = [];
  readonly notes: string[] = [];

  /** One more value of a figure. */
  value(id: string, value: number): void {
    this.values[id] = [...(this.values[id] ?? []), value];
  }

  plot(name: string, values: readonly number[]): void {
    this.points[name] = [...values];
  }
}

/** All values of a figure, in the order of the processes. */
export function valuesOf(all: readonly Measured[], id: string): number[] {
  return all.flatMap(({ values }) => values[id] ?? []);
}
