/** The records of the swaps that have ended: of a disk that is served for weeks, not all of them. */
import type { SwapRecord } from './record.ts';

/** Some 60 MB of them. */
const MOST_KEPT = 100_000;

export class RecordKeeper {
  /** Of all swaps, but for the `unkept`. In their order, until the first of those. */
  readonly records: SwapRecord[] = [];
  /** Swaps that were done and left no more than their times, and of which there is no record any more. */
  unkept = 0;
  private readonly most: number;
  /** The place in a full list whose record goes next. */
  private oldest = 0;

  constructor(most = MOST_KEPT) {
    this.most = most;
  }

  /** One goes where one comes, so that nothing ever waits for many. What the books are made with is never forgotten. */
  keep(record: SwapRecord): void {
    const { records, oldest } = this;
    const full = records.length >= this.most;
    if (full) this.oldest = (oldest + 1) % this.most;
    if (!full || isOfTheBooks(records[oldest])) {
      records.push(record);
      return;
    }
    records[oldest] = record;
    this.unkept++;
  }
}

function isOfTheBooks({ outcome, discarded, discardedTransmit, resubmitted, aborted }: SwapRecord): boolean {
  return outcome !== 'done' || discarded + discardedTransmit + resubmitted + aborted > 0;
}
