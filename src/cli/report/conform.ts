import type { ConformPoint, ConformReport } from '../../testbed/index.ts';
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

/** What failed, by what is to be done about it, and the verdict. `driver` is as it was given. */
export function renderConform(report: ConformReport, driver: string, screen: Screen): string {
  const failed = report.points.filter((point) => point.verdict === 'fail');
  const explained = failed.filter((point) => point.explanation !== undefined);
  const kinds = new Set(explained.map(({ says }) => says));
  const blocks = [...kinds].map((kind) =>
    failure(
      explained.filter(({ says }) => says === kind),
      driver,
      screen,
    ),
  );
  const parts = [...blocks, conclusion(report, failed.length, screen)];
  return `\n${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The first of those that call for the same, in full. */
function failure([first, ...others]: readonly ConformPoint[], driver: string, screen: Screen): string[] {
  const { name, says, seed = 0, explanation } = first;
  if (explanation === undefined) return [];
  const { columns, colors } = screen;
  const likewise = others.map((point) => `${point.name} (${point.seed})`).join(', ');
  const entries: [string, string][] = [
    ['broken', colors.red(whereabouts(explanation))],
    ['', explanation.message],
    ['advice', says],
    ['repeat', `ringswap conform ${driver} --point ${name} --from ${seed} --seeds 1`],
    ...(likewise === '' ? [] : [['likewise', likewise] as [string, string]]),
  ];
  const events = explanation.events.flatMap((line) => wrap(line.trimStart(), columns - 4, 12));
  return [
    ...section(screen, name, `seed ${grouped(seed)}`, facts(entries, columns - 2)),
    `  ${colors.dim('last events of the smallest such scenario, in us')}`,
    ...indent(events, 4),
  ];
}

function conclusion(
  { driver, points, elapsedMs }: ConformReport,
  failed: number,
  { columns, colors }: Screen,
): string[] {
  const skipped = points.filter(({ verdict }) => verdict === 'skipped').length;
  const tried = counted(points.length - skipped, 'point');
  const parts = [
    failed === 0 ? `keeps the contract in ${tried}` : `breaks it in ${failed} of ${tried}`,
    ...(skipped === 0 ? [] : [`${skipped} not tried`]),
  ];
  const verdict = failed === 0 ? colors.green('PASS') : colors.red('FAIL');
  const text = `${colors.bold(verdict)}  ${driver.name} ${driver.version} ${parts.join(', ')} (${timeSpan(elapsedMs)})`;
  return wrap(text, columns, 6);
}
