/** What a swap owes when it has ended, besides the traffic: the driver and the parameters that were asked for, or all as before. */
import { resolveParameters } from '../../drivers/parameters.ts';
import type { Exchange } from '../../swap/exchange.ts';

/** What is not as it should be, or undefined. */
export function brokenPromise({ slot, request, record, old, next }: Exchange): string | undefined {
  const done = record.outcome === 'done';
  const definition = done ? request.to : old.definition;
  const what = `swap ${record.id} is ${done ? 'done' : 'not done'}, and the card has`;
  if (slot.driver !== (done ? next : old.driver) || slot.definition !== definition)
    return `${what} driver ${slot.definition.name}, not ${definition.name}`;
  const wanted = done
    ? resolveParameters(definition.name, definition.parameters, request.parameters, old.parameters)
    : old.parameters;
  for (const [name, value] of Object.entries(wanted)) {
    // Transmit rings change their length only when the card is reset.
    const expected = name === 'txRing' && request.method !== 'reset' ? old.parameters.txRing : value;
    if (slot.parameters[name] !== expected)
      return `${what} ${name}=${slot.parameters[name]}, not ${expected}`;
  }
  return undefined;
}
