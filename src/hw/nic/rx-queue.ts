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
import type { InterruptUnit } from './interrupts.ts';
import type { CardParts } from './parts.ts';
import type { Probes } from './probes.ts';

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

  /** Descriptors for a frame of so many bytes. */
  needed(bytes: number): number {
    return bytes <= this.bufferBytes ? 1 : Math.ceil(bytes / this.bufferBytes);
  }

  /** Has the driver posted so many descriptors? */
  offers(descriptors: number): boolean {
    if (this.available() >= descriptors) return true;
    this.tail = this.registers.get(rdt(this.number)); // pairs with the driver's doorbell store
    return this.available() >= descriptors;
  }

  /** Writes a frame into its descriptors' buffers. False: not all of it, for a fault. */
  write(address: number, bytes: number, descriptors: number, type: number, hash: number): boolean {
    if (descriptors === 1) return this.writeBack(address, bytes, RX_DD | RX_EOP, type, hash);
    let done = 0;
    let whole = true;
    for (let left = descriptors; left > 0; left--) {
      const part = Math.min(bytes - done, this.bufferBytes);
      if (!this.writeBack(address + done, part, left === 1 ? RX_DD | RX_EOP : RX_DD, type, hash))
        whole = false;
      done += part;
    }
    return whole;
  }

  /** Lets the driver see a run: the store of its first status word publishes all of it. */
  publish(): void {
    store(this.memory.words, this.runWord, this.runStatus);
    this.registers.set(rdh(this.number), this.head);
    this.interrupts.received(this.number);
    this.runWord = 0;
  }

  private available(): number {
    const distance = this.tail - this.head;
    return distance < 0 ? distance + this.length : distance;
  }

  /** One descriptor: data first, then the write-back, whose status word is published with the run. False: a fault. */
  private writeBack(from: number, bytes: number, done: number, type: number, hash: number): boolean {
    const { words } = this.memory;
    const descriptor = this.ring + this.head * DESCRIPTOR_WORDS;
    const to = words[descriptor];
    let status = done;
    let length = bytes;
    if (words[descriptor + 1] === 0 && this.iommu.allows(this.device, to, bytes)) {
      copy(this.memory, to, from, bytes);
    } else {
      this.probes.count('dmaFaults');
      status |= RX_ERROR_RXE;
      length = 0;
    }
    put(words, descriptor, type);
    put(words, descriptor + 1, hash);
    put(words, descriptor + RX_LENGTH_WORD, length);
    if (this.runWord === 0) {
      this.runWord = descriptor + RX_STATUS_WORD;
      this.runStatus = status;
    } else {
      put(words, descriptor + RX_STATUS_WORD, status);
    }
    const next = this.head + 1;
    this.head = next === this.length ? 0 : next;
    return (status & RX_ERROR_RXE) === 0;
  }
}
