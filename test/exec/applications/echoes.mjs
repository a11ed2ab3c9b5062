// The built-in echo under another name: what counts is what it sends. The package's name stands in a constant, since
// the type checker would follow it into dist/.

const own = 'ringswap';
/** @type {typeof import('../../../src/testbed/index.ts')} */
const { APPLICATIONS } = await import(own);
const [, echo] = APPLICATIONS;

/** @type {import('../../../src/testbed/index.ts').ApplicationDefinition} */
export default {
  ...echo,
  name: 'echoes',
  create: (environment) => {
    const inner = echo.create(environment);
    return {
      name: 'echoes',
      receive: (slot, queue, burst) => inner.receive(slot, queue, burst),
      revert: (burst) => inner.revert?.(burst),
    };
  },
};
