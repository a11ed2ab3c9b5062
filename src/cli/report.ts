import { cardsOf, disksOf, type Report } from '../testbed/index.ts';
import { counted, digits, timeSpan } from './format.ts';
import { devices, disks } from './report/devices.ts';
import { ledger, violations } from './report/ledger.ts';
import { notes } from './report/notes.ts';
import { ownDrivers } from './report/own-drivers.ts';
import { passages } from './report/passages.ts';
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
    disks(report, screen),
    ownDrivers(report, screen),
    pairs(report, screen),
    phases(report, screen),
    notes(report, screen),
    passages(report, screen),
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
  const cards = cardsOf(report);
  const disks = disksOf(report).map(([, disk]) => disk);
  const delivered = cards.reduce((sum, [, card]) => sum + card.delivered, 0);
  const requests = disks.reduce((sum, { completed }) => sum + completed, 0);
  const iops = disks.reduce((sum, disk) => sum + disk.iops, 0);
  const done = [
    ...(cards.length > 0 ? [counted(delivered, 'frame')] : []),
    ...(disks.length > 0 ? [counted(requests, 'request')] : []),
  ];
  const facts = [
    `${done.join(', ')} in ${timeSpan(report.durationMs)}`,
    ...(cards.length > 0 ? [`${digits(throughput.mpps)} Mpps`, `${digits(throughput.gbps)} Gbps`] : []),
    ...(disks.length > 0 ? [`${digits(iops / 1000)} thousand IOPS`] : []),
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
