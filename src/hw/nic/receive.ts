import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import { Classifier } from './classifier.ts';
import {
  BPRC,
  GORCH,
  GORCL,
  GPRC,
  HLREG0,
  HLREG0_JUMBOEN,
  HLREG0_RXCRCSTRP,
  MAXFRS,
  MPRC,
  QUEUES,
  qbrch,
  qbrcl,
  qprc,
  qprdc,
  RDRXCTL,
  RDRXCTL_CRCSTRIP,
  ROC,
  RXCTRL,
  RXCTRL_RXEN,
  RXMEMWRAP,
  rxmpc,
  rxpbsize,
  TPR,
} from './datasheet.ts';
import { appendFcs } from './fcs.ts';
import type { PacketFifo } from './fifo.ts';
import { FlowControl } from './flow-control.ts';
import type { CardParts } from './parts.ts';
import type { Probes } from './probes.ts';
import { RxQueue } from './rx-queue.ts';
import { FCS_BYTES, UNPLUGGED, type Wire } from './wire.ts';

/** What `reserve` answers when there is no place for a frame. */
const OVERFLOW = -1;
const RECEIVER_OFF = -2;

const STANDARD_FRAME_BYTES = 1518;
const ETHERTYPE_VLAN = 0x8100;
const VLAN_TAG_BYTES = 4;

export class RxEngine {
  readonly classifier: Classifier;
  readonly fifo: PacketFifo;
  wire: Wire = UNPLUGGED;
  /**
   * Takes over a changed configuration. Called when the packet buffer begins a new lap, after that is shown in
   * RXMEMWRAP: so when two more laps have begun since a driver changed RETA, no frame classified before is left.
   */
  refresh: (nowUs: number) => void = () => undefined;
  private readonly memory: Memory;
  private readonly registers: RegisterFile;
  private readonly probes: Probes;
  private readonly queues: readonly RxQueue[];
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
  /** Frames moved to `runQueue` since they were last counted. */
  private runQueue: RxQueue;
  private runFrames = 0;

  constructor(parts: CardParts, fifo: PacketFifo) {
    this.memory = parts.memory;
    this.registers = parts.registers;
    this.probes = parts.probes;
    this.queues = Array.from({ length: QUEUES }, (_, queue) => new RxQueue(parts, queue));
    this.runQueue = this.queues[0];
    this.classifier = new Classifier(parts.memory);
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
    for (const queue of this.queues) this.configureQueue(queue);
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
    classifier.classify(address, length);
    if (!classifier.accepts(address)) {
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
      const queue = this.queues[fifo.queueAt(0)];
      if (queue !== this.runQueue) {
        this.countRun();
        this.runQueue = queue;
      }
      const taken = queue.enabled ? queue.move(fifo, budget - moved, this.fcsBytes) : 0;
      this.runFrames += taken;
      moved += taken;
      if (taken > 0) continue;
      if (queue.enabled && !queue.drops) break; // no descriptors: it holds up all the others
      this.drop(queue);
      moved++;
    }
    this.countRun();
    for (const queue of this.queues) if (queue.hasRun && !this.holdsBack(queue.number)) queue.publish();
    this.count();
    this.showWrapStatus(fifo.wrapStatus());
    this.flowControl.drained(fifo.used, this.wire, nowUs);
    return moved;
  }

  /** Is there a frame that could move? For the look before sleeping. */
  hasWork(): boolean {
    for (const queue of this.queues) if (queue.hasRun) return true;
    if (this.fifo.frames === 0) return false;
    const queue = this.queues[this.fifo.queueAt(0)];
    return !queue.enabled || queue.drops || queue.takes(this.fifo.lengthAt(0) + this.fcsBytes);
  }

  /** When PAUSE is to be renewed, or infinity. */
  nextTimerUs(): number {
    return this.flowControl.nextTimerUs();
  }

  reset(): void {
    for (const queue of this.queues) queue.reset();
    this.runFrames = 0;
    this.frames = this.octets = this.total = 0;
    this.flowControl.reset();
    this.wrapStatus = -1;
    const lost = this.fifo.flush();
    if (lost > 0) this.probes.count('dropped.reset', lost);
  }

  private configureQueue(queue: RxQueue): void {
    const wanted = queue.configure();
    if (wanted && !queue.enabled) queue.enable();
    if (!wanted && queue.enabled) {
      this.countRun();
      queue.disable();
    }
  }

  /**
   * Counts the frames moved to one queue. In order of arrival over all queues, and before any of them is shown:
   * who finds a frame counted finds every earlier one counted.
   */
  private countRun(): void {
    if (this.runFrames === 0) return;
    this.registers.bump(qprc(this.runQueue.counter), this.runFrames);
    this.runFrames = 0;
  }

  private drop(queue: RxQueue): void {
    this.fifo.pop(1);
    this.registers.bump(qprdc(queue.counter), 1);
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
    for (const queue of this.queues) {
      if (queue.octets === 0) continue;
      const { counter } = queue;
      this.registers.bump(qbrcl(counter), queue.octets, qbrch(counter));
      queue.octets = 0;
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
