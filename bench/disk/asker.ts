import type { Occupancy } from '../../src/exec/threads/idle.ts';
import type { LatencyHistogram } from '../../src/host/workload/latency.ts';
import type { GaugedSwap } from '../gauged-swaps.ts';
import type { SwapSeries } from '../live/messages.ts';
import type { DiskBooks, DiskWork } from './messages.ts';

/** What a run that nobody interrupts leaves to tell. */
export interface Service {
  readonly occupancy: Occupancy;
  readonly swaps: readonly GaugedSwap[];
}

/** Who asks the disk for blocks, behind one face. */
export interface Asker {
  /** Requests that are done, since the cell began. */
  readonly done: number;
  /** How long they took. */
  readonly latency: LatencyHistogram;
  /** Asks for this from now on. What was asked for before is done. */
  begin(work: DiskWork): void;
  /** A turn: takes all that is done, and asks for as much. */
  drain(): void;
  /** Beside a disk that runs freely, until that time. */
  serve(untilUs: number, swaps: SwapSeries | undefined): Service;
  /** All that was asked for is done. */
  conclude(): DiskBooks;
}
