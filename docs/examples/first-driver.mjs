/** The round-robin driver: one queue a poll, in turn. Its interrupts are the rarer the more they find. */
import { burstParameter, RING_PARAMETERS, RingDriver, STATE_FORMAT } from 'ringswap';

class RoundRobinDriver extends RingDriver {
  #awake = true;
  #turn = 0;
  #empty = 0; // queues in a row
  #frames = 0; // since it woke
  #gapUs = 0; // between interrupts

  activate() {
    this.moderate(this.#gapUs);
    this.#wake();
  }

  poll(budget) {
    if (!this.#awake) return 0;
    const ring = this.rx[this.#turn++ % this.rx.length];
    const frames = this.receive(ring, budget);
    if (ring.deficit >= this.burstFrames) ring.refill();
    this.#frames += frames;
    this.#empty = frames > 0 ? 0 : this.#empty + 1;
    if (this.#empty >= this.rx.length) this.#rest();
    return frames;
  }

  interrupt() {
    if (!this.#awake) this.#wake();
  }

  idle() {
    return !this.#awake;
  }

  #wake() {
    this.mask(this.vectorBits());
    this.#awake = true;
    this.#empty = 0;
  }

  #rest() {
    for (const ring of this.tx) ring.reclaim();
    for (const ring of this.rx) ring.refill();
    const gapUs = Math.min(this.#frames, this.parameters.gapUs);
    if (gapUs !== this.#gapUs) this.moderate(gapUs);
    this.#gapUs = gapUs;
    this.#frames = 0;
    this.#awake = false;
    this.unmask(this.vectorBits());
    const { state } = this.environment;
    const short = this.rx.some((ring) => ring.deficit > 0);
    if (short || state.workWaits() || state.completionWaits()) this.#wake();
  }
}

/** @type {import('ringswap').NicDriverDefinition} */
export default {
  name: 'round-robin',
  version: '1.0.0',
  device: 'nic',
  description: 'one queue a poll, in turn; interrupts the rarer the more they find',
  exports: [STATE_FORMAT],
  imports: [STATE_FORMAT],
  parameters: [
    ...RING_PARAMETERS,
    burstParameter(32),
    { name: 'gapUs', description: 'longest gap of interrupts', unit: 'us', min: 0, max: 1022, default: 64 },
  ],
  create: (environment, parameters) => new RoundRobinDriver(environment, parameters),
};
