import { NIC_DRIVERS } from 'ringswap';

/** A built-in driver, to be wrapped. */
export function builtIn(/** @type {string} */ name) {
  const found = NIC_DRIVERS.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`there is no driver ${name}`);
  return found;
}
