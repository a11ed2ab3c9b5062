/** What a disk cell's CPU thread is told, and what it answers. */
import type { Parameters } from '../../src/drivers/parameters.ts';
import type { Occupancy } from '../../src/exec/threads/idle.ts';
import type { ThreadMessage } from '../../src/exec/threads/messages.ts';
import type { LatencySummary } from '../../src/host/workload/latency.ts';
import type { Pattern } from '../../src/host/workload/options.ts';
import type { CellStart, TimedTurns } from '../drain/messages.ts';
import type { GaugedSwap } from '../gauged-swaps.ts';
import type { SwapSeries } from '../live/messages.ts';

/** Who asks the disk for blocks: the product's CPU with its drivers, or a loop written by hand. */
export type AskerKind =
  | {
      readonly kind: 'host';
      /** Swaps are to come: they have been rehearsed. */
      readonly rehearsed: boolean;
    }
  | {
      readonly kind: 'bare';
      /** It does with each block all that the ledger does. */
      readonly wholeLedger: boolean;
    };

/** What is asked for. A loop written by hand knows random reads alone, and no driver. */
export interface DiskWork {
  readonly driver: string;
  readonly parameters: Parameters;
  readonly rw: Pattern;
  readonly iodepth: number;
  /** Writes after which a flush follows; 0: never. */
  readonly flushEvery: number;
}

export interface DiskStart extends CellStart {
  readonly asker: AskerKind;
}

export type DiskCommand =
  | { readonly kind: 'work'; readonly work: DiskWork }
  | { readonly kind: 'turns'; readonly turns: number }
  | { readonly kind: 'run'; readonly durationUs: number; readonly swaps: SwapSeries | undefined }
  | { readonly kind: 'end' };

/** What came of running freely for a while. */
export interface DiskRun {
  readonly seconds: number;
  /** Requests. */
  readonly done: number;
  readonly latencyUs: LatencySummary;
  readonly occupancy: Occupancy;
  readonly swaps: readonly GaugedSwap[];
}

/** All that was asked for in a cell, and what was wrong with it. */
export interface DiskBooks {
  readonly blocksChecked: number;
  readonly wholeShare: number;
  readonly violations: readonly string[];
}

export type DiskAnswer =
  | ThreadMessage<DiskBooks>
  | { readonly kind: 'working' }
  | { readonly kind: 'turned'; readonly trial: TimedTurns }
  | { readonly kind: 'ran'; readonly run: DiskRun };
