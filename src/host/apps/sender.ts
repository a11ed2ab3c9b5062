/** What `echo`, `forward` and their like have in common. */
import type { DeliveryCheck } from '../../check/delivery.ts';
import type { Burst } from '../../drivers/burst.ts';
import type { Application, SlotView } from '../../drivers/contract.ts';
import { BUFFER_SHIFT, type BufferPool } from '../../drivers/pool.ts';
import type { Memory } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';
import type { ApplicationEnvironment } from './applications.ts';
import type { Exit } from './exit.ts';

const BUFFER_WORDS_SHIFT = BUFFER_SHIFT - 2;
/**
 * Notes: of which burst, up to which of its segments frames have been begun with, and the addresses in the last one and the one
 * before as they came, in turn: those of the frame that is begun with are written while those of the one before still hold.
 */
const BEGUN = 0;
const RING = 1;
const POSITION = 2;
const ADDRESSES = 3;
const ADDRESS_WORDS = 3;

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
  receive(_: SlotView, queue: number, burst: Burst): number {
    const { exit } = this;
    const segments = wholeFrames(burst, exit.room(queue));
    if (segments === 0) return 0;
    if (this.swapsAddresses) this.swapAddresses(burst, segments);
    try {
      exit.transmit(queue, burst, segments);
    } catch (error) {
      this.revert(burst);
      throw error;
    }
    this.check.burst(burst, segments, queue);
    return segments;
  }

  /**
   * Addresses half exchanged cannot be told from others: those of the last frame are put back as they came, and of the frames
   * before it, one after another, as if each had been the last one. So it may be cut off, and done again.
   */
  revert(burst: Burst): void {
    const { words } = this.memory;
    const { notes } = this;
    if (words[notes + RING] !== burst.ring || words[notes + POSITION] !== burst.position) return;
    const last = words[notes + BEGUN] - 1;
    let place = framesBefore(burst, last) & 1;
    for (let i = last; i >= 0; i--) {
      if (i > 0 && burst.ends[i - 1] === 0) continue;
      const at = (this.pool.base >>> 2) + (burst.buffers[i] << BUFFER_WORDS_SHIFT);
      const note = notes + ADDRESSES + place * ADDRESS_WORDS;
      if (i < last) {
        noteExchanged(words, note, at);
        put(words, notes + BEGUN, i + 1);
      }
      for (let word = 0; word < ADDRESS_WORDS; word++) put(words, at + word, words[note + word]);
      place ^= 1;
    }
  }

  /**
   * Hot path. Destination and source, six bytes each, as three words: put aside before it is said that a frame is begun
   * with, and that before its first word is changed.
   */
  private swapAddresses(burst: Burst, segments: number): void {
    const { words } = this.memory;
    const { buffers, ends } = burst;
    const parts = burst.frames !== burst.segments;
    const first = this.pool.base >>> 2;
    const notes = this.notes | 0;
    put(words, (notes + BEGUN) | 0, 0);
    put(words, (notes + RING) | 0, burst.ring);
    put(words, (notes + POSITION) | 0, burst.position);
    let note = (notes + ADDRESSES) | 0;
    const bothNotes = (2 * note + ADDRESS_WORDS) | 0;
    for (let i = 0; i < segments; i++) {
      if (parts && i > 0 && ends[i - 1] === 0) continue;
      const at = (first + (buffers[i] << BUFFER_WORDS_SHIFT)) | 0;
      const a = words[at];
      const b = words[(at + 1) | 0];
      const c = words[(at + 2) | 0];
      put(words, note, a);
      put(words, (note + 1) | 0, b);
      put(words, (note + 2) | 0, c);
      put(words, (notes + BEGUN) | 0, (i + 1) | 0);
      put(words, at, (b >>> 16) | (c << 16));
      put(words, (at + 1) | 0, (c >>> 16) | (a << 16));
      put(words, (at + 2) | 0, (a >>> 16) | (b << 16));
      note = (bothNotes - note) | 0;
    }
  }
}

/** Frames that begin before this segment. */
function framesBefore({ ends }: Burst, segment: number): number {
  let frames = 0;
  for (let i = 0; i < segment; i++) if (ends[i] !== 0) frames++;
  return frames;
}

/** Of a frame whose addresses have been exchanged: as they came. */
function noteExchanged(words: Int32Array, note: number, at: number): void {
  const [a, b, c] = [words[at], words[at + 1], words[at + 2]];
  put(words, note, (b >>> 16) | (c << 16));
  put(words, note + 1, (c >>> 16) | (a << 16));
  put(words, note + 2, (a >>> 16) | (b << 16));
}

/** Segments of the frames that fit into `room` descriptors. */
function wholeFrames(burst: Burst, room: number): number {
  if (burst.segments <= room) return burst.segments;
  let whole = 0;
  for (let i = 0; i < room; i++) if (burst.ends[i] !== 0) whole = i + 1;
  return whole;
}
