/** What a bench is: something that is measured in fresh processes, and what is made of their figures. */
import type { BenchResult, LedgerResult } from './results.ts';

/** What one process has measured. Plain data, sent to the process that asked for it. */
export interface Measured {
  /** By the ids of figures. A value stands for the whole process: the median of its trials, mostly. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** Those that were measured while the cores did not keep their pace. */
  readonly disturbed: Readonly<Record<string, readonly number[]>>;
  /** Of what was timed while a neighbour had its part of the core: a process may have these beside the others. */
  readonly shared: Readonly<Record<string, readonly number[]>>;
  /** Turns or swaps that were timed, and those of them in which the cores kept their pace. */
  readonly timed: { readonly all: number; readonly undisturbed: number };
  /** Points of plots, by names of the bench's own. */
  readonly points: Readonly<Record<string, readonly number[]>>;
  readonly ledgers: readonly LedgerResult[];
  readonly notes: readonly string[];
}

export type Shown = Pick<BenchResult, 'figures' | 'tables' | 'plots' | 'goals' | 'notes'>;

export interface Bench {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** Processes, one after another: identical code varies from one to the next. */
  readonly processes: { readonly full: number; readonly quick: number };
  /** That one of them takes on a slow day: what counts is how it is to the others. */
  readonly seconds: { readonly full: number; readonly quick: number };
  measure(quick: boolean): Promise<Measured>;
  show(all: readonly Measured[], quick: boolean): Shown;
}
