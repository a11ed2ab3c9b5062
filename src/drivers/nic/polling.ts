/** The polling driver: interrupts masked for good, rings looked at in turn, transmit descriptors reclaimed late. */
import type { NicDriverDefinition } from '../contract.ts';
import { RingDriver } from './ring-driver.ts';
import { burstParameter, RING_PARAMETERS } from './ring-parameters.ts';
import { STATE_FORMAT } from './state.ts';

class PollingDriver extends RingDriver {
  /** Vectors are masked, by who was here before or since the reset; nothing to look at once more: the next poll looks. */
  activate(): void {}

  /** Nothing to mask: the pause is spared a write to a line that the card reads all the time. */
  override quiesce(): void {
    this.ringDoorbells();
  }

  poll(budget: number): number {
    let frames = 0;
    for (const ring of this.rx) frames += this.intake.serve(ring, budget);
    if (frames === 0) this.tidy();
    return frames;
  }

  interrupt(): void {
    // One that was on its way when the vectors were masked: its work is found by polling.
  }

  idle(): boolean {
    return false;
  }

  /** With nothing to receive there is time to bring home what was sent, and to post what is missing. */
  private tidy(): void {
    for (const ring of this.tx) if (ring.inFlight > 0) ring.reclaim();
    for (const ring of this.rx) if (ring.deficit > 0) ring.refill();
  }
}

export const polling: NicDriverDefinition = {
  name: 'polling',
  version: '1.0.0',
  device: 'nic',
  description: 'looks at the rings without end, interrupts masked: least latency, a CPU of its own',
  exports: [STATE_FORMAT],
  imports: [STATE_FORMAT],
  parameters: [
    ...RING_PARAMETERS,
    burstParameter(256),
    {
      name: 'refillBurst',
      description: 'receive descriptors that must be missing before new ones are posted',
      unit: 'descriptors',
      min: 1,
      max: 256,
      default: 64,
    },
  ],
  create: (environment, parameters) => new PollingDriver(environment, parameters),
};
