import type { PairReport, Quantiles, Report } from '../../testbed/index.ts';
import { counted, digits, grouped } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { type Align, section, table, widthOf } from '../text.ts';
import { type Group, type Keys, quantileTable } from './quantiles.ts';

/** A pair of drivers, or all of them together. */
type Line = Pick<PairReport, 'from' | 'to' | 'count' | 'criticalSectionUs' | 'stallUs' | 'controlStallUs'> & {
  readonly method?: string;
};

const PHASES = ['negotiate', 'prepare', 'quiesce', 'transfer', 'commit', 'probation', 'retire'];

const MEASURES: readonly (readonly [title: string, of: (line: Line) => Quantiles])[] = [
  ['critical section', (line) => line.criticalSectionUs],
  ['stall', (line) => line.stallUs],
  ['control stall', (line) => line.controlStallUs],
];

/** The stall has its control beside it, as far as the terminal's width allows. */
export function pairs({ swaps }: Report, screen: Screen): string[] {
  if (swaps.scheduled === 0) return [];
  const title = [
    `${grouped(swaps.count)} done of ${grouped(swaps.scheduled)} scheduled`,
    ...(swaps.refused > 0 ? [`${grouped(swaps.refused)} refused`] : []),
    ...(swaps.rolledBack > 0 ? [`${grouped(swaps.rolledBack)} rolled back`] : []),
    ...(swaps.resubmitted > 0 ? [`${counted(swaps.resubmitted, 'request')} resubmitted`] : []),
    ...(swaps.aborted > 0 ? [`${grouped(swaps.aborted)} aborted`] : []),
  ].join(', ');
  const kinds = (['card', 'disk'] as const).filter((kind) => swaps.byPair.some((pair) => pair.kind === kind));
  const tables = kinds.map((kind) => [
    ...(kinds.length > 1 ? [screen.colors.bold(`${kind}s`)] : []),
    ...pairTables(linesOf(swaps, kind, kinds.length === 1), screen),
  ]);
  return section(
    screen,
    'Swaps',
    title,
    tables.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines])),
  );
}

export function phases({ swaps }: Report, screen: Screen): string[] {
  const measured = Object.entries(swaps.phasesUs).sort(([a], [b]) => PHASES.indexOf(a) - PHASES.indexOf(b));
  if (measured.length === 0 || swaps.count === 0) return [];
  const rows = measured.map(([phase, quantiles]) => [phase, ...figures(quantiles)]);
  return section(screen, 'Phases', 'us in each, over all swaps', numbers(['phase'], rows, screen.colors));
}

/** `all`: with a line for all pairs, which are of one kind. */
function linesOf(swaps: Report['swaps'], kind: PairReport['kind'], all: boolean): Line[] {
  const methods = new Set(swaps.byPair.map(({ method }) => method));
  const plain = methods.size === 1 && methods.has('inplace');
  const own = swaps.byPair.filter((pair) => pair.kind === kind);
  const lines = own.map(({ method, ...pair }) => (plain ? pair : { ...pair, method }));
  return all && lines.length > 1 ? [...lines, { ...swaps, from: 'all', to: '' }] : lines;
}

function pairTables(lines: readonly Line[], { columns, colors }: Screen): string[] {
  const groups: Group[] = MEASURES.map(([title, of]) => ({ title: `${title}, us`, lines: lines.map(of) }));
  const counted = keyColumns(lines, true);
  const layouts = [
    () => quantileTable(counted, groups, colors),
    () => [
      ...quantileTable(counted, groups.slice(0, 1), colors),
      '',
      ...quantileTable(keyColumns(lines, false), groups.slice(1), colors),
    ],
  ];
  for (const layout of layouts) {
    const tables = layout();
    if (widthOf(tables) <= columns - 2) return tables;
  }
  return stacked(lines, colors);
}

/** For narrow terminals: a line for each measure below each pair. */
function stacked(lines: readonly Line[], colors: Colors): string[] {
  const blocks = lines.map((line) => {
    const pair = line.to === '' ? 'all pairs' : `${line.from} → ${line.to}`;
    const method = line.method === undefined ? '' : `, ${line.method}`;
    return {
      title: `${pair}${method}: ${counted(line.count, 'swap')}`,
      rows: MEASURES.map(([measure, of]) => [`  ${measure}`, ...figures(of(line))]),
    };
  });
  const [heads = '', ...body] = numbers(
    ['us'],
    blocks.flatMap(({ rows }) => rows),
    colors,
  );
  const each = MEASURES.length;
  return [
    heads,
    ...blocks.flatMap(({ title }, index) => [title, ...body.slice(index * each, (index + 1) * each)]),
  ];
}

function numbers(keys: readonly string[], rows: readonly (readonly string[])[], { dim }: Colors): string[] {
  const heads = [...keys, 'p50', 'p99', 'max'].map((head) => dim(head));
  return table(['left', 'right', 'right', 'right'], [heads, ...rows]);
}

/** Each with its own digits, for lines that differ by orders of magnitude; their decimal points align. */
function figures({ p50, p99, max }: Quantiles): string[] {
  return [p50, p99, max].map((value) => {
    const text = digits(value);
    const point = text.indexOf('.');
    return text + ' '.repeat(point === -1 ? 3 : 3 - (text.length - point));
  });
}

function keyColumns(lines: readonly Line[], withCount: boolean): Keys {
  const withMethod = lines.some(({ method }) => method !== undefined);
  const optional = <T>(method: T, count: T): T[] => [
    ...(withMethod ? [method] : []),
    ...(withCount ? [count] : []),
  ];
  return {
    heads: ['from', 'to', ...optional('method', 'swaps')],
    aligns: ['left', 'left', ...optional<Align>('left', 'right')],
    rows: lines.map(({ from, to, method, count }) => [from, to, ...optional(method ?? '', grouped(count))]),
  };
}
