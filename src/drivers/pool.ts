import type { Memory, Region } from '../hw/memory.ts';
import { load, put, store } from '../hw/shared.ts';

export const BUFFER_SHIFT = 11;
export const BUFFER_BYTES = 1 << BUFFER_SHIFT;

/** Shared words in front of an array in which the free buffers grow from the bottom, those that left from the top. */
const CAPACITY = 0;
const CEILING = 1;
const FREE = 2;
const GONE = 3;
const STACK = 4;

export function poolTableBytes(buffers: number): number {
  return (STACK + buffers) * 4;
}

/** More buffers asked for than the machine has. */
export class PoolExhausted extends Error {
  constructor(wanted: number, most: number) {
    super(
      `${wanted} packet buffers of ${BUFFER_BYTES} bytes are needed, the machine has memory for ${most}: ` +
        'give it more (--memory) or ask for fewer (rxBuffers, rxRing, txRing)',
    );
    this.name = 'PoolExhausted';
  }
}

/**
 * The packet buffers of one CPU, as its drivers share them (a buffer received by one card is sent by
 * another). A buffer is a number; those below `capacity` exist, and the free ones lie on a stack in
 * shared words. Shrinking lowers a ceiling: buffers above it leave the pool as they come home.
 */
export class BufferPool {
  readonly base: number;
  private readonly memory: Memory;
  private readonly words: number;
  /** Buffers that there is memory for. */
  readonly most: number;
  private readonly mapWindow: (window: Region) => void;
  private readonly unmapWindow: (window: Region) => void;
  /** Cached; the shared words follow at every change. */
  private free: number;
  private ceiling: number;
  private existing: number;
  /** Word index of the first free buffer; the `available` free ones lie there side by side. */
  private readonly stack: number;
  /** Word index of the buffers last claimed. */
  claimed = 0;

  constructor(
    memory: Memory,
    table: Region,
    arena: Region,
    windows: { readonly map: (window: Region) => void; readonly unmap: (window: Region) => void },
  ) {
    this.memory = memory;
    this.words = table.address >>> 2;
    this.stack = this.words + STACK;
    this.base = arena.address;
    this.most = arena.bytes >>> BUFFER_SHIFT;
    this.mapWindow = windows.map;
    this.unmapWindow = windows.unmap;
    this.free = load(memory.words, this.words + FREE);
    this.ceiling = load(memory.words, this.words + CEILING);
    this.existing = load(memory.words, this.words + CAPACITY);
  }

  /** Buffers that exist, free or not. */
  get capacity(): number {
    return load(this.memory.words, this.words + CAPACITY);
  }

  get available(): number {
    return this.free;
  }

  /** Buffers above a ceiling leave as they come home. */
  get shrinking(): boolean {
    return this.ceiling < this.existing;
  }

  address(buffer: number): number {
    return this.base + (buffer << BUFFER_SHIFT);
  }

  owns(buffer: number): boolean {
    return buffer >= 0 && buffer < this.capacity;
  }

  /** Hot path. A free buffer, or -1. */
  take(): number {
    const { words } = this.memory;
    while (this.free > 0) {
      const buffer = words[this.words + STACK + --this.free];
      put(words, this.words + FREE, this.free);
      if (buffer < this.ceiling) return buffer;
      this.leave(buffer);
    }
    return -1;
  }

  /** Hot path. A buffer comes home. */
  put(buffer: number): void {
    if (buffer >= this.ceiling) return this.leave(buffer);
    const { words } = this.memory;
    put(words, this.words + STACK + this.free++, buffer);
    put(words, this.words + FREE, this.free);
  }

  /**
   * Hot path. Takes up to `count` buffers and returns how many there were: they lie side by side at `words[claimed]`,
   * valid until a buffer comes home.
   */
  claim(count: number): number {
    if (this.shrinking) return this.claimBelowCeiling(count);
    const taken = Math.min(count, this.free);
    this.free -= taken;
    this.claimed = this.stack + this.free;
    put(this.memory.words, this.words + FREE, this.free);
    return taken;
  }

  /** Hot path. The first `count` of these buffers come home. */
  putAll(buffers: Int32Array, count: number): void {
    const { words } = this.memory;
    const ceiling = this.ceiling | 0;
    const stack = this.stack | 0;
    let free = this.free | 0;
    for (let i = 0; i < count; i++) {
      const buffer = buffers[i];
      if (buffer < ceiling) {
        words[(stack + free) | 0] = buffer;
        free = (free + 1) | 0;
      } else this.leave(buffer);
    }
    this.free = free;
    put(words, this.words + FREE, free);
  }

  /**
   * Hot path. `count` buffers come home that lie in the slots of a ring, from number `from` on, free-running: that of
   * slot i at word `first + (i << shift)`.
   */
  putSlots(first: number, shift: number, mask: number, from: number, count: number): void {
    const { words } = this.memory;
    const ceiling = this.ceiling | 0;
    const stack = this.stack | 0;
    let free = this.free | 0;
    for (let i = 0; i < count; i++) {
      const buffer = words[(first + (((from + i) & mask) << shift)) | 0];
      if (buffer < ceiling) {
        words[(stack + free) | 0] = buffer;
        free = (free + 1) | 0;
      } else this.leave(buffer);
    }
    this.free = free;
    put(words, this.words + FREE, free);
  }

  /**
   * Makes room for `wanted` buffers in all, a slice at each step. Throws PoolExhausted before anything is
   * changed. Another card's shrink may come between two slices: each looks afresh.
   */
  *grow(wanted: number, slice: number): Generator<void> {
    if (wanted > this.most) throw new PoolExhausted(wanted, this.most);
    while (this.ceiling < wanted) {
      if (this.ceiling < this.capacity) this.cancelShrink();
      else this.extend(Math.min(this.capacity + slice, wanted + (wanted & 1)));
      yield;
    }
  }

  /** Lets the pool fall to `wanted` buffers as those above come home. */
  shrink(wanted: number): void {
    const even = wanted + (wanted & 1); // two buffers a page
    if (even >= this.capacity || this.ceiling < this.capacity) return;
    this.ceiling = even;
    store(this.memory.words, this.words + CEILING, even);
  }

  /** One pass over the free buffers: those above the ceiling leave. True when all have left and the memory is unmapped. */
  settle(): boolean {
    const { words } = this.memory;
    const leaving = this.capacity - this.ceiling;
    if (leaving === 0) return true;
    const stack = this.words + STACK;
    for (let i = 0; i < this.free; ) {
      const buffer = words[stack + i];
      if (buffer < this.ceiling) {
        i++;
        continue;
      }
      // The last one takes its place first: those that left need the room at the other end of the array.
      put(words, stack + i, words[stack + --this.free]);
      this.leave(buffer);
    }
    put(words, this.words + FREE, this.free);
    if (this.gone < leaving) return false;
    this.unmapWindow({ address: this.address(this.ceiling), bytes: leaving << BUFFER_SHIFT });
    this.setCapacity(this.ceiling);
    return true;
  }

  /** Word index of the first free buffer; the `available` free ones lie there side by side. */
  get freeList(): number {
    return this.words + STACK;
  }

  /** Visits the free buffers; for checks. */
  forEachFree(visit: (buffer: number) => void): void {
    for (let i = 0; i < this.free; i++) visit(this.memory.words[this.words + STACK + i]);
  }

  /** Buffers that have left the pool in a shrink not yet finished. */
  get gone(): number {
    return load(this.memory.words, this.words + GONE);
  }

  /** Those that are to leave are passed over; the others move together at the upper end of what was taken. */
  private claimBelowCeiling(count: number): number {
    const { words } = this.memory;
    let lowest = this.stack + this.free;
    let taken = 0;
    while (taken < count) {
      const buffer = this.take();
      if (buffer < 0) break;
      words[--lowest] = buffer;
      taken++;
    }
    this.claimed = lowest;
    return taken;
  }

  private leave(buffer: number): void {
    const { words } = this.memory;
    const gone = words[this.words + GONE];
    put(words, this.words + STACK + this.most - 1 - gone, buffer);
    put(words, this.words + GONE, gone + 1);
  }

  private extend(to: number): void {
    const from = this.capacity;
    this.mapWindow({ address: this.address(from), bytes: (to - from) << BUFFER_SHIFT });
    this.setCapacity(to);
    for (let buffer = from; buffer < to; buffer++) this.put(buffer);
  }

  /** The ceiling is lifted, and those that had left come back. */
  private cancelShrink(): void {
    const { words } = this.memory;
    this.ceiling = this.capacity;
    store(words, this.words + CEILING, this.ceiling);
    for (let gone = this.gone; gone > 0; gone--) this.put(words[this.words + STACK + this.most - gone]);
    store(words, this.words + GONE, 0);
  }

  private setCapacity(capacity: number): void {
    const { words } = this.memory;
    this.ceiling = this.existing = capacity;
    store(words, this.words + CAPACITY, capacity);
    store(words, this.words + CEILING, capacity);
    store(words, this.words + GONE, 0);
  }
}
