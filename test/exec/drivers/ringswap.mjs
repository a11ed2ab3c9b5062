import { DISK_DRIVERS, NIC_DRIVERS } from 'ringswap';

/** A built-in driver, to be wrapped. */
export function builtIn(/** @type {string} */ name) {
  return named(NIC_DRIVERS, name);
}

/** The same of disks. */
export function builtInOfDisks(/** @type {string} */ name) {
  return named(DISK_DRIVERS, name);
}

/**
 * @template {{ readonly name: string }} D
 * @param {readonly D[]} drivers
 * @param {string} name
 */
function named(drivers, name) {
  const found = drivers.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`there is no driver ${name}`);
  return found;
}
