/** The receive side: MAC, packet buffer, DMA to the rings (7.1). */
import type { Iommu } from '../iommu.ts';
import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import { copy, put, store } from '../shared.ts';
import { Classifier } from './classifier.ts';
import {
  BPRC,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_WORDS,
  GORCH,
  GORCL,
  GPRC,
  HLREG0,
  HLREG0_JUMBOEN,
  HLREG0_RXCRCSTRP,
  MAXFRS,
  MPRC,
  QUEUE_ENABLE,
  QUEUES,
  qbrch,
  qbrcl,
  qprc,
  qprdc,
  RDRXCTL,
  RDRXCTL_CRCSTRIP,
  ROC,
  RX_DD,
  RX_EOP,
  RX_ERROR_RXE,
  RX_LENGTH_WORD,
  RX_STATUS_WORD,
  RXCTRL,
  RXCTRL_RXEN,
  RXMEMWRAP,
  rdbah,
  rdbal,
  rdh,
  rdlen,
  rdt,
  rqsmr,
  rxdctl,
  rxmpc,
  rxpbsize,
  SRRCTL_BSIZEPACKET_MASK,
  SRRCTL_DROP_EN,
  srrctl,
  TPR,
} from './datasheet.ts';
import { appendFcs } from './fcs.ts';
import type { PacketFifo } from './fifo.ts';
import { FlowControl } from './flow-control.ts';
import type { InterruptUnit } from './interrupts.ts';
import type { CardParts } from './parts.ts';
import type { Probes } from './probes.ts';
import { FCS_BYTES, UNPLUGGED, type Wire } from './wire.ts';

/** What `reserve` answers when there is no place for a frame. */
const OVERFLOW = -1;
const RECEIVER_OFF = -2;

const STANDARD_FRAME_BYTES = 1518;
const ETHERTYPE_VLAN = 0x8100;
const VLAN_TAG_BYTES = 4;
const NO_QUEUE = -1;

export class RxEngine {
  readonly classifier = new Classifier();
  readonly fifo: PacketFifo;
  wire: Wire = UNPLUGGED;
  /**
   * Takes over a changed configuration. Called when the packet buffer begins a new lap, after that is shown in
   * RXMEMWRAP: so when two more laps have begun since a driver changed RETA, no frame classified before is left.
   */
  refresh: (nowUs: number) => void = () => undefined;
  private readonly memory: Memory;
  private readonly registers: RegisterFile;
  private readonly iommu: Iommu;
  private readonly device: number;
  private readonly interrupts: InterruptUnit;
  private readonly probes: Probes;
  /** First word of each ring in the memory, and the engine's position in it. */
  private readonly ring = new Int32Array(QUEUES);
  private readonly length = new Int32Array(QUEUES);
  private readonly head = new Int32Array(QUEUES);
  private readonly tail = new Int32Array(QUEUES);
  private readonly bufferBytes = new Int32Array(QUEUES);
  private readonly dropEnabled = new Uint8Array(QUEUES);
  private readonly enabled = new Uint8Array(QUEUES);
  private readonly counter = new Uint8Array(QUEUES);
  private readonly queueBytes = new Int32Array(QUEUES);
  private receiving = false;
  private fcsBytes = 0;
  private maxFrame = STANDARD_FRAME_BYTES;
  private readonly flowControl: FlowControl;
  private frames = 0;
  private octets = 0;
  private total = 0;
  private wrapStatus = -1;
  /**
   * When finished descriptors are written back is the card's affair (7.1): true keeps those of a queue for a
   * later step. Asked once for each run of frames.
   */
  holdsBack: (queue: number) => boolean = () => false;
  /** For each queue the run of frames that is written but not yet published: its first DD word comes last. */
  private readonly runWord = new Int32Array(QUEUES);
  private readonly runStatus = new Int32Array(QUEUES);
  /** Bits of the queues with such a run. */
  private runs = 0;
  /** Frames moved to `runQueue` since they were last counted. */
  private runQueue = NO_QUEUE;
  private runFrames = 0;

  constructor(parts: CardParts, fifo: PacketFifo) {
    this.memory = parts.memory;
    this.registers = parts.registers;
    this.iommu = parts.iommu;
    this.device = parts.device;
    this.interrupts = parts.interrupts;
    this.probes = parts.probes;
    this.fifo = fifo;
    this.flowControl = new FlowControl(parts.registers);
  }

  configure(): void {
    const { registers } = this;
    this.classifier.configure(registers);
    this.receiving = (registers.get(RXCTRL) & RXCTRL_RXEN) !== 0;
    this.fifo.resize(registers.get(rxpbsize(0)) & 0xffc00);
    const strip =
      (registers.get(HLREG0) & HLREG0_RXCRCSTRP) !== 0 || (registers.get(RDRXCTL) & RDRXCTL_CRCSTRIP) !== 0;
    this.fcsBytes = strip ? 0 : FCS_BYTES;
    const jumbo = (registers.get(HLREG0) & HLREG0_JUMBOEN) !== 0;
    this.maxFrame = jumbo ? registers.get(MAXFRS) >>> 16 : STANDARD_FRAME_BYTES;
    this.flowControl.configure();
    for (let queue = 0; queue < QUEUES; queue++) this.configureQueue(queue);
  }

  /** Where the MAC may put a frame of this length (without FCS), or OVERFLOW or RECEIVER_OFF; both are counted. */
  reserve(length: number): number {
    if (!this.receiving) {
      this.probes.count('dropped.receiverOff');
      return RECEIVER_OFF;
    }
    const at = this.fifo.reserve(length + FCS_BYTES);
    if (at < 0) {
      this.registers.bump(rxmpc(0), 1);
      return OVERFLOW;
    }
    return at;
  }

  /** The frame lies where `reserve` said: filters it, classifies it, queues it. */
  accept(address: number, length: number, nowUs: number): void {
    const { classifier } = this;
    const { bytes } = this.memory;
    this.total++;
    if (this.fifo.wrapping) {
      this.showWrapStatus(this.fifo.nextLapStatus());
      this.refresh(nowUs);
      if (!this.receiving) {
        this.probes.count('dropped.receiverOff');
        return;
      }
    }
    if (length + FCS_BYTES > this.maxFrame && length + FCS_BYTES > this.maxFrame + tagBytes(bytes, address)) {
      this.registers.bump(ROC, 1);
      return;
    }
    classifier.classify(bytes, address, length);
    if (!classifier.accepts(bytes, address)) {
      this.probes.count('dropped.filtered');
      return;
    }
    if (this.fcsBytes !== 0) appendFcs(this.memory, address, length);
    this.fifo.push(length, classifier.queue, classifier.rss.hash, classifier.rss.type);
    this.frames++;
    this.octets += length + FCS_BYTES;
    if ((bytes[address] & 1) !== 0) this.registers.bump(bytes[address] === 0xff ? BPRC : MPRC, 1);
    this.flowControl.filled(this.fifo.used, this.wire, nowUs);
  }

  /**
   * Before a burst of arrivals: RXMEMWRAP must not say "empty" while a frame is classified by rules that
   * a driver is about to change. Store first, then look at the configuration: a driver writes and then reads.
   */
  announceArrivals(): void {
    if (this.fifo.frames === 0) this.showWrapStatus(this.fifo.wrapStatus() & 7);
  }

  /** Moves frames from the packet buffer to the rings. Returns the number moved. */
  step(budget: number, nowUs: number): number {
    const { fifo } = this;
    let moved = 0;
    while (moved < budget && fifo.frames > 0) {
      const queue = fifo.headQueue();
      if (queue !== this.runQueue) {
        this.countRun();
        this.runQueue = queue;
      }
      if (this.enabled[queue] === 0) this.drop(queue);
      else if (!this.moveHead(queue)) break;
      moved++;
    }
    this.countRun();
    for (let left = this.runs; left !== 0; left &= left - 1) {
      const queue = 31 - Math.clz32(left & -left);
      if (!this.holdsBack(queue)) this.publish(queue);
    }
    this.count();
    this.showWrapStatus(fifo.wrapStatus());
    this.flowControl.drained(fifo.used, this.wire, nowUs);
    return moved;
  }

  /** Is there a frame that could move? For the look before sleeping. */
  hasWork(): boolean {
    if (this.runs !== 0) return true;
    if (this.fifo.frames === 0) return false;
    const queue = this.fifo.headQueue();
    this.tail[queue] = this.registers.get(rdt(queue)); // a doorbell since the last step
    return (
      this.enabled[queue] === 0 ||
      this.dropEnabled[queue] !== 0 ||
      this.available(queue) >= this.needed(queue)
    );
  }

  /** When PAUSE is to be renewed, or infinity. */
  nextTimerUs(): number {
    return this.flowControl.nextTimerUs();
  }

  reset(): void {
    this.enabled.fill(0);
    this.runQueue = NO_QUEUE;
    this.runFrames = 0;
    this.runWord.fill(0);
    this.runs = 0;
    this.frames = this.octets = this.total = 0;
    this.flowControl.reset();
    this.wrapStatus = -1;
    const lost = this.fifo.flush();
    if (lost > 0) this.probes.count('dropped.reset', lost);
  }

  private configureQueue(queue: number): void {
    const { registers } = this;
    const control = registers.get(srrctl(queue));
    this.bufferBytes[queue] = (control & SRRCTL_BSIZEPACKET_MASK) * 1024;
    this.dropEnabled[queue] = (control & SRRCTL_DROP_EN) === 0 ? 0 : 1;
    this.counter[queue] = (registers.get(rqsmr(queue >> 2)) >>> (8 * (queue & 3))) & 0xf;
    const wanted = (registers.get(rxdctl(queue)) & QUEUE_ENABLE) !== 0;
    if (wanted && this.enabled[queue] === 0) this.enable(queue);
    if (!wanted && this.enabled[queue] !== 0) {
      this.countRun();
      if ((this.runs & (1 << queue)) !== 0) this.publish(queue);
      this.enabled[queue] = 0;
      registers.setEnabled(queue, false);
    }
  }

  private enable(queue: number): void {
    const { registers } = this;
    const address = registers.get(rdbal(queue));
    const bytes = registers.get(rdlen(queue));
    const head = registers.get(rdh(queue));
    const outside = (head + 1) * DESCRIPTOR_BYTES > bytes || registers.get(rdbah(queue)) !== 0;
    if (outside || !this.iommu.allows(this.device, address, bytes)) {
      this.probes.count('dmaFaults');
      return;
    }
    this.ring[queue] = address >>> 2;
    this.length[queue] = bytes / DESCRIPTOR_BYTES;
    this.head[queue] = head;
    this.tail[queue] = registers.get(rdt(queue));
    this.enabled[queue] = 1;
    registers.setEnabled(queue, true);
  }

  private available(queue: number): number {
    const distance = this.tail[queue] - this.head[queue];
    return distance < 0 ? distance + this.length[queue] : distance;
  }

  private needed(queue: number): number {
    const bytes = this.fifo.headLength() + this.fcsBytes;
    return bytes <= this.bufferBytes[queue] ? 1 : Math.ceil(bytes / this.bufferBytes[queue]);
  }

  /** The frame at the head of the buffer goes to its ring; false: no descriptors, and the queue does not drop. */
  private moveHead(queue: number): boolean {
    const needed = this.needed(queue);
    if (this.available(queue) < needed) {
      this.tail[queue] = this.registers.get(rdt(queue)); // pairs with the driver's doorbell store
      if (this.available(queue) < needed) {
        if (this.dropEnabled[queue] === 0) return false;
        this.drop(queue);
        return true;
      }
    }
    const length = this.fifo.headLength();
    const address = this.fifo.headAddress();
    let done = 0;
    let whole = true;
    for (let part = 0; part < needed; part++) {
      const bytes = Math.min(length + this.fcsBytes - done, this.bufferBytes[queue]);
      if (!this.writeBack(queue, address + done, bytes, part === needed - 1)) whole = false;
      done += bytes;
    }
    if (!whole) this.probes.count('dropped.dmaFault');
    this.fifo.pop();
    this.runFrames++;
    this.queueBytes[queue] += length + FCS_BYTES;
    return true;
  }

  /** One descriptor: data first, then the write-back, whose status word is published with the run. False: a fault. */
  private writeBack(queue: number, from: number, bytes: number, last: boolean): boolean {
    const { words } = this.memory;
    const descriptor = this.ring[queue] + this.head[queue] * DESCRIPTOR_WORDS;
    const to = words[descriptor];
    let status = last ? RX_DD | RX_EOP : RX_DD;
    let length = bytes;
    if (words[descriptor + 1] === 0 && this.iommu.allows(this.device, to, bytes)) {
      copy(this.memory, to, from, bytes);
    } else {
      this.probes.count('dmaFaults');
      status |= RX_ERROR_RXE;
      length = 0;
    }
    put(words, descriptor, this.fifo.headType());
    put(words, descriptor + 1, this.fifo.headHash());
    put(words, descriptor + RX_LENGTH_WORD, length);
    if (this.runWord[queue] === 0) {
      this.runWord[queue] = descriptor + RX_STATUS_WORD;
      this.runStatus[queue] = status;
      this.runs |= 1 << queue;
    } else {
      put(words, descriptor + RX_STATUS_WORD, status);
    }
    const next = this.head[queue] + 1;
    this.head[queue] = next === this.length[queue] ? 0 : next;
    return (status & RX_ERROR_RXE) === 0;
  }

  /**
   * Counts the frames moved to one queue. In order of arrival over all queues, and before any of them is shown:
   * who finds a frame counted finds every earlier one counted.
   */
  private countRun(): void {
    if (this.runFrames === 0) return;
    this.registers.bump(qprc(this.counter[this.runQueue]), this.runFrames);
    this.runFrames = 0;
  }

  /** Lets the driver see a run: the store of its first status word publishes all of it. */
  private publish(queue: number): void {
    store(this.memory.words, this.runWord[queue], this.runStatus[queue]);
    this.registers.set(rdh(queue), this.head[queue]);
    this.interrupts.received(queue);
    this.runWord[queue] = 0;
    this.runs &= ~(1 << queue);
  }

  private drop(queue: number): void {
    this.fifo.pop();
    this.registers.bump(qprdc(this.counter[queue]), 1);
  }

  private count(): void {
    this.countQueues();
    if (this.total === 0) return;
    const { registers } = this;
    registers.bump(GPRC, this.frames);
    registers.bump(GORCL, this.octets, GORCH);
    registers.bump(TPR, this.total);
    this.frames = this.octets = this.total = 0;
  }

  private countQueues(): void {
    for (let queue = 0; queue < QUEUES; queue++) {
      if (this.queueBytes[queue] === 0) continue;
      const counter = this.counter[queue];
      this.registers.bump(qbrcl(counter), this.queueBytes[queue], qbrch(counter));
      this.queueBytes[queue] = 0;
    }
  }

  private showWrapStatus(status: number): void {
    if (status === this.wrapStatus) return;
    this.wrapStatus = status;
    this.registers.set(RXMEMWRAP, status);
  }
}

/** A VLAN tag makes a frame four bytes longer and does not count against the longest one. */
function tagBytes(bytes: Uint8Array, address: number): number {
  return ((bytes[address + 12] << 8) | bytes[address + 13]) === ETHERTYPE_VLAN ? VLAN_TAG_BYTES : 0;
}
