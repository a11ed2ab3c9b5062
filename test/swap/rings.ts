/** What a card's receive rings look like, read from its state block and its registers. */
import { RX } from '../../src/drivers/nic/state.ts';
import { QUEUE_ENABLE, QUEUES, RETA_WORDS, reta, rxdctl } from '../../src/hw/nic/datasheet.ts';
import type { TestMachine } from '../machine.ts';

export interface RingView {
  readonly queue: number;
  readonly slots: number;
  /** The application's queue that it serves. */
  readonly logical: number;
  /** Does the redirection table name it? */
  readonly steered: boolean;
}

/** Receive rings in use; each of them is enabled in the card, and no other is. */
export function ringsOf(machine: TestMachine, slot = 0): RingView[] {
  const { state, port } = machine.slot(slot).environment;
  const { words } = machine.memory;
  let steered = 0;
  for (let word = 0; word < RETA_WORDS; word++) {
    const entries = port.read32(reta(word));
    for (let byte = 0; byte < 4; byte++) steered |= 1 << ((entries >>> (8 * byte)) & 0xf);
  }
  const rings: RingView[] = [];
  for (let queue = 0; queue < QUEUES; queue++) {
    const enabled = (port.read32(rxdctl(queue)) & QUEUE_ENABLE) !== 0;
    if (enabled !== state.rxActive(queue))
      throw new Error(
        `queue ${queue}: ${enabled ? 'enabled' : 'disabled'} in the card, not so in the state block`,
      );
    if (!enabled) continue;
    const record = state.rx(queue);
    if (words[record + RX.limited] !== 0) throw new Error(`queue ${queue} still has a gate`);
    rings.push({
      queue,
      slots: words[record + RX.slots],
      logical: words[record + RX.logical],
      steered: (steered & (1 << queue)) !== 0,
    });
  }
  return rings;
}

/** Lengths of the rings that frames are steered to, by the application's queue. */
export function steeredSlots(machine: TestMachine, slot = 0): number[] {
  return ringsOf(machine, slot)
    .filter(({ steered }) => steered)
    .sort((a, b) => a.logical - b.logical)
    .map(({ slots }) => slots);
}
