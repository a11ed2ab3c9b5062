import type { Clock } from '../../src/hw/clock.ts';
import type { SwapDesk } from '../../src/swap/desk.ts';
import type { AnySlot } from '../../src/swap/slot.ts';
import type { SwapSeries } from './messages.ts';

/** Asks for the swaps of a series, each when it is due. */
export class Asking {
  private readonly series: SwapSeries | undefined;
  private readonly desk: SwapDesk;
  private readonly slots: readonly AnySlot[];
  private readonly clock: Clock;
  private dueUs: number;
  private asked = 0;

  /** `slots`: of all devices, in their order. */
  constructor(series: SwapSeries | undefined, desk: SwapDesk, slots: readonly AnySlot[], clock: Clock) {
    this.series = series;
    this.desk = desk;
    this.slots = slots;
    this.clock = clock;
    this.dueUs = series === undefined ? Number.POSITIVE_INFINITY : clock.nowUs() + series.everyUs;
  }

  nextUs(): number {
    return this.dueUs;
  }

  look(): void {
    if (this.series === undefined) return;
    const now = this.clock.nowUs();
    const { slot, everyUs, method, swaps } = this.series;
    if (now < this.dueUs || this.slots[slot].mediator !== null) return;
    this.dueUs = Math.max(this.dueUs + everyUs, now);
    const { to, parameters } = swaps[this.asked++ % swaps.length];
    this.desk.ask(slot, to, parameters, method);
  }
}
