/** The two other ways of changing a driver, to compare with: drain first, or reset the card. */
import { disableReceiveQueue, disableTransmitQueue, until } from '../drivers/nic/bring-up.ts';
import { forgetReceive, forgetTransmit, freeRing, ringOf } from '../drivers/nic/ring-memory.ts';
import { RX, TX } from '../drivers/nic/state.ts';
import {
  DESCRIPTOR_WORDS,
  QUEUES,
  RX_DD,
  RX_EOP,
  RX_STATUS_WORD,
  RXCTRL,
  RXMEMWRAP,
  RXMEMWRAP_EMPTY,
  TX_COMMAND_WORD,
  TX_EOP,
  tdh,
} from '../hw/nic/datasheet.ts';
import { leftBy } from './common-actions.ts';
import type { Exchange } from './exchange.ts';
import { HELD } from './held.ts';
import { Refusal } from './plan.ts';
import { each, HOLD, reasonOf, SERVE, type Slices } from './slices.ts';
import type { Slot } from './slot.ts';

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

/**
 * Stops the card and takes everything back. Receiver off and queues disabled first, so that the drop
 * counters are complete when they are read for the last time before the reset.
 */
export function* tearDown({ slot, record }: Exchange): Slices {
  const { environment } = slot;
  const { port, state, statistics } = environment;
  slot.driver = HELD;
  port.write32(RXCTRL, 0);
  for (let queue = 0; queue < QUEUES; queue++) {
    if (state.rxActive(queue)) yield* each(disableReceiveQueue(port, queue), HOLD);
    if (state.txActive(queue)) yield* each(disableTransmitQueue(port, queue), HOLD);
  }
  const empty = () => (port.read32(RXMEMWRAP) & RXMEMWRAP_EMPTY) !== 0;
  yield* each(until(port.name, 'an empty packet buffer', empty), HOLD);
  statistics.collect();
  discardRings(slot, record);
}

export function* coldStart({ slot, driverToCome }: Exchange): Slices {
  slot.environment.state.own.use(slot.assignment.nextBank);
  yield* each(driverToCome.start(), HOLD);
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
  own.use(bank);
  const format = leftBy(old.definition, own);
  if (format !== undefined) old.driver.importState(format);
  slot.driver = old.driver;
}

function discardRings(slot: Slot, record: Exchange['record']): void {
  const { environment } = slot;
  const { state } = environment;
  for (let queue = 0; queue < QUEUES; queue++) {
    if (state.rxActive(queue)) {
      record.discarded += receivedFrames(slot, queue);
      stripReceive(slot, queue);
      freeRing(environment, ringOf(environment, 'rx', queue));
      forgetReceive(environment, queue);
    }
    if (state.txActive(queue)) {
      record.discardedTransmit += unsentFrames(slot, queue);
      stripTransmit(slot, queue);
      freeRing(environment, ringOf(environment, 'tx', queue));
      forgetTransmit(environment, queue);
    }
  }
}

/** Frames that the card has written and nobody has taken. */
function receivedFrames({ environment: { state, memory } }: Slot, queue: number): number {
  const { words } = memory;
  const record = state.rx(queue);
  const mask = words[record + RX.slots] - 1;
  let frames = 0;
  for (let at = words[record + RX.consumed]; at !== words[record + RX.posted]; at = (at + 1) | 0) {
    const status = words[words[record + RX.ring] + (at & mask) * DESCRIPTOR_WORDS + RX_STATUS_WORD];
    if ((status & RX_DD) === 0) break;
    if ((status & RX_EOP) !== 0) frames++;
  }
  return frames;
}

/** Frames between the card's head and the tail: accepted, not sent. */
function unsentFrames({ environment: { state, memory, port } }: Slot, queue: number): number {
  const { words } = memory;
  const record = state.tx(queue);
  const mask = words[record + TX.slots] - 1;
  const tail = words[record + TX.posted] & mask;
  let frames = 0;
  for (let slot = port.read32(tdh(queue)); slot !== tail; slot = (slot + 1) & mask)
    if ((words[words[record + TX.ring] + slot * DESCRIPTOR_WORDS + TX_COMMAND_WORD] & TX_EOP) !== 0) frames++;
  return frames;
}

/** Takes back the posted buffers of a disabled receive queue, by the state block alone. */
export function stripReceive({ environment: { state, memory, pool } }: Slot, queue: number): void {
  const { words } = memory;
  const record = state.rx(queue);
  const mask = words[record + RX.slots] - 1;
  for (let at = words[record + RX.consumed]; at !== words[record + RX.posted]; at = (at + 1) | 0)
    pool.put(words[words[record + RX.shadow] + (at & mask)]);
}

function stripTransmit({ environment: { state, memory, pool } }: Slot, queue: number): void {
  const { words } = memory;
  const record = state.tx(queue);
  const mask = words[record + TX.slots] - 1;
  for (let at = words[record + TX.reclaimed]; at !== words[record + TX.posted]; at = (at + 1) | 0)
    pool.put(words[words[record + TX.shadow] + (at & mask)]);
}
