/** One receive ring: what all drivers share. Bound to a record of the state block. */
import {
  DESCRIPTOR_WORDS,
  RX_DD,
  RX_EOP,
  RX_ERROR_RXE,
  RX_LENGTH_WORD,
  RX_STATUS_WORD,
  rdt,
} from '../../hw/nic/datasheet.ts';
import type { NicPort } from '../../hw/nic/port.ts';
import { load, put, store } from '../../hw/shared.ts';
import { Burst } from '../burst.ts';
import type { NicEnvironment } from '../contract.ts';
import { BUFFER_SHIFT, type BufferPool } from '../pool.ts';
import { FRAMES_NOTE_WORDS, framesNote, RX } from './state.ts';

const { CAPACITY } = Burst;
const DESCRIPTOR_SHIFT = 2; // words
/** Status of a frame in one descriptor, without an error. */
const PLAIN = RX_DD | RX_EOP;
const PLAIN_MASK = PLAIN | RX_ERROR_RXE;

export class RxRing {
  readonly queue: number;
  logical = 0;
  private readonly words: Int32Array;
  private readonly port: NicPort;
  private readonly pool: BufferPool;
  private readonly record: number;
  private ring = 0;
  private shadow = 0;
  private mask = 0;
  /** Next descriptor to look at, and to post; free-running. */
  private head = 0;
  private tail = 0;
  private target = 0;
  private limited = false;
  private identity = 0;
  /** Word index of the count of frames consumed. */
  private note = 0;

  constructor(environment: NicEnvironment, queue: number) {
    this.queue = queue;
    this.words = environment.memory.words;
    this.port = environment.port;
    this.pool = environment.pool;
    this.record = environment.state.rx(queue);
  }

  /** Takes everything over from the state block. */
  adopt(): void {
    const { words, record } = this;
    this.ring = words[record + RX.ring];
    this.shadow = words[record + RX.shadow];
    this.mask = words[record + RX.slots] - 1;
    this.head = load(words, record + RX.consumed);
    this.tail = words[record + RX.posted];
    this.target = words[record + RX.target];
    this.logical = words[record + RX.logical];
    this.limited = words[record + RX.limited] !== 0;
    this.identity = words[record + RX.identity];
    this.note = framesNote(words, record);
  }

  /** Takes over from a CPU that may have ended between `posted` and its doorbell: the card is told once more. */
  resume(): void {
    this.adopt();
    this.port.write32(rdt(this.queue), this.tail & this.mask);
  }

  /**
   * Fills the burst with whole frames that the card has written, up to `budget` of them, and leaves them in the ring.
   * A frame that the card marks as bad makes a burst of its own.
   */
  peek(burst: Burst, budget: number): number {
    burst.ring = this.identity;
    const plain = this.peekPlain(burst, Math.min(this.readable(), budget));
    return plain === 0 ? this.peekParts(burst, budget) : plain;
  }

  /**
   * Frames in front that have one descriptor each and no error. Each DD is read by Atomics.load: it pairs with the
   * card's store of the run's first DD, and what lies behind it may be read plainly.
   */
  private peekPlain(burst: Burst, most: number): number {
    const { words } = this;
    const { buffers, lengths } = burst;
    const ring = this.ring | 0;
    const shadow = this.shadow | 0;
    const mask = this.mask | 0;
    const head = this.head | 0;
    const end = most | 0;
    let frames = 0;
    for (; frames < end; frames = (frames + 1) | 0) {
      const slot = (head + frames) & mask;
      const descriptor = (ring + (slot << DESCRIPTOR_SHIFT)) | 0;
      const status = load(words, (descriptor + RX_STATUS_WORD) | 0);
      if ((status & PLAIN_MASK) !== PLAIN) break;
      const buffer = words[(shadow + slot) | 0];
      buffers[frames] = buffer;
      lengths[frames] = words[(descriptor + RX_LENGTH_WORD) | 0] & 0xffff;
    }
    if (frames > 0) burst.fill(frames, head);
    return frames;
  }

  /** The same for frames of several descriptors, and for bad ones: descriptor by descriptor. */
  private peekParts(burst: Burst, budget: number): number {
    const { words, ring, shadow, mask, head } = this;
    const most = Math.min(this.readable(), CAPACITY);
    let segments = 0;
    let frames = 0;
    let bad = 0;
    for (let i = 0; i < most && frames < budget; i++) {
      const slot = (head + i) & mask;
      const descriptor = ring + slot * DESCRIPTOR_WORDS;
      const status = load(words, descriptor + RX_STATUS_WORD);
      if ((status & RX_DD) === 0) break;
      burst.buffers[i] = words[shadow + slot];
      burst.lengths[i] = words[descriptor + RX_LENGTH_WORD] & 0xffff;
      bad |= status & RX_ERROR_RXE;
      const end = (status & RX_EOP) === 0 ? 0 : 1;
      burst.ends[i] = end;
      if (end === 0) continue;
      if (bad !== 0 && frames > 0) {
        bad = 0; // next time
        break;
      }
      segments = i + 1;
      frames++;
      if (bad !== 0) break;
    }
    burst.whole = false;
    burst.bad = bad !== 0 && frames > 0;
    burst.segments = segments;
    burst.frames = frames;
    burst.position = head;
    return frames;
  }

  /** Has the card written a frame that may be read? */
  waits(): boolean {
    if (this.readable() <= 0) return false;
    const descriptor = this.ring + (this.head & this.mask) * DESCRIPTOR_WORDS;
    return (load(this.words, descriptor + RX_STATUS_WORD) & RX_DD) !== 0;
  }

  /**
   * The commit point: the application has these segments; their buffers are no longer the ring's. Before the last of
   * these stores a successor is given the same frames again, after it never.
   */
  consume(segments: number, frames: number): void {
    const { words } = this;
    const head = (this.head + segments) | 0;
    const consumed = (words[this.note] + frames) | 0;
    const note = this.note ^ FRAMES_NOTE_WORDS; // the other one
    this.head = head;
    this.note = note;
    put(words, note, consumed);
    put(words, note + 1, head);
    store(words, this.record + RX.consumed, head);
  }

  /** Descriptors that ought to be posted and are not. */
  get deficit(): number {
    return this.target - ((this.tail - this.head) | 0);
  }

  /** Posts free buffers up to the target, with one doorbell mostly. Returns the number posted. */
  refill(): number {
    const { pool } = this;
    let posted = 0;
    while (this.deficit > 0) {
      const count = pool.claim(this.deficit);
      if (count === 0) break;
      this.post(pool.claimedIn, pool.claimed, count);
      posted += count;
    }
    return posted;
  }

  /**
   * The buffers of a consumed burst, with which the application has done: posted again at once where they are `least`
   * and all that the ring is short of, else they go to the pool. Posted ahead of what waits there they would change
   * places with it, swap by swap and burst by burst, until the processor foresees none any more: a fifth of the time
   * for a frame.
   */
  takeBack({ buffers }: Burst, count: number, least: number): void {
    if (count < least || count !== this.deficit || this.pool.shrinking) this.pool.putAll(buffers, count);
    else this.post(buffers, 0, count);
  }

  /** Hot path: integers from its beginning, so that the loop has no checks of types. */
  private post(source: Int32Array, from: number, count: number): void {
    const { words } = this;
    const ring = this.ring | 0;
    const shadow = this.shadow | 0;
    const mask = this.mask | 0;
    const tail = this.tail | 0;
    const first = from | 0;
    const base = this.pool.base | 0;
    for (let i = 0; i < count; i++) {
      const buffer = source[(first + i) | 0];
      const slot = (tail + i) & mask;
      const descriptor = (ring + (slot << DESCRIPTOR_SHIFT)) | 0;
      put(words, (shadow + slot) | 0, buffer);
      put(words, descriptor, (base + (buffer << BUFFER_SHIFT)) | 0);
      put(words, (descriptor + 1) | 0, 0);
      put(words, (descriptor + RX_STATUS_WORD) | 0, 0); // takes DD away, before the card may set it again
      put(words, (descriptor + RX_LENGTH_WORD) | 0, 0);
    }
    this.tail = (tail + count) | 0;
    put(words, this.record + RX.posted, this.tail);
    // Publishes descriptors, shadows and count to card and successor.
    this.port.write32(rdt(this.queue), this.tail & mask);
  }

  setTarget(buffers: number): void {
    this.target = Math.min(buffers, this.mask);
    put(this.words, this.record + RX.target, this.target);
  }

  /** The state block says anew how far the ring may be read. */
  reread(): void {
    this.limited = this.words[this.record + RX.limited] !== 0;
    this.target = this.words[this.record + RX.target];
  }

  /** Takes back every posted buffer; the queue must be disabled. */
  strip(): void {
    const { words } = this;
    for (; this.head !== this.tail; this.head = (this.head + 1) | 0)
      this.pool.put(words[this.shadow + (this.head & this.mask)]);
    store(words, this.record + RX.consumed, this.head);
  }

  private readable(): number {
    const end = this.limited ? this.words[this.record + RX.readable] : this.tail;
    return (end - this.head) | 0;
  }
}
