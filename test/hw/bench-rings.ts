/** Descriptor rings of a bench card, as a driver lays them out. */
import type { Region } from '../../src/hw/memory.ts';
import {
  DESCRIPTOR_BYTES,
  QUEUE_ENABLE,
  RX_DD,
  RX_EOP,
  RX_ERROR_RXE,
  rdbah,
  rdbal,
  rdh,
  rdlen,
  rdt,
  rxdctl,
  SRRCTL_DESCTYPE_ADV_ONEBUF,
  SRRCTL_DROP_EN,
  srrctl,
  TX_DD,
  TX_DEXT,
  TX_DTYP_DATA,
  TX_EOP,
  TX_IFCS,
  TX_PAYLEN_SHIFT,
  TX_RS,
  tdbah,
  tdbal,
  tdh,
  tdlen,
  tdt,
  txdctl,
} from '../../src/hw/nic/datasheet.ts';
import { type BenchCard, markOf } from './bench-card.ts';

/** What a write-back says. */
export interface Received {
  readonly rssType: number;
  readonly hash: number;
  readonly done: boolean;
  readonly last: boolean;
  readonly error: boolean;
  readonly length: number;
}

/** One receive queue, each slot with a buffer of its own. */
export class RxRing {
  readonly card: BenchCard;
  readonly queue: number;
  readonly slots: number;
  readonly bufferBytes: number;
  readonly ring: Region;
  readonly buffers: Region;

  constructor(card: BenchCard, queue: number, { slots = 8, bufferBytes = 2048 } = {}) {
    this.card = card;
    this.queue = queue;
    this.slots = slots;
    this.bufferBytes = bufferBytes;
    this.ring = card.allocate(slots * DESCRIPTOR_BYTES);
    this.buffers = card.allocate(slots * bufferBytes);
    for (let slot = 0; slot < slots; slot++) this.fill(slot);
  }

  /** Writes base, length and the rest; with the queue still off. */
  program({ drop = false, head = 0 } = {}): this {
    const { card, queue } = this;
    card.write(rdbal(queue), this.ring.address);
    card.write(rdbah(queue), 0);
    card.write(rdlen(queue), this.slots * DESCRIPTOR_BYTES);
    card.write(rdh(queue), head);
    card.write(rdt(queue), head);
    const control = (this.bufferBytes >> 10) | SRRCTL_DESCTYPE_ADV_ONEBUF | (drop ? SRRCTL_DROP_EN : 0);
    card.write(srrctl(queue), control);
    return this;
  }

  enable(): this {
    this.card.set(rxdctl(this.queue), QUEUE_ENABLE);
    this.card.step();
    return this;
  }

  disable(): void {
    this.card.clear(rxdctl(this.queue), QUEUE_ENABLE);
    this.card.step();
  }

  get enabled(): boolean {
    return (this.card.read(rxdctl(this.queue)) & QUEUE_ENABLE) !== 0;
  }

  /** Programs and enables the queue, and hands over all slots but one. */
  start(options: { drop?: boolean } = {}): this {
    this.program(options).enable();
    this.tail(this.slots - 1);
    return this;
  }

  tail(slot: number): void {
    this.card.write(rdt(this.queue), slot);
  }

  head(): number {
    return this.card.read(rdh(this.queue));
  }

  bufferOf(slot: number): number {
    return this.buffers.address + slot * this.bufferBytes;
  }

  /** The read format: a buffer's address, and nothing else. */
  fill(slot: number, address = this.bufferOf(slot), addressHigh = 0): void {
    this.card.bench.memory.words.set([address, addressHigh, 0, 0], this.word(slot));
  }

  word(slot: number): number {
    return (this.ring.address + slot * DESCRIPTOR_BYTES) >>> 2;
  }

  at(slot: number): Received {
    const [type, hash, status, length] = this.card.bench.memory.words.subarray(this.word(slot));
    return {
      rssType: type & 0xf,
      hash: hash >>> 0,
      done: (status & RX_DD) !== 0,
      last: (status & RX_EOP) !== 0,
      error: (status & RX_ERROR_RXE) !== 0,
      length: length & 0xffff,
    };
  }

  /** What lies in a slot's buffer, as long as its write-back says. */
  bytes(slot: number): Uint8Array {
    const from = this.bufferOf(slot);
    return this.card.bench.memory.bytes.slice(from, from + this.at(slot).length);
  }

  /** Marks of the frames in the first slots, up to one that is not done. */
  get marks(): number[] {
    const marks: number[] = [];
    for (let slot = 0; slot < this.slots && this.at(slot).done; slot++) marks.push(markOf(this.bytes(slot)));
    return marks;
  }
}

/** Commands of a descriptor that is a whole frame. */
export const WHOLE_FRAME = TX_EOP | TX_IFCS;

/** One transmit queue with its buffers. */
export class TxRing {
  readonly card: BenchCard;
  readonly queue: number;
  readonly slots: number;
  readonly bufferBytes: number;
  readonly ring: Region;
  readonly buffers: Region;
  /** Next slot to be written. */
  next = 0;

  constructor(card: BenchCard, queue: number, { slots = 8, bufferBytes = 2048 } = {}) {
    this.card = card;
    this.queue = queue;
    this.slots = slots;
    this.bufferBytes = bufferBytes;
    this.ring = card.allocate(slots * DESCRIPTOR_BYTES);
    this.buffers = card.allocate(slots * bufferBytes);
  }

  start(head = 0): this {
    const { card, queue } = this;
    card.write(tdbal(queue), this.ring.address);
    card.write(tdbah(queue), 0);
    card.write(tdlen(queue), this.slots * DESCRIPTOR_BYTES);
    card.write(tdh(queue), head);
    card.write(tdt(queue), head);
    card.set(txdctl(queue), QUEUE_ENABLE);
    card.step();
    this.next = head;
    return this;
  }

  get enabled(): boolean {
    return (this.card.read(txdctl(this.queue)) & QUEUE_ENABLE) !== 0;
  }

  head(): number {
    return this.card.read(tdh(this.queue));
  }

  /** Writes a data descriptor with a copy of these bytes, but rings no doorbell. Returns its slot. */
  put(bytes: Uint8Array, command = WHOLE_FRAME | TX_RS): number {
    const slot = this.next;
    const address = this.buffers.address + slot * this.bufferBytes;
    this.card.bench.memory.bytes.set(bytes, address);
    return this.putRaw(address, bytes.length | command);
  }

  /** A data descriptor for any address, with any command and length. */
  putRaw(address: number, command: number, addressHigh = 0, type = TX_DTYP_DATA): number {
    const slot = this.next;
    const payload = (command & 0xffff) << TX_PAYLEN_SHIFT;
    const words = [address, addressHigh, command | type | TX_DEXT, payload];
    this.card.bench.memory.words.set(words, (this.ring.address + slot * DESCRIPTOR_BYTES) >>> 2);
    this.next = slot + 1 === this.slots ? 0 : slot + 1;
    return slot;
  }

  /** Hands over everything that was put. */
  doorbell(): void {
    this.card.write(tdt(this.queue), this.next);
  }

  done(slot: number): boolean {
    const word = ((this.ring.address + slot * DESCRIPTOR_BYTES) >>> 2) + 3;
    return (this.card.bench.memory.words[word] & TX_DD) !== 0;
  }
}
