// Wrong: unmasks its vectors and leaves, without a second look at the rings.
import { burstParameter, RING_PARAMETERS, RingDriver, STATE_FORMAT } from 'ringswap';

class NoSecondLook extends RingDriver {
  #told = true;

  activate() {
    this.moderate(0);
    this.#told = true;
  }

  poll(budget) {
    if (!this.#told) return 0;
    let frames = 0;
    for (const ring of this.tx) ring.reclaim();
    for (const ring of this.rx) {
      frames += this.receive(ring, budget);
      ring.refill();
    }
    if (frames === 0) {
      this.#told = false;
      this.unmask(this.vectorBits());
    }
    return frames;
  }

  interrupt() {
    this.mask(this.vectorBits());
    this.#told = true;
  }

  idle() {
    return !this.#told;
  }

  queuesChanged() {
    super.queuesChanged();
    this.#told = true;
  }
}

/** @type {import('ringswap').NicDriverDefinition} */
export default {
  name: 'no-second-look',
  version: '1.0.0',
  device: 'nic',
  description: 'unmasks and leaves',
  exports: [STATE_FORMAT],
  imports: [STATE_FORMAT],
  parameters: [...RING_PARAMETERS, burstParameter(32)],
  create: (environment, parameters) => new NoSecondLook(environment, parameters),
};
