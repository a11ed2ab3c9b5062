import { BUCKETS, bucketOf, MOST, middleOf } from '../../src/host/log-linear.ts';

/**
 * A log-linear histogram in shared words. Counting costs a few nanoseconds and allocates nothing. Values are whole numbers
 * below 2^30; larger ones count as the largest.
 */
export class Histogram {
  private readonly words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(BUCKETS * 4);
  }

  count(value: number): void {
    const whole = value < 0 ? 0 : value > MOST ? MOST : value | 0;
    this.words[bucketOf(whole)]++;
  }

  clear(): void {
    this.words.fill(0);
  }

  counts(): Int32Array {
    return this.words.slice();
  }
}

export function noCounts(): Int32Array {
  return new Int32Array(BUCKETS);
}

/** The value below which `part` of the counted ones lie; NaN of none. */
export function quantileOf(counts: Int32Array, part: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rank = Math.max(1, Math.ceil(part * total));
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket];
    if (seen >= rank) return middleOf(bucket);
  }
  return Number.NaN;
}

export function addCounts(to: Int32Array, more: Int32Array): void {
  for (let bucket = 0; bucket < to.length; bucket++) to[bucket] += more[bucket];
}

/** For plots: for each bucket that is not empty the value, and the part of all that lies above it. */
export function tailOf(counts: Int32Array): { readonly values: number[]; readonly above: number[] } {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const values: number[] = [];
  const above: number[] = [];
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    if (counts[bucket] === 0) continue;
    values.push(middleOf(bucket));
    above.push((total - seen) / total);
    seen += counts[bucket];
  }
  return { values, above };
}
