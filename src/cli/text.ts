import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { Screen } from './screen.ts';

export type Align = 'left' | 'right';
type Rows = readonly (readonly Table.Cell[])[];

const FRAME_PARTS = ['top', 'bottom', 'left', 'right', 'mid'].flatMap((part) => [
  part,
  ...['mid', 'left', 'right'].map((end) => `${part}-${end}`),
]);
/** Columns stand apart by spaces alone. */
const CHARS = { ...Object.fromEntries(FRAME_PARTS.map((part) => [part, ''])), middle: '  ' };

export function table(aligns: readonly Align[], rows: Rows): string[] {
  const grid = new Table({
    chars: CHARS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: [...aligns],
  });
  grid.push(...rows.map((row) => [...row]));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Columns taken by the widest line, colours not counted. */
export function widthOf(lines: readonly string[]): number {
  return Math.max(0, ...lines.map((line) => stripVTControlCharacters(line).length));
}

export function indent(lines: readonly string[], by = 2): string[] {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line));
}

/** Breaks at spaces; lines after the first hang under `hanging` columns. Words too long are cut in pieces. */
export function wrap(text: string, columns: number, hanging = 0): string[] {
  const lines: string[] = [];
  let line = '';
  const room = () => columns - (lines.length === 0 ? 0 : hanging);
  for (let word of text.split(' ')) {
    if (line !== '' && widthOf([`${line} ${word}`]) <= room()) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    for (; widthOf([word]) > room(); word = word.slice(room())) lines.push(word.slice(0, room()));
    line = word;
  }
  lines.push(line);
  return lines.map((part, index) => (index === 0 ? part : ' '.repeat(hanging) + part));
}

/** As few tables as fit, one below the other, with as many columns each. */
export function inParts(
  count: number,
  block: (from: number, to: number) => string[],
  room: number,
): string[] {
  for (let each = count; ; each = Math.ceil(each / 2)) {
    const blocks = Array.from({ length: Math.ceil(count / each) }, (_, i) =>
      block(i * each, Math.min(count, (i + 1) * each)),
    );
    if (each === 1 || blocks.every((lines) => widthOf(lines) <= room))
      return blocks.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
  }
}

/** A label and what belongs to it a line; long texts hang beneath their beginning. */
export function facts(
  entries: readonly (readonly [label: string, text: string])[],
  columns: number,
): string[] {
  const labels = widthOf(entries.map(([label]) => label)) + 2;
  return entries.flatMap(([label, text]) =>
    wrap(text, columns - labels).map((line, index) => (index === 0 ? label : '').padEnd(labels) + line),
  );
}

/** A heading with its unit, and beneath it its lines, two columns in. */
export function section(screen: Screen, title: string, unit: string, lines: readonly string[]): string[] {
  const { bold, dim } = screen.colors;
  const [first = '', ...rest] = wrap(unit === '' ? title : `${title}, ${unit}`, screen.columns, 4);
  return [
    bold(first.slice(0, title.length)) + dim(first.slice(title.length)),
    ...rest.map(dim),
    ...indent(lines),
  ];
}
