import type { Region } from '../memory.ts';
import { RXMEMWRAP_EMPTY, RXMEMWRAP_WRAPS } from './datasheet.ts';
import { FCS_BYTES } from './wire.ts';

/** Frames lie contiguously in units of this size, so a FIFO holds at most bytes / 64 of them. */
const UNIT_BYTES = 64;

/** What is known of a frame inside, a row each: address, length, bytes in use for it, and the classifier's verdict. */
const ROW_WORDS = 8;
const ADDRESS = 0;
const LENGTH = 1;
const COST = 2;
const QUEUE = 3;
const TYPE = 4;
const HASH = 5;

/**
 * The receive packet buffer: frames between the MAC and the DMA engine, first in, first out. What the
 * classifier decided on arrival stays with the frame: a later change of RETA does not move it.
 */
export class PacketFifo {
  /** Frames inside. */
  frames = 0;
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
  private readonly rows: Int32Array;
  private readonly mask: number;
  /** Rows of the frame that leaves next, and of the one that comes next. */
  private head = 0;
  private tail = 0;

  constructor(region: Region) {
    this.base = region.address;
    this.limit = region.bytes;
    this.capacity = region.bytes;
    const slots = 1 << (32 - Math.clz32(region.bytes / UNIT_BYTES - 1));
    this.rows = new Int32Array(slots * ROW_WORDS);
    this.mask = this.rows.length - 1;
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
    const { rows, tail } = this;
    let cost = roundUp(bytes + FCS_BYTES);
    const end = (this.wrapping ? 0 : this.write) + cost;
    if (this.wrapping) {
      cost += this.capacity - this.write; // the rest up to the end is lost until this frame leaves
      this.write = 0;
      this.wraps = (this.wraps + 1) & RXMEMWRAP_WRAPS;
    }
    rows[tail + ADDRESS] = this.base + this.write;
    rows[tail + LENGTH] = bytes;
    rows[tail + COST] = cost;
    rows[tail + QUEUE] = queue;
    rows[tail + TYPE] = type;
    rows[tail + HASH] = hash;
    this.used += cost;
    this.write = end;
    this.tail = (tail + ROW_WORDS) & this.mask;
    this.frames++;
  }

  /** Of the frame that is so many behind the head. */
  addressAt(index: number): number {
    return this.rows[this.row(index) + ADDRESS];
  }

  lengthAt(index: number): number {
    return this.rows[this.row(index) + LENGTH];
  }

  queueAt(index: number): number {
    return this.rows[this.row(index) + QUEUE];
  }

  hashAt(index: number): number {
    return this.rows[this.row(index) + HASH];
  }

  typeAt(index: number): number {
    return this.rows[this.row(index) + TYPE];
  }

  /** So many frames leave. */
  pop(count: number): void {
    let freed = 0;
    for (let index = 0; index < count; index++) freed += this.rows[this.row(index) + COST];
    this.used -= freed;
    this.frames -= count;
    // Empty: begin anew at the start, where the cache is warm.
    if (this.frames === 0) this.head = this.tail = this.write = 0;
    else this.head = this.row(count);
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
    this.head = this.tail = this.frames = this.write = this.used = this.wraps = 0;
    return lost;
  }

  private row(index: number): number {
    return (this.head + index * ROW_WORDS) & this.mask;
  }
}

function roundUp(bytes: number): number {
  return (bytes + UNIT_BYTES - 1) & -UNIT_BYTES;
}
