import type { Quantiles } from '../../testbed/index.ts';
import { decimalsOf, fixed } from '../format.ts';
import type { Colors } from '../screen.ts';
import { type Align, table } from '../text.ts';

const NAMES = ['p50', 'p99', 'max'] as const;

/** What names the lines of a table. */
export interface Keys {
  readonly heads: readonly string[];
  readonly aligns: readonly Align[];
  readonly rows: readonly (readonly string[])[];
}

/** Three columns of a table: what they measure, with its unit, and the quantiles of each line. */
export interface Group {
  readonly title: string;
  readonly lines: readonly Quantiles[];
}

export function quantileTable(keys: Keys, groups: readonly Group[], { dim }: Colors): string[] {
  const columns = groups.map(({ lines }) => NAMES.map((name) => column(lines.map((line) => line[name]))));
  // An empty column before each group sets it apart.
  const titles = groups.flatMap(({ title }) => [
    '',
    { content: title, colSpan: NAMES.length, hAlign: 'right' as const },
  ]);
  const heads = [...keys.heads, ...groups.flatMap(() => ['', ...NAMES])];
  return table(
    [...keys.aligns, ...groups.flatMap(() => ['left' as const, ...NAMES.map(() => 'right' as const)])],
    [
      [{ content: '', colSpan: keys.heads.length }, ...titles],
      heads.map((head) => dim(head)),
      ...keys.rows.map((row, index) => [
        ...row,
        ...columns.flatMap((group) => ['', ...group.map((values) => values[index] ?? '')]),
      ]),
    ],
  );
}

function column(values: readonly number[]): string[] {
  const decimals = decimalsOf(values);
  return values.map((value) => fixed(value, decimals));
}
