import type { PassageTimes, RecoveryNote, Report } from '../../testbed/index.ts';
import { counted, grouped, timeSpan } from '../format.ts';
import type { Screen } from '../screen.ts';
import { section, widthOf, wrap } from '../text.ts';
import { type Keys, quantileTable } from './quantiles.ts';

const NOTES_SHOWN = 5;
const CAUSES: Readonly<Record<RecoveryNote['cause'], string>> = {
  killed: 'ended on request',
  hang: 'hung',
  failure: 'failed',
};

/** How the devices came from one CPU to another, and why. */
export function passages({ passages: all }: Report, screen: Screen): string[] {
  if (all === undefined) return [];
  const { handovers, recoveries, notes } = all;
  const title = [
    ...(handovers.count > 0 ? [counted(handovers.count, 'handover')] : []),
    ...(recoveries.count > 0 ? [`${grouped(recoveries.count)} after a CPU that ended`] : []),
  ].join(', ');
  const kinds = [
    { name: 'handover', times: handovers },
    { name: 'recovery', times: recoveries },
  ].filter(({ times }) => times.count > 0);
  const shown = notes.slice(0, NOTES_SHOWN);
  const body = shown.flatMap((note) => wrap(noteText(note), screen.columns - 2, 2));
  const rest = recoveries.count - shown.length;
  const more = rest > 0 ? [screen.colors.dim(`and ${grouped(rest)} more (--json FILE lists them)`)] : [];
  return section(screen, 'Changes of CPU', title, [...timesTable(kinds, screen), ...body, ...more]);
}

function timesTable(
  kinds: readonly { readonly name: string; readonly times: PassageTimes }[],
  { columns, colors }: Screen,
): string[] {
  const keys: Keys = { heads: [''], aligns: ['left'], rows: kinds.map(({ name }) => [name]) };
  const groups = [
    { title: 'taken over, us', lines: kinds.map(({ times }) => times.adoptionUs) },
    { title: 'pause, us', lines: kinds.map(({ times }) => times.pauseUs) },
  ];
  const wide = quantileTable(keys, groups, colors);
  if (widthOf(wide) <= columns - 2) return wide;
  return groups.flatMap((group) => quantileTable(keys, [group], colors));
}

function noteText(note: RecoveryNote): string {
  const { atMs, from, to, cause, reason, pauseUs, returned, resets = [] } = note;
  const why = cause === 'killed' ? '' : `: ${reason}`;
  const back =
    returned === undefined ? '' : `; ${returned.device} went back, ${returned.from} → ${returned.to}`;
  const anew = resets.map(({ device, reason: doubt }) => `; ${device} was reset: ${doubt}`).join('');
  return `${timeSpan(atMs)}  CPU ${from} → ${to}, pause ${timeSpan(pauseUs / 1000)}, CPU ${from} ${CAUSES[cause]}${why}${back}${anew}`;
}
