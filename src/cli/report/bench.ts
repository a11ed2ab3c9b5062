import {
  type BenchReport,
  type BenchResult,
  type Comparison,
  goalInWords,
  goalsInWords,
  goalsMet,
  inWords,
  type JudgedGoal,
  judgeGoals,
  type LedgerResult,
  type ShownTable,
  SPREAD_EXPLAINED,
  type Standing,
  showFigure,
  showTable,
  wholeShareInWords,
} from '../../../bench/index.ts';
import { counted, timeSpan } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { facts, indent, inParts, section, table, widthOf, wrap } from '../text.ts';
import { comparisonSection, worse } from './comparison.ts';
import { figureColumn } from './figure-column.ts';

/** The whole report; its first and its last line are the verdict. Plots are not for terminals: `--html` draws them. */
export function renderBench(report: BenchReport, comparison: Comparison | undefined, screen: Screen): string {
  const sections = [
    headline(report, comparison, screen),
    ...report.benches.map((bench) => benchLines(bench, screen)),
    ...(comparison === undefined ? [] : [comparisonSection(comparison, screen)]),
    conclusion(report, comparison, screen),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The word says what the exit status says. */
function word({ verdict }: BenchReport, comparison: Comparison | undefined, colors: Colors): string {
  if (verdict === 'fail') return colors.bold(colors.red('FAIL'));
  const slower = comparison !== undefined && worse(comparison).length > 0;
  return colors.bold(slower ? colors.red('WORSE') : colors.green('PASS'));
}

function headline(report: BenchReport, comparison: Comparison | undefined, screen: Screen): string[] {
  const { columns, colors } = screen;
  const { benches, environment, quick, seconds } = report;
  const { node, cores, cpu, ringswap, date, load, stolenMs } = environment;
  const parts = [
    goalsInWords(report),
    `${benches.length} ${benches.length === 1 ? 'bench' : 'benches'} in ${timeSpan(seconds * 1000)}`,
    ...(quick ? ['a quick run'] : []),
  ];
  const machine = `ringswap ${ringswap}, node ${node}, ${counted(cores, 'core')} of ${cpu}, ${date}`;
  const mood = `load ${load.map((average) => average.toFixed(2)).join(' before, ')} after; a thread was off its core for up to ${timeSpan(stolenMs)}`;
  const begin = `${word(report, comparison, colors)}  `;
  const hanging = widthOf([begin]);
  return [
    ...wrap(begin + parts.join(' · '), columns, hanging),
    ...[machine, mood, SPREAD_EXPLAINED].flatMap((text) =>
      indent(wrap(text, columns - hanging).map(colors.dim), hanging),
    ),
  ];
}

function benchLines(bench: BenchResult, screen: Screen): string[] {
  const room = screen.columns - 2;
  const blocks = [
    wrap(bench.summary, room),
    ...bench.tables.map((one) => tableLines(showTable(one, bench), room, screen.colors)),
    goalLines(judgeGoals(bench), room, screen.colors),
    [
      ...bench.notes.flatMap((note) => wrap(note, room, 2)),
      ...ledgerLines(bench.ledger, room, screen.colors),
    ],
  ].filter((lines) => lines.length > 0);
  const body = blocks.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
  return section(screen, bench.title, timeSpan(bench.seconds * 1000), body);
}

function tableLines(shown: ShownTable, room: number, colors: Colors): string[] {
  const { title, unit, note, keys, columns, rows } = shown;
  const [heading = '', ...more] = wrap(unit === '' ? title : `${title}, ${unit}`, room, 2);
  const values = columns.map((_, column) =>
    figureColumn(
      rows.map(({ cells }) => cells[column]),
      colors,
    ),
  );
  const heads = [columns.map(({ head }) => head), columns.map((column) => column.unit)].filter((line) =>
    line.some((text) => text !== ''),
  );
  const block = (from: number, to: number): string[] =>
    table(
      [...keys.map(() => 'left' as const), ...columns.slice(from, to).map(() => 'right' as const)],
      [
        ...heads.map((line, index) =>
          [...(index === 0 ? keys : keys.map(() => '')), ...line.slice(from, to)].map((text) =>
            colors.dim(text),
          ),
        ),
        ...rows.map((row, index) => [
          ...row.keys.map((key, place) => (again(rows[index - 1]?.keys, row.keys, place) ? '' : key)),
          ...values.slice(from, to).map((column) => column[index] ?? ''),
        ]),
      ],
    );
  const parts = indent(inParts(columns.length, block, room - 2));
  return [
    heading,
    ...more,
    ...(widthOf(parts) <= room ? parts : stacked(shown, room)),
    ...(note === undefined ? [] : wrap(note, room - 2).map((line) => `  ${colors.dim(line)}`)),
  ];
}

/** What leads a row is named once for the rows that share it, the last key always. */
function again(above: readonly string[] | undefined, keys: readonly string[], place: number): boolean {
  return place < keys.length - 1 && keys.slice(0, place + 1).every((key, index) => key === above?.[index]);
}

/** For terminals in which keys leave no room for a column beside them. */
function stacked({ columns, rows }: ShownTable, room: number): string[] {
  return rows.flatMap((row) => {
    const entries = columns.flatMap(({ head, unit }, column): [string, string][] => {
      const cell = row.cells[column] ?? { text: '' };
      const text = 'text' in cell ? cell.text : inWords(unit === '' ? cell : { ...cell, unit });
      return text === '' ? [] : [[head, text]];
    });
    const least = widthOf(entries.map(([head]) => head)) + 2 + widthOf(entries.map(([, text]) => text));
    const lines =
      least <= room - 4
        ? facts(entries, room - 4)
        : entries.flatMap(([head, text]) => wrap(`${head}: ${text}`, room - 4, 2));
    return [...indent(wrap(row.keys.join(', '), room - 2, 2)), ...indent(lines, 4)];
  });
}

const STANDING_WIDTH = 'not measured'.length;

function goalLines(goals: readonly JudgedGoal[], room: number, colors: Colors): string[] {
  const words = goals.map(({ standing }) => standing);
  const width = words.includes('not measured') ? STANDING_WIDTH : 'missed'.length;
  const paint: Readonly<Record<Standing, (text: string) => string>> = {
    met: colors.green,
    least: colors.yellow,
    missed: colors.red,
    'not measured': colors.dim,
  };
  return goals.flatMap(({ goal, figure, standing }) => {
    const found = figure === undefined ? 'not measured' : inWords(showFigure(figure));
    const text = `${goal.text}: ${found}, ${goalInWords(goal, figure?.unit ?? 'count')}`;
    const [first = '', ...rest] = wrap(text, room - width - 2);
    return [
      `${paint[standing](standing)}${' '.repeat(width - standing.length + 2)}${first}`,
      ...indent(rest, width + 2),
    ];
  });
}

function ledgerLines(ledger: LedgerResult, room: number, colors: Colors): string[] {
  const { verdict, of = 'frame', frames, wholeShare, swaps, violations } = ledger;
  const looked = of === 'request' ? 'each done once' : `${wholeShareInWords(wholeShare)} compared whole`;
  const text = `ledger ${verdict}: ${counted(frames, of)}, ${looked}, ${counted(swaps, 'swap')}`;
  const lines = wrap(text, room, 2);
  return [
    ...(verdict === 'pass' ? lines : lines.map(colors.red)),
    ...violations.flatMap((violation) => wrap(violation, room - 2, 2).map((line) => `  ${line}`)),
  ];
}

/** One line where there is room, for people and for `tail -1`. */
function conclusion(
  report: BenchReport,
  comparison: Comparison | undefined,
  { columns, colors }: Screen,
): string[] {
  const failed = report.benches.filter(({ ledger }) => ledger.verdict === 'fail');
  const parts = [
    failed.length === 0 ? 'no violation' : `violations in ${failed.map(({ name }) => name).join(', ')}`,
    goalsMet(report),
    ...(comparison === undefined ? [] : [`${counted(worse(comparison).length, 'figure')} worse`]),
  ];
  const begin = `${word(report, comparison, colors)}  `;
  return wrap(begin + parts.join(', '), columns, widthOf([begin]));
}
