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
import type { BufferPool } from '../pool.ts';
import { RX } from './state.ts';

const { CAPACITY } = Burst;

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
  }

  /**
   * Fills the burst with whole frames that the card has written, up to `budget` of them, and leaves them
   * in the ring. A frame that the card marks as bad makes a burst of its own. Each DD is read by Atomics.load: it pairs with the card's store of the run's first DD.
   */
  peek(burst: Burst, budget: number): number {
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

  /** The commit point: the application has these segments; their buffers are no longer the ring's. */
  consume(segments: number, frames: number): void {
    this.head = (this.head + segments) | 0;
    put(this.words, this.record + RX.frames, (this.words[this.record + RX.frames] + frames) | 0);
    store(this.words, this.record + RX.consumed, this.head);
  }

  /** Descriptors that ought to be posted and are not. */
  get deficit(): number {
    return this.target - ((this.tail - this.head) | 0);
  }

  /** Posts free buffers up to the target; one doorbell. Returns the number posted. */
  refill(): number {
    const { words, pool, mask } = this;
    const from = this.tail;
    let tail = from;
    for (let missing = this.deficit; missing > 0; missing--) {
      const buffer = pool.take();
      if (buffer < 0) break;
      const slot = tail & mask;
      const descriptor = this.ring + slot * DESCRIPTOR_WORDS;
      put(words, this.shadow + slot, buffer);
      put(words, descriptor, pool.address(buffer));
      put(words, descriptor + 1, 0);
      put(words, descriptor + RX_STATUS_WORD, 0); // takes DD away, before the card may set it again
      put(words, descriptor + RX_LENGTH_WORD, 0);
      tail = (tail + 1) | 0;
    }
    if (tail === from) return 0;
    this.tail = tail;
    put(words, this.record + RX.posted, tail);
    this.port.write32(rdt(this.queue), tail & mask); // publishes descriptors, shadows and count to card and successor
    return (tail - from) | 0;
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
