// The package by its own name. The name stands in a constant: the type checker would follow it into dist/.

const own = 'ringswap';
/** @type {typeof import('../../../src/testbed/index.ts')} */
const { NIC_DRIVERS } = await import(own);

/** A built-in driver, to be wrapped. */
export function builtIn(/** @type {string} */ name) {
  const found = NIC_DRIVERS.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`there is no driver ${name}`);
  return found;
}
