// Turns one bit of a frame over.
import { firstOf, saboteur } from './saboteur.mjs';

export default saboteur(
  'flips',
  ({ pool, memory, deliver }, queue, burst, { bit }) => {
    memory.bytes[pool.address(burst.buffers[0]) + (bit >>> 3)] ^= 1 << (bit & 7);
    return deliver(queue, firstOf(burst, 1));
  },
  [
    {
      name: 'bit',
      description: 'which bit it turns over',
      unit: 'bit',
      min: 0,
      max: 8 * 60 - 1,
      default: 8 * 50,
    },
  ],
);
