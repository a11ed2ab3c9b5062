import type { Words } from './shared.ts';

/** A part of the machine's memory: byte address and length. Addresses are offsets into the buffer. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** The machine's memory: one fixed-length SharedArrayBuffer (a growable one makes views ten times slower). */
export class Memory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Words;
  readonly bytes: Uint8Array;
  readonly doubles: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.doubles = new Float64Array(buffer);
  }
}

/** Hands out regions of a memory that is yet to be made; `bytes` then says how large it must be. */
export class MemoryMap {
  private next: number;

  /** The first page stays unused, so that address 0 is never a valid one. */
  constructor(start = PAGE_BYTES) {
    this.next = start;
  }

  get bytes(): number {
    return align(this.next, PAGE_BYTES);
  }

  /** Regions start on a cache line pair, so that neighbours never share one. */
  take(bytes: number, alignment = 128): Region {
    const address = align(this.next, alignment);
    this.next = address + bytes;
    return { address, bytes };
  }
}

/** What of a region lies in none of these parts of it, in order. */
export function gapsBetween(whole: Region, parts: readonly Region[]): Region[] {
  const gaps: Region[] = [];
  let from = whole.address;
  for (const { address, bytes } of [...parts].sort((a, b) => a.address - b.address)) {
    if (address > from) gaps.push({ address: from, bytes: address - from });
    from = Math.max(from, address + bytes);
  }
  const end = whole.address + whole.bytes;
  if (end > from) gaps.push({ address: from, bytes: end - from });
  return gaps;
}

export const PAGE_SHIFT = 12;
export const PAGE_BYTES = 1 << PAGE_SHIFT;

export function align(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
