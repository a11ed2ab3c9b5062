// The second version of a driver: it keeps its words elsewhere, and brings the ways there and back.
import { tallies } from './tallies.mjs';

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...tallies({ version: '2.0.0', format: 'tallies.2', mark: 9, frames: 4 }),
  converters: [
    {
      from: 'tallies.1',
      to: 'tallies.2',
      convert: (from, to) => {
        to[9] = from[0];
        to[4] = from[1];
      },
    },
    {
      from: 'tallies.2',
      to: 'tallies.1',
      convert: (from, to) => {
        to[0] = from[9];
        to[1] = from[4];
      },
    },
  ],
};
