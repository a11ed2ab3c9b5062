// A driver that polls and is right: the wrong ones here differ from it in one thing each.
import { burstParameter, RING_PARAMETERS, RingDriver, STATE_FORMAT } from 'ringswap';

export class Polls extends RingDriver {
  activate() {
    this.mask(this.vectorBits());
  }

  poll(budget) {
    let frames = 0;
    for (const ring of this.tx) ring.reclaim();
    for (const ring of this.rx) {
      frames += this.receive(ring, budget);
      ring.refill();
    }
    return frames;
  }

  interrupt() {}

  idle() {
    return false;
  }
}

/**
 * @param {string} name
 * @param {string} description
 * @param {new (...given: ConstructorParameters<typeof Polls>) => Polls} Driver
 * @returns {import('ringswap').NicDriverDefinition}
 */
export function polls(name, description, Driver) {
  return {
    name,
    version: '1.0.0',
    device: 'nic',
    description,
    exports: [STATE_FORMAT],
    imports: [STATE_FORMAT],
    parameters: [...RING_PARAMETERS, burstParameter(32)],
    create: (environment, parameters) => new Driver(environment, parameters),
  };
}
