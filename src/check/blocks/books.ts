/** What became of the requests of one disk: counters and the first anomalies, in shared words. */
import type { Memory, MemoryMap, Region } from '../../hw/memory.ts';
import { count, counted, load, put, store } from '../../hw/shared.ts';

/** Counted a batch at a time, as doubles in two banks of which a word says which one holds. */
const BATCHED = ['completed', 'failed', 'bytesRead', 'bytesWritten'] as const;
type BatchCounter = (typeof BATCHED)[number];

/**
 * The others are of 64 bits as (low, high). `completed` has those that failed too; `cut` are requests that went down with a power
 * cut; `corrupt` and `brokenPromises` are blocks, the latter after a power cut.
 */
const COUNTERS = ['submitted', 'cut', 'lost', 'duplicated', 'corrupt', 'brokenPromises'] as const;
export type BlockCounter = (typeof COUNTERS)[number] | BatchCounter;
export type BlockCounts = Readonly<Record<BlockCounter, number>>;

/**
 * `lost`: never completed. `duplicated`: completed though it was not outstanding. The others are blocks as a read found
 * them: `foreign` has no header of ours, `misplaced` is another block's, `torn` is of several writes, `damaged` has wrong
 * bits, `stale` was overwritten before, `forgotten` is older than what was promised to survive the power cut, and
 * `unwritten` is a version that was never written.
 */
export const BLOCK_ANOMALIES = [
  'lost',
  'duplicated',
  'foreign',
  'misplaced',
  'torn',
  'damaged',
  'stale',
  'forgotten',
  'unwritten',
] as const;
export type BlockAnomalyKind = (typeof BLOCK_ANOMALIES)[number];

/** Something wrong with one request, as it was seen. */
export interface BlockAnomaly {
  readonly kind: BlockAnomalyKind;
  readonly queue: number;
  readonly request: number;
  /** In blocks under test. */
  readonly block: number;
  /** What was found, and the oldest that might have been: of reads. Of a misplaced block, `found` is the block that it is. */
  readonly found: number;
  readonly expected: number;
  readonly timeUs: number;
}

const KEPT = 32;
/** Words of an anomaly; the time is a double. */
const A = { kind: 0, queue: 1, request: 2, block: 3, found: 4, expected: 5, timeUs: 6 } as const;
const ANOMALY_WORDS = 8;
/** Word that says how many anomalies are kept, behind the counters. */
const NOTED = COUNTERS.length * 2;
/** And behind that, how many requests a driver is just being offered. */
const OFFERED = NOTED + 1;
/** How many batches are closed: its lowest bit is the number of the bank that holds. */
const BATCH = NOTED + 2;
const BANKS = 16;
const FIRST_ANOMALY = 32;
const BOOKS_BYTES = (FIRST_ANOMALY + KEPT * ANOMALY_WORDS) * 4;

export function layoutBlockBooks(map: MemoryMap): Region {
  return map.take(BOOKS_BYTES);
}

/** One CPU writes, all may read. The region must be zero at first; books of a later CPU go on in it. */
export class BlockBooks {
  private readonly memory: Memory;
  private readonly base: number;
  private readonly banks: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.base = region.address >>> 2;
    this.banks = (this.base + BANKS) >>> 1;
  }

  count(counter: BlockCounter, amount = 1): void {
    if (amount <= 0) return;
    if (!isBatched(counter)) return count(this.memory.words, this.placeOf(counter), amount);
    const of = (name: BatchCounter): number => (name === counter ? amount : 0);
    this.close(of('completed'), of('failed'), of('bytesRead'), of('bytesWritten'));
  }

  /** The number of the batch under way. */
  get batch(): number {
    return (this.memory.words[this.base + BATCH] + 1) | 0;
  }

  /** Hot path. The batch under way is done: all of it is counted by one store, or none, wherever its CPU ends. */
  close(completed: number, failed: number, bytesRead: number, bytesWritten: number): void {
    const { doubles, words } = this.memory;
    const { batch } = this;
    const from = this.bankOf(batch - 1);
    const to = this.bankOf(batch);
    doubles[to] = doubles[from] + completed;
    doubles[to + 1] = doubles[from + 1] + failed;
    doubles[to + 2] = doubles[from + 2] + bytesRead;
    doubles[to + 3] = doubles[from + 3] + bytesWritten;
    store(words, this.base + BATCH, batch); // publishes the counts; what is marked with this batch is done
  }

  /** A driver is offered so many requests. Until `took` says how many it has, all of them count as taken, whatever happens. */
  offers(requests: number): void {
    this.settleOffer();
    put(this.memory.words, this.base + OFFERED, requests);
  }

  took(requests: number): void {
    put(this.memory.words, this.base + OFFERED, 0);
    this.count('submitted', requests);
  }

  /** The last offer did not come to its end: the driver threw, or its CPU is no more. */
  settleOffer(): void {
    this.took(this.memory.words[this.base + OFFERED]);
  }

  /**
   * The CPU before this one ended in the middle of an offer, or behind it: so many are outstanding, and were submitted with all
   * others. After a reset they may be fewer: what no driver has any more is submitted again.
   */
  resume(outstanding: number): void {
    put(this.memory.words, this.base + OFFERED, 0);
    const submitted = this.read('completed') + this.read('cut') + this.read('lost') + outstanding;
    const place = this.placeOf('submitted');
    store(this.memory.words, place + 1, Math.floor(submitted / 4294967296));
    store(this.memory.words, place, submitted >>> 0);
  }

  read(counter: BlockCounter): number {
    if (!isBatched(counter)) return counted(this.memory.words, this.placeOf(counter));
    const { doubles, words } = this.memory;
    for (;;) {
      const batch = load(words, this.base + BATCH);
      const value = doubles[this.bankOf(batch) + BATCHED.indexOf(counter)];
      if (load(words, this.base + BATCH) === batch) return value; // else another thread may have begun to write there
    }
  }

  private placeOf(counter: (typeof COUNTERS)[number]): number {
    return this.base + COUNTERS.indexOf(counter) * 2;
  }

  private bankOf(batch: number): number {
    return this.banks + (batch & 1) * BATCHED.length;
  }

  counts(): BlockCounts {
    return recordOf((name) => this.read(name));
  }

  /** Keeps an anomaly, if it is one of the first. Counting it is the caller's. */
  note(
    kind: BlockAnomalyKind,
    queue: number,
    request: number,
    block: number,
    found: number,
    expected: number,
    timeUs: number,
  ): void {
    const { words, doubles } = this.memory;
    const noted = words[this.base + NOTED];
    if (noted >= KEPT) return;
    const at = this.anomalyAt(noted);
    put(words, at + A.kind, BLOCK_ANOMALIES.indexOf(kind));
    put(words, at + A.queue, queue);
    put(words, at + A.request, request);
    put(words, at + A.block, block);
    put(words, at + A.found, found);
    put(words, at + A.expected, expected);
    doubles[(at + A.timeUs) >>> 1] = timeUs;
    store(words, this.base + NOTED, noted + 1); // publishes the anomaly to whoever reads the books
  }

  /** How many anomalies are kept. */
  get noted(): number {
    return load(this.memory.words, this.base + NOTED);
  }

  /** The first anomalies, in the order in which they were seen. */
  anomalies(): BlockAnomaly[] {
    return Array.from({ length: this.noted }, (_, i) => this.anomaly(this.anomalyAt(i)));
  }

  private anomaly(at: number): BlockAnomaly {
    const { words, doubles } = this.memory;
    return {
      kind: BLOCK_ANOMALIES[words[at + A.kind]],
      queue: words[at + A.queue],
      request: words[at + A.request],
      block: words[at + A.block],
      found: words[at + A.found] >>> 0,
      expected: words[at + A.expected] >>> 0,
      timeUs: doubles[(at + A.timeUs) >>> 1],
    };
  }

  private anomalyAt(index: number): number {
    return this.base + FIRST_ANOMALY + index * ANOMALY_WORDS;
  }
}

function isBatched(counter: BlockCounter): counter is BatchCounter {
  return BATCHED.some((name) => name === counter);
}

function recordOf(value: (name: BlockCounter) => number): Record<BlockCounter, number> {
  return {
    submitted: value('submitted'),
    completed: value('completed'),
    failed: value('failed'),
    cut: value('cut'),
    lost: value('lost'),
    duplicated: value('duplicated'),
    corrupt: value('corrupt'),
    brokenPromises: value('brokenPromises'),
    bytesRead: value('bytesRead'),
    bytesWritten: value('bytesWritten'),
  };
}
