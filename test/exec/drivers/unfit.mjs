// A driver that can take over no rings, not even in its rehearsal on a scratch card.
import { builtIn } from './ringswap.mjs';

const polling = builtIn('polling');

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...polling,
  name: 'unfit',
  create: (environment, parameters) =>
    Object.assign(polling.create(environment, parameters), {
      importState() {
        throw new Error('thrown in importState');
      },
    }),
};
