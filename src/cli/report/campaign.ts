import type { CampaignReport, DeviceCoverage, SeedFailureReport } from '../../testbed/index.ts';
import { counted, digits, grouped, timeSpan } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { facts, indent, inParts, section, table, widthOf, wrap } from '../text.ts';
import { whereabouts } from './ledger.ts';

const EVENTS_SHOWN = 16;
const ZEROES_SHOWN = 6;

/** `options`: what a command needs beside the seed to come to the same scenario. */
export function renderCampaign(report: CampaignReport, options: string, screen: Screen): string {
  const sections = [
    headline(report, screen),
    faultTables(report, screen),
    pairTables(report, screen),
    situations(report, screen),
    ...report.failures.map((failure) => failureText(failure, options, screen)),
    [verdict(report, options, screen)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

export function renderCampaignVerdict(report: CampaignReport, options: string, screen: Screen): string {
  return `${verdict(report, options, screen)}\n`;
}

function word({ verdict }: CampaignReport, { green, red, bold }: Colors): string {
  return bold(verdict === 'pass' ? green('PASS') : red('FAIL'));
}

function headline(report: CampaignReport, { columns, colors }: Screen): string[] {
  const { seeds, from, frames, requests, swaps, outcomes, elapsedMs, host } = report;
  const rate = `${digits(seeds / Math.max(0.001, elapsedMs / 1000))} seeds/s`;
  const each = (amount: number, what: string) => `${grouped(amount / Math.max(1, seeds))} ${what}`;
  const cut = outcomes.cutOff === undefined ? '' : `, ${grouped(outcomes.cutOff)} cut off`;
  const facts = [
    `${counted(seeds, 'seed')} from ${from}`,
    timeSpan(elapsedMs),
    rate,
    `${each(frames, 'frames')}${requests > 0 ? ` and ${each(requests, 'requests')}` : ''} each on average`,
    `${counted(swaps, 'swap')}: ${grouped(outcomes.done ?? 0)} done, ${grouped(outcomes.rolledBack ?? 0)} rolled back, ${grouped(outcomes.refused ?? 0)} refused${cut}`,
    ...(report.interrupted ? ['ended early by the user'] : []),
  ];
  return [
    ...wrap(`${word(report, colors)}  ${facts.join(' · ')}`, columns, 6),
    colors.dim(`      node ${host.node}, ${counted(host.threads, 'thread')}`),
  ];
}

/** Of cards, then of disks, as far as there were any: rows are faults, columns phases; several tables where one is too wide. */
function faultTables({ coverage }: CampaignReport, screen: Screen): string[] {
  const { phases } = coverage;
  const note = 'least count over all pairs and applications; . cannot be';
  const table = (of: DeviceCoverage) => faultTable(of, phases, screen);
  const tables = byDevice(coverage, 'Faults in phases of swaps', note, table, screen);
  return tables.length === 0 ? [] : [...tables, '', ...indent(wrap(zeroes(coverage), screen.columns - 2))];
}

/** A section for each kind of devices of which something was covered. */
function byDevice(
  coverage: CampaignReport['coverage'],
  title: string,
  note: string,
  lines: (of: DeviceCoverage) => string[],
  screen: Screen,
): string[] {
  const { disks } = coverage;
  const cards = coverage.faults.length === 0 ? [] : section(screen, title, note, lines(coverage));
  if (disks === undefined || disks.faults.length === 0) return cards;
  return cards.length === 0
    ? section(screen, title, `of disks, ${note}`, lines(disks))
    : [...cards, '', ...section(screen, 'Of disks', '', lines(disks))];
}

function faultTable({ faults }: DeviceCoverage, phases: readonly string[], screen: Screen): string[] {
  const block = (from: number, to: number): string[] =>
    table(
      ['left', ...phases.slice(from, to).map(() => 'right' as const)],
      [
        ['', ...phases.slice(from, to)],
        ...faults.map(({ fault, least }) => [
          fault,
          ...least.slice(from, to).map((count) => cell(count, screen.colors)),
        ]),
      ],
    );
  return inParts(phases.length, block, screen.columns - 2);
}

function zeroes({ cells, zero }: CampaignReport['coverage']): string {
  if (zero.length === 0) return `None of ${grouped(cells)} cells is zero.`;
  const some = zero.slice(0, ZEROES_SHOWN).join(', ');
  return `${grouped(zero.length)} of ${grouped(cells)} cells ${zero.length === 1 ? 'is' : 'are'} zero: ${some}${zero.length > ZEROES_SHOWN ? ', ...' : ''}`;
}

function cell(count: number | null, { red }: Colors): string {
  if (count === null) return '.';
  return count === 0 ? red('0') : grouped(count);
}

function pairTables({ coverage }: CampaignReport, screen: Screen): string[] {
  const note = 'least count over all faults and phases, by application';
  return byDevice(coverage, 'Ordered pairs', note, (of) => pairTable(of, screen), screen);
}

function pairTable({ applications, pairs }: DeviceCoverage, screen: Screen): string[] {
  const counts = (least: readonly number[]) => least.map((count) => cell(count, screen.colors));
  const wide = table(
    ['left', ...applications.map(() => 'right' as const)],
    [['', ...applications], ...pairs.map(({ from, to, least }) => [`${from} -> ${to}`, ...counts(least)])],
  );
  const room = screen.columns - 2;
  const narrow = () =>
    pairs.flatMap(({ from, to, least }) => [
      ...wrap(`${from} -> ${to}`, room, 4),
      ...indent(
        wrap(
          counts(least)
            .map((count, i) => `${applications[i]} ${count}`)
            .join(', '),
          room - 2,
        ),
      ),
    ]);
  return widthOf(wide) <= room ? wide : narrow();
}

function situations({ coverage }: CampaignReport, screen: Screen): string[] {
  const rows = Object.entries(coverage.situations).map(([name, count]) => [name, cell(count, screen.colors)]);
  const wide = table(['left', 'right'], rows);
  const room = screen.columns - 2;
  const narrow = () => rows.flatMap(([name, count]) => wrap(`${name} ${count}`, room, 4));
  const { drivers, disks } = coverage;
  const title =
    disks === undefined ? 'Rings and cards' : drivers.length === 0 ? 'Disks' : 'Rings, cards and disks';
  return section(screen, title, 'times seen', widthOf(wide) <= room ? wide : narrow());
}

function failureText(failure: SeedFailureReport, options: string, screen: Screen): string[] {
  const { columns, colors } = screen;
  const events = failure.events.slice(-EVENTS_SHOWN);
  const entries: [string, string][] = [
    ['broken', colors.red(whereabouts(failure))],
    ['', failure.message],
    ['at', `${digits(failure.timeUs)} us of virtual time`],
    ['smallest', failure.smallestMessage],
    ['scenario', JSON.stringify(failure.smallest)],
    ['repeat', `ringswap validate --seed ${failure.seed}${options}`],
  ];
  return [
    ...section(screen, `Seed ${failure.seed}`, '', facts(entries, columns - 2)),
    '',
    ...section(
      screen,
      'Last events of the smallest scenario',
      'us of virtual time',
      events.flatMap((line) => wrap(line, columns - 2, 14)),
    ),
  ];
}

function verdict(report: CampaignReport, options: string, { columns, colors }: Screen): string {
  const { failedSeeds, seeds } = report;
  if (failedSeeds.length === 0) return `${word(report, colors)}  ${counted(seeds, 'seed')}, no violation`;
  const [first] = failedSeeds;
  const text = `${counted(failedSeeds.length, 'seed')} of ${grouped(seeds)} failed: ${failedSeeds.slice(0, 10).join(', ')}${failedSeeds.length > 10 ? ', ...' : ''}; ringswap validate --seed ${first}${options} --trace shows the first`;
  return [...wrap(`${word(report, colors)}  ${text}`, columns, 6)].join('\n');
}
