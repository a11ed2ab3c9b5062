import { UsageError } from '../testbed/index.ts';

/** Raw values as a scenario has them; the scenario's schema judges them. */
export type Values = Readonly<Record<string, unknown>>;
type Reader = (text: string) => unknown;

const POWERS: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

/** `5000000`, `5_000_000`, `5M`, `5e6`. What is no number stays text, for the schema to refuse or to know. */
export const number: Reader = (text) => {
  const [, mantissa, power = ''] = /^(\d[\d_]*(?:\.\d+)?(?:e\d+)?)([kKMG]?)$/.exec(text) ?? [];
  // Decimal fractions times a power of ten may miss a whole number by a hair.
  return mantissa === undefined
    ? text
    : Number((Number(mantissa.replaceAll('_', '')) * (POWERS[power] ?? 1)).toPrecision(15));
};

export const text: Reader = (given) => given;

/** `on` and `off`; anything else is left for the schema to refuse. */
export const onOff: Reader = (given) => (given === 'on' ? true : given === 'off' ? false : given);

/** `a=1,b=2` in parts; `where` is the flag as it was typed. */
export function pairs(parts: readonly string[], where: string): [key: string, value: string][] {
  const found = parts.map((part): [string, string] => {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    if (key === undefined || value === undefined) {
      throw new UsageError(`${where}: "${part}" is not of the form key=value`);
    }
    return [key.trim(), value.trim()];
  });
  const twice = found.find(([key], index) => found.findIndex(([other]) => other === key) !== index);
  if (twice !== undefined) throw new UsageError(`${where}: "${twice[0]}" is given twice`);
  return found;
}

/** `NAME` or `NAME:key=value,...`; the name may be a path, colons included. */
export function driver(given: string, more: Values, where: string): Values {
  const [, name = given, list] = /^(.+?)(?::([A-Za-z]\w*=.*))?$/.exec(given) ?? [];
  const own = list === undefined ? {} : numbers(pairs(list.split(','), where));
  return defined({ name, parameters: filled({ ...own, ...more }) });
}

export function numbers(entries: readonly (readonly [key: string, value: string])[]): Values {
  return Object.fromEntries(entries.map(([key, value]) => [key, number(value)]));
}

/** Without the keys that were not given. */
export function defined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Nothing rather than an empty object. */
export function filled(values: Values): Values | undefined {
  return Object.keys(values).length === 0 ? undefined : values;
}
