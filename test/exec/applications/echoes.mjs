// The built-in echo under another name: what counts is what it sends.
import { APPLICATIONS } from 'ringswap';

const [, echo] = APPLICATIONS;

/** @type {import('../../../src/testbed/index.ts').ApplicationDefinition} */
export default {
  ...echo,
  name: 'echoes',
  create: (environment) => {
    const inner = echo.create(environment);
    return { name: 'echoes', receive: (slot, queue, burst) => inner.receive(slot, queue, burst) };
  },
};
