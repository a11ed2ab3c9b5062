import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import schema from '../../schemas/scenario.schema.json' with { type: 'json' };
import { UsageError } from './errors.ts';
import type { Scenario } from './scenario.ts';
import { didYouMean } from './suggest.ts';

/** The part of a JSON schema that is put into words. */
interface Rule {
  readonly $id?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Rule[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, unknown>>;
}

// `verbose` puts the broken rule and the value into each error; the messages are made of them.
const fits = new Ajv2020({ verbose: true }).compile<Scenario & { $schema?: string }>(schema);

/** Checks a scenario's form. `where` is named in the message: a file, or the flag that was given. */
export function validateScenario(value: unknown, where: string): Scenario {
  if (!fits(value)) {
    // Of a choice, the last error is the one about the choice as a whole.
    const error = fits.errors?.at(-1);
    throw new UsageError(`${where}: ${error === undefined ? 'is no scenario' : explain(error)}`);
  }
  const { $schema: _editor, ...scenario } = value;
  return scenario;
}

function explain(error: ErrorObject): string {
  const rule: Rule = error.parentSchema ?? {};
  const place = error.instancePath === '' ? 'the scenario' : error.instancePath;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      const known = Object.keys(rule.properties ?? {}).filter((name) => name !== '$schema');
      const hint = didYouMean(key, known) || `; known here: ${known.join(', ')}`;
      return `${error.instancePath}/${key} is no known key${hint}`;
    }
    case 'required':
      return `${place} lacks "${String(error.params.missingProperty)}"`;
    case 'not':
      return `${place} has both ${rivals(error.schema)}; give one of them`;
    default:
      return `${place} is ${shown(error.data)}, but must be ${allowed(rule)}`;
  }
}

function rivals(rule: unknown): string {
  const names = rule !== null && typeof rule === 'object' && 'required' in rule ? rule.required : [];
  return Array.isArray(names) ? names.map((name) => `"${String(name)}"`).join(' and ') : '';
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  if (value === '') return 'empty';
  return JSON.stringify(value);
}

function allowed(rule: Rule): string {
  if (rule.anyOf !== undefined) return either(rule.anyOf.map(allowed));
  if (rule.const !== undefined) return shown(rule.const);
  if (rule.enum !== undefined) return either(rule.enum.map(shown));
  if (rule.examples !== undefined) return `text like ${either(rule.examples.map(shown))}`;
  switch (rule.type) {
    case 'integer':
      return `a whole number${range(rule)}`;
    case 'number':
      return `a number${range(rule)}`;
    case 'array':
      return rule.minItems === undefined ? 'a list' : `a list of at least ${rule.minItems}`;
    case 'string':
      return 'text';
    default:
      return 'an object';
  }
}

function range({ minimum, maximum }: Rule): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` up to ${maximum}`;
  if (maximum === undefined || maximum === Number.MAX_SAFE_INTEGER) return ` of at least ${minimum}`;
  return ` from ${minimum} to ${maximum}`;
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
