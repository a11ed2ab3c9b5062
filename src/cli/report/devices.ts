import type { DeviceReport, Report } from '../../testbed/index.ts';
import { grouped } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { indent, section, table, widthOf, wrap } from '../text.ts';

type Named = readonly [name: string, device: DeviceReport];
type Row = readonly [label: string, ...cells: string[]];

/** A card a column, so that the sum stands under what it sums up, and any terminal is wide enough for two. */
export function devices(report: Report, screen: Screen): string[] {
  const all = Object.entries(report.devices);
  const blocks = sideBySide(all, screen);
  const skipped = all.flatMap(([name, device]) => skippedNote(name, device, screen.columns - 2));
  return [
    ...section(screen, 'Devices', 'counts in frames', blocks[0] ?? []),
    ...blocks.slice(1).flatMap((block) => ['', ...indent(block)]),
    ...indent(skipped),
  ];
}

/** One table when it fits, else several below each other. */
function sideBySide(all: readonly Named[], screen: Screen): string[][] {
  const block = deviceTable(all, screen.colors);
  if (all.length < 2 || widthOf(block) <= screen.columns - 2) return [block];
  const half = Math.ceil(all.length / 2);
  return [...sideBySide(all.slice(0, half), screen), ...sideBySide(all.slice(half), screen)];
}

function deviceTable(all: readonly Named[], colors: Colors): string[] {
  const text = (label: string, of: (device: DeviceReport) => string): Row => [
    label,
    ...all.map(([, device]) => of(device)),
  ];
  const count = (label: string, of: (device: DeviceReport) => number): Row =>
    text(label, (device) => grouped(of(device)));
  const fault = (label: string, of: (device: DeviceReport) => number): Row =>
    text(label, (device) => (of(device) === 0 ? '0' : colors.red(grouped(of(device)))));
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
  all: readonly Named[],
  count: (label: string, of: (device: DeviceReport) => number) => Row,
): Row[] {
  const counts = all.flatMap(([, { dropped }]) => Object.entries(dropped));
  const reasons = new Set(counts.filter(([, frames]) => frames > 0).map(([reason]) => reason));
  if (reasons.size === 0) return [count('dropped', () => 0)];
  return [...reasons].map((reason) => count(`dropped: ${reason}`, ({ dropped }) => dropped[reason] ?? 0));
}

function skippedNote(name: string, device: DeviceReport, columns: number): string[] {
  const reasons = Object.entries(device.skipped).filter(([, count]) => count > 0);
  if (reasons.length === 0) return [];
  const list = reasons.map(([reason, count]) => `${grouped(count)} ${reason}`).join(', ');
  return wrap(`${name} left out frames of its capture: ${list}`, columns, 2);
}
