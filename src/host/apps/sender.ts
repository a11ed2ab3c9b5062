/** What `echo`, `forward` and their like have in common. */
import type { DeliveryCheck } from '../../check/delivery.ts';
import { Burst } from '../../drivers/burst.ts';
import type { Application, SlotView } from '../../drivers/contract.ts';
import { BUFFER_SHIFT, type BufferPool } from '../../drivers/pool.ts';
import type { Memory } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';
import type { ApplicationEnvironment } from './applications.ts';
import type { Exit } from './exit.ts';

const BUFFER_WORDS_SHIFT = BUFFER_SHIFT - 2;
/** Notes: of which burst, and for each of its frames the addresses as they came. */
const SEGMENTS = 0;
const RING = 1;
const BUFFER = 2;
const POSITION = 3;
const ADDRESSES = 4;
const ADDRESS_WORDS = 3;
export const SENDER_BYTES = (ADDRESSES + ADDRESS_WORDS * Burst.CAPACITY) * 4;

/** Sends what it receives, back or on: takes only what the exit has room for, so that nothing is ever held outside a ring. */
export class Sender implements Application {
  readonly name: string;
  private readonly memory: Memory;
  private readonly pool: BufferPool;
  private readonly check: DeliveryCheck;
  private readonly exit: Exit;
  private readonly swapsAddresses: boolean;
  /** Where in the memory's words. */
  private readonly notes: number;

  constructor(
    name: string,
    { memory, pool, check, exit, notes }: ApplicationEnvironment,
    swapsAddresses: boolean,
  ) {
    this.name = name;
    this.memory = memory;
    this.pool = pool;
    this.check = check;
    this.exit = exit;
    this.swapsAddresses = swapsAddresses;
    this.notes = notes.address >>> 2;
  }

  /**
   * Sent first, checked after: if the exit throws, the burst is offered again and must not have been counted.
   * The card only reads the buffers meanwhile, and they come home on this thread alone.
   */
  receive(slot: SlotView, queue: number, burst: Burst): number {
    const { exit } = this;
    const segments = wholeFrames(burst, exit.room(queue));
    if (segments === 0) return 0;
    if (this.swapsAddresses) {
      this.writeDown(burst, segments);
      this.swapAddresses(burst, segments);
    }
    try {
      exit.transmit(queue, burst, segments, (slot.index << 8) | burst.ring, burst.position);
    } catch (error) {
      if (this.swapsAddresses) this.swapAddresses(burst, segments);
      throw error;
    }
    this.check.burst(burst, segments, queue);
    return segments;
  }

  /** Addresses half exchanged cannot be told from others: they are put back as they came. */
  revert(burst: Burst): void {
    const { notes } = this;
    const { words } = this.memory;
    const segments = words[notes + SEGMENTS];
    if (words[notes + RING] !== burst.ring || words[notes + POSITION] !== burst.position) return;
    if (words[notes + BUFFER] !== burst.buffers[0] || segments > burst.segments) return;
    for (let i = 0; i < segments; i++) {
      if (i > 0 && burst.ends[i - 1] === 0) continue;
      const at = (this.pool.base >>> 2) + (burst.buffers[i] << BUFFER_WORDS_SHIFT);
      const from = notes + ADDRESSES + i * ADDRESS_WORDS;
      for (let word = 0; word < ADDRESS_WORDS; word++) put(words, at + word, words[from + word]);
    }
    put(words, notes + SEGMENTS, 0);
  }

  /** The addresses come first: as long as ring and position are not those of this burst, nothing is put back. */
  private writeDown(burst: Burst, segments: number): void {
    const { words } = this.memory;
    const { buffers } = burst;
    const notes = this.notes | 0;
    const first = this.pool.base >>> 2;
    for (let i = 0; i < segments; i++) {
      const from = (first + (buffers[i] << BUFFER_WORDS_SHIFT)) | 0;
      const to = (notes + ADDRESSES + i * ADDRESS_WORDS) | 0;
      put(words, to, words[from]);
      put(words, (to + 1) | 0, words[(from + 1) | 0]);
      put(words, (to + 2) | 0, words[(from + 2) | 0]);
    }
    put(words, notes + SEGMENTS, segments);
    put(words, notes + RING, burst.ring);
    put(words, notes + BUFFER, buffers[0]);
    put(words, notes + POSITION, burst.position);
  }

  /** Destination and source, six bytes each, as three words. */
  private swapAddresses(burst: Burst, segments: number): void {
    const { words } = this.memory;
    const { buffers, ends } = burst;
    const parts = burst.frames !== burst.segments;
    const first = this.pool.base >>> 2;
    for (let i = 0; i < segments; i++) {
      if (parts && i > 0 && ends[i - 1] === 0) continue;
      const at = (first + (buffers[i] << BUFFER_WORDS_SHIFT)) | 0;
      const a = words[at];
      const b = words[(at + 1) | 0];
      const c = words[(at + 2) | 0];
      put(words, at, (b >>> 16) | (c << 16));
      put(words, (at + 1) | 0, (c >>> 16) | (a << 16));
      put(words, (at + 2) | 0, (a >>> 16) | (b << 16));
    }
  }
}

/** Segments of the frames that fit into `room` descriptors. */
function wholeFrames(burst: Burst, room: number): number {
  if (burst.segments <= room) return burst.segments;
  let whole = 0;
  for (let i = 0; i < room; i++) if (burst.ends[i] !== 0) whole = i + 1;
  return whole;
}
