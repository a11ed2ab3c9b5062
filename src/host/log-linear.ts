/**
 * Buckets of log-linear histograms: 32 for each doubling, so a value is known within about 3 %. Values are whole numbers
 * from 0 to MOST.
 */
const SUB_BITS = 5;
const SUB = 1 << SUB_BITS;
const MOST_BITS = 30;
export const MOST = 2 ** MOST_BITS - 1;
export const BUCKETS = (MOST_BITS - SUB_BITS + 1) * SUB;

/** Small values have buckets of their own; beyond, the leading bits choose. */
export function bucketOf(value: number): number {
  if (value < SUB) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return ((shift + 1) << SUB_BITS) + ((value >>> shift) & (SUB - 1));
}

/** The middle of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return (SUB + (bucket & (SUB - 1)) + 0.5) * 2 ** shift;
}
