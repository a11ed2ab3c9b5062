import type { Memory, MemoryMap, Region } from '../../hw/memory.ts';
import { load, put, store } from '../../hw/shared.ts';

/** Words: up to where numbers are published, free-running; and behind it, on a line pair of their own, the numbers. */
const TAIL = 0;
const SLOTS = 32;

/** Room for so many numbers, a power of two. */
export function layoutRequestRing(map: MemoryMap, capacity: number): Region {
  return map.take((SLOTS + capacity) * 4);
}

/**
 * Numbers of requests from one thread to another, in order. No more requests are on their way than it has room for, so it is
 * never full, and the producer need not know how far the consumer is. Either side makes an object of its own.
 */
export class RequestRing {
  private readonly memory: Memory;
  private readonly base: number;
  private readonly mask: number;
  private at: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.base = region.address >>> 2;
    this.mask = (region.bytes >>> 2) - SLOTS - 1;
    this.at = 0;
  }

  /** Producer: seen by the other side after `publish`. */
  push(request: number): void {
    put(this.memory.words, this.base + SLOTS + (this.at & this.mask), request);
    this.at = (this.at + 1) | 0;
  }

  publish(): void {
    store(this.memory.words, this.base + TAIL, this.at); // publishes numbers, and what was written to their requests
  }

  /** Consumer: is there a number? */
  get waits(): boolean {
    return this.published !== this.at;
  }

  /** How many there were so far, free-running. */
  get published(): number {
    return load(this.memory.words, this.base + TAIL);
  }

  /** Consumer: takes at most so many numbers, to `into` from `from` on. Returns how many. */
  take(into: Int32Array, from: number, most: number): number {
    const { words } = this.memory;
    const count = Math.min((this.published - this.at) | 0, most);
    for (let i = 0; i < count; i++) into[from + i] = words[this.base + SLOTS + ((this.at + i) & this.mask)];
    this.at = (this.at + count) | 0;
    return count;
  }
}
