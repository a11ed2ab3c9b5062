/** What the fields of a module's default export must be, and which of them are something else. */

/** A field by its path, as `parameters[0].min`, and what is there in place of what was wanted. */
export interface Misfit {
  readonly at: string;
  readonly says: string;
}

/** All that is wrong with a value at a place. */
export type Rule = (value: unknown, at: string) => readonly Misfit[];

/** A form that a value may have, and how it is put into words. */
export class Shape<T extends object> {
  readonly words: string;
  private readonly rule: Rule;

  constructor(words: string, rule: Rule) {
    this.words = words;
    this.rule = rule;
  }

  misfits(value: unknown): readonly Misfit[] {
    return this.rule(value, '');
  }

  fits(value: unknown): value is T {
    return this.misfits(value).length === 0;
  }
}

export const text = rule('a string', (value) => typeof value === 'string');
export const number = rule('a number', (value) => typeof value === 'number' && !Number.isNaN(value));
export const flag = rule('true or false', (value) => typeof value === 'boolean');
export const callable = rule('a function', (value) => typeof value === 'function');

export function oneOf(...words: readonly string[]): Rule {
  const wanted = `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`;
  return rule(wanted, (value) => words.some((word) => word === value), shown);
}

export function list(each: Rule): Rule {
  const aList = rule('a list', Array.isArray);
  return (value, at) =>
    Array.isArray(value)
      ? value.flatMap((item: unknown, index) => each(item, `${at}[${index}]`))
      : aList(value, at);
}

export function optional(present: Rule): Rule {
  return (value, at) => (value === undefined ? [] : present(value, at));
}

const anObject = rule('an object', isObject);

/** Other fields may be there too. */
export function fields(rules: Readonly<Record<string, Rule>>): Rule {
  return (value, at) =>
    isObject(value)
      ? Object.entries(rules).flatMap(([name, field]) =>
          field(value[name], at === '' ? name : `${at}.${name}`),
        )
      : anObject(value, at);
}

function rule(wanted: string, fits: (value: unknown) => boolean, found = kindOf): Rule {
  return (value, at) => {
    if (fits(value)) return [];
    const field = at === '' ? 'it' : `\`${at}\``;
    return [{ at, says: `${field} is ${found(value)}, ${wanted} was wanted` }];
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'boolean' || Number.isNaN(value)) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
}
