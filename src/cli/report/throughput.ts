import { cardsOf, type Report } from '../../testbed/index.ts';
import { digits, timeSpan } from '../format.ts';
import type { Screen } from '../screen.ts';
import { section } from '../text.ts';

type Slice = Report['throughput']['timeline'][number];

const BARS = '▁▂▃▄▅▆▇█';
const ONE_SWAP = '▴';
const MANY_SWAPS = '+';

/** A bar for each slice of time, with the swaps that fell in it below. Of frames: a disk alone has none. */
export function throughput(report: Report, screen: Screen): string[] {
  const {
    throughput: { timeline, mpps },
    durationMs,
    swaps,
  } = report;
  if (timeline.length === 0 || cardsOf(report).length === 0) return [];
  const slices = squeeze(timeline, screen.columns - 2);
  const peak = Math.max(...slices.map((slice) => slice.mpps));
  const { cyan, yellow, dim } = screen.colors;
  const marks = slices.map((slice) => mark(slice.swaps)).join('');
  return section(screen, 'Throughput', `Mpps, bars from 0 to ${digits(peak)}, mean ${digits(mpps)}`, [
    cyan(slices.map((slice) => bar(slice.mpps, peak)).join('')),
    ...(swaps.count > 0 ? [yellow(marks.trimEnd())] : []),
    dim(axis(slices.length, durationMs)),
    ...(swaps.count > 0 ? [dim(legend(marks, durationMs / slices.length))] : []),
  ]);
}

/** As many slices as there is room for: neighbours are joined, rates by their mean, swaps by their sum. */
function squeeze(timeline: readonly Slice[], columns: number): Slice[] {
  const each = Math.ceil(timeline.length / columns);
  return Array.from({ length: Math.ceil(timeline.length / each) }, (_, index) => {
    const joined = timeline.slice(index * each, (index + 1) * each);
    return {
      mpps: joined.reduce((sum, slice) => sum + slice.mpps, 0) / joined.length,
      swaps: joined.reduce((sum, slice) => sum + slice.swaps, 0),
    };
  });
}

/** Nothing at all is a gap; the least that moved is a bar. */
function bar(mpps: number, peak: number): string {
  if (mpps <= 0) return ' ';
  return BARS.charAt(Math.max(0, Math.ceil((mpps / peak) * BARS.length) - 1));
}

function mark(swaps: number): string {
  if (swaps === 0) return ' ';
  if (swaps === 1) return ONE_SWAP;
  return swaps < 10 ? String(swaps) : MANY_SWAPS;
}

function legend(marks: string, columnMs: number): string {
  const symbols = [
    ...(marks.includes(ONE_SWAP) ? [`${ONE_SWAP} is one`] : []),
    ...(marks.includes(MANY_SWAPS) ? [`${MANY_SWAPS} is ten or more`] : []),
  ];
  const explained = symbols.length > 0 ? ` (${symbols.join(', ')})` : '';
  return `marks: swaps in ${timeSpan(columnMs)}${explained}`;
}

/** Start, middle and end, as far as there is room for them. */
function axis(width: number, durationMs: number): string {
  const end = timeSpan(durationMs);
  const middle = timeSpan(durationMs / 2);
  const least = '0 s'.length + middle.length + end.length;
  if (width < least + 4) return `0 s to ${end}`;
  const left = '0 s'.padEnd(Math.round((width - middle.length) / 2));
  return `${left}${middle}`.padEnd(width - end.length) + end;
}
