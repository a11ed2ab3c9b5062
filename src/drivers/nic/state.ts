/**
 * The state block of a card: everything that a driver's successor needs, as plain words in DMA memory.
 *
 * Header, then one record for each receive queue and each transmit queue of the card. Ring indices run
 * freely and are masked on use. Next to each ring lies a shadow, because descriptors cannot carry it:
 * write-back overwrites buffer addresses, and a transmit descriptor without RS never reports DD. A shadow
 * is written before the doorbell that makes its descriptor the card's.
 *
 * A shadow has one word a slot: the buffer. Behind those of a transmit ring lies a note for each slot. Notes are
 * written at the first slot of what they tell of: how many descriptors one doorbell told the card of, the last of which
 * reports; and what one call sent, and from where, so that a successor after a crash knows what was sent.
 *
 * Behind the records lie words of the driver's own: a format of another name has the same header and records, and these.
 */

import type { Memory, Region } from '../../hw/memory.ts';
import {
  DESCRIPTOR_WORDS,
  QUEUES,
  RX_DD,
  RX_STATUS_WORD,
  TX_DD,
  TX_STATUS_WORD,
} from '../../hw/nic/datasheet.ts';
import { load, store } from '../../hw/shared.ts';
import { lowestBit, mixed, OWN_BYTES, OwnWords, StateError } from '../state-block.ts';

export const STATE_FORMAT = 'ringswap.nic.2';
const STATE_MAGIC = 0x52534e32;

export const HEADER_WORDS = 16;
export const RECORD_WORDS = 32;
/** Words of the header and of a record that have a meaning. */
const USED_HEADER = 7;
const USED_WORDS = 16;
/** Of the number of a device in the identity of a ring. */
const DEVICE_BITS = 8;
const EVERY_QUEUE = (1 << QUEUES) - 1;
const RECORDS_END = HEADER_WORDS + 2 * QUEUES * RECORD_WORDS;
export const STATE_BYTES = RECORDS_END * 4 + OWN_BYTES;

export const H = {
  magic: 0,
  bytes: 1,
  device: 2,
  queues: 3,
  rxActive: 4,
  txActive: 5,
  adoptions: 6,
  /** Receive rings that there have been; a reset does not begin anew with them. */
  rings: 7,
} as const;
/** `consumed` is the commit point of receive: one atomic store of it says that the application has the frames. */
export const RX = {
  ring: 0,
  slots: 1,
  shadow: 2,
  consumed: 3,
  posted: 4,
  /** Descriptors that should be posted. */
  target: 5,
  /** Which of the application's queues this ring serves. */
  logical: 6,
  /** Position up to which it may be read; only while `limited` is set. */
  readable: 7,
  limited: 8,
  /** Which of all receive rings that the machine has had: positions begin anew with each. */
  identity: 9,
  /** Frames consumed, free-running, and the `consumed` that belongs to them: twice, written in turn (`framesNote`). */
  frames: 12,
} as const;
/** Words of one such note: the bit by which the places of the two differ. */
export const FRAMES_NOTE_WORDS = 2;
export const TX = {
  ring: 0,
  slots: 1,
  shadow: 2,
  reclaimed: 3,
  /** Descriptors that the card was told of. */
  posted: 4,
  /** Descriptors with a buffer in them, told of or not. */
  filled: 5,
} as const;
export const TX_NOTE_WORDS = 4;
export const RX_SHADOW_WORDS = 1;
export const TX_SHADOW_WORDS = 1 + TX_NOTE_WORDS;
/** `rung`: descriptors of one doorbell. `segments` of one call, from position `position` of `source`. */
export const TX_NOTE = { rung: 0, segments: 1, source: 2, position: 3 } as const;

export class NicState {
  readonly memory: Memory;
  readonly region: Region;
  /** Of whoever drives. */
  readonly own: OwnWords;
  private readonly base: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.region = region;
    this.base = region.address >>> 2;
    this.own = new OwnWords(memory.words, this.base + RECORDS_END);
  }

  /** Word index of a receive queue's record. */
  rx(queue: number): number {
    return this.base + HEADER_WORDS + queue * RECORD_WORDS;
  }

  tx(queue: number): number {
    return this.base + HEADER_WORDS + (QUEUES + queue) * RECORD_WORDS;
  }

  header(field: keyof typeof H): number {
    return load(this.memory.words, this.base + H[field]);
  }

  setHeader(field: keyof typeof H, value: number): void {
    store(this.memory.words, this.base + H[field], value);
  }

  /** Its rings have a new driver. */
  countAdoption(): void {
    store(this.memory.words, this.base + H.adoptions, (this.memory.words[this.base + H.adoptions] + 1) | 0);
  }

  /** For another receive ring. */
  newIdentity(): number {
    const rings = (this.header('rings') + 1) | 0;
    this.setHeader('rings', rings);
    return (rings << DEVICE_BITS) | this.header('device');
  }

  format(device: number, queues: number): void {
    const rings = this.header('rings');
    this.memory.words.fill(0, this.base, this.base + RECORDS_END);
    this.own.clear();
    this.setHeader('rings', rings);
    this.setHeader('bytes', STATE_BYTES);
    this.setHeader('device', device);
    this.setHeader('queues', queues);
    this.setHeader('magic', STATE_MAGIC);
  }

  rxActive(queue: number): boolean {
    return (this.receiving & (1 << queue)) !== 0;
  }

  txActive(queue: number): boolean {
    return (this.sending & (1 << queue)) !== 0;
  }

  /** Bits of the queues that have a receive ring. */
  get receiving(): number {
    return load(this.memory.words, this.base + H.rxActive) & EVERY_QUEUE;
  }

  /** Bits of the queues that have a transmit ring. */
  get sending(): number {
    return load(this.memory.words, this.base + H.txActive) & EVERY_QUEUE;
  }

  /** In the pause: the fixed header and the records of active queues, no slot. Throws StateError. */
  validate(device: number): void {
    const { base } = this;
    const { words } = this.memory;
    if (words[base + H.magic] !== STATE_MAGIC) throw new StateError('no magic number');
    if (words[base + H.bytes] !== STATE_BYTES)
      throw new StateError(`${words[base + H.bytes]} bytes, not ${STATE_BYTES}`);
    if (words[base + H.device] !== device)
      throw new StateError(`of device ${words[base + H.device]}, not ${device}`);
    this.own.validate();
    for (let left = this.receiving; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      this.validateRecord('receive', queue, this.rx(queue), RX.consumed, RX_SHADOW_WORDS);
      this.validateReading(queue, this.rx(queue));
    }
    for (let left = this.sending; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      this.validateFilling(queue, this.tx(queue));
    }
  }

  /** Copies header and records of active queues; `restore` puts them back. No allocation: used in the pause. */
  save(copy: Int32Array): void {
    transfer(copy, this.memory.words, 0, this.base, this.receiving, this.sending);
  }

  restore(copy: Int32Array): void {
    const { words } = this.memory;
    transfer(words, copy, this.base, 0, copy[H.rxActive] & EVERY_QUEUE, copy[H.txActive] & EVERY_QUEUE);
  }

  /** Is there a received frame that may be read, or a sent one to be reclaimed? By the rings alone, whoever drives. */
  workWaits(): boolean {
    for (let left = this.receiving; left !== 0; left &= left - 1)
      if (this.receivedWaits(lowestBit(left))) return true;
    return false;
  }

  /** The same of one receive queue. */
  receivedWaits(queue: number): boolean {
    const { words } = this.memory;
    const record = this.rx(queue);
    const at = words[record + RX.consumed];
    if (at === words[record + RX.posted]) return false;
    if (words[record + RX.limited] !== 0 && at === words[record + RX.readable]) return false;
    const slot = at & (words[record + RX.slots] - 1);
    return (load(words, words[record + RX.ring] + slot * DESCRIPTOR_WORDS + RX_STATUS_WORD) & RX_DD) !== 0;
  }

  /** Has the card reported a sent frame whose buffer is not home yet? */
  completionWaits(): boolean {
    const { words } = this.memory;
    for (let left = this.sending; left !== 0; left &= left - 1) {
      const record = this.tx(lowestBit(left));
      const head = words[record + TX.reclaimed];
      if (head === words[record + TX.posted]) continue;
      const mask = words[record + TX.slots] - 1;
      const rung = words[notesOf(words, record) + (head & mask) * TX_NOTE_WORDS + TX_NOTE.rung];
      const last = (head + rung - 1) & mask;
      if ((load(words, words[record + TX.ring] + last * DESCRIPTOR_WORDS + TX_STATUS_WORD) & TX_DD) !== 0)
        return true;
    }
    return false;
  }

  /** A digest of what a swap of another card must leave alone: which rings a card has, where, and for whom. */
  shape(): number {
    const { words } = this.memory;
    let hash = 0;
    for (let word = H.magic; word <= H.adoptions; word++) hash = mixed(hash, words[this.base + word]);
    for (let left = this.receiving; left !== 0; left &= left - 1) {
      const record = this.rx(lowestBit(left));
      hash = mixed(hash, words[record + RX.ring]);
      hash = mixed(hash, words[record + RX.slots]);
      hash = mixed(hash, words[record + RX.shadow]);
      hash = mixed(hash, words[record + RX.target]);
      hash = mixed(hash, words[record + RX.logical]);
    }
    for (let left = this.sending; left !== 0; left &= left - 1) {
      const record = this.tx(lowestBit(left));
      hash = mixed(hash, words[record + TX.ring]);
      hash = mixed(hash, words[record + TX.slots]);
      hash = mixed(hash, words[record + TX.shadow]);
    }
    return hash;
  }

  /** Visits every buffer that lies in a ring, with its place. */
  forEachBuffer(visit: (buffer: number, kind: 'rx' | 'tx', queue: number, slot: number) => void): void {
    const { words } = this.memory;
    for (let queue = 0; queue < QUEUES; queue++) {
      if (this.rxActive(queue)) {
        const record = this.rx(queue);
        const mask = words[record + RX.slots] - 1;
        const end = bounded(words[record + RX.consumed], words[record + RX.posted], mask);
        for (let at = words[record + RX.consumed]; at !== end; at = (at + 1) | 0)
          visit(words[words[record + RX.shadow] + (at & mask)], 'rx', queue, at & mask);
      }
      if (!this.txActive(queue)) continue;
      const record = this.tx(queue);
      const mask = words[record + TX.slots] - 1;
      const end = bounded(words[record + TX.reclaimed], words[record + TX.filled], mask);
      for (let at = words[record + TX.reclaimed]; at !== end; at = (at + 1) | 0)
        visit(words[words[record + TX.shadow] + (at & mask)], 'tx', queue, at & mask);
    }
  }

  private validateRecord(
    kind: string,
    queue: number,
    record: number,
    headAt: number,
    shadowWords: number,
  ): void {
    const { words } = this.memory;
    const slots = words[record + RX.slots];
    const inFlight = (words[record + RX.posted] - words[record + headAt]) | 0;
    const size = this.memory.words.length;
    const problem =
      slots < 8 || (slots & (slots - 1)) !== 0
        ? `${slots} slots`
        : inFlight < 0 || inFlight >= slots
          ? `${inFlight} descriptors in flight on ${slots} slots`
          : !inside(words[record + RX.ring], slots * DESCRIPTOR_WORDS, size) ||
              !inside(words[record + RX.shadow], slots * shadowWords, size)
            ? 'a ring outside the memory'
            : undefined;
    if (problem !== undefined) throw new StateError(`${kind} queue ${queue}: ${problem}`);
  }

  private validateFilling(queue: number, record: number): void {
    const { words } = this.memory;
    this.validateRecord('transmit', queue, record, TX.reclaimed, TX_SHADOW_WORDS);
    const filled = (words[record + TX.filled] - words[record + TX.reclaimed]) | 0;
    if (filled < 0 || filled >= words[record + TX.slots])
      throw new StateError(`transmit queue ${queue}: ${filled} descriptors filled`);
  }

  /** Whom a receive ring serves, and how far it may be read. */
  private validateReading(queue: number, record: number): void {
    const { words } = this.memory;
    const logical = words[record + RX.logical];
    const queues = words[this.base + H.queues];
    if (logical < 0 || logical >= queues)
      throw new StateError(`receive queue ${queue}: serves queue ${logical} of ${queues}`);
    if (words[record + RX.limited] === 0) return;
    const inFlight = (words[record + RX.posted] - words[record + RX.consumed]) | 0;
    const readable = (words[record + RX.readable] - words[record + RX.consumed]) | 0;
    if (readable < 0 || readable > inFlight)
      throw new StateError(`receive queue ${queue}: ${readable} of ${inFlight} descriptors may be read`);
  }
}

/**
 * Word index of a receive ring's count of frames. Of the two notes that of `consumed` holds: whoever ends before storing
 * that has written the other one only.
 */
export function framesNote(words: Int32Array, record: number): number {
  const first = record + RX.frames;
  return words[first + 1] === words[record + RX.consumed] ? first : first + FRAMES_NOTE_WORDS;
}

/** Word index of the note of a transmit ring's first slot. */
export function notesOf(words: Int32Array, record: number): number {
  return words[record + TX.shadow] + words[record + TX.slots];
}

/** Header and records of the queues whose bits are set, between a block and its copy. */
function transfer(
  to: Int32Array,
  from: Int32Array,
  toBase: number,
  fromBase: number,
  receiving: number,
  sending: number,
): void {
  for (let word = 0; word < USED_HEADER; word++) to[toBase + word] = from[fromBase + word];
  for (let left = receiving | (sending << QUEUES); left !== 0; left &= left - 1) {
    const record = HEADER_WORDS + lowestBit(left) * RECORD_WORDS;
    for (let word = record; word < record + USED_WORDS; word++) to[toBase + word] = from[fromBase + word];
  }
}

/** A record may be wrong: no more slots are in flight than there are. */
export function bounded(from: number, to: number, mask: number): number {
  const inFlight = (to - from) | 0;
  return inFlight < 0 || inFlight > mask ? (from + mask + 1) | 0 : to;
}

function inside(first: number, count: number, size: number): boolean {
  return first > 0 && first + count <= size;
}
