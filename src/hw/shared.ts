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

const LINE_BYTES = 64;

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

/** A copy within the memory: word by word up to a cache line, where a call to copyWithin costs more. */
export function copy(memory: Memory, to: number, from: number, bytes: number): void {
  if (bytes > LINE_BYTES || ((to | from) & 3) !== 0) {
    memory.bytes.copyWithin(to, from, from + bytes);
    return;
  }
  const { words } = memory;
  const source = from >>> 2;
  const target = to >>> 2;
  const count = bytes >>> 2;
  for (let word = 0; word < count; word++) words[target + word] = words[source + word];
  for (let byte = count << 2; byte < bytes; byte++) memory.bytes[to + byte] = memory.bytes[from + byte];
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
