/** A driver in three versions that keep the mark of their card in words of their own, each in a format of its own; and who looks at it. */
import type { CheckerDefinition } from '../../src/check/checker.ts';
import type { Converter, NicDriverDefinition } from '../../src/drivers/contract.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { type NicState, STATE_FORMAT } from '../../src/drivers/nic/state.ts';
import type { OwnWords } from '../../src/drivers/state-block.ts';
import { altered } from './faulty.ts';

export type Version = 1 | 2 | 3;
export const VERSIONS: readonly Version[] = [1, 2, 3];

/** Of the mark, of its complement behind it, and of frames counted. */
const PLACES = { 1: 0, 2: 5, 3: 20 } as const;
const FRAMES = 2;
const WORDS = 24;

export function formatOf(version: Version): string {
  return `marked.${version}`;
}

export function markOf(device: number): number {
  return 0x4d00 + device;
}

export function converter(from: Version, to: Version): Converter {
  return {
    from: formatOf(from),
    to: formatOf(to),
    convert: (old, made) => {
      for (let word = 0; word <= FRAMES; word++) made[PLACES[to] + word] = old[PLACES[from] + word];
    },
  };
}

const CONVERTERS: Readonly<Record<Version, readonly Converter[]>> = {
  1: [],
  2: [converter(1, 2), converter(2, 1)],
  3: [converter(1, 2), converter(2, 3), converter(3, 1)],
};

/** Counts the frames that it and those before it have served. */
export function marked(
  version: Version,
  converters: readonly Converter[] = CONVERTERS[version],
  base: NicDriverDefinition = polling,
): NicDriverDefinition {
  const format = formatOf(version);
  const at = PLACES[version];
  const definition = altered(`marked-${version}`, base, (driver, { state, port }) => {
    const { own } = state;
    let mark = 0;
    let frames = 0;
    const begin = (): void => {
      own.clear();
      mark = markOf(port.device);
      frames = 0;
      write();
      own.declare(format);
    };
    const write = (): void => {
      own.set(at, mark);
      own.set(at + 1, ~mark);
      own.set(at + FRAMES, frames);
    };
    return {
      *start() {
        yield* driver.start();
        begin();
      },
      importState: (given) => {
        driver.importState(given);
        if (given !== format) return begin();
        mark = own.get(at);
        frames = own.get(at + FRAMES);
      },
      exportState: (asked) => {
        driver.exportState(asked);
        if (asked === format) write();
      },
      poll: (budget) => {
        const served = driver.poll(budget);
        frames += served;
        if (served > 0) own.set(at + FRAMES, frames);
        return served;
      },
    };
  });
  const formats = [format, STATE_FORMAT];
  return { ...definition, exports: formats, imports: formats, converters };
}

/** As one of them has left it. */
export function framesOf({ own }: NicState, version: Version): number {
  return own.get(PLACES[version] + FRAMES);
}

/** Whatever format the words are in, the mark is there, and nothing where other versions would have it. */
export const MARKS: CheckerDefinition = {
  name: 'marks',
  description: 'what a driver keeps for itself is whole, and in the format that it is said to be in',
  create: ({ cards }) => ({
    look: () => {
      for (const [device, { name, state }] of cards.entries()) {
        const version = VERSIONS.find((known) => state.own.isIn(formatOf(known)));
        const wrong = version === undefined ? undefined : wrongIn(state.own, version, markOf(device));
        if (wrong !== undefined) return { invariant: 'driver', device: name, message: wrong };
      }
      return undefined;
    },
  }),
};

function wrongIn(own: OwnWords, version: Version, mark: number): string | undefined {
  const at = PLACES[version];
  const words = Array.from({ length: WORDS }, (_, index) => own.get(index));
  if (words[at] !== mark || words[at + 1] !== ~mark)
    return `${formatOf(version)} has mark ${words[at]} and ${words[at + 1]}, not ${mark} and ${~mark}`;
  const other = words.findIndex((word, index) => word !== 0 && (index < at || index > at + FRAMES));
  return other < 0 ? undefined : `${formatOf(version)} has ${words[other]} in word ${other}`;
}
