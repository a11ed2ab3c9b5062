import type { Driver, NicDriver } from '../drivers/contract.ts';

function* nothing(): Generator<void> {}

/** What all stand-ins in slots have in common whose devices are being reset: there is nothing to do. */
export const STILL: Driver = {
  start: nothing,
  stop: nothing,
  exportState: () => undefined,
  importState: () => undefined,
  activate: () => undefined,
  quiesce: () => undefined,
  poll: () => 0,
  interrupt: () => undefined,
  idle: () => false,
  release: () => undefined,
};

/**
 * Stands in a slot whose card is being reset: it has no rings, so it has no room, and an application that
 * sends by this card waits.
 */
export const HELD: NicDriver = {
  ...STILL,
  room: () => 0,
  transmit: () => {
    throw new Error('there is no room: the card is being reset');
  },
};
