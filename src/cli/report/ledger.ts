import {
  type CardReport,
  cardsOf,
  type DeviceReport,
  type DiskReport,
  disksOf,
  type Report,
  type ViolationReport,
} from '../../testbed/index.ts';
import { byteCount, counted, grouped, share } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { facts, section, wrap } from '../text.ts';

const VIOLATIONS_SHOWN = 5;

/** Whether the books balance, and what was looked at. */
export function ledger(report: Report, screen: Screen): string[] {
  const { covered, violations } = report;
  const broken = covered.invariants.filter((name) => breaches(violations, name) > 0);
  const held = covered.invariants.filter((name) => !broken.includes(name));
  const entries: [string, string][] = [
    ...Object.entries(report.devices).flatMap(([name, device]) => deviceFacts(name, device, screen.colors)),
    ...(cardsOf(report).length > 0 ? frameFacts(covered) : []),
    ['held', held.join(', ') || 'none'],
  ];
  if (broken.length > 0) {
    entries.push([
      'broken',
      broken.map((name) => `${name} (${grouped(breaches(violations, name))})`).join(', '),
    ]);
  }
  const counts = disksOf(report).length > 0 ? 'counts in frames and requests' : 'counts in frames';
  return section(screen, 'Ledger', counts, facts(entries, screen.columns - 2));
}

function frameFacts(covered: Report['covered']): [string, string][] {
  return [
    ['checked', `${counted(covered.framesChecked, 'frame')}, ${byteCount(covered.bytesChecked)}`],
    ['compared whole', `${share(covered.wholePayloadShare)} of them`],
    ['accounted for', counted(covered.buffersAccounted, 'DMA buffer')],
  ];
}

export function violations({ violations }: Report, screen: Screen): string[] {
  if (violations.length === 0) return [];
  const room = screen.columns - 2;
  const shown = violations.slice(0, VIOLATIONS_SHOWN).flatMap((violation, index) => {
    const number = `${index + 1}  `;
    const hanging = number.length;
    return [
      ...wrap(number + screen.colors.red(whereabouts(violation)), room, hanging),
      ...wrap(violation.message, room - hanging).map((line) => ' '.repeat(hanging) + line),
    ];
  });
  const rest = violations.length - VIOLATIONS_SHOWN;
  const more = rest > 0 ? [screen.colors.dim(`and ${grouped(rest)} more (--json FILE lists them)`)] : [];
  return section(screen, `Violations (${grouped(violations.length)})`, '', [...shown, ...more]);
}

/** `order on eth0, queue 2, flow 7, sequence 1,204,221, swap 18 in transfer` */
export function whereabouts({
  invariant,
  device,
  queue,
  flow,
  sequence,
  swap,
  phase,
}: Omit<ViolationReport, 'message'>): string {
  return [
    `${invariant} on ${device}`,
    ...(queue === undefined ? [] : [`queue ${queue}`]),
    ...(flow === undefined ? [] : [`flow ${flow}`]),
    ...(sequence === undefined ? [] : [`sequence ${grouped(sequence)}`]),
    ...(swap === undefined ? [] : [`swap ${swap}${phase === undefined ? '' : ` in ${phase}`}`]),
  ].join(', ');
}

function breaches(violations: readonly ViolationReport[], name: string): number {
  return violations.filter(({ invariant }) => invariant === name).length;
}

function deviceFacts(name: string, device: DeviceReport, colors: Colors): [string, string][] {
  if (device.kind === 'disk') return [[name, diskBalance(device, colors)]];
  const losses = Object.entries(device.lossesByPhase).filter(([, count]) => count > 0);
  const where = ([phase, count]: [string, number]) =>
    `${grouped(count)} ${phase === 'none' ? 'outside any swap' : `in ${phase}`}`;
  return [
    [name, balance(device, colors)],
    ...(losses.length > 0 ? [[`${name}, losses`, losses.map(where).join(', ')] as [string, string]] : []),
  ];
}

/** Three counts from three places: the link, the application's memory, the device's registers. */
function balance({ offered, delivered, dropped }: CardReport, colors: Colors): string {
  const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const missing = offered - delivered - gone;
  const sides = (sign: string) =>
    `${grouped(offered)} offered ${sign} ${grouped(delivered)} delivered + ${grouped(gone)} dropped`;
  if (missing === 0) return sides('=');
  return colors.red(`${sides('≠')}: ${grouped(Math.abs(missing))} ${missing > 0 ? 'missing' : 'too many'}`);
}

/** Counted where a driver takes requests, and where it hands them back. */
function diskBalance({ submitted, completed }: DiskReport, colors: Colors): string {
  if (submitted === completed) return `${grouped(submitted)} submitted = ${grouped(completed)} completed`;
  return colors.red(`${grouped(submitted)} submitted ≠ ${grouped(completed)} completed`);
}
