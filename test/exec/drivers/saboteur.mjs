// The polling driver, doing something to one frame in `oneIn` of one queue before the application sees it.
import { builtIn } from './ringswap.mjs';

/** @typedef {import('../../../src/testbed/index.ts').Burst} Burst */
/** @typedef {import('../../../src/testbed/index.ts').NicDriverDefinition} NicDriverDefinition */
/** @typedef {import('../../../src/testbed/index.ts').NicEnvironment} NicEnvironment */
/** @typedef {import('../../../src/testbed/index.ts').ParameterSpec} ParameterSpec */
/** @typedef {import('../../../src/testbed/index.ts').Parameters} Parameters */

/**
 * Gets the frame as the first of a burst. Returns the number of segments taken, as `deliver` does; 0 for later.
 * @typedef {(environment: NicEnvironment, queue: number, burst: Burst, parameters: Parameters) => number} Tamper
 */

/** @type {readonly ParameterSpec[]} */
const ITS_OWN = [
  { name: 'oneIn', description: 'frames to each spoilt one', unit: 'frames', min: 1, max: 1e9, default: 1e6 },
  {
    name: 'queue',
    description: 'the queue whose frames it spoils',
    unit: 'queue',
    min: 0,
    max: 7,
    default: 0,
  },
];

/**
 * @param {string} name
 * @param {Tamper} tamper
 * @param {readonly ParameterSpec[]} more
 * @returns {NicDriverDefinition}
 */
export function saboteur(name, tamper, more = []) {
  const polling = builtIn('polling');
  return {
    ...polling,
    name,
    description: `the polling driver; ${name} one frame in many`,
    parameters: [...polling.parameters, ...ITS_OWN, ...more],
    create(environment, parameters) {
      const { oneIn, queue: victim } = parameters;
      let seen = 0;
      return polling.create({ ...environment, deliver }, parameters);

      /** Frames of one segment: shorter ones than a buffer. */
      function deliver(/** @type {number} */ queue, /** @type {Burst} */ burst) {
        if (queue !== victim) return environment.deliver(queue, burst);
        const before = Math.min(burst.segments, oneIn - 1 - seen);
        if (before > 0) {
          const taken = environment.deliver(queue, firstOf(burst, before));
          seen += taken;
          return taken;
        }
        const taken = tamper(environment, queue, burst, parameters);
        if (taken > 0) seen = taken - 1;
        return taken;
      }
    },
  };
}

/**
 * The burst's first frames, in arrays of their own.
 * @param {Burst} burst
 * @param {number} count
 * @returns {Burst}
 */
export function firstOf({ buffers, lengths, ends, bad, position }, count) {
  return {
    buffers: buffers.slice(0, count),
    lengths: lengths.slice(0, count),
    ends: ends.slice(0, count),
    segments: count,
    frames: count,
    bad,
    position,
  };
}
