/** Interrupt causes, masks, moderation, and their way to MSI-X vectors (7.3). */
import type { InterruptFabric, MsixTable } from '../msix.ts';
import type { RegisterFile } from '../registers.ts';
import {
  EIAC,
  EIAM,
  EICR,
  EICR_LSC,
  EICR_QUEUES,
  EIMS,
  EITR_INTERVAL_MASK,
  EITR_INTERVAL_SHIFT,
  EITR_UNIT_US,
  eitr,
  GPIE,
  GPIE_EIAME,
  IVAR_MISC,
  IVAR_VALID,
  ivar,
  QUEUES,
  VECTORS,
} from './datasheet.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class InterruptUnit {
  /** When moderation next lets an interrupt out, or infinity. */
  nextTimerUs = NEVER;
  private readonly registers: RegisterFile;
  private readonly msix: MsixTable;
  private readonly fabric: InterruptFabric;
  private readonly rxCause = new Int32Array(QUEUES);
  private readonly txCause = new Int32Array(QUEUES);
  private miscVector = -1;
  private autoClear = 0;
  private autoMask = 0;
  private readonly allowedUs = new Float64Array(VECTORS);
  private fresh = 0;
  private signalled = 0;

  constructor(registers: RegisterFile, msix: MsixTable, fabric: InterruptFabric) {
    this.registers = registers;
    this.msix = msix;
    this.fabric = fabric;
  }

  /** IVAR, EIAC, EIAM as the driver has set them (7.3.4). */
  configure(): void {
    const { registers } = this;
    for (let queue = 0; queue < QUEUES; queue++) {
      const entry = registers.get(ivar(queue)) >>> ((queue & 1) * 16);
      this.rxCause[queue] = causeOf(entry & 0xff);
      this.txCause[queue] = causeOf((entry >>> 8) & 0xff);
    }
    const misc = (registers.get(IVAR_MISC) >>> 8) & 0xff;
    this.miscVector = (misc & IVAR_VALID) === 0 ? -1 : misc & (VECTORS - 1);
    this.autoClear = registers.get(EIAC);
    this.autoMask = (registers.get(GPIE) & GPIE_EIAME) === 0 ? 0 : registers.get(EIAM);
  }

  received(queue: number): void {
    this.fresh |= this.rxCause[queue];
  }

  transmitted(queue: number): void {
    this.fresh |= this.txCause[queue];
  }

  linkChanged(): void {
    this.fresh |= EICR_LSC;
  }

  reset(): void {
    this.fresh = 0;
    this.signalled = 0;
    this.allowedUs.fill(0);
    this.nextTimerUs = NEVER;
  }

  /**
   * Sets the new causes in EICR, after the descriptors they tell of, and sends what is enabled and due.
   * A cause is signalled once: again when it was cleared, or its mask bit taken away and given back.
   */
  step(nowUs: number): void {
    const { registers } = this;
    if (this.fresh !== 0) {
      registers.setBits(EICR, this.fresh);
      this.signalled &= ~this.fresh;
      this.fresh = 0;
    }
    const active = registers.get(EICR) & registers.get(EIMS);
    this.signalled &= active;
    this.nextTimerUs = NEVER;
    let due = active & ~this.signalled;
    if ((due & EICR_LSC) !== 0 && this.miscVector >= 0) this.send(this.miscVector, EICR_LSC, nowUs);
    due &= EICR_QUEUES;
    while (due !== 0) {
      const bit = due & -due;
      due ^= bit;
      this.send(31 - Math.clz32(bit), bit, nowUs);
    }
    this.msix.flushPending(this.fabric);
  }

  /** An interrupt that could go out at once, or may have become unmasked. For the look before sleeping. */
  hasWork(nowUs: number): boolean {
    const due = this.registers.get(EICR) & this.registers.get(EIMS) & ~this.signalled;
    if ((due & EICR_LSC) !== 0 && this.miscVector >= 0 && !this.sleepsOn(this.miscVector, nowUs)) return true;
    for (let left = due & EICR_QUEUES; left !== 0; left &= left - 1)
      if (!this.sleepsOn(31 - Math.clz32(left & -left), nowUs)) return true;
    return this.msix.hasUnmaskedPending();
  }

  /** Moderation holds this vector, and the timer wakes the card no later than it lets go. */
  private sleepsOn(vector: number, nowUs: number): boolean {
    return nowUs < this.allowedUs[vector] && this.nextTimerUs <= this.allowedUs[vector];
  }

  private send(vector: number, bit: number, nowUs: number): void {
    if (nowUs < this.allowedUs[vector]) {
      this.nextTimerUs = Math.min(this.nextTimerUs, this.allowedUs[vector]);
      return;
    }
    this.allowedUs[vector] = nowUs + this.intervalUs(vector);
    this.signalled |= bit & ~(this.autoClear | this.autoMask); // those may come anew before the next step
    // Mask before clearing the cause: a driver that unmasks meanwhile sees one or the other.
    if ((this.autoMask & bit) !== 0) this.registers.clearBits(EIMS, bit);
    if ((this.autoClear & bit) !== 0) this.registers.clearBits(EICR, bit);
    this.msix.signal(vector, this.fabric);
  }

  /** With each interrupt the counter is loaded from EITR: a new interval holds from the next one on (7.3.2.1.1). */
  private intervalUs(vector: number): number {
    return ((this.registers.get(eitr(vector)) >>> EITR_INTERVAL_SHIFT) & EITR_INTERVAL_MASK) * EITR_UNIT_US;
  }
}

/** An IVAR byte: which EICR bit a queue's event sets, as a mask. */
function causeOf(entry: number): number {
  return (entry & IVAR_VALID) === 0 ? 0 : 1 << (entry & (VECTORS - 1));
}
