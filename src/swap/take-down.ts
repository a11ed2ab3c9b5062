/** A card is stopped, and everything is taken back: before a reset, whoever asked for it. */
import { disableReceiveQueue, disableTransmitQueue, until } from '../drivers/nic/bring-up.ts';
import { forgetReceive, forgetTransmit, freeRing, ringOf } from '../drivers/nic/ring-memory.ts';
import { RX, TX } from '../drivers/nic/state.ts';
import {
  DESCRIPTOR_WORDS,
  EIMC,
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
import type { NicPort } from '../hw/nic/port.ts';
import type { Slot } from './slot.ts';

const EVERY_VECTOR = 0x7fffffff;

/**
 * Receiver off and queues disabled first, so that the drop counters are complete when they are read for the last time before the
 * reset. The state block has no ring any more when it ends, and the card is `torn` until a driver has started.
 */
export function* takeDown(slot: Slot): Generator<void> {
  const { port, state, statistics } = slot.environment;
  slot.losses.tear();
  port.write32(RXCTRL, 0);
  for (let queue = 0; queue < QUEUES; queue++) {
    if (state.rxActive(queue)) yield* disableReceiveQueue(port, queue);
    if (state.txActive(queue)) yield* disableTransmitQueue(port, queue);
  }
  yield* emptied(port);
  statistics.collectAll();
  for (let queue = 0; queue < QUEUES; queue++) {
    discardReceive(slot, queue);
    discardTransmit(slot, queue);
  }
}

/** The same of a card whose state block says nothing: by its registers alone. */
export function* silence({ environment }: Slot): Generator<void> {
  const { port, statistics } = environment;
  port.write32(EIMC, EVERY_VECTOR);
  port.write32(RXCTRL, 0);
  for (let queue = 0; queue < QUEUES; queue++) {
    yield* disableReceiveQueue(port, queue);
    yield* disableTransmitQueue(port, queue);
  }
  yield* emptied(port);
  statistics.collectAll();
}

function emptied(port: NicPort): Generator<void> {
  return until(port.name, 'an empty packet buffer', () => (port.read32(RXMEMWRAP) & RXMEMWRAP_EMPTY) !== 0);
}

function discardReceive(slot: Slot, queue: number): void {
  const { environment, losses } = slot;
  if (environment.state.rxActive(queue)) {
    losses.discard('received', queue, receivedFrames(slot, queue));
    stripReceive(slot, queue);
    const ring = ringOf(environment, 'rx', queue);
    forgetReceive(environment, queue);
    freeRing(environment, ring);
  }
  losses.forgotten('received', queue);
}

function discardTransmit(slot: Slot, queue: number): void {
  const { environment, losses } = slot;
  if (environment.state.txActive(queue)) {
    losses.discard('accepted', queue, unsentFrames(slot, queue));
    stripTransmit(slot, queue);
    const ring = ringOf(environment, 'tx', queue);
    forgetTransmit(environment, queue);
    freeRing(environment, ring);
  }
  losses.forgotten('accepted', queue);
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
