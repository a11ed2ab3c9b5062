/** What a swap needs of its CPU. One class for real swaps and rehearsed ones: the compiler takes them for the same. */
import { IsolationCheck } from '../check/isolation.ts';
import type { Bell } from '../hw/bell.ts';
import type { Patience } from './probation.ts';
import type { AnySlot } from './slot.ts';
import type { Understudy } from './understudy.ts';

export class SwapHost {
  /** With drivers on probation. */
  readonly patience: Patience;
  /** Of whom swaps have been rehearsed. */
  readonly understudy: Understudy | undefined;
  private readonly slots: readonly AnySlot[];
  private readonly bell: Bell;
  private readonly isolation: IsolationCheck;
  private readonly trespassed: (slot: AnySlot) => void;

  /** The bell is the CPU's own. Told of a slot whose swap changed another device's rings. */
  constructor(
    slots: readonly AnySlot[],
    bell: Bell,
    patience: Patience,
    trespassed: (slot: AnySlot) => void,
    understudy?: Understudy,
  ) {
    this.patience = patience;
    this.understudy = understudy;
    this.slots = slots;
    this.bell = bell;
    this.isolation = new IsolationCheck(slots.map((slot) => slot.environment.state));
    this.trespassed = trespassed;
  }

  /** All devices are as they should be: no swap may change what others have. */
  remember(): void {
    for (const slot of this.slots) this.isolation.remember(slot.index);
  }

  /** When the CPU was last woken from sleep, in microseconds. */
  lastWokenUs(): number {
    return this.bell.lastWokenUs();
  }

  /** Buffers that all cards but this one may hold. */
  buffersOfOthers(slot: AnySlot): number {
    let buffers = 0;
    for (const other of this.slots) if (other !== slot) buffers += other.buffers;
    return buffers;
  }

  /** After a slice: looks at one of the other devices, the next each time. */
  lookAround(slot: AnySlot): void {
    if (!this.isolation.lookAround(slot.index)) this.trespassed(slot);
  }

  /** So many looks are a round: every other device was looked at. */
  get neighbours(): number {
    return this.slots.length - 1;
  }
}
