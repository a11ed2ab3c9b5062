import { type CardReport, cardsOf, type DiskReport, disksOf, type Report } from '../../testbed/index.ts';
import { digits, grouped } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { indent, section, table, widthOf, wrap } from '../text.ts';

type Named<D> = readonly [name: string, device: D];
type Row = readonly [label: string, ...cells: string[]];

/** A card a column, so that the sum stands under what it sums up, and any terminal is wide enough for two. */
export function devices(report: Report, screen: Screen): string[] {
  const all = cardsOf(report);
  if (all.length === 0) return [];
  const blocks = sideBySide(all, screen, cardTable);
  const skipped = all.flatMap(([name, device]) => skippedNote(name, device, screen.columns - 2));
  return [
    ...section(screen, 'Devices', 'counts in frames', blocks[0] ?? []),
    ...blocks.slice(1).flatMap((block) => ['', ...indent(block)]),
    ...indent(skipped),
  ];
}

export function disks(report: Report, screen: Screen): string[] {
  const all = disksOf(report);
  if (all.length === 0) return [];
  const blocks = sideBySide(all, screen, diskTable);
  return [
    ...section(screen, 'Disks', 'counts in requests', blocks[0] ?? []),
    ...blocks.slice(1).flatMap((block) => ['', ...indent(block)]),
  ];
}

/** One table when it fits, else several below each other. */
function sideBySide<D>(
  all: readonly Named<D>[],
  screen: Screen,
  tableOf: (all: readonly Named<D>[], colors: Colors) => string[],
): string[][] {
  const block = tableOf(all, screen.colors);
  if (all.length < 2 || widthOf(block) <= screen.columns - 2) return [block];
  const half = Math.ceil(all.length / 2);
  return [
    ...sideBySide(all.slice(0, half), screen, tableOf),
    ...sideBySide(all.slice(half), screen, tableOf),
  ];
}

/** Kinds of rows: a word, a count, and a count that should be 0. */
function rowsOf<D>(all: readonly Named<D>[], colors: Colors) {
  const text = (label: string, of: (device: D) => string): Row => [
    label,
    ...all.map(([, device]) => of(device)),
  ];
  const count = (label: string, of: (device: D) => number): Row =>
    text(label, (device) => grouped(of(device)));
  const fault = (label: string, of: (device: D) => number): Row =>
    text(label, (device) => (of(device) === 0 ? '0' : colors.red(grouped(of(device)))));
  return { text, count, fault };
}

function diskTable(all: readonly Named<DiskReport>[], colors: Colors): string[] {
  const { text, count, fault } = rowsOf(all, colors);
  const rows = [
    ['', ...all.map(([name]) => colors.bold(name))],
    text('driver at the end', (disk) => disk.driver),
    count('submitted', (disk) => disk.submitted),
    count('completed', (disk) => disk.completed),
    count('failed', (disk) => disk.failed), // whether that is a fault, the verdict says
    fault('lost', (disk) => disk.lost),
    fault('duplicated', (disk) => disk.duplicated),
    fault('corrupt blocks', (disk) => disk.corrupt),
    fault('broken promises', (disk) => disk.brokenPromises),
    count('a second', (disk) => disk.iops),
    text('MB a second', (disk) => digits(disk.mbps)),
    text('latency p50, us', (disk) => digits(disk.latencyUs.p50)),
    text('latency p99, us', (disk) => digits(disk.latencyUs.p99)),
  ];
  return table(['left', ...all.map(() => 'right' as const)], rows);
}

function cardTable(all: readonly Named<CardReport>[], colors: Colors): string[] {
  const { text, count, fault } = rowsOf(all, colors);
  const rows = [
    ['', ...all.map(([name]) => colors.bold(name))],
    text('driver at the end', (device) => device.driver),
    text('application', (device) => device.app),
    count('offered by the link', (device) => device.offered),
    count('delivered', (device) => device.delivered),
    ...dropRows(all, count),
    fault('lost', (device) => device.lost),
    fault('duplicated', (device) => device.duplicated),
    fault('reordered', (device) => device.reordered),
    fault('damaged', (device) => device.damaged),
    count('transmitted', (device) => device.transmitted),
    ...(all.some(([, device]) => device.dmaFaults > 0)
      ? [fault('stray DMA, refused', (device) => device.dmaFaults)]
      : []),
  ];
  return table(['left', ...all.map(() => 'right' as const)], rows);
}

/** A line for each reason that occurs; with none, a plain 0. */
function dropRows(
  all: readonly Named<CardReport>[],
  count: (label: string, of: (device: CardReport) => number) => Row,
): Row[] {
  const counts = all.flatMap(([, { dropped }]) => Object.entries(dropped));
  const reasons = new Set(counts.filter(([, frames]) => frames > 0).map(([reason]) => reason));
  if (reasons.size === 0) return [count('dropped', () => 0)];
  return [...reasons].map((reason) => count(`dropped: ${reason}`, ({ dropped }) => dropped[reason] ?? 0));
}

function skippedNote(name: string, device: CardReport, columns: number): string[] {
  const reasons = Object.entries(device.skipped).filter(([, count]) => count > 0);
  if (reasons.length === 0) return [];
  const list = reasons.map(([reason, count]) => `${grouped(count)} ${reason}`).join(', ');
  return wrap(`${name} left out frames of its capture: ${list}`, columns, 2);
}
