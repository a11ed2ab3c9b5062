/** What benches find: figures with their spread, tables and plots that show them, goals held against them. Plain data, as in JSON. */

/** `share` is a part of a whole, 0 to 1; `ratio` compares two things measured in one run. */
export type Unit =
  | 'ns'
  | 'us'
  | 'ms'
  | 's'
  | 'Mpps'
  | 'kpps'
  | 'kIOPS'
  | 'frames'
  | 'bytes'
  | 'count'
  | 'share'
  | 'ratio';

export interface Figure {
  /** Names it across runs: `receive/64/polling/ns`. */
  readonly id: string;
  readonly unit: Unit;
  /** Which way is good. Absent where it only describes: such a figure is not compared between runs. */
  readonly better?: 'lower' | 'higher';
  /** One value for each repetition, in their order. The figure is their median, its spread their quartiles. */
  readonly values: readonly number[];
  /** The cores never kept their pace for long enough: runs are not compared by these values. */
  readonly disturbed?: true;
  /** Values of turns in which a neighbour on this host had its part of the core: compared with their like in another run. */
  readonly shared?: readonly number[];
}

/** A goal of the project for one figure, and the least that is acceptable where the two differ. */
export interface Goal {
  readonly figure: string;
  readonly text: string;
  readonly bound: 'at most' | 'at least';
  readonly goal: number;
  readonly least?: number;
}

/** A cell names a figure by its id, or is a text. */
export type Cell = { readonly figure: string } | { readonly text: string };

export interface ResultTable {
  readonly title: string;
  readonly note?: string;
  /** Heads of the columns that name a row, then of those that hold cells. */
  readonly keys: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly { readonly keys: readonly string[]; readonly cells: readonly Cell[] }[];
}

export interface Axis {
  readonly label: string;
  readonly log?: boolean;
}

/** Points from left to right. `low` and `high`, where given, are the band around `y`. */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

export interface LinePlot {
  readonly kind: 'lines';
  readonly title: string;
  readonly note?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Moments on the x axis: swaps, say. */
  readonly marks?: { readonly name: string; readonly at: readonly number[] };
}

/** A value for each pair, darker for more. Null: not measured. */
export interface MatrixPlot {
  readonly kind: 'matrix';
  readonly title: string;
  readonly note?: string;
  readonly unit: Unit;
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | null)[])[];
}

export type Plot = LinePlot | MatrixPlot;

/** What the ledger looked at while this was measured, over all trials, and what it found. */
export interface LedgerResult {
  readonly verdict: 'pass' | 'fail';
  /** What is counted below: frames where it is not given. Of requests nothing is compared: each was done once. */
  readonly of?: 'frame' | 'block' | 'request';
  readonly frames: number;
  /** Part of the frames whose whole payload was compared, 0 to 1; of all others flow, sequence, length and one check word. */
  readonly wholeShare: number;
  readonly swaps: number;
  /** The first few, in words. */
  readonly violations: readonly string[];
}

export interface BenchResult {
  readonly name: string;
  readonly title: string;
  /** What is measured, in a sentence or two. */
  readonly summary: string;
  readonly seconds: number;
  readonly ledger: LedgerResult;
  readonly figures: readonly Figure[];
  readonly tables: readonly ResultTable[];
  readonly plots: readonly Plot[];
  readonly goals: readonly Goal[];
  /** What a reader must know of this run: bounds, cells left out. */
  readonly notes: readonly string[];
}

export interface Environment {
  /** ISO 8601, when the run began. */
  readonly date: string;
  readonly ringswap: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** One-minute load averages before and after: what else ran. */
  readonly load: readonly [before: number, after: number];
  /** Longest time that a thread which only watched the clock was off its core, in milliseconds, in a second before the run. */
  readonly stolenMs: number;
}

export interface BenchReport {
  readonly version: 1;
  readonly quick: boolean;
  readonly seconds: number;
  readonly verdict: 'pass' | 'fail';
  readonly environment: Environment;
  readonly benches: readonly BenchResult[];
}
