/** The actors of the hardware: cards, their links, disks, and what carries interrupts. One steps at a time, as on one thread. */
import type { SimMachine } from './machine.ts';

/** No actor has anything to do. */
export const NOBODY = -1;

/** In this order: cards, their links, the fabric, disks. */
export class HardwareActors {
  private readonly machine: SimMachine;
  private readonly cards: number;
  private readonly disks: number;
  private readonly fabric: number;
  private readonly count: number;

  constructor(machine: SimMachine) {
    const { cards, disks } = machine.layout;
    this.machine = machine;
    this.cards = cards.length;
    this.disks = disks.length;
    this.fabric = 2 * this.cards;
    this.count = this.fabric + 1 + this.disks;
  }

  /** By lot; one with nothing to do leaves its turn to the next that has. NOBODY when none has. */
  draw(): number {
    const drawn = this.machine.lots.below(this.count);
    for (let i = 0; i < this.count; i++) {
      const actor = (drawn + i) % this.count;
      if (this.hasWork(actor)) return actor;
    }
    return NOBODY;
  }

  /** One bounded step. With nothing to do for any of them, it still shows that a device is alive. Returns the work done. */
  step(drawn: number): number {
    const { hardware, clock, mischief, fabric } = this.machine;
    const actor = drawn === NOBODY ? this.anyDevice() : drawn;
    if (actor === this.fabric) return fabric.deliver();
    if (actor > this.fabric) {
      const disk = actor - this.fabric - 1;
      return hardware.disks[disk].step(clock.us, mischief.hardwareBudget(this.cards + disk));
    }
    const card = actor % this.cards;
    const budget = mischief.hardwareBudget(card);
    if (actor < this.cards) return hardware.nics[card].step(clock.us, budget);
    return mischief.silent(card) ? 0 : hardware.partners[card].step(clock.us, budget);
  }

  private anyDevice(): number {
    const device = this.machine.lots.below(this.cards + this.disks);
    return device < this.cards ? device : this.fabric + 1 + device - this.cards;
  }

  private hasWork(actor: number): boolean {
    const { hardware, clock, mischief, fabric } = this.machine;
    if (actor === this.fabric) return fabric.nextTimerUs() <= clock.us;
    if (actor > this.fabric) {
      const disk = hardware.disks[actor - this.fabric - 1];
      return disk.hasWork(clock.us) || disk.nextTimerUs() <= clock.us;
    }
    const card = actor % this.cards;
    if (actor < this.cards)
      return hardware.nics[card].hasWork(clock.us) || hardware.nics[card].nextTimerUs() <= clock.us;
    return !mischief.silent(card) && hardware.partners[card].nextTimerUs(clock.us) <= clock.us;
  }
}
