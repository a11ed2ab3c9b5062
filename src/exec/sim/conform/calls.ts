/** How a driver of a card is made, and which calls it answers. */
import type { NicDriver, NicDriverDefinition } from '../../../drivers/contract.ts';
import { polling } from '../../../drivers/nic/polling.ts';
import { NIC_CALLS } from '../../modules/driver-module.ts';
import type { SimParts } from '../run.ts';
import { Bench } from './bench.ts';
import { askWays, makingProblem, plainCalls } from './making.ts';
import { type Finding, failWith, pass } from './point.ts';

/** The card that another driver serves must not notice. */
export function askMaking(parts: SimParts, definition: NicDriverDefinition): Finding {
  const bench = new Bench(parts, polling);
  bench.boot();
  bench.serve(20);
  const { environment } = bench;
  const { pool } = environment;
  return askWays(definition, (parameters) => {
    const buffers = pool.available;
    const problem = makingProblem(environment, 'card', () => definition.create(environment, parameters));
    if (problem !== undefined || pool.available === buffers) return problem;
    return 'takes packet buffers: leave the pool alone until start or activate';
  });
}

/** Is an optional method there? */
export function hasCall(
  parts: SimParts,
  definition: NicDriverDefinition,
  call: keyof typeof OPTIONAL,
): boolean {
  return typeof new Bench(parts, polling).make(definition)[call] === 'function';
}

const OPTIONAL = {
  queuesChanged: 'rings keep their length over a swap to it',
  setReceiveBuffers: 'a swap away from it by method=drain is rolled back',
} as const;

/** All calls are there; those that may wait are generators. */
export function askMethods(parts: SimParts, definition: NicDriverDefinition): Finding {
  const driver = new Bench(parts, polling).make(definition);
  const missing = NIC_CALLS.filter((call) => typeof driver[call] !== 'function');
  if (missing.length > 0) return failWith(missing.map((call) => `there is no method ${call}`));
  const plain = plainCalls(driver, ['start', 'stop']);
  if (plain.length > 0) return failWith(plain);
  return pass(describeOptional(driver));
}

function describeOptional(driver: NicDriver): string {
  const absent = (['queuesChanged', 'setReceiveBuffers'] as const).filter(
    (call) => typeof driver[call] !== 'function',
  );
  if (absent.length === 0) return 'all of them';
  return `all that must be; without ${absent.map((call) => `${call}, ${OPTIONAL[call]}`).join('; without ')}`;
}
