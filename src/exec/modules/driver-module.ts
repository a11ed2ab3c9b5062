import type { Driver, NicDriver, NicDriverDefinition } from '../../drivers/contract.ts';
import type { DiskDriver, DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import type { Bundle } from './bundle.ts';
import { importDefault } from './own-module.ts';
import {
  callable,
  fields,
  flag,
  list,
  type Misfit,
  number,
  oneOf,
  optional,
  type Rule,
  Shape,
  text,
} from './shape.ts';

export type DriverDefinition = NicDriverDefinition | DiskDriverDefinition;

export function isOfCards(definition: DriverDefinition): definition is NicDriverDefinition {
  return definition.device === 'nic';
}

export function isOfDisks(definition: DriverDefinition): definition is DiskDriverDefinition {
  return definition.device === 'nvme';
}

const PARAMETER = fields({
  name: text,
  description: text,
  unit: text,
  min: number,
  max: number,
  default: number,
  powerOfTwo: optional(flag),
  geometry: optional(flag),
});

const DECLARATION = fields({
  name: text,
  version: text,
  device: oneOf('nic', 'nvme'),
  description: text,
  exports: list(text),
  imports: list(text),
  converters: optional(list(fields({ from: text, to: text, convert: callable }))),
  parameters: list(PARAMETER),
  create: callable,
});

/** Parameters that the plan of a swap reads, by device, and what has them. */
export const PLANNED = {
  nic: { names: ['rxRing', 'rxBuffers', 'txRing'], from: 'RING_PARAMETERS' },
  nvme: { names: ['queueDepth'], from: 'QUEUE_PARAMETERS' },
} as const;

const DEFINITION = new Shape<DriverDefinition>(
  'a driver definition: name, version, device "nic" or "nvme", description, exports, imports, parameters, create',
  (value, at) => (isDeclared(value) ? unplanned(value) : DECLARATION(value, at)),
);

function isDeclared(value: unknown): value is DriverDefinition {
  return DECLARATION(value, '').length === 0;
}

function unplanned({ device, parameters }: DriverDefinition): readonly Misfit[] {
  const { names, from } = PLANNED[device];
  const lacking = names.filter((name) => parameters.every((spec) => spec.name !== name));
  if (lacking.length === 0) return [];
  const says = `\`parameters\` has no ${lacking.join(', no ')}, and the plan of a swap reads it; ${from} of ringswap has it`;
  return [{ at: 'parameters', says }];
}

/** What drivers of all devices answer to. */
const CALLS = [
  'start',
  'stop',
  'exportState',
  'importState',
  'activate',
  'quiesce',
  'poll',
  'interrupt',
  'idle',
  'release',
] as const satisfies readonly (keyof Driver)[];

/** All calls of a driver of a card that it cannot do without. */
export const NIC_CALLS = [...CALLS, 'room', 'transmit'] as const satisfies readonly (keyof NicDriver)[];
const NIC_OPTIONS = ['queuesChanged', 'setReceiveBuffers'] as const satisfies readonly (keyof NicDriver)[];

export const DISK_CALLS = [
  ...CALLS,
  'queuesChanged',
  'room',
  'submit',
  'configure',
] as const satisfies readonly (keyof DiskDriver)[];
const DISK_OPTIONS = ['settle', 'proved'] as const satisfies readonly (keyof DiskDriver)[];

const NIC_DRIVER = answering<NicDriver>('a driver of a card', NIC_CALLS, NIC_OPTIONS);
const DISK_DRIVER = answering<DiskDriver>('a driver of a disk', DISK_CALLS, DISK_OPTIONS);

/** Imports a module whose default export is a driver definition. Throws ModuleError. */
export async function loadDriver(bundle: Bundle): Promise<DriverDefinition> {
  return held(await importDefault('driver', bundle, DEFINITION));
}

/** What its `create` makes is looked at before anybody calls it. */
function held(definition: DriverDefinition): DriverDefinition {
  const { name } = definition;
  if (isOfCards(definition)) {
    const create: NicDriverDefinition['create'] = (environment, parameters) =>
      checked(name, definition.create(environment, parameters), NIC_DRIVER);
    return { ...definition, create };
  }
  const create: DiskDriverDefinition['create'] = (environment, parameters) =>
    checked(name, definition.create(environment, parameters), DISK_DRIVER);
  return { ...definition, create };
}

function checked<T extends Driver>(name: string, driver: T, shape: Shape<T>): T {
  const [first] = shape.misfits(driver);
  if (first !== undefined) throw new TypeError(`create of driver ${name} makes no driver: ${first.says}`);
  return driver;
}

/** Methods may be inherited. */
function answering<T extends Driver>(
  words: string,
  calls: readonly string[],
  options: readonly string[],
): Shape<T> {
  const rules: [string, Rule][] = [
    ...calls.map((call): [string, Rule] => [call, callable]),
    ...options.map((call): [string, Rule] => [call, optional(callable)]),
  ];
  return new Shape<T>(words, fields(Object.fromEntries(rules)));
}
