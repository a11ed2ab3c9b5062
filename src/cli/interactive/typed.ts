/** What is typed while a run goes on, in words that it knows. */
import { type DriverParameters, UsageError } from '../../testbed/index.ts';
import { didYouMean } from '../../testbed/suggest.ts';
import { number, pairs } from '../values.ts';

export type Typed =
  | {
      readonly kind: 'swap';
      readonly device: string;
      readonly to: string;
      readonly parameters: DriverParameters;
      readonly method: string | undefined;
    }
  | { readonly kind: 'handover' }
  | { readonly kind: 'kill' }
  | {
      readonly kind: 'upgrade';
      readonly driver: string;
      readonly file: string;
      readonly allOrNone: boolean;
      readonly lazy: boolean;
    }
  | { readonly kind: 'status' }
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' };

type Command = Typed['kind'];

/** What there is to type. */
export interface Vocabulary {
  readonly devices: readonly KnownDevice[];
  readonly methods: readonly string[];
}

interface KnownDevice {
  readonly name: string;
  readonly drivers: readonly {
    readonly name: string;
    readonly parameters: readonly { readonly name: string }[];
  }[];
}

/** Each command, with how it is typed and what it does. */
export const COMMANDS: Readonly<Record<Command, { readonly form: string; readonly does: string }>> = {
  swap: {
    form: 'swap DEVICE DRIVER [key=value ...]',
    does: 'exchange the driver of a device, for one by its name or the path of its file; keys are parameters of the new one, and method',
  },
  upgrade: {
    form: 'upgrade DRIVER FILE [all-or-none] [lazy]',
    does: 'exchange a driver for that of a file on every device, one after another; all-or-none: at the first failure go back; lazy: each when it has nothing in hand, or after ten seconds',
  },
  handover: { form: 'handover', does: 'pass all devices to the CPU that stands by (--standby)' },
  kill: { form: 'kill', does: 'end the CPU that serves, as a crash would; the one that stands by goes on' },
  status: { form: 'status', does: 'who drives what, and how much has been served' },
  help: { form: 'help', does: 'this list' },
  quit: { form: 'quit', does: 'end the run, with its report' },
};
const ALL_OR_NONE = 'all-or-none';
const LAZY = 'lazy';
/** Behind an upgrade, in any order. */
export const UPGRADE_WORDS: readonly string[] = [ALL_OR_NONE, LAZY];
export const COMMAND_NAMES = Object.keys(COMMANDS) as Command[];

/** Undefined of an empty line. Throws UsageError that says what to type. */
export function parseTyped(line: string, words: Vocabulary): Typed | undefined {
  const [first, ...rest] = wordsOf(line);
  if (first === undefined) return undefined;
  const kind = COMMAND_NAMES.find((name) => name === first);
  if (kind === undefined)
    throw new UsageError(
      `there is no command ${first}${didYouMean(first, COMMAND_NAMES)}; type ${COMMAND_NAMES.join(', ')}`,
    );
  if (kind === 'swap') return swapOf(rest, words);
  if (kind === 'upgrade') return upgradeOf(rest);
  if (rest.length > 0) throw new UsageError(`${kind} takes nothing behind it; type ${kind}`);
  return { kind };
}

function swapOf([device, to, ...rest]: readonly string[], words: Vocabulary): Typed {
  const names = words.devices.map(({ name }) => name);
  if (device === undefined) throw new UsageError(`type ${COMMANDS.swap.form}; devices: ${names.join(', ')}`);
  const known = words.devices.find(({ name }) => name === device);
  if (known === undefined)
    throw new UsageError(
      `there is no device ${device}${didYouMean(device, names)}; there are ${names.join(', ')}`,
    );
  if (to === undefined) {
    const drivers = known.drivers.map(({ name }) => name);
    throw new UsageError(`type swap ${device} DRIVER [key=value ...]; drivers: ${drivers.join(', ')}`);
  }
  const { method, ...others } = Object.fromEntries(pairs(rest, `swap ${device} ${to}`));
  const parameters = Object.fromEntries(
    Object.entries(others).map(([key, value]) => [key, numeric(key, value)]),
  );
  return { kind: 'swap', device, to, parameters, method };
}

function upgradeOf([driver, file, ...how]: readonly string[]): Typed {
  if (driver === undefined || file === undefined) throw new UsageError(`type ${COMMANDS.upgrade.form}`);
  const unknown = how.find((word) => !UPGRADE_WORDS.includes(word));
  if (unknown !== undefined)
    throw new UsageError(
      `upgrade ${driver} ${file}: "${unknown}" is not known${didYouMean(unknown, UPGRADE_WORDS)}; type ${COMMANDS.upgrade.form}`,
    );
  return { kind: 'upgrade', driver, file, allOrNone: how.includes(ALL_OR_NONE), lazy: how.includes(LAZY) };
}

function numeric(key: string, text: string): number {
  const value = number(text);
  if (typeof value === 'number') return value;
  throw new UsageError(`${key}=${text}: ${text} is no number; type one like 512 or 2k`);
}

/** Words apart by spaces, without empty ones. */
export function wordsOf(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}
