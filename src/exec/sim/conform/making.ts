/** How a driver is made, whatever it drives: another one is at work then, and must not notice. */
import type { DriverDeclaration } from '../../../drivers/contract.ts';
import type { Parameters } from '../../../drivers/parameters.ts';
import type { Memory, Region } from '../../../hw/memory.ts';
import type { DevicePort } from '../../../hw/port.ts';
import { reasonOf } from '../../../swap/slices.ts';
import { defaultsOf, touches } from './bench.ts';
import { type Finding, failWith, pass } from './point.ts';

/** What drivers of all devices are given. */
interface Environment {
  readonly port: DevicePort;
  readonly memory: Memory;
  readonly state: { readonly region: Region };
}

/** Makes it with its defaults, then with each parameter at either end of its range. `problem` says what was wrong, if anything. */
export function askWays(
  definition: DriverDeclaration,
  problem: (parameters: Parameters) => string | undefined,
): Finding {
  const ways = waysToMake(definition);
  const problems = ways.flatMap(([how, parameters]) => {
    const wrong = problem(parameters);
    return wrong === undefined ? [] : [`create ${how} ${wrong}`];
  });
  return problems.length > 0 ? failWith(problems) : pass(`in ${ways.length} ways`);
}

function waysToMake(definition: DriverDeclaration): [how: string, parameters: Parameters][] {
  const defaults = defaultsOf(definition);
  const ends = definition.parameters.flatMap(({ name, min, max }) =>
    [min, max].map((value): [string, Parameters] => [
      `with ${name}=${value}`,
      { ...defaults, [name]: value },
    ]),
  );
  return [['with its defaults', defaults], ...ends];
}

/** What is wrong with what `create` does or returns. */
export function makingProblem(
  { port, memory, state }: Environment,
  device: 'card' | 'disk',
  create: () => unknown,
): string | undefined {
  const { address, bytes } = state.region;
  const block = () => memory.words.slice(address >>> 2, (address + bytes) >>> 2);
  const before = block();
  let made: unknown;
  let seen: string[];
  try {
    seen = touches(port, () => {
      made = create();
    });
  } catch (error) {
    return `throws: ${reasonOf(error)}`;
  }
  if (typeof made !== 'object' || made === null) return `returns ${String(made)}, not a driver`;
  if (seen.length > 0)
    return `${seen[0]}: the old driver is at work then; leave the ${device} alone until start or activate`;
  if (block().some((word, i) => word !== before[i]))
    return "writes to the state block: it is the old driver's until importState";
  return undefined;
}

/** The calls of those that return no generator. */
export function plainCalls<C extends string>(
  driver: Readonly<Record<C, () => unknown>>,
  calls: readonly C[],
): string[] {
  return calls
    .filter((call) => !isGenerator(driver[call]()))
    .map((call) => `${call} returns no generator: declare it *${call}() and yield while it waits`);
}

function isGenerator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'next' in value && Symbol.iterator in value;
}
