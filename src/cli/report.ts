import type { Report } from '../testbed/index.ts';
import { counted, digits, timeSpan } from './format.ts';
import { devices } from './report/devices.ts';
import { ledger, violations } from './report/ledger.ts';
import { notes } from './report/notes.ts';
import { pairs, phases } from './report/swaps.ts';
import { throughput } from './report/throughput.ts';
import { quietVerdict, verdict, verdictWord } from './report/verdict.ts';
import type { Screen } from './screen.ts';
import { wrap } from './text.ts';

/** The whole report of a run; its last line is the verdict. */
export function renderReport(report: Report, screen: Screen): string {
  const sections = [
    headline(report, screen),
    devices(report, screen),
    pairs(report, screen),
    phases(report, screen),
    notes(report, screen),
    throughput(report, screen),
    ledger(report, screen),
    violations(report, screen),
    [verdict(report, screen.colors)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** All that `--quiet` leaves. */
export function renderVerdict(report: Report, screen: Screen): string {
  return `${quietVerdict(report, screen.colors)}\n`;
}

function headline(report: Report, { columns, colors }: Screen): string[] {
  const { throughput, host, swaps } = report;
  const delivered = Object.values(report.devices).reduce((sum, device) => sum + device.delivered, 0);
  const facts = [
    `${counted(delivered, 'frame')} in ${timeSpan(report.durationMs)}`,
    `${digits(throughput.mpps)} Mpps`,
    `${digits(throughput.gbps)} Gbps`,
    counted(swaps.count, 'swap'),
    ...(report.interrupted ? ['ended early by the user'] : []),
  ];
  // Trade marks and the word CPU tell nobody anything.
  const cpu = host.cpu.replace(/\((R|TM)\)|\bCPU\b/g, '').replace(/\s+/g, ' ');
  const machine = `seed ${report.seed}, node ${host.node}, ${counted(host.cores, 'core')} of ${cpu}`;
  return [
    ...wrap(`${verdictWord(report, colors)}  ${facts.join(' · ')}`, columns, 6),
    ...wrap(machine, columns - 6).map((line) => `      ${colors.dim(line)}`),
  ];
}
