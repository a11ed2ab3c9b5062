import { RX } from '../drivers/nic/state.ts';
import { QUEUES, RETA_WORDS, reta } from '../hw/nic/datasheet.ts';
import type { NicPort } from '../hw/nic/port.ts';
import type { SwapRequest } from './exchange.ts';
import type { QueueView, Situation } from './plan.ts';
import type { Slot } from './slot.ts';

/** What a plan depends on, read from a slot and its card. */
export function situationOf(slot: Slot, request: SwapRequest): Situation {
  const { environment } = slot;
  const { state, memory, port } = environment;
  const steered = steeredQueues(port);
  const rings: QueueView[] = [];
  for (let queue = 0; queue < QUEUES; queue++) {
    if (!state.rxActive(queue)) continue;
    const record = state.rx(queue);
    const posted = (memory.words[record + RX.posted] - memory.words[record + RX.consumed]) | 0;
    rings.push({
      queue,
      slots: memory.words[record + RX.slots],
      posted,
      steered: (steered & (1 << queue)) !== 0,
    });
  }
  return {
    from: slot.definition,
    fromParameters: slot.parameters,
    to: request.to,
    given: request.parameters,
    method: request.method,
    queues: environment.queues,
    rings,
  };
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
