import { type Mediator, POLL_BUDGET, type Slot } from './slot.ts';
import { StallMeter } from './stall.ts';

/** A window as long as a swap was, measured alike, in which nothing is swapped: what the stall would have been anyway. */
export class ControlWindow implements Mediator {
  stallUs = 0;
  done = false;
  private readonly slot: Slot;
  private readonly meter: StallMeter;
  private readonly lastWokenUs: () => number;
  private readonly endUs: number;

  constructor(slot: Slot, lengthUs: number, lastWokenUs: () => number) {
    const { clock } = slot.environment;
    this.slot = slot;
    this.meter = new StallMeter(clock);
    this.lastWokenUs = lastWokenUs;
    this.endUs = clock.nowUs() + lengthUs;
    this.meter.open();
  }

  poll(): number {
    const { state, clock } = this.slot.environment;
    const served = this.slot.driver.poll(POLL_BUDGET);
    const waits = served === 0 && (state.workWaits() || state.completionWaits());
    this.meter.observe(served, waits, this.lastWokenUs());
    if (clock.nowUs() >= this.endUs) {
      this.stallUs = this.meter.close(waits);
      this.done = true;
    }
    return served;
  }

  driverFailed(): boolean {
    return false;
  }
}
