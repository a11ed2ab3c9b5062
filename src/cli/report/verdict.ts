import { cardsOf, disksOf, type Report } from '../../testbed/index.ts';
import { counted } from '../format.ts';
import type { Colors } from '../screen.ts';
import { whereabouts } from './ledger.ts';

export function verdictWord({ verdict }: Report, colors: Colors): string {
  return colors.bold(verdict === 'pass' ? colors.green('PASS') : colors.red('FAIL'));
}

/** The last line of a report: one line, for people and for `tail -1`. */
export function verdict(report: Report, colors: Colors): string {
  const { swaps, violations } = report;
  const cards = cardsOf(report);
  const disks = disksOf(report);
  const delivered = cards.reduce((sum, [, card]) => sum + card.delivered, 0);
  const completed = disks.reduce((sum, [, disk]) => sum + disk.completed, 0);
  const done = [
    ...(cards.length > 0 ? [counted(delivered, 'frame')] : []),
    ...(disks.length > 0 ? [counted(completed, 'request')] : []),
  ];
  const broken = violations.length === 0 ? 'no violation' : counted(violations.length, 'violation');
  return `${verdictWord(report, colors)}  ${done.join(', ')}, ${counted(swaps.count, 'swap')}, ${broken}`;
}

/** All of a quiet report, still one line: a failure says what and where. */
export function quietVerdict(report: Report, colors: Colors): string {
  const [first] = report.violations;
  const line = verdict(report, colors);
  return first === undefined ? line : `${line}; first: ${whereabouts(first)}: ${first.message}`;
}
