import type { Memory, Region } from '../hw/memory.ts';
import { load, put, store } from '../hw/shared.ts';
import { StateError } from './state-block.ts';

export const BUFFER_SHIFT = 11;
export const BUFFER_BYTES = 1 << BUFFER_SHIFT;

/** Shared words in front of an array in which the free buffers grow from the bottom, those that left from the top. */
const CAPACITY = 0;
const CEILING = 1;
const FREE = 2;
const GONE = 3;
const MAPPED = 4;
const STACK = 5;
/** Buffers that are laid out at a time when some of those taken must leave. */
const CLAIMED_ROOM = 256;

export function poolTableBytes(buffers: number): number {
  return (STACK + buffers) * 4;
}

/** As its table says: for those who only look on. */
export function freeBuffers(memory: Memory, table: Region): number {
  return load(memory.words, (table.address >>> 2) + FREE);
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
 * shared words. Shrinking lowers a ceiling: buffers above it leave the pool as they come home. When all of
 * them have left they exist no more, and their memory is unmapped.
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
  private free = 0;
  private ceiling = 0;
  private existing = 0;
  /** Word index of the first free buffer; the `available` free ones lie there side by side. */
  private readonly stack: number;
  /** Where the buffers last claimed lie: on the stack, or while the pool shrinks in a room of their own. */
  claimedIn: Int32Array;
  claimed = 0;
  private readonly room = new Int32Array(CLAIMED_ROOM);
  /** A shrink looks at the free buffers from the bottom of the stack up to this height: what is put later may stay. */
  private swept = 0;
  private sweepEnd = 0;

  constructor(
    memory: Memory,
    table: Region,
    arena: Region,
    windows: { readonly map: (window: Region) => void; readonly unmap: (window: Region) => void },
  ) {
    this.memory = memory;
    this.words = table.address >>> 2;
    this.stack = this.words + STACK;
    this.claimedIn = memory.words;
    this.base = arena.address;
    this.most = arena.bytes >>> BUFFER_SHIFT;
    this.mapWindow = windows.map;
    this.unmapWindow = windows.unmap;
    this.reread();
  }

  /** Another CPU had it until now. A shrink that was under way begins anew with its look at the free ones. */
  reread(): void {
    const { words } = this.memory;
    this.free = load(words, this.words + FREE);
    this.ceiling = load(words, this.words + CEILING);
    this.existing = load(words, this.words + CAPACITY);
    this.swept = 0;
    this.sweepEnd = this.free;
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

  /** Are there so many buffers already, with none of them on their way out? */
  holds(wanted: number): boolean {
    return this.ceiling >= wanted;
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
      const buffer = words[this.stack + --this.free];
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
    put(words, this.stack + this.free++, buffer);
    put(words, this.words + FREE, this.free);
  }

  /**
   * Hot path. Takes up to `count` buffers and returns how many: they lie side by side in `claimedIn` from `claimed` on,
   * valid until a buffer comes home. Fewer than asked for does not mean that there are no more; none does.
   */
  claim(count: number): number {
    if (this.shrinking) return this.claimBelowCeiling(count);
    const taken = Math.min(count, this.free);
    this.free -= taken;
    this.claimedIn = this.memory.words;
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
   * slot 0 at word `first`.
   */
  putSlots(first: number, mask: number, from: number, count: number): void {
    const { words } = this.memory;
    const ceiling = this.ceiling | 0;
    const stack = this.stack | 0;
    let free = this.free | 0;
    for (let i = 0; i < count; i++) {
      const buffer = words[(first + ((from + i) & mask)) | 0];
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
    while (!this.holds(wanted)) {
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
    this.swept = 0;
    this.sweepEnd = this.free;
    store(this.memory.words, this.words + CEILING, even);
  }

  /**
   * A slice of what a shrink leaves to be done: so many free buffers are looked at, and so many unmapped, at the
   * most. True when there is nothing more to do until others come home.
   */
  settle(most: number): boolean {
    if (this.ceiling < this.capacity) {
      if (!this.sweep(most)) return false;
      if (this.gone < this.capacity - this.ceiling) return true; // the others are in use
      this.setCapacity(this.ceiling);
    }
    return this.unmapRest(most);
  }

  /**
   * After a CPU that ended in the middle of anything: the buffers that lie in rings are theirs, each other one is free, and
   * a shrink that was under way is given up. Throws StateError when two slots have the same buffer.
   */
  takeStock(forEachInUse: (claim: (buffer: number) => void) => void): void {
    const { words } = this.memory;
    const { capacity } = this;
    const inUse = new Uint8Array(capacity);
    forEachInUse((buffer) => {
      if (inUse[buffer] !== 0) throw new StateError(`buffer ${buffer} lies in two slots`);
      inUse[buffer] = 1;
    });
    this.setCapacity(capacity);
    this.free = 0;
    for (let buffer = 0; buffer < capacity; buffer++) if (inUse[buffer] === 0) this.put(buffer);
    this.sweepEnd = this.free;
    const mapped = capacity + (capacity & 1); // two buffers a page
    this.unmapWindow({ address: this.address(mapped), bytes: (this.most - mapped) << BUFFER_SHIFT });
    put(words, this.words + MAPPED, capacity);
  }

  /** Word index of the first free buffer; the `available` free ones lie there side by side. */
  get freeList(): number {
    return this.stack;
  }

  /** Visits the free buffers; for checks. */
  forEachFree(visit: (buffer: number) => void): void {
    for (let i = 0; i < this.free; i++) visit(this.memory.words[this.stack + i]);
  }

  /** Buffers that have left the pool in a shrink not yet finished. */
  get gone(): number {
    return load(this.memory.words, this.words + GONE);
  }

  /** Those that are to leave are passed over. Fewer than asked for where there is no room to lay them out. */
  private claimBelowCeiling(count: number): number {
    const most = Math.min(count, this.room.length);
    let taken = 0;
    for (let buffer = 0; taken < most; taken++) {
      buffer = this.take();
      if (buffer < 0) break;
      this.room[taken] = buffer;
    }
    this.claimedIn = this.room;
    this.claimed = 0;
    return taken;
  }

  private leave(buffer: number): void {
    const { words } = this.memory;
    const gone = words[this.words + GONE];
    put(words, this.stack + this.most - 1 - gone, buffer);
    put(words, this.words + GONE, gone + 1);
  }

  /** Free buffers above the ceiling leave. True when none is left. */
  private sweep(most: number): boolean {
    const { memory, stack } = this;
    const { words } = memory;
    for (let looked = 0; looked < most && this.swept < this.sweepTo; looked++) {
      const buffer = words[stack + this.swept];
      if (buffer < this.ceiling) {
        this.swept++;
        continue;
      }
      // The last one takes its place first: those that left need the room at the other end of the array.
      put(words, stack + this.swept, words[stack + --this.free]);
      put(words, this.words + FREE, this.free);
      this.leave(buffer);
    }
    return this.swept >= this.sweepTo;
  }

  private get sweepTo(): number {
    return Math.min(this.sweepEnd, this.free);
  }

  /** From the end, whole pages. True when no more is mapped than there are buffers. */
  private unmapRest(most: number): boolean {
    const { words } = this.memory;
    const mapped = words[this.words + MAPPED];
    const { capacity } = this;
    if (mapped <= capacity) return true;
    const to = Math.max(capacity, (mapped - most + 1) & ~1);
    this.unmapWindow({ address: this.address(to), bytes: (mapped - to) << BUFFER_SHIFT });
    put(words, this.words + MAPPED, to);
    return to === capacity;
  }

  private extend(to: number): void {
    const { words } = this.memory;
    const from = this.capacity;
    this.mapWindow({ address: this.address(from), bytes: (to - from) << BUFFER_SHIFT });
    put(words, this.words + MAPPED, Math.max(words[this.words + MAPPED], to));
    this.setCapacity(to);
    for (let buffer = from; buffer < to; buffer++) this.put(buffer);
  }

  /** The ceiling is lifted, and those that had left come back. */
  private cancelShrink(): void {
    const { words } = this.memory;
    this.ceiling = this.capacity;
    store(words, this.words + CEILING, this.ceiling);
    for (let gone = this.gone; gone > 0; gone--) this.put(words[this.stack + this.most - gone]);
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
