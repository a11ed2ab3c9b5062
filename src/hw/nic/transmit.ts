/** The transmit side: descriptors, DMA, MAC (7.2). */
import type { Iommu } from '../iommu.ts';
import type { Memory, Region } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import { copy, store } from '../shared.ts';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_WORDS,
  DMATXCTL,
  DMATXCTL_TE,
  GOTCH,
  GOTCL,
  GPTC,
  HLREG0,
  HLREG0_TXPADEN,
  QUEUE_ENABLE,
  QUEUES,
  qbtch,
  qbtcl,
  qptc,
  TPT,
  TX_COMMAND_WORD,
  TX_DD,
  TX_DTYP_DATA,
  TX_DTYP_MASK,
  TX_EOP,
  TX_IFCS,
  TX_LENGTH_MASK,
  TX_RS,
  TX_STATUS_WORD,
  tdbah,
  tdbal,
  tdh,
  tdlen,
  tdt,
  tqsm,
  txdctl,
} from './datasheet.ts';
import type { InterruptUnit } from './interrupts.ts';
import { STAGING_BYTES } from './layout.ts';
import type { CardParts } from './parts.ts';
import type { Probes } from './probes.ts';
import { FCS_BYTES, UNPLUGGED, type Wire } from './wire.ts';

const MIN_FRAME_BYTES = 60;
/** TXDCTL's enable bits are the second group of acknowledged ones. */
const ENABLE_UNIT = 16;

export class TxEngine {
  wire: Wire = UNPLUGGED;
  /** As on the receive side: true keeps a queue's reports of sent frames for a later step. */
  holdsBack: (queue: number) => boolean = () => false;
  private readonly memory: Memory;
  private readonly registers: RegisterFile;
  private readonly iommu: Iommu;
  private readonly device: number;
  private readonly interrupts: InterruptUnit;
  private readonly probes: Probes;
  private readonly staging: number;
  private readonly ring = new Int32Array(QUEUES);
  private readonly length = new Int32Array(QUEUES);
  private readonly head = new Int32Array(QUEUES);
  private readonly tail = new Int32Array(QUEUES);
  private readonly enabled = new Uint8Array(QUEUES);
  private readonly counter = new Uint8Array(QUEUES);
  private readonly frames = new Int32Array(QUEUES);
  private readonly octets = new Int32Array(QUEUES);
  /** Up to where sent descriptors are reported; from there to `head` they are sent and nobody knows. */
  private readonly reported = new Int32Array(QUEUES);
  private sending = false;
  private padding = false;
  private pausedUntilUs = 0;
  private first = 0;

  constructor(parts: CardParts, staging: Region) {
    this.memory = parts.memory;
    this.registers = parts.registers;
    this.iommu = parts.iommu;
    this.device = parts.device;
    this.interrupts = parts.interrupts;
    this.probes = parts.probes;
    this.staging = staging.address;
  }

  configure(): void {
    const { registers } = this;
    this.sending = (registers.get(DMATXCTL) & DMATXCTL_TE) !== 0;
    this.padding = (registers.get(HLREG0) & HLREG0_TXPADEN) !== 0;
    for (let queue = 0; queue < QUEUES; queue++) {
      this.counter[queue] = (registers.get(tqsm(queue >> 2)) >>> (8 * (queue & 3))) & 0xf;
      const wanted = (registers.get(txdctl(queue)) & QUEUE_ENABLE) !== 0;
      if (wanted && this.enabled[queue] === 0) this.enable(queue);
      if (!wanted && this.enabled[queue] !== 0) {
        this.report(queue);
        this.enabled[queue] = 0;
        registers.setEnabled(ENABLE_UNIT + queue, false);
      }
    }
  }

  /** A PAUSE frame came in and is to be honoured. */
  pauseUntil(timeUs: number): void {
    this.pausedUntilUs = timeUs;
  }

  /** When a pause ends, or infinity. */
  nextTimerUs(): number {
    return this.pausedUntilUs === 0 ? Number.POSITIVE_INFINITY : this.pausedUntilUs;
  }

  /** Sends up to `budget` frames, queues in turn. Returns the number sent. */
  step(budget: number, nowUs: number): number {
    if (nowUs >= this.pausedUntilUs) this.pausedUntilUs = 0;
    if (!this.sending || this.pausedUntilUs !== 0) return 0;
    const { first } = this;
    let sent = 0;
    for (let i = 0; i < QUEUES; i++) {
      const queue = (first + i) & (QUEUES - 1);
      if (this.enabled[queue] === 0) continue;
      const served = this.serve(queue, budget - sent, nowUs);
      if (this.reported[queue] !== this.head[queue] && !this.holdsBack(queue)) this.report(queue);
      sent += served;
      if (served > 0) this.first = (queue + 1) & (QUEUES - 1); // the last one served comes last next time
    }
    if (sent > 0) this.count();
    return sent;
  }

  hasWork(nowUs: number): boolean {
    if (!this.sending || nowUs < this.pausedUntilUs || !this.wire.ready(nowUs)) return false;
    for (let queue = 0; queue < QUEUES; queue++)
      if (this.enabled[queue] !== 0 && this.owes(queue)) return true;
    return false;
  }

  reset(): void {
    this.enabled.fill(0);
    this.pausedUntilUs = 0;
  }

  /** Descriptors to send, or to report. */
  private owes(queue: number): boolean {
    const head = this.head[queue];
    return this.registers.get(tdt(queue)) !== head || this.reported[queue] !== head;
  }

  private enable(queue: number): void {
    const { registers } = this;
    const address = registers.get(tdbal(queue));
    const bytes = registers.get(tdlen(queue));
    const head = registers.get(tdh(queue));
    const outside = (head + 1) * DESCRIPTOR_BYTES > bytes || registers.get(tdbah(queue)) !== 0;
    if (outside || !this.iommu.allows(this.device, address, bytes)) {
      this.probes.count('dmaFaults');
      return;
    }
    this.ring[queue] = address >>> 2;
    this.length[queue] = bytes / DESCRIPTOR_BYTES;
    this.head[queue] = this.reported[queue] = head;
    this.enabled[queue] = 1;
    registers.setEnabled(ENABLE_UNIT + queue, true);
  }

  private serve(queue: number, budget: number, nowUs: number): number {
    this.tail[queue] = this.registers.get(tdt(queue)); // pairs with the driver's doorbell store
    let sent = 0;
    while (sent < budget && this.head[queue] !== this.tail[queue] && this.wire.ready(nowUs)) {
      if (this.pausedUntilUs !== 0) break; // by the frame before
      if (!this.sendFrame(queue, nowUs)) break;
      sent++;
    }
    return sent;
  }

  /** One frame, or a descriptor that carries none. False: its last descriptor is not there yet. */
  private sendFrame(queue: number, nowUs: number): boolean {
    const first = this.head[queue];
    const parts = this.countParts(queue);
    if (parts === 0) return false;
    const command = this.memory.words[this.descriptor(queue, first) + TX_COMMAND_WORD];
    if (parts === 1 && (command & TX_DTYP_MASK) === TX_DTYP_DATA)
      this.sendSingle(queue, first, command, nowUs);
    else if (parts > 1) this.sendGathered(queue, first, parts, nowUs);
    for (let part = 0; part < parts; part++) this.head[queue] = this.next(queue, this.head[queue]);
    return true;
  }

  /** Descriptors up to EOP; 1 for a context descriptor; 0 when EOP is not posted yet. */
  private countParts(queue: number): number {
    const { words } = this.memory;
    let slot = this.head[queue];
    for (let parts = 1; slot !== this.tail[queue] && parts <= this.length[queue]; parts++) {
      const command = words[this.descriptor(queue, slot) + TX_COMMAND_WORD];
      if ((command & TX_DTYP_MASK) !== TX_DTYP_DATA || (command & TX_EOP) !== 0) return parts;
      slot = this.next(queue, slot);
    }
    return 0;
  }

  /** The common case: the frame goes out from where it lies. */
  private sendSingle(queue: number, slot: number, command: number, nowUs: number): void {
    const { words } = this.memory;
    const descriptor = this.descriptor(queue, slot);
    const address = words[descriptor];
    const bytes = command & TX_LENGTH_MASK;
    if (bytes <= FCS_BYTES || words[descriptor + 1] !== 0 || !this.iommu.allows(this.device, address, bytes))
      return this.fault();
    const length = (command & TX_IFCS) !== 0 ? bytes : bytes - FCS_BYTES;
    if (length < MIN_FRAME_BYTES && this.padding) {
      copy(this.memory, this.staging, address, length);
      this.emit(queue, this.staging, length, nowUs);
    } else {
      this.emit(queue, address, length, nowUs);
    }
  }

  private sendGathered(queue: number, first: number, parts: number, nowUs: number): void {
    const { words } = this.memory;
    let slot = first;
    let length = 0;
    let command = 0;
    for (let part = 0; part < parts; part++) {
      const descriptor = this.descriptor(queue, slot);
      command = words[descriptor + TX_COMMAND_WORD];
      const bytes = command & TX_LENGTH_MASK;
      const fits = length + bytes <= STAGING_BYTES;
      if (!fits || words[descriptor + 1] !== 0 || !this.iommu.allows(this.device, words[descriptor], bytes))
        return this.fault();
      this.memory.bytes.copyWithin(this.staging + length, words[descriptor], words[descriptor] + bytes);
      length += bytes;
      slot = this.next(queue, slot);
    }
    if (length <= FCS_BYTES) return this.fault();
    this.emit(queue, this.staging, (command & TX_IFCS) !== 0 ? length : length - FCS_BYTES, nowUs);
  }

  private emit(queue: number, address: number, length: number, nowUs: number): void {
    let sent = length;
    if (length < MIN_FRAME_BYTES && this.padding) {
      this.memory.bytes.fill(0, address + length, address + MIN_FRAME_BYTES);
      sent = MIN_FRAME_BYTES;
    }
    this.wire.send(address, sent, nowUs);
    this.frames[queue]++;
    this.octets[queue] += sent + FCS_BYTES;
  }

  /** Descriptors with RS tell that they are sent, in ring order. The store publishes that the buffers are free. */
  private report(queue: number): void {
    const { words } = this.memory;
    const end = this.head[queue];
    for (let slot = this.reported[queue]; slot !== end; slot = this.next(queue, slot)) {
      const descriptor = this.descriptor(queue, slot);
      if ((words[descriptor + TX_COMMAND_WORD] & TX_RS) === 0) continue;
      store(words, descriptor + TX_STATUS_WORD, TX_DD);
      this.interrupts.transmitted(queue);
    }
    this.reported[queue] = end;
    this.registers.set(tdh(queue), end);
  }

  private fault(): void {
    this.probes.count('dmaFaults');
    this.probes.count('transmit.dmaFault');
  }

  private descriptor(queue: number, slot: number): number {
    return this.ring[queue] + slot * DESCRIPTOR_WORDS;
  }

  private next(queue: number, slot: number): number {
    return slot + 1 === this.length[queue] ? 0 : slot + 1;
  }

  private count(): void {
    const { registers } = this;
    let frames = 0;
    let octets = 0;
    for (let queue = 0; queue < QUEUES; queue++) {
      if (this.frames[queue] === 0) continue;
      frames += this.frames[queue];
      octets += this.octets[queue];
      registers.bump(qptc(this.counter[queue]), this.frames[queue]);
      registers.bump(qbtcl(this.counter[queue]), this.octets[queue], qbtch(this.counter[queue]));
      this.frames[queue] = this.octets[queue] = 0;
    }
    registers.bump(GPTC, frames);
    registers.bump(TPT, frames);
    registers.bump(GOTCL, octets, GOTCH);
  }
}
