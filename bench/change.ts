/** By how much a figure differs from one run to the next, and how much of that may be noise. */
import type { Figure } from './results.ts';
import { median, quantile } from './statistics.ts';

const STANDARD_ERRORS = 3;
/** A median is less certain than a mean by this. */
const OF_A_MEDIAN = 1.2533;
/** From the distance of the quartiles, of a normal distribution. */
const QUARTILES = 1.349;
/** Of as many values quartiles say something. */
const QUARTILES_LEAST = 5;
/** Of as many values, in either run, a change can be told: where a spread is known from few of them, and where it is from many. */
const VALUES_LEAST = { few: 3, many: 2 };
/** Values beyond the first ones of their samples. */
const MANY = 12;

/** What both runs have timed at the same pace of the cores: their own, or the one beside a neighbour. */
interface Alike {
  readonly shared: boolean;
  readonly old: readonly number[];
  readonly now: readonly number[];
}

export interface Change {
  /** Medians, of what was timed at the first pace that both runs have. */
  readonly before: number;
  /** At all paces. */
  readonly difference: number;
  /** The largest that is put down to noise; undefined where too few values tell. */
  readonly noise: number | undefined;
  /** Values of the first pace, where that is the one beside a neighbour. */
  readonly shared: Pick<Alike, 'old' | 'now'> | undefined;
}

/** How far values of one kind of figure are apart. */
export interface Spread {
  /** Standard deviations, as parts of the medians: at the cores' own pace, and beside a neighbour. */
  readonly own: number;
  readonly shared: number;
  /** How many values they are known from, beyond the first one of each sample. */
  readonly values: number;
}

/** Figures of one kind: of the same thing, whichever driver it is of. What strikes one of them strikes all. */
export function kindOf(id: string): string {
  const parts = id.split('/');
  return [...parts.slice(0, -2), parts.at(-1)].join('/');
}

export function spreadOf(pairs: readonly (readonly [old: Figure, now: Figure])[]): Spread {
  const alike = pairs.flatMap(([old, now]) => alikeIn(old, now));
  const samples = (of: readonly Alike[]) =>
    of.flatMap(({ old, now }) => [old, now]).filter((values) => values.length > 1);
  return {
    own: relativeDeviation(samples(alike.filter(({ shared }) => !shared))),
    shared: relativeDeviation(samples(alike.filter(({ shared }) => shared))),
    values: samples(alike).reduce((sum, { length }) => sum + length - 1, 0),
  };
}

/** Of three samples in four it is less: a deviation of few values is mostly too small. */
function relativeDeviation(samples: readonly (readonly number[])[]): number {
  const found = samples
    .filter((values) => median(values) !== 0)
    .map((values) => deviation(values) / Math.abs(median(values)));
  return found.length === 0 ? 0 : quantile(found, 0.75);
}

/**
 * A loop that is slower is so by the same part at one pace as at another: the change is the mean of those at each, by how certain they
 * are. Its noise is the standard error some times over. Few values know their spread badly, often as far too small: where
 * many figures of the kind tell of it, it is theirs at least. Undefined where the runs have no pace in common.
 */
export function changeOf(old: Figure, now: Figure, spread: Spread): Change | undefined {
  const alike = alikeIn(old, now);
  const first = alike.at(0);
  if (first === undefined) return undefined;
  const many = spread.values >= MANY;
  const before = median(first.old);
  let weights = 0;
  let difference = 0;
  let variance = 0;
  for (const pace of alike) {
    const scale = pace === first ? 1 : before / median(pace.old);
    const least = many ? (pace.shared ? spread.shared : spread.own) : 0;
    const weight = 1 / ((1 / pace.old.length + 1 / pace.now.length) * (least || 1) ** 2);
    weights += weight;
    difference += weight * scale * (median(pace.now) - median(pace.old));
    variance += (weight * scale) ** 2 * (varianceOf(pace.old, least) + varianceOf(pace.now, least));
  }
  const few =
    Math.min(count(alike, 'old'), count(alike, 'now')) < (many ? VALUES_LEAST.many : VALUES_LEAST.few);
  const errors = STANDARD_ERRORS * (1 + 6 / spread.values);
  return {
    before,
    difference: difference / weights,
    noise: few ? undefined : (errors * Math.sqrt(variance)) / weights,
    shared: first.shared ? first : undefined,
  };
}

function alikeIn(old: Figure, now: Figure): Alike[] {
  const own = ({ values, disturbed }: Figure) => (disturbed === true ? [] : values);
  const paces = [
    { shared: false, old: own(old), now: own(now) },
    { shared: true, old: old.shared ?? [], now: now.shared ?? [] },
  ];
  return paces.filter((pace) => pace.old.length > 0 && pace.now.length > 0);
}

/** Of the median. `least`: of the deviation, as a part of it. */
function varianceOf(values: readonly number[], least: number): number {
  const own = values.length > 1 ? deviation(values) : 0;
  return (OF_A_MEDIAN * Math.max(own, least * Math.abs(median(values)))) ** 2 / values.length;
}

/** Standard deviation. Outliers do not move quartiles; where these coincide, it is that of this mean distance from the median. */
function deviation(values: readonly number[]): number {
  const { length } = values;
  const middle = median(values);
  if (length < QUARTILES_LEAST) {
    const mean = values.reduce((sum, value) => sum + value, 0) / length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (length - 1));
  }
  const quartiles = quantile(values, 0.75) - quantile(values, 0.25);
  const few = 1 + 1.8 / length; // quartiles of few values are closer
  if (quartiles > 0) return (few * quartiles) / QUARTILES;
  return (OF_A_MEDIAN * values.reduce((sum, value) => sum + Math.abs(value - middle), 0)) / length;
}

function count(alike: readonly Alike[], run: 'old' | 'now'): number {
  return alike.reduce((sum, pace) => sum + pace[run].length, 0);
}
