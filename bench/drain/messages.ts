/** What a cell's threads are told, and what they answer. */
import type { ThreadMessage } from '../../src/exec/threads/messages.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import type { SwapRound } from '../../src/swap/timetable.ts';

/** Who empties the rings: the product's CPU with its drivers, or a loop written by hand. */
export type Drainer =
  | {
      readonly kind: 'host';
      readonly round?: SwapRound;
      /** Swaps are to come, or it stands beside a CPU to which they come: they have been rehearsed. */
      readonly rehearsed: boolean;
      /** Drivers that swaps go through; all built-in ones where undefined. */
      readonly drivers?: readonly string[];
    }
  | {
      readonly kind: 'bare';
      readonly forwards: boolean;
      readonly burst: number;
      /** Of one that only receives: it looks at all that the ledger looks at. */
      readonly wholeLedger?: boolean;
    };

export interface CellStart {
  readonly buffer: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
  readonly layout: MachineLayout;
  readonly originUs: number;
}

export interface DrainStart extends CellStart {
  readonly drainer: Drainer;
}

export interface TrialPlan {
  readonly turns: number;
  /** Turns before those that count: what is seldom done finds the caches as other cells have left them. */
  readonly lead: number;
  /** Microseconds of the CPU's own time from one swap to the next, through all pairs of drivers; infinity for none. */
  readonly swapEveryUs: number;
}

export type Command =
  | ({ readonly kind: 'trial' } & TrialPlan)
  /** So many swaps one after another with traffic on, through all drivers, the last one to `to`. */
  | { readonly kind: 'swaps'; readonly count: number; readonly to: string }
  /** Links offer no more; what is inside is drained, then the books are made. */
  | { readonly kind: 'end' };

/** What the hardware thread is told beside that. */
export type HardwareCommand =
  | Command
  /** Turns that end as soon as nothing is left to do: while they last, the CPU's caches cool. */
  | { readonly kind: 'brief' }
  /** It runs freely until the turn is nobody's. */
  | { readonly kind: 'free' };

/** For each turn nanoseconds, and frames or requests. */
export interface TimedTurns {
  readonly ns: Float64Array;
  readonly frames: Int32Array;
  /** What the gauges said; of the core's, before or after the turn, whichever is more. */
  readonly gaugeNs: Float64Array;
  readonly fetchNs: Float64Array;
}

/** One trial: its turns, and what the collector did meanwhile. */
export interface Trial extends TimedTurns {
  readonly swaps: number;
  readonly heapBytes: number;
  readonly collections: number;
}

export type CellAnswer<R> =
  | ThreadMessage<R>
  | { readonly kind: 'trial'; readonly trial: Trial }
  | { readonly kind: 'swapped' }
  | { readonly kind: 'left' };
