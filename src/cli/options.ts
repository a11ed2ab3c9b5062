import type { Scenario } from '../testbed/index.ts';
import { UsageError, validateScenario } from '../testbed/index.ts';
import { readScenario } from './scenario-file.ts';
import { defined, driver, filled, number, numbers, pairs, text, type Values } from './values.ts';

/** The flags of `run` and `plan` that make a scenario, as they were typed. */
export interface ScenarioFlags {
  readonly scenario?: string;
  readonly nic?: readonly string[];
  readonly driver?: string;
  readonly app?: string;
  readonly capture?: string;
  readonly size?: string;
  readonly flows?: string;
  readonly rate?: string;
  readonly link?: string;
  readonly frames?: string;
  readonly duration?: string;
  readonly swap?: readonly string[];
  readonly swapEvery?: string;
  readonly memory?: string;
  readonly seed?: string;
  readonly pcapOut?: string;
  readonly dump?: string;
}

/** Keys of a card besides its driver, and how their values are read. */
const CARD = {
  queues: number,
  app: text,
  capture: text,
  size: number,
  flows: number,
  rate: number,
  link: text,
};

/** Flags that are one key of a scenario. */
const SINGLE = {
  app: text,
  capture: text,
  size: number,
  flows: number,
  rate: number,
  link: text,
  frames: number,
  duration: text,
  memory: text,
  seed: number,
  pcapOut: text,
  dump: text,
};
const SINGLE_KEYS = Object.keys(SINGLE) as (keyof typeof SINGLE)[];

/** A scenario has one of each two: a flag drives the other one out of the file. */
const RIVALS = [
  ['capture', 'size'],
  ['frames', 'duration'],
] as const;

/** The flags as a scenario, over those of a scenario file. Messages name the flag as it was typed. */
export function scenarioFromFlags(flags: ScenarioFlags): Scenario {
  const file = flags.scenario === undefined ? {} : readScenario(flags.scenario);
  const given = { ...singles(flags), ...startDriver(flags.driver), ...cards(flags.nic) };
  const base = { nics: [{ name: 'eth0' }], ...withoutRivals(file, given), ...given };
  const swaps = { ...scheduled(flags.swap, base.nics), ...repeated(flags.swapEvery) };
  return validateScenario({ ...base, ...swaps }, 'the command line');
}

function singles(flags: ScenarioFlags): Scenario {
  let found: Scenario = {};
  for (const key of SINGLE_KEYS) {
    const given = flags[key];
    if (given === undefined) continue;
    const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    found = { ...found, ...checked({ [key]: SINGLE[key](given) }, `--${flag} ${given}`) };
  }
  return found;
}

function startDriver(given: string | undefined): Scenario {
  if (given === undefined) return {};
  const where = `--driver ${given}`;
  return checked({ driver: driver(given, {}, where) }, where);
}

function cards(given: readonly string[] | undefined): Scenario {
  if (given === undefined) return {};
  return { nics: given.flatMap((nic) => checked({ nics: [card(nic)] }, `--nic ${nic}`).nics ?? []) };
}

function card(given: string): Values {
  const where = `--nic ${given}`;
  const [name, ...parts] = given.split(',');
  const { driver: start, ...values } = Object.fromEntries(pairs(parts, where));
  const own = Object.entries(CARD).map(([key, read]) => [key, values[key] && read(values[key])]);
  const others = numbers(Object.entries(values).filter(([key]) => !Object.hasOwn(CARD, key)));
  return defined({
    name,
    ...Object.fromEntries(own),
    // Without a driver to take them, unknown keys are left for the schema to refuse.
    ...(start === undefined ? others : { driver: driver(start, others, where) }),
  });
}

function scheduled(given: readonly string[] | undefined, nics: Scenario['nics']): Scenario {
  if (given === undefined) return {};
  const only = nics?.length === 1 ? nics[0]?.name : undefined;
  return {
    swaps: given.flatMap((swap) => {
      const where = `--swap ${swap}`;
      const { at, to, nic = only, method, ...others } = Object.fromEntries(pairs(swap.split(','), where));
      if (nic === undefined) {
        const names = nics?.map(({ name }) => name).join(', ');
        throw new UsageError(`${where}: there are several cards; say which with nic=NAME, one of ${names}`);
      }
      const value = defined({ at, nic, to, method, parameters: filled(numbers(Object.entries(others))) });
      return checked({ swaps: [value] }, where).swaps ?? [];
    }),
  };
}

function repeated(given: string | undefined): Scenario {
  if (given === undefined) return {};
  const where = `--swap-every ${given}`;
  const [interval, ...parts] = given.split(',');
  const { method, ...others } = Object.fromEntries(pairs(parts, where));
  const vary = Object.entries(others).map(([key, values]) => [key, values.split('/').map(number)]);
  const value = defined({ interval, method, vary: filled(Object.fromEntries(vary)) });
  return checked({ swapEvery: value }, where);
}

function withoutRivals(file: Scenario, given: Scenario): Scenario {
  const driven = RIVALS.flatMap(([a, b]) => [
    ...(given[a] === undefined ? [] : [b]),
    ...(given[b] === undefined ? [] : [a]),
  ]);
  return Object.fromEntries(Object.entries(file).filter(([key]) => !driven.some((rival) => rival === key)));
}

/** A flag is no JSON: its messages name a key, not the way to it. */
function checked(value: Values, flag: string): Scenario {
  try {
    return validateScenario(value, flag);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const place = /: \/(?:(?:nics|swaps|swapEvery|driver|parameters|vary|0)\b\/?)*(?: (?=lacks|has))?/;
    throw new UsageError(error.message.replace(place, ': '));
  }
}
