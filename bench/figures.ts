/** Figures, tables and goals as people read them: the same words on a terminal and in the page. */
import type { BenchReport, BenchResult, Figure, Goal, ResultTable, Unit } from './results.ts';
import { summarise } from './statistics.ts';

export interface ShownFigure {
  /** The median, `21.3`; `~21.3` where it was disturbed. */
  readonly value: string;
  /** Half the distance of the quartiles, `±0.4`; empty where there is one value alone, which has no spread. */
  readonly spread: string;
  /** Empty for ratios and counts, and where a table's head has it. */
  readonly unit: string;
}

/** A cell that names no figure of this run is a text too. */
export type ShownCell = ShownFigure | { readonly text: string };

export interface ShownTable {
  readonly title: string;
  readonly note: string | undefined;
  /** What all cells are in; empty where columns differ. */
  readonly unit: string;
  readonly keys: readonly string[];
  readonly columns: readonly { readonly head: string; readonly unit: string }[];
  readonly rows: readonly { readonly keys: readonly string[]; readonly cells: readonly ShownCell[] }[];
}

export type Standing = 'met' | 'least' | 'missed' | 'not measured';

export interface JudgedGoal {
  readonly goal: Goal;
  readonly figure: Figure | undefined;
  readonly standing: Standing;
}

export const SPREAD_EXPLAINED =
  'Figures are medians over repetitions; ± is half the distance of their quartiles. Without it there was one value. Behind ~ the cores never kept their own pace.';

const NOT_MEASURED = '–';
const DISTURBED = '~';
const MOST_DECIMALS = 3;
const COUNTED: readonly Unit[] = ['frames', 'count', 'bytes'];
const BYTES = [
  { unit: 'GB', size: 1e9 },
  { unit: 'MB', size: 1e6 },
  { unit: 'kB', size: 1e3 },
];

export function showFigure({
  values,
  unit,
  disturbed,
}: Pick<Figure, 'values' | 'unit' | 'disturbed'>): ShownFigure {
  const { median, low, high } = summarise(values);
  const { label, scale } = scaleOf(median, unit);
  const spread = (high - low) / 2;
  // Of things that are counted there are no hundredths.
  const whole = COUNTED.includes(unit) && scale === 1 && Number.isInteger(median) && Number.isInteger(spread);
  const decimals = whole ? 0 : decimalsOf(median * scale, unit);
  return {
    value: `${disturbed === true ? DISTURBED : ''}${rounded(median * scale, decimals)}`,
    spread: values.length < 2 ? '' : `±${rounded(spread * scale, decimals)}`,
    unit: label,
  };
}

/** A bound, or one value of a plot: as a figure, without what stands for rounding only. */
export function showNumber(value: number, unit: Unit): string {
  const { label, scale } = scaleOf(value, unit);
  const text = rounded(value * scale, decimalsOf(value * scale, unit)).replace(/(\.\d*?)0+$/, '$1');
  return joined(text.replace(/\.$/, ''), label);
}

/** `21.3 ±0.4 ns` */
export function inWords({ value, spread, unit }: ShownFigure): string {
  return joined(joined(value, spread), unit);
}

export function unitLabel(unit: Unit): string {
  return scaleOf(0, unit).label;
}

/** Puts units where they are said once: above the table, above a column, or else into the cells. */
export function showTable(table: ResultTable, bench: BenchResult): ShownTable {
  const cells = table.rows.map((row) => row.cells.map((cell) => showCell(cell, bench)));
  const units = table.columns.map((_, column) => unitOf(cells.map((row) => row[column])));
  const common = units.every((unit) => unit === units[0]) ? (units[0] ?? '') : '';
  return {
    title: table.title,
    note: table.note,
    unit: common,
    keys: table.keys,
    columns: table.columns.map((head, column) => ({
      head,
      unit: common === '' ? (units[column] ?? '') : '',
    })),
    rows: table.rows.map(({ keys }, index) => ({
      keys,
      cells: cells[index].map((cell, column) =>
        'text' in cell || units[column] === '' ? cell : { ...cell, unit: '' },
      ),
    })),
  };
}

/** `1 in 64`, as far as it is a small part. */
export function wholeShareInWords(share: number): string {
  return share > 0 && share < 0.5 ? `1 in ${rounded(1 / share, 0)}` : showNumber(share, 'share');
}

/** A goal is held against the median. */
export function judgeGoals({ goals, figures }: BenchResult): JudgedGoal[] {
  return goals.map((goal) => {
    const figure = figures.find(({ id }) => id === goal.figure);
    return { goal, figure, standing: figure === undefined ? 'not measured' : standing(goal, figure) };
  });
}

export function countStandings({ benches }: BenchReport): Readonly<Record<Standing, number>> {
  const counts = { met: 0, least: 0, missed: 0, 'not measured': 0 };
  for (const { standing } of benches.flatMap(judgeGoals)) counts[standing]++;
  return counts;
}

/** `9 of 11 goals met` */
export function goalsMet(report: BenchReport): string {
  const counts = countStandings(report);
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return all === 0 ? 'no goals' : `${counts.met} of ${all} goals met`;
}

/** `9 of 11 goals met, 1 between goal and least, 1 missed` */
export function goalsInWords(report: BenchReport): string {
  const counts = countStandings(report);
  return [
    goalsMet(report),
    ...(counts.least > 0 ? [`${counts.least} between goal and least`] : []),
    ...(counts.missed > 0 ? [`${counts.missed} missed`] : []),
    ...(counts['not measured'] > 0 ? [`${counts['not measured']} not measured`] : []),
  ].join(', ');
}

/** `goal at most 1.18, least 1.43` */
export function goalInWords({ bound, goal, least }: Goal, unit: Unit): string {
  const acceptable = least === undefined ? '' : `, least ${showNumber(least, unit)}`;
  return `goal ${bound} ${showNumber(goal, unit)}${acceptable}`;
}

function standing({ bound, goal, least = goal }: Goal, { values }: Figure): Standing {
  const { median } = summarise(values);
  const reaches = (limit: number) => (bound === 'at most' ? median <= limit : median >= limit);
  if (reaches(goal)) return 'met';
  return reaches(least) ? 'least' : 'missed';
}

function showCell(cell: ResultTable['rows'][number]['cells'][number], { figures }: BenchResult): ShownCell {
  if ('text' in cell) return cell;
  const figure = figures.find(({ id }) => id === cell.figure);
  return figure === undefined ? { text: NOT_MEASURED } : showFigure(figure);
}

/** The unit of all figures in a column; empty where there are several, as with bytes, which are scaled one by one. */
function unitOf(cells: readonly ShownCell[]): string {
  const units = new Set(cells.flatMap((cell) => ('text' in cell ? [] : [cell.unit])));
  return units.size === 1 ? [...units].join('') : '';
}

function scaleOf(value: number, unit: Unit): { label: string; scale: number } {
  if (unit === 'share') return { label: '%', scale: 100 };
  if (unit === 'ratio' || unit === 'count') return { label: '', scale: 1 };
  if (unit !== 'bytes') return { label: unit, scale: 1 };
  const fitting = BYTES.find(({ size }) => Math.abs(value) >= size);
  return fitting === undefined ? { label: 'B', scale: 1 } : { label: fitting.unit, scale: 1 / fitting.size };
}

/** Three digits that count; ratios near one differ in the third decimal, and 99.9 % is not all. */
function decimalsOf(value: number, unit: Unit): number {
  if (unit === 'ratio' && Math.abs(value) < 10) return MOST_DECIMALS;
  if (unit === 'share' && Math.abs(value) >= 10) return 1;
  if (value === 0) return 0;
  return Math.max(0, Math.min(MOST_DECIMALS, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

/** What would round to nothing is not shown as nothing. */
function rounded(value: number, decimals: number): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const least = 10 ** -decimals;
  if (value > 0 && value < least / 2) return `<${least.toLocaleString('en-US', digits)}`;
  return value === 0 ? '0' : value.toLocaleString('en-US', digits);
}

function joined(text: string, more: string): string {
  return more === '' ? text : `${text} ${more}`;
}
