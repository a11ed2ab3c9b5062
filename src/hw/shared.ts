/**
 * Every access to words that two threads share goes through this module, so that a simulation can
 * put another module in its place at build time and make each access a scheduling point. Here the
 * functions are what they look like and are inlined; as constants, without a look at what they are.
 *
 * `put` is for stores that some later atomic store publishes; everything else is sequentially
 * consistent. Indices are word indices into the one memory of the machine.
 */
import type { Memory } from './memory.ts';

export type Words = Int32Array;

/** Up to here words are copied one by one: a call to copyWithin costs more. */
const SHORT_BYTES = 192;

/** Plain store, published by a later `store` of the same thread. */
export const put = (words: Words, index: number, value: number): void => {
  words[index] = value;
};

export const load = (words: Words, index: number): number => {
  return Atomics.load(words, index);
};

export const store = (words: Words, index: number, value: number): void => {
  Atomics.store(words, index, value);
};

export const add = (words: Words, index: number, value: number): number => {
  return Atomics.add(words, index, value);
};

export const or = (words: Words, index: number, bits: number): number => {
  return Atomics.or(words, index, bits);
};

export const and = (words: Words, index: number, bits: number): number => {
  return Atomics.and(words, index, bits);
};

export const exchange = (words: Words, index: number, value: number): number => {
  return Atomics.exchange(words, index, value);
};

export const compareExchange = (words: Words, index: number, expected: number, value: number): number => {
  return Atomics.compareExchange(words, index, expected, value);
};

/**
 * A copy within the memory. On shared memory copyWithin goes eight bytes at a time only where both ends are alike
 * in their place within eight, else byte by byte.
 */
export function copy(memory: Memory, to: number, from: number, bytes: number): void {
  const apart = (to ^ from) & 7;
  if (((to | from) & 3) === 0 && (bytes <= SHORT_BYTES || apart !== 0)) copyWords(memory, to, from, bytes);
  else memory.bytes.copyWithin(to, from, from + bytes);
}

function copyWords({ words, bytes }: Memory, to: number, from: number, count: number): void {
  let target = to >>> 2;
  let source = from >>> 2;
  const end = target + (count >>> 2);
  for (; target + 4 <= end; target += 4, source += 4) {
    words[target] = words[source];
    words[target + 1] = words[source + 1];
    words[target + 2] = words[source + 2];
    words[target + 3] = words[source + 3];
  }
  for (; target < end; target++, source++) words[target] = words[source];
  for (let byte = count & -4; byte < count; byte++) bytes[to + byte] = bytes[from + byte];
}

/** Blocks while the word holds `expected`, for at most `timeoutMs`; false on time-out. */
export function wait(words: Words, index: number, expected: number, timeoutMs: number): boolean {
  return Atomics.wait(words, index, expected, timeoutMs) !== 'timed-out';
}

export function notify(words: Words, index: number): void {
  Atomics.notify(words, index);
}

/** Adds to a 64-bit counter kept as (low, high); one writer, readers may see the halves apart by one carry. */
export function count(words: Words, low: number, amount: number): void {
  const before = words[low] >>> 0;
  const after = (before + amount) >>> 0;
  store(words, low, after);
  if (after < before) store(words, low + 1, words[low + 1] + 1);
}

/** Reads a counter written by `count`, as a double (exact below 2^53). */
export function counted(words: Words, low: number): number {
  return (load(words, low + 1) >>> 0) * 4294967296 + (load(words, low) >>> 0);
}
