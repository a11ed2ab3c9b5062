/** How many packet buffers the pool keeps for a card. */
import { RX } from '../drivers/nic/state.ts';
import type { BufferPool } from '../drivers/pool.ts';
import { lowestBit } from '../drivers/state-block.ts';
import type { SwapHost } from './host.ts';
import { SERVE, type Slices } from './slices.ts';
import type { Slot } from './slot.ts';

/** Free buffers looked at in one slice, or unmapped. */
const BUFFERS_PER_SLICE = 16;

/**
 * Buffers beyond those that the cards may need leave the pool as they come home; what is home already, now. A ring
 * with more buffers than it should have gives them back frame by frame: until then they are in use.
 */
export function keepBuffers(slot: Slot, host: SwapHost, kept: number): Slices | void {
  const { pool } = slot.environment;
  lowerCeiling(slot, host, kept);
  if (!pool.settle(BUFFERS_PER_SLICE)) return settleOn(pool);
}

/** Between two swaps: what rings have given back since the last one. A slice at a time. */
export function releaseSpare(slot: Slot, host: SwapHost): void {
  if (slot.mediator !== null) return;
  if (slot.buffers > slot.keptBuffers) lowerCeiling(slot, host, slot.keptBuffers);
  slot.environment.pool.settle(BUFFERS_PER_SLICE);
}

function lowerCeiling(slot: Slot, host: SwapHost, kept: number): void {
  countBuffers(slot, kept);
  const { pool } = slot.environment;
  pool.shrink(host.buffersOfOthers(slot) + slot.buffers);
}

/** So many are kept for a card, and on its rings there may be more. */
export function countBuffers(slot: Slot, kept: number): void {
  slot.keptBuffers = kept;
  slot.buffers = kept + beyondTarget(slot);
}

function* settleOn(pool: BufferPool): Slices {
  do yield SERVE;
  while (!pool.settle(BUFFERS_PER_SLICE));
}

function beyondTarget({ environment: { state, memory } }: Slot): number {
  const { words } = memory;
  let beyond = 0;
  for (let left = state.receiving; left !== 0; left &= left - 1) {
    const record = state.rx(lowestBit(left));
    const posted = (words[record + RX.posted] - words[record + RX.consumed]) | 0;
    beyond += Math.max(0, posted - words[record + RX.target]);
  }
  return beyond;
}
