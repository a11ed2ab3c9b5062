/** One receive queue: its ring, the engine's place in it, and the write-backs that are not shown yet (7.1.6 to 7.1.9). */
import type { Iommu } from '../iommu.ts';
import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import { copy, put, store } from '../shared.ts';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_WORDS,
  QUEUE_ENABLE,
  RX_DD,
  RX_EOP,
  RX_ERROR_RXE,
  RX_LENGTH_WORD,
  RX_STATUS_WORD,
  rdbah,
  rdbal,
  rdh,
  rdlen,
  rdt,
  rqsmr,
  rxdctl,
  SRRCTL_BSIZEPACKET_MASK,
  SRRCTL_DROP_EN,
  srrctl,
} from './datasheet.ts';
import type { PacketFifo } from './fifo.ts';
import type { InterruptUnit } from './interrupts.ts';
import type { CardParts } from './parts.ts';
import type { Probes } from './probes.ts';
import { FCS_BYTES } from './wire.ts';

export class RxQueue {
  readonly number: number;
  enabled = false;
  /** A frame without descriptors is dropped, and holds up no other. */
  drops = false;
  /** Which of the statistics counters this queue counts in. */
  counter = 0;
  /** Octets moved since they were last counted. */
  octets = 0;
  private readonly memory: Memory;
  private readonly registers: RegisterFile;
  private readonly iommu: Iommu;
  private readonly device: number;
  private readonly interrupts: InterruptUnit;
  private readonly probes: Probes;
  private bufferBytes = 0;
  /** First word of the ring in the memory, and the engine's position in it. */
  private ring = 0;
  private length = 0;
  private head = 0;
  private tail = 0;
  /** The run of frames that is written but not yet published: its first DD word comes last. 0: none. */
  private runWord = 0;
  private runStatus = 0;

  constructor(parts: CardParts, number: number) {
    this.number = number;
    this.memory = parts.memory;
    this.registers = parts.registers;
    this.iommu = parts.iommu;
    this.device = parts.device;
    this.interrupts = parts.interrupts;
    this.probes = parts.probes;
  }

  /** Takes over everything but the enable bit; returns what that says. */
  configure(): boolean {
    const { registers, number } = this;
    const control = registers.get(srrctl(number));
    this.bufferBytes = (control & SRRCTL_BSIZEPACKET_MASK) * 1024;
    this.drops = (control & SRRCTL_DROP_EN) !== 0;
    this.counter = (registers.get(rqsmr(number >> 2)) >>> (8 * (number & 3))) & 0xf;
    return (registers.get(rxdctl(number)) & QUEUE_ENABLE) !== 0;
  }

  enable(): void {
    const { registers, number } = this;
    const address = registers.get(rdbal(number));
    const bytes = registers.get(rdlen(number));
    const head = registers.get(rdh(number));
    const outside = (head + 1) * DESCRIPTOR_BYTES > bytes || registers.get(rdbah(number)) !== 0;
    if (outside || !this.iommu.allows(this.device, address, bytes)) {
      this.probes.count('dmaFaults');
      return;
    }
    this.ring = address >>> 2;
    this.length = bytes / DESCRIPTOR_BYTES;
    this.head = head;
    this.tail = registers.get(rdt(number));
    this.enabled = true;
    registers.setEnabled(number, true);
  }

  disable(): void {
    if (this.hasRun) this.publish();
    this.enabled = false;
    this.registers.setEnabled(this.number, false);
  }

  reset(): void {
    this.enabled = false;
    this.runWord = 0;
  }

  /** Frames are written that the driver does not see yet. */
  get hasRun(): boolean {
    return this.runWord !== 0;
  }

  /** Has the driver posted enough for a frame of so many bytes? */
  takes(bytes: number): boolean {
    return this.offers(this.needed(bytes));
  }

  /**
   * Moves frames from the head of the packet buffer while they are this queue's and there are descriptors, at most
   * `budget`. `tail` bytes behind each frame go with it. Returns the number moved.
   */
  move(fifo: PacketFifo, budget: number, tail: number): number {
    const most = Math.min(budget, fifo.frames);
    let moved = 0;
    let octets = 0;
    for (; moved < most && fifo.queueAt(moved) === this.number; moved++) {
      const length = fifo.lengthAt(moved);
      const needed = this.needed(length + tail);
      if (!this.offers(needed)) break;
      const whole =
        needed === 1
          ? this.writeBack(fifo, moved, 0, length + tail, RX_DD | RX_EOP)
          : this.writeParts(fifo, moved, length + tail);
      if (!whole) this.probes.count('dropped.dmaFault');
      octets += length + FCS_BYTES;
    }
    fifo.pop(moved);
    this.octets += octets;
    return moved;
  }

  /** Lets the driver see a run: the store of its first status word publishes all of it. */
  publish(): void {
    store(this.memory.words, this.runWord, this.runStatus);
    this.registers.set(rdh(this.number), this.head);
    this.interrupts.received(this.number);
    this.runWord = 0;
  }

  /** Descriptors for so many bytes. */
  private needed(bytes: number): number {
    return bytes <= this.bufferBytes ? 1 : Math.ceil(bytes / this.bufferBytes);
  }

  private offers(descriptors: number): boolean {
    if (this.available() >= descriptors) return true;
    this.tail = this.registers.get(rdt(this.number)); // pairs with the driver's doorbell store
    return this.available() >= descriptors;
  }

  private available(): number {
    const distance = this.tail - this.head;
    return distance < 0 ? distance + this.length : distance;
  }

  /** A frame over several descriptors. False: not all of it, for a fault. */
  private writeParts(fifo: PacketFifo, index: number, bytes: number): boolean {
    let whole = true;
    for (let done = 0; done < bytes; done += this.bufferBytes) {
      const part = Math.min(bytes - done, this.bufferBytes);
      const status = done + part === bytes ? RX_DD | RX_EOP : RX_DD;
      if (!this.writeBack(fifo, index, done, part, status)) whole = false;
    }
    return whole;
  }

  /** One descriptor: data first, then the write-back, whose status word is published with the run. False: a fault. */
  private writeBack(fifo: PacketFifo, index: number, done: number, bytes: number, status: number): boolean {
    const { words } = this.memory;
    const descriptor = this.ring + this.head * DESCRIPTOR_WORDS;
    const to = words[descriptor];
    const allowed = words[descriptor + 1] === 0 && this.iommu.allows(this.device, to, bytes);
    if (allowed) copy(this.memory, to, fifo.addressAt(index) + done, bytes);
    else this.probes.count('dmaFaults');
    put(words, descriptor, fifo.typeAt(index));
    put(words, descriptor + 1, fifo.hashAt(index));
    put(words, descriptor + RX_LENGTH_WORD, allowed ? bytes : 0);
    const shown = allowed ? status : status | RX_ERROR_RXE;
    if (this.runWord === 0) {
      this.runWord = descriptor + RX_STATUS_WORD;
      this.runStatus = shown;
    } else {
      put(words, descriptor + RX_STATUS_WORD, shown);
    }
    const next = this.head + 1;
    this.head = next === this.length ? 0 : next;
    return allowed;
  }
}
