/** How a driver is made, and which calls it answers. */
import type { NicDriver, NicDriverDefinition } from '../../../drivers/contract.ts';
import { polling } from '../../../drivers/nic/polling.ts';
import type { Parameters } from '../../../drivers/parameters.ts';
import { reasonOf } from '../../../swap/slices.ts';
import type { SimParts } from '../run.ts';
import { Bench, defaultsOf, touches } from './bench.ts';
import { type Finding, failWith, pass } from './point.ts';

/** With its defaults, then with each parameter at either end of its range: the card must not notice. */
export function askMaking(parts: SimParts, definition: NicDriverDefinition): Finding {
  const bench = new Bench(parts, polling);
  bench.boot();
  bench.serve(20);
  const ways = waysToMake(definition);
  const problems = ways.flatMap(([how, parameters]) => {
    const problem = makingProblem(bench, definition, parameters);
    return problem === undefined ? [] : [`create ${how} ${problem}`];
  });
  return problems.length > 0 ? failWith(problems) : pass(`in ${ways.length} ways`);
}

function waysToMake(definition: NicDriverDefinition): [how: string, parameters: Parameters][] {
  const defaults = defaultsOf(definition);
  const ends = definition.parameters.flatMap(({ name, min, max }) =>
    [min, max].map((value): [string, Parameters] => [
      `with ${name}=${value}`,
      { ...defaults, [name]: value },
    ]),
  );
  return [['with its defaults', defaults], ...ends];
}

function makingProblem(
  { environment }: Bench,
  definition: NicDriverDefinition,
  parameters: Parameters,
): string | undefined {
  const { port, pool, state } = environment;
  const { address, bytes } = state.region;
  const block = () => environment.memory.words.slice(address >>> 2, (address + bytes) >>> 2);
  const before = block();
  const buffers = pool.available;
  let made: unknown;
  let seen: string[];
  try {
    seen = touches(port, () => {
      made = definition.create(environment, parameters);
    });
  } catch (error) {
    return `throws: ${reasonOf(error)}`;
  }
  if (typeof made !== 'object' || made === null) return `returns ${String(made)}, not a driver`;
  if (seen.length > 0)
    return `${seen[0]}: the old driver is at work then; leave the card alone until start or activate`;
  if (pool.available !== buffers) return 'takes packet buffers: leave the pool alone until start or activate';
  if (block().some((word, i) => word !== before[i]))
    return "writes to the state block: it is the old driver's until importState";
  return undefined;
}

/** Is an optional method there? */
export function hasCall(
  parts: SimParts,
  definition: NicDriverDefinition,
  call: keyof typeof OPTIONAL,
): boolean {
  return typeof new Bench(parts, polling).make(definition)[call] === 'function';
}

type Call = Exclude<keyof NicDriver, 'queuesChanged' | 'setReceiveBuffers'>;
const CALLS: readonly Call[] = [
  'start',
  'stop',
  'exportState',
  'importState',
  'activate',
  'quiesce',
  'poll',
  'interrupt',
  'idle',
  'room',
  'transmit',
  'release',
];
const GENERATORS = ['start', 'stop'] as const;
const OPTIONAL = {
  queuesChanged: 'rings keep their length over a swap to it',
  setReceiveBuffers: 'a swap away from it by method=drain is rolled back',
} as const;

/** All calls are there; those that may wait are generators. */
export function askMethods(parts: SimParts, definition: NicDriverDefinition): Finding {
  const driver = new Bench(parts, polling).make(definition);
  const missing = CALLS.filter((call) => typeof driver[call] !== 'function');
  if (missing.length > 0) return failWith(missing.map((call) => `there is no method ${call}`));
  const plain = GENERATORS.filter((call) => !isGenerator(driver[call]()));
  if (plain.length > 0)
    return failWith(
      plain.map((call) => `${call} returns no generator: declare it *${call}() and yield while it waits`),
    );
  return pass(describeOptional(driver));
}

function describeOptional(driver: NicDriver): string {
  const absent = (['queuesChanged', 'setReceiveBuffers'] as const).filter(
    (call) => typeof driver[call] !== 'function',
  );
  if (absent.length === 0) return 'all of them';
  return `all that must be; without ${absent.map((call) => `${call}, ${OPTIONAL[call]}`).join('; without ')}`;
}

function isGenerator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'next' in value && Symbol.iterator in value;
}
