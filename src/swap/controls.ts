/** The two other ways of changing a driver, to compare with: drain first, or reset the card. */
import { RX, TX } from '../drivers/nic/state.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import { leftBy } from './common-actions.ts';
import type { Exchange } from './exchange.ts';
import { HELD } from './held.ts';
import { Refusal } from './plan.ts';
import { each, HOLD, reasonOf, SERVE, type Slices } from './slices.ts';
import type { Slot } from './slot.ts';
import { takeDown } from './take-down.ts';

/** Polls in a row with nothing waiting after which a ring counts as drained, though buffers are posted. */
const QUIET_POLLS = 64;

/** Posts no more buffers and serves on, until all rings are empty or nothing comes any more. */
export function* drain({ slot, old }: Exchange): Slices {
  if (old.driver.setReceiveBuffers === undefined)
    throw new Refusal(`${slot.definition.name} cannot stop posting buffers: it has no setReceiveBuffers`);
  old.driver.setReceiveBuffers(0);
  for (let quiet = 0; quiet < QUIET_POLLS && !ringsEmpty(slot); ) {
    yield SERVE;
    const { state } = slot.environment;
    quiet = state.workWaits() || state.completionWaits() ? 0 : quiet + 1;
  }
}

/** A driver whose `setReceiveBuffers` threw may well throw again: its service goes on as it is. */
export function endDrain({ old, record }: Exchange): void {
  try {
    old.driver.setReceiveBuffers?.(old.parameters.rxBuffers ?? 0);
  } catch (error) {
    record.notes.push(`${record.from} does not post buffers again: ${reasonOf(error)}`);
  }
}

function ringsEmpty({ environment: { state, memory } }: Slot): boolean {
  const { words } = memory;
  for (let queue = 0; queue < QUEUES; queue++) {
    const rx = state.rx(queue);
    const tx = state.tx(queue);
    if (state.rxActive(queue) && words[rx + RX.consumed] !== words[rx + RX.posted]) return false;
    if (state.txActive(queue) && words[tx + TX.reclaimed] !== words[tx + TX.posted]) return false;
  }
  return true;
}

/** Stops the card and takes everything back. */
export function* tearDown({ slot, record }: Exchange): Slices {
  const { losses } = slot;
  const received = losses.discarded('received');
  const accepted = losses.discarded('accepted');
  slot.driver = HELD;
  yield* each(takeDown(slot), HOLD);
  record.discarded += losses.discarded('received') - received;
  record.discardedTransmit += losses.discarded('accepted') - accepted;
}

export function* coldStart({ slot, driverToCome }: Exchange): Slices {
  slot.environment.state.own.use(slot.assignment.nextBank);
  yield* each(driverToCome.start(), HOLD);
  slot.losses.mend();
}

/**
 * Undo of a tear-down: whatever the new driver began goes the same way, and the old one starts from nothing. What it had for itself it
 * has again: it starts in the other bank.
 */
export function* restart(exchange: Exchange): Slices {
  const { slot, old } = exchange;
  const { own } = slot.environment.state;
  const { bank } = slot.assignment;
  yield* tearDown(exchange);
  own.use(1 - bank);
  yield* each(old.driver.start(), HOLD);
  slot.losses.mend();
  own.use(bank);
  const format = leftBy(old.definition, own);
  if (format !== undefined) old.driver.importState(format);
  slot.driver = old.driver;
}
