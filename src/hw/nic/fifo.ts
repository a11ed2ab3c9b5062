import type { Region } from '../memory.ts';
import { RXMEMWRAP_EMPTY, RXMEMWRAP_WRAPS } from './datasheet.ts';
import { FCS_BYTES } from './wire.ts';

/** Frames lie contiguously in units of this size, so a FIFO holds at most bytes / 64 of them. */
const UNIT_BYTES = 64;

/**
 * The receive packet buffer: frames between the MAC and the DMA engine, first in, first out. What the
 * classifier decided on arrival stays with the frame: a later change of RETA does not move it.
 */
export class PacketFifo {
  /** Bytes in use, with what is lost at the wrap. */
  used = 0;
  private capacity: number;
  private readonly base: number;
  /** Size of the memory behind it; RXPBSIZE may make use of less. */
  readonly limit: number;
  private write = 0;
  /** The frame last reserved for begins a new lap of the buffer. */
  wrapping = false;
  private wraps = 0;
  private readonly mask: number;
  private head = 0;
  private tail = 0;
  private readonly addresses: Int32Array;
  private readonly lengths: Int32Array;
  private readonly costs: Int32Array;
  private readonly queues: Uint8Array;
  private readonly types: Uint8Array;
  private readonly hashes: Int32Array;

  constructor(region: Region) {
    this.base = region.address;
    this.limit = region.bytes;
    this.capacity = region.bytes;
    const slots = 1 << (32 - Math.clz32(region.bytes / UNIT_BYTES - 1));
    this.mask = slots - 1;
    this.addresses = new Int32Array(slots);
    this.lengths = new Int32Array(slots);
    this.costs = new Int32Array(slots);
    this.queues = new Uint8Array(slots);
    this.types = new Uint8Array(slots);
    this.hashes = new Int32Array(slots);
  }

  get frames(): number {
    return this.tail - this.head;
  }

  /** RXPBSIZE takes effect while the buffer is empty. */
  resize(bytes: number): void {
    if (this.frames === 0) this.capacity = Math.max(UNIT_BYTES, Math.min(bytes, this.limit));
  }

  /** Where a frame of this length, FCS included, may be written, or -1: no room. */
  reserve(bytes: number): number {
    const cost = roundUp(bytes);
    this.wrapping = this.write + cost > this.capacity;
    const waste = this.wrapping ? this.capacity - this.write : 0;
    if (this.used + waste + cost > this.capacity) return -1;
    return this.wrapping ? this.base : this.base + this.write;
  }

  /** Takes in the frame just written where `reserve` said; the length is without FCS. */
  push(bytes: number, queue: number, hash: number, type: number): void {
    let cost = roundUp(bytes + FCS_BYTES);
    const end = (this.wrapping ? 0 : this.write) + cost;
    if (this.wrapping) {
      cost += this.capacity - this.write; // the rest up to the end is lost until this frame leaves
      this.write = 0;
      this.wraps = (this.wraps + 1) & RXMEMWRAP_WRAPS;
    }
    const slot = this.tail & this.mask;
    this.addresses[slot] = this.base + this.write;
    this.lengths[slot] = bytes;
    this.costs[slot] = cost;
    this.queues[slot] = queue;
    this.types[slot] = type;
    this.hashes[slot] = hash;
    this.used += cost;
    this.write = end;
    this.tail++;
  }

  headAddress(): number {
    return this.addresses[this.head & this.mask];
  }

  headLength(): number {
    return this.lengths[this.head & this.mask];
  }

  headQueue(): number {
    return this.queues[this.head & this.mask];
  }

  headHash(): number {
    return this.hashes[this.head & this.mask];
  }

  headType(): number {
    return this.types[this.head & this.mask];
  }

  pop(): void {
    this.used -= this.costs[this.head & this.mask];
    this.head++;
    // Empty: begin anew at the start, where the cache is warm.
    if (this.head === this.tail) this.head = this.tail = this.write = 0;
  }

  /** Value of RXMEMWRAP for this buffer. */
  wrapStatus(): number {
    return this.wraps | (this.frames === 0 ? RXMEMWRAP_EMPTY : 0);
  }

  /** What RXMEMWRAP shows while a new lap begins. */
  nextLapStatus(): number {
    return (this.wraps + 1) & RXMEMWRAP_WRAPS;
  }

  /** Throws everything away; returns the number of frames lost. */
  flush(): number {
    const lost = this.frames;
    this.wrapping = false;
    this.head = this.tail = this.write = this.used = this.wraps = 0;
    return lost;
  }
}

function roundUp(bytes: number): number {
  return (bytes + UNIT_BYTES - 1) & -UNIT_BYTES;
}
