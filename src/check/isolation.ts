import { H, type NicState, RX, TX } from '../drivers/nic/state.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';

const SHAPE_HEADER = [H.magic, H.bytes, H.device, H.queues, H.rxActive, H.txActive, H.adoptions] as const;
const SHAPE_RX = [RX.ring, RX.slots, RX.shadow, RX.target, RX.logical] as const;
const SHAPE_TX = [TX.ring, TX.slots, TX.shadow] as const;

/** A digest of what a swap of another card must leave alone: which rings a card has, where, and for whom. */
export function shapeOf(state: NicState): number {
  const { words } = state.memory;
  const base = state.region.address >>> 2;
  let hash = 0;
  const mix = (at: number): void => {
    hash = ((hash << 5) | (hash >>> 27)) ^ Math.imul(words[at] + 1, 0x9e3779b1);
  };
  for (const field of SHAPE_HEADER) mix(base + field);
  const receive = state.header('rxActive');
  const transmit = state.header('txActive');
  for (let queue = 0; queue < QUEUES; queue++) {
    if ((receive & (1 << queue)) !== 0) for (const field of SHAPE_RX) mix(state.rx(queue) + field);
    if ((transmit & (1 << queue)) !== 0) for (const field of SHAPE_TX) mix(state.tx(queue) + field);
  }
  return hash;
}
