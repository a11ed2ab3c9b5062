/**
 * Latencies in a log-linear histogram in shared words: a quantile is known within about 3 %, the greatest exactly. Counting allocates nothing. Kept in sixteenths of a microsecond, up to 67 seconds.
 */
import type { Memory, MemoryMap, Region } from '../../hw/memory.ts';
import { load, put } from '../../hw/shared.ts';
import { BUCKETS, bucketOf, MOST, middleOf } from '../log-linear.ts';

const UNITS_PER_US = 16;

export interface LatencySummary {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function layoutLatency(map: MemoryMap): Region {
  return map.take((BUCKETS + 1) * 4);
}

/** One thread counts; the region must be zero at first. */
export class LatencyHistogram {
  private readonly words: Int32Array;
  private readonly base: number;
  private readonly greatest: number;

  constructor(memory: Memory, region: Region) {
    this.words = memory.words;
    this.base = region.address >>> 2;
    this.greatest = this.base + BUCKETS;
  }

  /** Published by the caller's next store: the counter of completed requests. */
  count(us: number): void {
    const { words } = this;
    const units = us * UNITS_PER_US;
    const value = units < 0 ? 0 : units > MOST ? MOST : units | 0;
    const bucket = this.base + bucketOf(value);
    put(words, bucket, words[bucket] + 1);
    if (value > words[this.greatest]) put(words, this.greatest, value);
  }

  /** Counts anew from here on. By the thread that counts. */
  clear(): void {
    this.words.fill(0, this.base, this.greatest + 1);
  }

  /** The time in microseconds within which `part` of all were done; NaN of none. */
  quantileUs(part: number): number {
    let total = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) total += load(this.words, this.base + bucket) >>> 0;
    const rank = Math.max(1, Math.ceil(part * total));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += load(this.words, this.base + bucket) >>> 0;
      if (seen >= rank) return Math.min(middleOf(bucket) / UNITS_PER_US, this.maxUs());
    }
    return Number.NaN;
  }

  maxUs(): number {
    return load(this.words, this.greatest) / UNITS_PER_US;
  }

  summary(): LatencySummary {
    return {
      p50: this.quantileUs(0.5),
      p99: this.quantileUs(0.99),
      p999: this.quantileUs(0.999),
      max: this.maxUs(),
    };
  }
}
