/**
 * Copies between ordinary and shared memory. A typed array's `set` copies shared memory byte by byte where source and target do
 * not lie alike to eight bytes, as data behind a header of 28 do not. Word by word takes a third of the time.
 */
import type { Memory } from '../../hw/memory.ts';
import { copyWords } from '../../hw/nvme/paged-bytes.ts';

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
