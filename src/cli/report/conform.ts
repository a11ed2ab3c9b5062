import type { ConformPoint, ConformReport, Explanation } from '../../testbed/index.ts';
import { counted, grouped, timeSpan } from '../format.ts';
import type { Screen } from '../screen.ts';
import { facts, indent, section, wrap } from '../text.ts';
import { whereabouts } from './ledger.ts';

/** Columns before what a line is about, and before the words of it. */
const WORD_WIDTH = 6;
const NAME_WIDTH = 22;
const WORDS = { pass: 'pass', fail: 'fail', skipped: '-' } as const;

export function conformHeading(driver: string, seeds: number, from: number, { columns }: Screen): string {
  const text = `${driver}: ${counted(seeds, 'seed')} from ${grouped(from)} for each point with scenarios`;
  return `${wrap(text, columns, 2).join('\n')}\n\n`;
}

/** `pass  alone-faults  serves alone, under faults: 100 scenarios`; of one that fails, what to do stands below. */
export function conformLine(
  { verdict, name, title, says, explanation }: ConformPoint,
  { columns, colors }: Screen,
): string {
  const paint = { pass: colors.green, fail: colors.red, skipped: colors.dim }[verdict];
  const begin =
    paint(WORDS[verdict]) + ' '.repeat(WORD_WIDTH - WORDS[verdict].length) + name.padEnd(NAME_WIDTH);
  const text = verdict === 'skipped' ? says : explanation === undefined ? `${title}: ${says}` : title;
  const hanging = WORD_WIDTH + NAME_WIDTH;
  const [first = '', ...rest] = wrap(text, columns - hanging);
  return `${[begin + first, ...indent(rest, hanging)].map((line) => line.trimEnd()).join('\n')}\n`;
}

/** Failed points in full, and the verdict. `driver` is as it was given. */
export function renderConform(report: ConformReport, driver: string, screen: Screen): string {
  const failed = report.points.filter((point) => point.verdict === 'fail');
  const told = new Set<string>();
  const blocks = failed.flatMap((point) => {
    const { explanation, seed } = point;
    if (explanation === undefined || seed === undefined) return [];
    const known = told.has(point.says);
    told.add(point.says);
    return [
      failure(point, explanation, `${repeat(driver, point.name)} --from ${seed} --seeds 1`, known, screen),
    ];
  });
  return `\n${[...blocks, [conclusion(report, failed.length, screen)]].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function repeat(driver: string, point: string): string {
  return `ringswap conform ${driver} --point ${point}`;
}

/** The events of a failure are shown once for each advice. */
function failure(
  { name, says, seed }: ConformPoint,
  explanation: Explanation,
  repeated: string,
  known: boolean,
  screen: Screen,
): string[] {
  const { columns, colors } = screen;
  const entries: [string, string][] = [
    ['broken', colors.red(whereabouts(explanation))],
    ['', explanation.message],
    ['advice', says],
    ['repeat', repeated],
  ];
  const head = section(screen, name, `seed ${grouped(seed ?? 0)}`, facts(entries, columns - 2));
  if (known) return head;
  const events = explanation.events.flatMap((line) => wrap(line, columns - 4, 14));
  return [
    ...head,
    `  ${colors.dim('last events of the smallest such scenario, in us')}`,
    ...indent(events, 2),
  ];
}

function conclusion(
  { driver, points, elapsedMs }: ConformReport,
  failed: number,
  { columns, colors }: Screen,
): string {
  const skipped = points.filter(({ verdict }) => verdict === 'skipped').length;
  const tried = counted(points.length - skipped, 'point');
  const parts = [
    failed === 0 ? `keeps the contract in ${tried}` : `breaks it in ${failed} of ${tried}`,
    ...(skipped === 0 ? [] : [`${skipped} not tried`]),
  ];
  const verdict = failed === 0 ? colors.green('PASS') : colors.red('FAIL');
  const text = `${colors.bold(verdict)}  ${driver.name} ${driver.version} ${parts.join(', ')} (${timeSpan(elapsedMs)})`;
  return wrap(text, columns, 6).join('\n');
}
