import type { RingDump } from '../testbed/index.ts';
import { hex } from './format.ts';
import type { Screen } from './screen.ts';
import { indent, table, widthOf } from './text.ts';

type Descriptor = RingDump['descriptors'][number];

/** Shorter runs are shown slot by slot. */
const RUN_LEAST = 3;
const DIFFERS = '…';

/** A line for each descriptor; a run of like ones takes one line, with … for the words that differ in it. */
export function ringLines(descriptors: readonly Descriptor[], screen: Screen): string[] {
  const shown = runs(descriptors).flatMap((run) =>
    run.length < RUN_LEAST ? run.map((one) => [one]) : [run],
  );
  const figures = table(
    ['right', 'right', 'left'],
    [
      ['slots', 'buffers', 'marks'].map((head) => screen.colors.dim(head)),
      ...shown.map((run) => [
        span(run, ({ slot }) => slot),
        span(run, ({ buffer }) => buffer),
        run[0]?.marks ?? '',
      ]),
    ],
  );
  const words = [screen.colors.dim('words'), ...shown.map(wordsOf)];
  const width = widthOf(figures) + 2;
  if (width + widthOf(words) <= screen.columns - 2) {
    return figures.map((line, index) => line + ' '.repeat(width - widthOf([line])) + (words[index] ?? ''));
  }
  return figures.flatMap((line, index) => [line, ...indent([words[index] ?? ''])]);
}

/** Neighbours that differ in no more than the address of their buffer, which is in the first two words. */
function runs(descriptors: readonly Descriptor[]): Descriptor[][] {
  const found: Descriptor[][] = [];
  for (const descriptor of descriptors) {
    const run = found.at(-1);
    if (run?.[0] !== undefined && alike(run[0], descriptor)) run.push(descriptor);
    else found.push([descriptor]);
  }
  return found;
}

function alike(a: Descriptor, b: Descriptor): boolean {
  return a.marks === b.marks && a.words[2] === b.words[2] && a.words[3] === b.words[3];
}

function wordsOf(run: readonly Descriptor[]): string {
  return [0, 1, 2, 3]
    .map((index) => {
      const values = new Set(run.map(({ words }) => words[index]));
      const [value = 0] = values;
      return values.size === 1 ? hex(value >>> 0, 8) : DIFFERS.padEnd(10);
    })
    .join(' ');
}

/** `7`, or from the first to the last of a run: `8-511`, or `3…` when they do not follow each other. */
function span(run: readonly Descriptor[], of: (descriptor: Descriptor) => number): string {
  const values = run.map(of);
  const [first = 0] = values;
  const last = values.at(-1) ?? first;
  if (values.every((value) => value === first)) return String(first);
  const inOrder = values.every((value, index) => value === first + index);
  return inOrder ? `${first}-${last}` : `${first}${DIFFERS}`;
}
