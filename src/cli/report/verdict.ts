import type { Report } from '../../testbed/index.ts';
import { counted } from '../format.ts';
import type { Colors } from '../screen.ts';
import { whereabouts } from './ledger.ts';

export function verdictWord({ verdict }: Report, colors: Colors): string {
  return colors.bold(verdict === 'pass' ? colors.green('PASS') : colors.red('FAIL'));
}

/** The last line of a report: one line, for people and for `tail -1`. */
export function verdict(report: Report, colors: Colors): string {
  const { devices, swaps, violations } = report;
  const delivered = Object.values(devices).reduce((sum, device) => sum + device.delivered, 0);
  const broken = violations.length === 0 ? 'no violation' : counted(violations.length, 'violation');
  return `${verdictWord(report, colors)}  ${counted(delivered, 'frame')}, ${counted(swaps.count, 'swap')}, ${broken}`;
}

/** All of a quiet report, still one line: a failure says what and where. */
export function quietVerdict(report: Report, colors: Colors): string {
  const [first] = report.violations;
  const line = verdict(report, colors);
  return first === undefined ? line : `${line}; first: ${whereabouts(first)}: ${first.message}`;
}
