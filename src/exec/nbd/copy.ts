/**
 * Copies between ordinary and shared memory. A typed array's `set` copies shared memory byte by byte where source and target do
 * not lie alike to eight bytes, as data behind a header of 28 do not. Word by word takes a third of the time.
 */
import type { Memory } from '../../hw/memory.ts';

/** Into shared memory at `address`, a multiple of four. */
export function copyIn(memory: Memory, address: number, bytes: Uint8Array, at: number, length: number): void {
  const words = wordsOf(bytes, at, length);
  if (words === undefined) memory.bytes.set(bytes.subarray(at, at + length), address);
  else copyWords(memory.words, address >>> 2, words, 0, words.length);
}

/** Out of shared memory from `address` on, a multiple of four. */
export function copyOut(
  memory: Memory,
  address: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const words = wordsOf(bytes, at, length);
  if (words === undefined) bytes.set(memory.bytes.subarray(address, address + length), at);
  else copyWords(words, 0, memory.words, address >>> 2, words.length);
}

/** A part as words, if it lies so. */
function wordsOf(bytes: Uint8Array, at: number, length: number): Int32Array | undefined {
  const first = bytes.byteOffset + at;
  return ((first | length) & 3) === 0 ? new Int32Array(bytes.buffer, first, length >>> 2) : undefined;
}

/** Four at a time, with indices that are kept small integers: twice as fast as the plain loop. */
function copyWords(target: Int32Array, to: number, source: Int32Array, from: number, count: number): void {
  let at = to | 0;
  let word = from | 0;
  const end = (at + count) | 0;
  for (; at + 4 <= end; at = (at + 4) | 0, word = (word + 4) | 0) {
    target[at] = source[word];
    target[at + 1] = source[word + 1];
    target[at + 2] = source[word + 2];
    target[at + 3] = source[word + 3];
  }
  for (; at < end; at++, word++) target[at] = source[word];
}
