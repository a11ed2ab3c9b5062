import type { InterruptFabric, MsixTable } from '../msix.ts';
import {
  COALESCING_THRESHOLD_MASK,
  COALESCING_TIME_SHIFT,
  COALESCING_TIME_UNIT_US,
  VECTOR_UNCOALESCED,
  VECTORS,
} from './datasheet.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * From posted completions to MSI-X messages (7.5, 5.21.1.8, 5.21.1.9). A vector is signalled at once, or when so many
 * entries are posted as the threshold says, or the first of them is as old as the time says. Sets of vectors are bits.
 */
export class InterruptUnit {
  /** When the time of a vector ends, or infinity. */
  nextTimerUs = NEVER;
  private readonly msix: MsixTable;
  private readonly fabric: InterruptFabric;
  private threshold = 1;
  private timeUs = 0;
  private uncoalesced = 0;
  /** Entries posted and not told of. */
  private readonly entries = new Int32Array(VECTORS);
  private readonly deadlineUs = new Float64Array(VECTORS);
  /** Vectors to be signalled with the next step; those that may wait; and those of them whose deadline is set. */
  private urgent = 0;
  private waiting = 0;
  private timed = 0;

  constructor(msix: MsixTable, fabric: InterruptFabric) {
    this.msix = msix;
    this.fabric = fabric;
  }

  /** Interrupt Coalescing as set. What waits by the rules of before goes out. */
  coalesce(setting: number): void {
    this.threshold = (setting & COALESCING_THRESHOLD_MASK) + 1;
    this.timeUs = ((setting >>> COALESCING_TIME_SHIFT) & 0xff) * COALESCING_TIME_UNIT_US;
    this.urgent |= this.waiting;
  }

  /** Interrupt Vector Configuration as set. */
  configureVector(setting: number): void {
    const bit = 1 << (setting & (VECTORS - 1));
    this.urgent |= this.waiting & bit;
    if ((setting & VECTOR_UNCOALESCED) !== 0) this.uncoalesced |= bit;
    else this.uncoalesced &= ~bit;
  }

  vectorConfiguration(vector: number): number {
    return vector | ((this.uncoalesced & (1 << vector)) !== 0 ? VECTOR_UNCOALESCED : 0);
  }

  /** An entry was posted in an I/O completion queue. */
  posted(vector: number): void {
    const bit = 1 << vector;
    if (this.timeUs === 0 || (this.uncoalesced & bit) !== 0) {
      this.urgent |= bit;
      return;
    }
    this.waiting |= bit;
    this.entries[vector]++;
  }

  /** An entry was posted in the admin completion queue, for which there is no coalescing. */
  postedAdmin(): void {
    this.urgent |= 1;
  }

  /** Signals what is due, each vector once. */
  step(nowUs: number): void {
    if ((this.urgent | this.waiting) !== 0) this.signal(nowUs);
    this.msix.flushPending(this.fabric);
  }

  /** A vector whose time is over, or that may have become unmasked. For the look before sleeping. */
  hasWork(nowUs: number): boolean {
    return nowUs >= this.nextTimerUs || this.msix.hasUnmaskedPending();
  }

  /** A reset of the controller; the MSI-X table is the bus's, and stays. */
  reset(): void {
    this.urgent = this.waiting = this.timed = this.uncoalesced = 0;
    this.entries.fill(0);
    this.threshold = 1;
    this.timeUs = 0;
    this.nextTimerUs = NEVER;
  }

  private signal(nowUs: number): void {
    let due = this.urgent;
    this.nextTimerUs = NEVER;
    for (let left = this.waiting & ~due; left !== 0; left &= left - 1) {
      const vector = 31 - Math.clz32(left & -left);
      if (this.isDue(vector, nowUs)) due |= 1 << vector;
      else this.nextTimerUs = Math.min(this.nextTimerUs, this.deadlineUs[vector]);
    }
    this.urgent = 0;
    this.waiting &= ~due;
    this.timed &= ~due;
    for (let left = due; left !== 0; left &= left - 1) {
      const vector = 31 - Math.clz32(left & -left);
      this.entries[vector] = 0;
      this.msix.signal(vector, this.fabric);
    }
  }

  private isDue(vector: number, nowUs: number): boolean {
    const bit = 1 << vector;
    if ((this.timed & bit) === 0) {
      this.timed |= bit;
      this.deadlineUs[vector] = nowUs + this.timeUs;
    }
    return this.entries[vector] >= this.threshold || nowUs >= this.deadlineUs[vector];
  }
}
