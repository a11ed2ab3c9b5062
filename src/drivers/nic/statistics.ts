import type { Memory, MemoryMap, Region } from '../../hw/memory.ts';
import { GPTC, QUEUES, qprc, qprdc, rxmpc } from '../../hw/nic/datasheet.ts';
import type { NicPort } from '../../hw/nic/port.ts';

/** Doubles: frames received and dropped by queue, where each queue's ring began, and frames missed by the card, and sent by it. */
const RECEIVED = 0;
const DROPPED = QUEUES;
const BEGAN = 2 * QUEUES;
const MISSED = 3 * QUEUES;
const SENT = MISSED + 1;
const DOUBLES = SENT + 1;

export function layoutStatistics(map: MemoryMap): Region {
  return map.take(DOUBLES * 8);
}

/**
 * The card's counters added up in shared memory. They clear when they are read (8.2.3.23), so whoever reads
 * one elsewhere takes it from the others: the ledger, a ring move and a display all read here.
 */
export class NicStatistics {
  private readonly port: NicPort;
  private readonly doubles: Float64Array;
  private readonly base: number;

  constructor(memory: Memory, port: NicPort, region: Region) {
    this.port = port;
    this.doubles = memory.doubles;
    this.base = region.address >>> 3;
  }

  /** Frames written to the ring that this queue has now. */
  receivedOnRing(queue: number): number {
    const { doubles, base } = this;
    doubles[base + RECEIVED + queue] += this.port.read32(qprc(queue));
    return doubles[base + RECEIVED + queue] - doubles[base + BEGAN + queue];
  }

  /** The queue gets another ring: counting for it begins anew. */
  restartQueue(queue: number): void {
    this.doubles[this.base + BEGAN + queue] += this.receivedOnRing(queue);
  }

  /** All queues have new rings. */
  restart(): void {
    for (let queue = 0; queue < QUEUES; queue++) this.restartQueue(queue);
  }

  /** Adds what the drop counters show; call before reading the totals. */
  collect(): void {
    this.addUp(MISSED, this.port.read32(rxmpc(0)));
    for (let queue = 0; queue < QUEUES; queue++) this.addUp(DROPPED + queue, this.port.read32(qprdc(queue)));
  }

  /** Adds what all counters show that are kept here; call before a reset loses them. */
  collectAll(): void {
    this.collect();
    this.addUp(SENT, this.port.read32(GPTC));
    for (let queue = 0; queue < QUEUES; queue++) this.addUp(RECEIVED + queue, this.port.read32(qprc(queue)));
  }

  /** Frames that the card has written to memory, and sent, as last collected. */
  get received(): number {
    let frames = 0;
    for (let queue = 0; queue < QUEUES; queue++) frames += this.doubles[this.base + RECEIVED + queue];
    return frames;
  }

  get sent(): number {
    return this.doubles[this.base + SENT];
  }

  /** Mostly nothing has been dropped: then no double is touched, which code not yet compiled would allocate. */
  private addUp(statistic: number, counted: number): void {
    if (counted !== 0) this.doubles[this.base + statistic] += counted;
  }
}

/** Frames that the card dropped, as last collected: by overflow of its packet buffer, and at queues. */
export function readDrops(memory: Memory, region: Region): { missed: number; queues: number } {
  const base = region.address >>> 3;
  let queues = 0;
  for (let queue = 0; queue < QUEUES; queue++) queues += memory.doubles[base + DROPPED + queue];
  return { missed: memory.doubles[base + MISSED], queues };
}
