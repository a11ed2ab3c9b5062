/**
 * All that a CPU takes over with the devices: pool, memory, checks, clients of disks. From one that left, most of it was made before; from
 * one that is no more, it follows from state blocks and rings.
 */
import type { DeliveryCheck } from '../check/delivery.ts';
import type { Application } from '../drivers/contract.ts';
import type { AnySlot, Slot } from '../swap/slot.ts';
import { countBuffersOf, takeOver } from './adoption.ts';
import type { CardParts } from './card.ts';
import type { Control } from './control.ts';
import type { Disk } from './disk.ts';
import type { MachineLayout } from './machine.ts';
import { LateAllocator, takeStock } from './stock.ts';
import { finishMoves, settleOrLose } from './unfinished.ts';

/** By device, as the CPU has them: `devices` are cards, then disks. */
export interface Estate {
  readonly devices: readonly AnySlot[];
  readonly slots: readonly Slot[];
  readonly disks: readonly Disk[];
  readonly checks: readonly DeliveryCheck[];
  readonly applications: readonly Application[];
  readonly layout: MachineLayout;
  readonly parts: CardParts;
  readonly control: Control;
}

export class Takeover {
  private readonly estate: Estate;

  constructor(estate: Estate) {
    this.estate = estate;
  }

  /** While another CPU serves: what `succeed` will read in the pause is read now, for the caches to have it then. */
  foresee(): void {
    this.reread();
    for (const slot of this.estate.slots) {
      slot.environment.state.shape();
      countBuffersOf(slot);
    }
  }

  /** The other CPU has left. Throws what a driver throws. */
  succeed(): void {
    this.reread();
    const { dma } = this.estate.parts;
    if (dma instanceof LateAllocator) dma.open();
    this.activate();
  }

  /** The other CPU ended in the middle of anything. Meanwhile `serveAll` serves. Throws StateError, AdoptionError, what a driver throws. */
  *settle(serveAll: () => void): Generator<void> {
    const { slots, disks, checks, applications, layout, parts } = this.estate;
    const { pool, dma, wasLost } = parts;
    for (const disk of disks) yield* disk.settle();
    const ofDisks = disks.map(({ slot }) => slot);
    const cards = slots.map((slot, i) => ({ slot, check: checks[i], application: applications[i] }));
    yield* settleOrLose(cards, layout.cards, wasLost, () => takeStock(slots, ofDisks, pool, dma));
    for (const disk of disks) yield* disk.makeDriver();
    yield;
    this.activate();
    for (const disk of disks) disk.settled();
    yield* finishMoves(slots, ofDisks, serveAll);
  }

  private activate(): void {
    const { devices, disks, control } = this.estate;
    takeOver(devices, ({ index }) => control.serve(index));
    for (const { slot } of disks) slot.driver.proved?.();
  }

  /** What has changed because another CPU served. An application that is still to be made has no check. */
  private reread(): void {
    const { disks, checks, parts } = this.estate;
    parts.pool.reread();
    for (const check of checks) check?.reread();
    for (const disk of disks) disk.reread();
  }
}
