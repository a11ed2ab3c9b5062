/** What a driver says of itself: text, state formats, parameters. */
import type { DriverDeclaration } from '../../../drivers/contract.ts';
import { STATE_FORMAT } from '../../../drivers/nic/state.ts';
import { DISK_FORMAT } from '../../../drivers/nvme/state.ts';
import type { ParameterSpec } from '../../../drivers/parameters.ts';
import { PLANNED } from '../../modules/driver-module.ts';
import { type Finding, failWith, pass } from './point.ts';

/** The format that all built-in drivers speak. */
const COMMON = { nic: STATE_FORMAT, nvme: DISK_FORMAT } as const;
const SHORTEST_RING = 8;
/** A value and its range travel in words. */
const LARGEST = 2 ** 31 - 1;

/** The form of the module's default export; its values may be anything. */
export function askDeclaration(definition: DriverDeclaration): Finding {
  const problems = [
    ...textProblems(definition),
    ...formatProblems(definition),
    ...converterProblems(definition),
    ...parametersProblems(definition),
  ];
  if (problems.length > 0) return failWith(problems);
  const { name, version, parameters } = definition;
  return pass(`${name} ${version}, ${parameters.length} parameters`);
}

function* textProblems({ name, version, description }: DriverDeclaration): Generator<string> {
  if (!isWord(name))
    yield `name is ${shown(name)}: give letters, digits, - and _, so that it can be named in an option`;
  if (!isText(version)) yield 'version is empty: give it one, reports name it';
  if (!isText(description))
    yield 'description is empty: say in a line when the driver looks, and how much it takes';
}

function* formatProblems({ device, exports, imports }: DriverDeclaration): Generator<string> {
  const common = COMMON[device];
  if (!exports.includes(common)) yield `exports lacks ${common}: no other driver could take over from it`;
  if (!imports.includes(common))
    yield `imports lacks ${common}: it could not take over from any other driver`;
  for (const format of exports)
    if (format !== common && !imports.includes(format))
      yield `exports ${shown(format)} and cannot import it: a swap that is undone hands back what it exported`;
}

/** Neither end need be a format of the driver's: a way may go over several converters. */
function* converterProblems({ converters = [] }: DriverDeclaration): Generator<string> {
  const seen = new Set<string>();
  for (const { from, to } of converters) {
    const way = `${shown(from)} → ${shown(to)}`;
    if (!isText(from) || !isText(to) || from === to)
      yield `converter ${way}: give it two formats that differ`;
    if (seen.has(way)) yield `converter ${way} is there twice, and only the first is ever called`;
    seen.add(way);
  }
}

function* parametersProblems({ device, parameters: specs }: DriverDeclaration): Generator<string> {
  const names = new Set<string>();
  for (const spec of specs) {
    if (typeof spec !== 'object' || spec === null) {
      yield `${shown(spec)} is no parameter: give name, description, unit, min, max and default`;
      continue;
    }
    if (names.has(spec.name)) yield `parameter ${shown(spec.name)} is there twice`;
    names.add(spec.name);
    yield* parameterProblems(spec);
  }
  const { names: planned, from } = PLANNED[device];
  for (const name of planned)
    if (!names.has(name))
      yield `there is no parameter ${name}: the plan of a swap reads it to know what the device needs (${from} has it)`;
}

function* parameterProblems(spec: ParameterSpec): Generator<string> {
  const { name, description, unit, min, max, powerOfTwo } = spec;
  const where = `parameter ${shown(name)}`;
  if (!isWord(name)) yield `${where}: give it a name of letters, digits, - and _`;
  if (!isText(description)) yield `${where}: description is empty, and ringswap list prints it`;
  if (!isText(unit)) yield `${where}: unit is empty, and values are printed with it`;
  for (const limit of ['min', 'max', 'default'] as const)
    if (!isWhole(spec[limit]))
      yield `${where}: ${limit} is ${shown(spec[limit])}, and must be a whole number`;
    else if (powerOfTwo === true && !isPowerOfTwo(spec[limit]))
      yield `${where}: ${limit} is ${spec[limit]}, and must be a power of two, since the parameter is`;
  if (!(min <= spec.default && spec.default <= max))
    yield `${where}: default ${shown(spec.default)} does not lie between ${shown(min)} and ${shown(max)}`;
  if (name !== 'rxRing' && name !== 'txRing') return;
  if (powerOfTwo !== true) yield `${where}: ring indices are masked, so it must be a power of two`;
  if (min < SHORTEST_RING)
    yield `${where}: min is ${min}, and a state block with rings of fewer than ${SHORTEST_RING} is refused`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

function isWhole(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(Number(value)) <= LARGEST;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
