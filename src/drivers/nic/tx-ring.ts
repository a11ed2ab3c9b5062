/** One transmit ring: what all drivers share. Bound to a record of the state block. */
import {
  DESCRIPTOR_WORDS,
  TX_COMMAND_WORD,
  TX_DD,
  TX_DEXT,
  TX_DTYP_DATA,
  TX_EOP,
  TX_IFCS,
  TX_PAYLEN_SHIFT,
  TX_RS,
  TX_STATUS_WORD,
  tdt,
} from '../../hw/nic/datasheet.ts';
import type { NicPort } from '../../hw/nic/port.ts';
import { load, put, store } from '../../hw/shared.ts';
import type { Burst } from '../burst.ts';
import type { NicEnvironment } from '../contract.ts';
import { BUFFER_SHIFT, type BufferPool } from '../pool.ts';
import { StateError } from '../state-block.ts';
import { notesOf, TX, TX_NOTE, TX_NOTE_WORDS } from './state.ts';

const COMMAND = TX_DTYP_DATA | TX_DEXT | TX_IFCS;
const DESCRIPTOR_SHIFT = 2; // words

/** What one call has put into a transmit ring, and where that came from. */
export interface SentCall {
  readonly segments: number;
  readonly source: number;
  readonly position: number;
}

export class TxRing {
  readonly queue: number;
  private readonly words: Int32Array;
  private readonly port: NicPort;
  private readonly pool: BufferPool;
  private readonly record: number;
  private descriptors = 0;
  private shadow = 0;
  private notes = 0;
  private mask = 0;
  /** Next descriptor to reclaim, to fill, and the doorbell's value; free-running. */
  private head = 0;
  private tail = 0;
  private rung = 0;

  constructor(environment: NicEnvironment, queue: number) {
    this.queue = queue;
    this.words = environment.memory.words;
    this.port = environment.port;
    this.pool = environment.pool;
    this.record = environment.state.tx(queue);
  }

  adopt(): void {
    const { words, record } = this;
    this.descriptors = words[record + TX.ring];
    this.shadow = words[record + TX.shadow];
    this.notes = notesOf(words, record);
    this.mask = words[record + TX.slots] - 1;
    this.head = load(words, record + TX.reclaimed);
    this.tail = words[record + TX.posted];
    this.rung = this.tail;
  }

  /**
   * Takes over from a CPU that ended in the middle of anything. What is filled was accepted: the card is told of it, and
   * once more of what it may have been told of.
   */
  resume(): void {
    this.adopt();
    this.tail = this.words[this.record + TX.filled];
    this.ringDoorbell();
    this.port.write32(tdt(this.queue), this.tail & this.mask);
  }

  /** The last call of `enqueue` that lies in the ring, if any does. Throws StateError. */
  lastCall(): SentCall | undefined {
    const { words } = this;
    for (let at = this.head; at !== this.tail; ) {
      const note = this.noteOf(at);
      const segments = words[note + TX_NOTE.segments];
      const left = (this.tail - at) | 0;
      if (segments <= 0 || segments > left)
        throw new StateError(
          `transmit queue ${this.queue}: a call of ${segments} segments, ${left} are filled`,
        );
      if (segments === left)
        return { segments, source: words[note + TX_NOTE.source], position: words[note + TX_NOTE.position] };
      at = (at + segments) | 0;
    }
    return undefined;
  }

  get free(): number {
    return this.mask - ((this.tail - this.head) | 0);
  }

  /** Descriptors filled but not yet told to the card. */
  get unrung(): number {
    return (this.tail - this.rung) | 0;
  }

  get inFlight(): number {
    return (this.tail - this.head) | 0;
  }

  /** Writes descriptors for the first `segments` of a burst, and their shadows. The doorbell comes later, by `ringDoorbell`. */
  enqueue(burst: Burst, segments: number, source: number, position: number): void {
    const { words } = this;
    const note = this.noteOf(this.tail);
    put(words, note + TX_NOTE.segments, segments);
    put(words, note + TX_NOTE.source, source);
    put(words, note + TX_NOTE.position, position);
    if (burst.frames === burst.segments) this.enqueuePlain(burst, segments);
    else this.enqueueParts(burst, segments);
    put(this.words, this.record + TX.filled, this.tail);
  }

  /** Hot path, for frames of one segment each: integers from its beginning, so that the loop has no checks of types. */
  private enqueuePlain({ buffers, lengths }: Burst, segments: number): void {
    const { words } = this;
    const descriptors = this.descriptors | 0;
    const shadow = this.shadow | 0;
    const mask = this.mask | 0;
    const tail = this.tail | 0;
    const base = this.pool.base | 0;
    for (let i = 0; i < segments; i++) {
      const buffer = buffers[i];
      const length = lengths[i];
      const slot = (tail + i) & mask;
      const descriptor = (descriptors + (slot << DESCRIPTOR_SHIFT)) | 0;
      put(words, (shadow + slot) | 0, buffer);
      put(words, descriptor, (base + (buffer << BUFFER_SHIFT)) | 0);
      put(words, (descriptor + 1) | 0, 0);
      put(words, (descriptor + TX_COMMAND_WORD) | 0, COMMAND | TX_EOP | length);
      put(words, (descriptor + TX_STATUS_WORD) | 0, length << TX_PAYLEN_SHIFT);
    }
    this.tail = (tail + segments) | 0;
  }

  private enqueueParts(burst: Burst, segments: number): void {
    const { words, pool, mask } = this;
    let tail = this.tail;
    let first = -1;
    let total = 0;
    for (let i = 0; i < segments; i++) {
      const slot = tail & mask;
      const descriptor = this.descriptors + slot * DESCRIPTOR_WORDS;
      const length = burst.lengths[i];
      put(words, this.shadow + slot, burst.buffers[i]);
      put(words, descriptor, pool.address(burst.buffers[i]));
      put(words, descriptor + 1, 0);
      put(
        words,
        descriptor + TX_COMMAND_WORD,
        burst.ends[i] === 0 ? COMMAND | length : COMMAND | TX_EOP | length,
      );
      put(words, descriptor + TX_STATUS_WORD, 0);
      if (first < 0) first = descriptor;
      total += length;
      if (burst.ends[i] !== 0) {
        put(words, first + TX_STATUS_WORD, total << TX_PAYLEN_SHIFT);
        first = -1;
        total = 0;
      }
      tail = (tail + 1) | 0;
    }
    this.tail = tail;
  }

  /** Marks the last descriptor RS, so that the card reports the burst by it, and rings the doorbell. */
  ringDoorbell(): void {
    if (this.tail === this.rung) return;
    const { words, mask } = this;
    const last = (this.tail - 1) & mask;
    const command = this.descriptors + last * DESCRIPTOR_WORDS + TX_COMMAND_WORD;
    put(words, command, words[command] | TX_RS);
    put(words, this.noteOf(this.rung) + TX_NOTE.rung, this.unrung);
    put(words, this.record + TX.posted, this.tail);
    this.port.write32(tdt(this.queue), this.tail & mask); // publishes descriptors, shadows and notes to card and successor
    this.rung = this.tail;
  }

  /** Brings home the buffers of every burst that the card has reported. Returns descriptors reclaimed. Throws StateError. */
  reclaim(): number {
    const from = this.head;
    for (let count = this.reported(); count > 0; count = this.reported()) this.bringHome(count);
    if (this.head !== from) store(this.words, this.record + TX.reclaimed, this.head);
    return (this.head - from) | 0;
  }

  /** Takes back every buffer, sent or not; the queue must be disabled. */
  strip(): void {
    this.bringHome(this.inFlight);
    this.rung = this.tail;
    store(this.words, this.record + TX.reclaimed, this.head);
  }

  /** Descriptors of the oldest doorbell, if the card has reported the last one of them; else 0. */
  private reported(): number {
    if (this.head === this.rung) return 0;
    const { words, mask } = this;
    const count = words[this.noteOf(this.head) + TX_NOTE.rung];
    if (count <= 0 || count > ((this.rung - this.head) | 0))
      throw new StateError(`transmit queue ${this.queue}: a doorbell for ${count} descriptors`);
    const last = this.descriptors + ((this.head + count - 1) & mask) * DESCRIPTOR_WORDS;
    return (load(words, last + TX_STATUS_WORD) & TX_DD) === 0 ? 0 : count;
  }

  private noteOf(at: number): number {
    return this.notes + (at & this.mask) * TX_NOTE_WORDS;
  }

  private bringHome(count: number): void {
    this.pool.putSlots(this.shadow, this.mask, this.head, count);
    this.head = (this.head + count) | 0;
  }
}
