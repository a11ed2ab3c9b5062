/** The actors of the hardware: cards, their links, and what carries interrupts. One steps at a time, as on one thread. */
import type { SimMachine } from './machine.ts';

/** No actor has anything to do. */
export const NOBODY = -1;

export class HardwareActors {
  private readonly machine: SimMachine;
  private readonly cards: number;

  constructor(machine: SimMachine) {
    this.machine = machine;
    this.cards = machine.layout.cards.length;
  }

  /** By lot; one with nothing to do leaves its turn to the next that has. NOBODY when none has. */
  draw(): number {
    const actors = 2 * this.cards + 1;
    const drawn = this.machine.lots.below(actors);
    for (let i = 0; i < actors; i++) {
      const actor = (drawn + i) % actors;
      if (this.hasWork(actor)) return actor;
    }
    return NOBODY;
  }

  /** One bounded step. With nothing to do for any of them, it still shows that a card is alive. Returns the work done. */
  step(drawn: number): number {
    const { hardware, clock, mischief, fabric, lots } = this.machine;
    const actor = drawn === NOBODY ? lots.below(this.cards) : drawn;
    if (actor === 2 * this.cards) return fabric.deliver();
    const card = actor % this.cards;
    const budget = mischief.hardwareBudget(card);
    if (actor < this.cards) return hardware.nics[card].step(clock.us, budget);
    return mischief.silent(card) ? 0 : hardware.partners[card].step(clock.us, budget);
  }

  private hasWork(actor: number): boolean {
    const { hardware, clock, mischief, fabric } = this.machine;
    if (actor === 2 * this.cards) return fabric.nextTimerUs() <= clock.us;
    const card = actor % this.cards;
    if (actor < this.cards)
      return hardware.nics[card].hasWork(clock.us) || hardware.nics[card].nextTimerUs() <= clock.us;
    return !mischief.silent(card) && hardware.partners[card].nextTimerUs(clock.us) <= clock.us;
  }
}
