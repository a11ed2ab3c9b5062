/** PAUSE frames that the card sends: on above the high mark of its packet buffer, off below the low one (3.7.7). */
import type { RegisterFile } from '../registers.ts';
import {
  FCCFG,
  FCCFG_TFCE_802_3X,
  FCRTH,
  FCRTH_FCEN,
  FCRTL,
  FCRTL_XONE,
  FCTTV,
  LXOFFTXC,
  LXONTXC,
} from './datasheet.ts';
import { QUANTUM_US, type Wire } from './wire.ts';

/** FCRTH and FCRTL count bytes in steps of 32. */
const MARK_MASK = 0x7ffe0;

export class FlowControl {
  private readonly registers: RegisterFile;
  private enabled = false;
  private high = 0;
  private low = 0;
  private xon = false;
  private quanta = 0;
  private paused = false;
  private refreshUs = 0;

  constructor(registers: RegisterFile) {
    this.registers = registers;
  }

  configure(): void {
    const { registers } = this;
    const marked = (registers.get(FCRTH) & FCRTH_FCEN) !== 0;
    this.enabled = marked && (registers.get(FCCFG) & FCCFG_TFCE_802_3X) !== 0;
    this.high = registers.get(FCRTH) & MARK_MASK;
    this.low = registers.get(FCRTL) & MARK_MASK;
    this.xon = (registers.get(FCRTL) & FCRTL_XONE) !== 0;
    this.quanta = registers.get(FCTTV) & 0xffff;
  }

  reset(): void {
    this.paused = false;
  }

  /** The packet buffer has grown to `used` bytes. */
  filled(used: number, wire: Wire, nowUs: number): void {
    if (this.enabled && used >= this.high && (!this.paused || nowUs >= this.refreshUs))
      this.pause(wire, nowUs);
  }

  /** It may have been emptied: resume below the low mark, else renew the pause at half its time. */
  drained(used: number, wire: Wire, nowUs: number): void {
    if (!this.paused) return;
    if (used > this.low) {
      if (nowUs >= this.refreshUs) this.pause(wire, nowUs);
      return;
    }
    this.paused = false;
    if (!this.xon) return;
    this.registers.bump(LXONTXC, 1);
    wire.pause(0, nowUs);
  }

  /** When the pause is to be renewed, or infinity. */
  nextTimerUs(): number {
    return this.paused ? this.refreshUs : Number.POSITIVE_INFINITY;
  }

  private pause(wire: Wire, nowUs: number): void {
    this.paused = true;
    this.refreshUs = nowUs + (this.quanta * QUANTUM_US) / 2;
    this.registers.bump(LXOFFTXC, 1);
    wire.pause(this.quanta, nowUs);
  }
}
