/** How many packet buffers the pool keeps for a card. */
import { RX } from '../drivers/nic/state.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import type { SwapHost } from './exchange.ts';
import type { Slot } from './slot.ts';

/**
 * Buffers beyond those that the cards may need leave the pool as they come home; what is home already, now. A ring
 * with more buffers than it should have gives them back frame by frame: until then they are in use.
 */
export function keepBuffers(slot: Slot, host: SwapHost, kept: number): void {
  slot.keptBuffers = kept;
  slot.buffers = kept + beyondTarget(slot);
  const { pool } = slot.environment;
  pool.shrink(host.buffersOfOthers(slot) + slot.buffers);
  pool.settle();
}

/** Between two swaps: what rings have given back since the last one. */
export function releaseSpare(slot: Slot, host: SwapHost): void {
  if (slot.mediator === null && slot.buffers > slot.keptBuffers) keepBuffers(slot, host, slot.keptBuffers);
}

function beyondTarget({ environment: { state, memory } }: Slot): number {
  const { words } = memory;
  let beyond = 0;
  for (let queue = 0; queue < QUEUES; queue++) {
    if (!state.rxActive(queue)) continue;
    const record = state.rx(queue);
    const posted = (words[record + RX.posted] - words[record + RX.consumed]) | 0;
    beyond += Math.max(0, posted - words[record + RX.target]);
  }
  return beyond;
}
