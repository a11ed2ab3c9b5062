import { ringOf } from '../drivers/nic/ring-memory.ts';
import { QUEUES, RETA_WORDS, reta } from '../hw/nic/datasheet.ts';
import type { NicPort } from '../hw/nic/port.ts';
import type { SwapRequest } from './exchange.ts';
import type { Situation } from './plan.ts';
import type { Slot } from './slot.ts';

/** What a plan depends on, read from a slot and its card. */
export function situationOf(slot: Slot, request: SwapRequest): Situation {
  const { environment } = slot;
  const steered = steeredQueues(environment.port);
  const rings = [];
  for (let queue = 0; queue < QUEUES; queue++)
    if (environment.state.rxActive(queue))
      rings.push({
        queue,
        slots: ringOf(environment, 'rx', queue).slots,
        steered: (steered & (1 << queue)) !== 0,
      });
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
