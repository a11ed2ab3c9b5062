import { RX } from '../drivers/nic/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { QUEUES, RETA_WORDS, reta } from '../hw/nic/datasheet.ts';
import type { NicPort } from '../hw/nic/port.ts';
import type { SwapRequest } from './exchange.ts';
import { postedOn, type QueueView, type Situation } from './plan.ts';
import type { Slot } from './slot.ts';

/** What a plan depends on, read from a slot and its card. */
export function situationOf(slot: Slot, request: SwapRequest): Situation {
  const { environment } = slot;
  return {
    from: slot.definition,
    fromParameters: slot.parameters,
    to: request.to,
    given: request.parameters,
    method: request.method,
    queues: environment.queues,
    rings: ringsOf(slot, request.parameters.rxRing ?? slot.parameters.rxRing),
  };
}

/** The redirection table is long. It is read only if some ring has another length than is wanted, and may have to move. */
function ringsOf({ environment, parameters }: Slot, wanted: number | undefined): QueueView[] {
  const { state, memory, port } = environment;
  const { words } = memory;
  const rings: QueueView[] = [];
  let steered = -1;
  for (let left = state.receiving; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    const record = state.rx(queue);
    const slots = words[record + RX.slots];
    if (slots !== wanted && steered < 0) steered = steeredQueues(port);
    const lying = (words[record + RX.posted] - words[record + RX.consumed]) | 0;
    const posted = Math.max(lying, postedOn(slots, parameters));
    rings.push({ queue, slots, posted, steered: (steered & (1 << queue)) !== 0 });
  }
  return rings;
}

/** Bits of the queues that the redirection table names. */
function steeredQueues(port: NicPort): number {
  let bits = 0;
  for (let word = 0; word < RETA_WORDS; word++) {
    const entries = port.read32(reta(word));
    for (let byte = 0; byte < 4; byte++) bits |= 1 << ((entries >>> (8 * byte)) & (QUEUES - 1));
  }
  return bits;
}

/** Are both of cards with the same rings? */
export function sameRings({ rings: a }: Situation, { rings: b }: Situation): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameRing(a[i], b[i])) return false;
  return true;
}

function sameRing(a: QueueView, b: QueueView): boolean {
  return a.queue === b.queue && a.slots === b.slots && a.posted === b.posted && a.steered === b.steered;
}
