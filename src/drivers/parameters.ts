/** Typed parameters of drivers: names, units, ranges, defaults, and what to say when a value does not fit. */

export interface ParameterSpec {
  readonly name: string;
  readonly description: string;
  /** As printed behind values: `descriptors`, `frames`, `us`. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly powerOfTwo?: boolean;
  /** Kept over a swap when the request does not name it: the shape of the rings, not the driver's habits. */
  readonly geometry?: boolean;
}

export type Parameters = Readonly<Record<string, number>>;

export class ParameterError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ParameterError';
  }
}

/** Given values over kept ones over defaults, checked. Throws ParameterError naming the range. */
export function resolveParameters(
  owner: string,
  specs: readonly ParameterSpec[],
  given: Parameters,
  kept: Parameters = {},
): Parameters {
  const { defaults, geometry } = digestOf(owner, specs);
  const resolved: Record<string, number> = { ...defaults };
  for (const spec of geometry) {
    const value = kept[spec.name];
    if (value !== undefined) resolved[spec.name] = checked(owner, spec, value);
  }
  for (const [name, value] of Object.entries(given)) {
    const spec = specs.find((known) => known.name === name);
    if (spec === undefined)
      throw new ParameterError(
        `driver ${owner} has no parameter ${name}; it has ${specs.map((known) => known.name).join(', ')}`,
      );
    resolved[name] = checked(owner, spec, value);
  }
  return resolved;
}

/** Checked values as an object like those of `resolveParameters`: to the compiler what came from another thread is not. */
export function reshaped(owner: string, specs: readonly ParameterSpec[], values: Parameters): Parameters {
  const shaped: Record<string, number> = { ...digestOf(owner, specs).defaults };
  for (const { name } of specs) shaped[name] = values[name] ?? shaped[name];
  return shaped;
}

/** What is the same for each swap to a driver. */
interface Digest {
  readonly defaults: Parameters;
  readonly geometry: readonly ParameterSpec[];
}

const DIGESTS = new WeakMap<readonly ParameterSpec[], Digest>();

function digestOf(owner: string, specs: readonly ParameterSpec[]): Digest {
  const known = DIGESTS.get(specs);
  if (known !== undefined) return known;
  const digest = {
    defaults: Object.fromEntries(specs.map((spec) => [spec.name, checked(owner, spec, spec.default)])),
    geometry: specs.filter((spec) => spec.geometry === true),
  };
  DIGESTS.set(specs, digest);
  return digest;
}

function checked(owner: string, spec: ParameterSpec, value: number): number {
  const power = spec.powerOfTwo === true;
  const fits =
    Number.isInteger(value) &&
    value >= spec.min &&
    value <= spec.max &&
    (!power || (value & (value - 1)) === 0);
  if (fits) return value;
  const kind = power ? 'a power of two' : 'a whole number';
  throw new ParameterError(
    `${spec.name}=${value} does not fit driver ${owner}: give ${kind} from ${spec.min} to ${spec.max} (${spec.unit})`,
  );
}
