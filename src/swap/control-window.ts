import type { SwapHost } from './host.ts';
import type { AnySlot, Mediator } from './slot.ts';
import { StallMeter } from './stall.ts';

/** A window as long as a swap was, measured alike, in which nothing is swapped: what the stall would have been anyway. */
export class ControlWindow implements Mediator {
  stallUs = 0;
  done = false;
  private readonly slot: AnySlot;
  private readonly host: SwapHost;
  private readonly meter: StallMeter;
  private readonly endUs: number;

  constructor(slot: AnySlot, host: SwapHost, lengthUs: number) {
    const now = slot.environment.clock.nowUs();
    this.slot = slot;
    this.host = host;
    this.meter = new StallMeter(now);
    this.endUs = now + lengthUs;
  }

  before(): boolean {
    return true;
  }

  after(served: number): void {
    const { state, clock } = this.slot.environment;
    const waits = served === 0 && (state.workWaits() || state.completionWaits());
    const now = clock.nowUs();
    this.meter.observe(served, waits, now, this.host.lastWokenUs());
    if (now >= this.endUs) {
      this.stallUs = this.meter.close(waits, now);
      this.done = true;
    }
  }

  driverFailed(): boolean {
    return false;
  }
}
