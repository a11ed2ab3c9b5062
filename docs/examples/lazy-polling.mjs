/** The lazy polling driver: polls while frames keep coming, sleeps when none have come for a while. */
import { burstParameter, RING_PARAMETERS, RingDriver, STATE_FORMAT } from 'ringswap';

class LazyPollingDriver extends RingDriver {
  /** Empty polls in a row. */
  #empty = 0;
  /** Vectors are unmasked, and the rings are left alone until one fires. */
  #asleep = false;

  /** Begins awake. The card still moderates interrupts as the driver before it wished: that is undone. */
  activate() {
    this.moderate(0);
    this.#wake();
  }

  poll(budget) {
    if (this.#asleep) return 0;
    let frames = 0;
    for (const ring of this.rx) {
      frames += this.receive(ring, budget);
      if (ring.deficit >= this.burstFrames) ring.refill();
    }
    if (frames > 0) this.#empty = 0;
    else this.#rest();
    return frames;
  }

  interrupt() {
    this.#wake();
  }

  idle() {
    return this.#asleep;
  }

  /** A ring has come or gone, or may be read further: look. */
  queuesChanged() {
    super.queuesChanged();
    this.#wake();
  }

  #wake() {
    this.mask(this.vectorBits());
    this.#empty = 0;
    this.#asleep = false;
  }

  /** An empty poll: time to bring home what was sent, to post what is missing, and perhaps to sleep. */
  #rest() {
    for (const ring of this.tx) if (ring.inFlight > 0) ring.reclaim();
    for (const ring of this.rx) if (ring.deficit > 0) ring.refill();
    if (++this.#empty < this.parameters.patience) return;
    this.#asleep = true;
    this.unmask(this.vectorBits());
    // A frame that came before the unmasking may have raised no interrupt: look once more before leaving.
    const { state } = this.environment;
    if (state.workWaits() || state.completionWaits()) this.#wake();
  }
}

/** @type {import('ringswap').NicDriverDefinition} */
export default {
  name: 'lazy-polling',
  version: '1.0.0',
  device: 'nic',
  description: 'polls while frames keep coming, sleeps until an interrupt when none have come for a while',
  exports: [STATE_FORMAT],
  imports: [STATE_FORMAT],
  parameters: [
    ...RING_PARAMETERS,
    burstParameter(32),
    {
      name: 'patience',
      description: 'empty polls in a row after which it sleeps',
      unit: 'polls',
      min: 1,
      max: 1_000_000,
      default: 1000,
    },
  ],
  create: (environment, parameters) => new LazyPollingDriver(environment, parameters),
};
