import type { Scenario } from '../testbed/index.ts';
import { UsageError, validateScenario } from '../testbed/index.ts';
import { readScenario } from './scenario-file.ts';
import { defined, driver, filled, number, numbers, onOff, pairs, text, type Values } from './values.ts';

/** The flags of `run` and `plan` that make a scenario, as they were typed. */
export interface ScenarioFlags {
  readonly scenario?: string;
  readonly nic?: readonly string[];
  readonly disk?: readonly string[];
  readonly driver?: string;
  readonly app?: string;
  readonly capture?: string;
  readonly size?: string;
  readonly flows?: string;
  readonly rate?: string;
  readonly link?: string;
  readonly rw?: string;
  readonly bs?: string;
  readonly iodepth?: string;
  readonly rwmixread?: string;
  readonly verify?: string;
  readonly frames?: string;
  readonly duration?: string;
  readonly swap?: readonly string[];
  readonly swapEvery?: string;
  readonly standby?: boolean;
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

/** What is asked of disks. */
const WORKLOAD = { rw: text, bs: text, iodepth: number, rwmixread: number, verify: onOff };

/** Keys of a disk besides its driver. */
const DISK = {
  size: text,
  media: text,
  cache: text,
  queues: number,
  requests: number,
  flushEvery: number,
  fua: number,
  ...WORKLOAD,
};

/** Flags that are one key of a scenario. */
const SINGLE = {
  app: text,
  capture: text,
  size: number,
  flows: number,
  rate: number,
  link: text,
  ...WORKLOAD,
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
  const given = {
    ...singles(flags),
    ...startDriver(flags.driver),
    ...(flags.standby === true ? { standby: true } : {}),
    ...cards(flags.nic),
    ...disks(flags.disk),
  };
  const told = { ...withoutRivals(file, given), ...given };
  const base = told.disks === undefined ? { nics: [{ name: 'eth0' }], ...told } : told;
  const swaps = { ...scheduled(flags.swap, base), ...repeated(flags.swapEvery) };
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
  const each = (nic: string) => device(nic, CARD, `--nic ${nic}`);
  return { nics: given.flatMap((nic) => checked({ nics: [each(nic)] }, `--nic ${nic}`).nics ?? []) };
}

function disks(given: readonly string[] | undefined): Scenario {
  if (given === undefined) return {};
  const each = (disk: string) => device(disk, DISK, `--disk ${disk}`);
  return { disks: given.flatMap((disk) => checked({ disks: [each(disk)] }, `--disk ${disk}`).disks ?? []) };
}

/** `NAME,key=value,...`: keys that the device has none of are its driver's. */
function device(
  given: string,
  keys: Readonly<Record<string, (text: string) => unknown>>,
  where: string,
): Values {
  const [name, ...parts] = given.split(',');
  const { driver: start, ...values } = Object.fromEntries(pairs(parts, where));
  const own = Object.entries(keys).map(([key, read]) => [key, values[key] && read(values[key])]);
  const others = numbers(Object.entries(values).filter(([key]) => !Object.hasOwn(keys, key)));
  return defined({
    name,
    ...Object.fromEntries(own),
    // Without a driver to take them, unknown keys are left for the schema to refuse.
    ...(start === undefined ? others : { driver: driver(start, others, where) }),
  });
}

function scheduled(given: readonly string[] | undefined, { nics = [], disks = [] }: Scenario): Scenario {
  if (given === undefined) return {};
  const alone = nics.length + disks.length === 1;
  const only = { nic: alone ? nics[0]?.name : undefined, disk: alone ? disks[0]?.name : undefined };
  return {
    swaps: given.flatMap((swap) => {
      const where = `--swap ${swap}`;
      const { at, to, nic, disk, method, cpu, ...others } = Object.fromEntries(pairs(swap.split(','), where));
      const of = nic === undefined && disk === undefined ? only : { nic, disk };
      if (of.nic === undefined && of.disk === undefined)
        throw new UsageError(`${where}: ${which(nics, disks)}`);
      const parameters = filled(numbers(Object.entries(others)));
      const value = defined({ at, ...of, to, method, cpu, parameters });
      return checked({ swaps: [value] }, where).swaps ?? [];
    }),
  };
}

function which(nics: readonly { name: string }[], disks: readonly { name: string }[]): string {
  const cards = nics.map(({ name }) => `nic=${name}`);
  const names = [...cards, ...disks.map(({ name }) => `disk=${name}`)].join(', ');
  return `there are several devices; say which with one of ${names}`;
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
    const place = /: \/(?:(?:nics|disks|swaps|swapEvery|driver|parameters|vary|0)\b\/?)*(?: (?=lacks|has))?/;
    throw new UsageError(error.message.replace(place, ': '));
  }
}
