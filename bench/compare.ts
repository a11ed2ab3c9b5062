/** Two reports, figure by figure: what got better or worse than noise allows. */
import { UsageError } from '../src/testbed/index.ts';
import type { BenchReport, Environment, Figure, Unit } from './results.ts';
import { median, quantile } from './statistics.ts';

export type Outcome = 'worse' | 'better' | 'unchanged' | 'cannot tell' | 'only in old' | 'only in new';

export interface FigureComparison {
  readonly id: string;
  readonly unit: Unit;
  readonly outcome: Outcome;
  readonly old: Figure | undefined;
  readonly now: Figure | undefined;
  /** By what part of the old median the new one differs; infinite where the old one is 0. Absent where there is but one. */
  readonly change?: number;
  /** The largest change that is put down to noise, likewise; absent where that cannot be known. */
  readonly allowed?: number;
  /** By what was timed beside a neighbour alone: neither run had enough at the cores' own pace. */
  readonly shared?: boolean;
}

export interface Comparison {
  readonly old: Environment;
  readonly now: Environment;
  /** What a reader must know before believing it. */
  readonly remarks: readonly string[];
  /** The worst first. */
  readonly figures: readonly FigureComparison[];
}

/**
 * Smaller changes are not reported, however small the spread. What compares two things of one run is free of the
 * machine's mood. Absolute figures are not: the host of a shared machine gives more in one hour than in another, and
 * the spread within a run does not know it.
 */
const FLOORS = { relative: 0.05, absolute: 0.3 };
const STANDARD_ERRORS = 3;
/** Quartiles of fewer values say next to nothing about their spread. */
const VALUES_LEAST = 3;
const ORDER: readonly Outcome[] = [
  'worse',
  'better',
  'cannot tell',
  'only in new',
  'only in old',
  'unchanged',
];

/** Reports of other machines are compared with a remark; a quick run is never compared with a full one. */
export function compareReports(old: BenchReport, now: BenchReport): Comparison {
  if (old.quick !== now.quick) {
    const name = ({ quick }: BenchReport) => (quick ? 'a quick run' : 'a full run');
    throw new UsageError(`${name(old)} cannot be compared with ${name(now)}: they do not measure the same`);
  }
  const ran = ({ benches }: BenchReport) => benches.map(({ name }) => name);
  const before = comparable(old, ran(now));
  const after = comparable(now, ran(old));
  const figures = [...new Set([...before.keys(), ...after.keys()])].map((id) =>
    compareFigures(id, before.get(id), after.get(id)),
  );
  const size = ({ change = 0 }: FigureComparison) => Math.abs(change);
  figures.sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome) || size(b) - size(a));
  return {
    old: old.environment,
    now: now.environment,
    remarks: [...remarks(old, now), ...sharedRemarks(figures)],
    figures,
  };
}

export function countOutcomes({ figures }: Comparison): Readonly<Record<Outcome, number>> {
  const counts = Object.fromEntries(ORDER.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  for (const { outcome } of figures) counts[outcome]++;
  return counts;
}

/** `2 figures worse, 1 better, 214 unchanged` */
export function comparisonInWords(comparison: Comparison): string {
  const counts = countOutcomes(comparison);
  const { worse, better, unchanged } = counts;
  return [
    `${worse === 0 ? 'no' : worse} figure${worse === 1 ? '' : 's'} worse`,
    `${better} better`,
    `${unchanged} unchanged`,
    ...(counts['cannot tell'] > 0 ? [`${counts['cannot tell']} not to be told`] : []),
  ].join(', ');
}

/** `+21.4 %`; a change from nothing has no measure. */
export function changeInWords(change: number): string {
  if (!Number.isFinite(change)) return 'from 0';
  return `${change < 0 ? '−' : '+'}${(Math.abs(change) * 100).toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
}

/** Only what has a good and a bad way is compared, of benches that ran both times. */
function comparable({ benches }: BenchReport, also: readonly string[]): Map<string, Figure> {
  const both = benches.filter(({ name }) => also.includes(name));
  const figures = both.flatMap((bench) => bench.figures).filter(({ better }) => better !== undefined);
  return new Map(figures.map((figure) => [figure.id, figure]));
}

function compareFigures(id: string, old: Figure | undefined, now: Figure | undefined): FigureComparison {
  const unit = (now ?? old)?.unit ?? 'count';
  const both = { id, unit, old, now };
  if (old === undefined || now === undefined)
    return { ...both, outcome: old === undefined ? 'only in new' : 'only in old' };
  if (old.unit !== now.unit || old.better !== now.better) return { ...both, outcome: 'cannot tell' };
  const alike = alikeIn(old, now);
  if (alike.length === 0) return { ...both, outcome: 'cannot tell' };
  const [olds, nows] = [broughtTogether(alike, 'old'), broughtTogether(alike, 'now')];
  const [before, after] = [median(olds), median(nows)];
  // From nothing to something is any number of times as much.
  const relative = (difference: number) => (difference === 0 ? 0 : difference / Math.abs(before));
  const found = { ...both, ...shownBy(alike, old, now), change: relative(after - before) };
  // What a pace is brought to another one by is itself a median of few of these values: it costs two of them.
  const [oldCount, nowCount] = [olds, nows].map(({ length }) => length - 2 * (alike.length - 1));
  if (Math.min(oldCount, nowCount) < VALUES_LEAST) return { ...found, outcome: 'cannot tell' };
  const floor = unit === 'ratio' || unit === 'share' ? FLOORS.relative : FLOORS.absolute;
  const noises = Math.hypot(noise(olds, oldCount), noise(nows, nowCount));
  const allowed = Math.max(floor * Math.abs(before), noises);
  const measured = { ...found, allowed: relative(allowed) };
  if (Math.abs(after - before) <= allowed) return { ...measured, outcome: 'unchanged' };
  const better = now.better === 'lower' ? after < before : after > before;
  return { ...measured, outcome: better ? 'better' : 'worse' };
}

interface Alike {
  readonly shared: boolean;
  readonly old: readonly number[];
  readonly now: readonly number[];
}

/** What both runs timed at the same pace of the cores: their own first, then the one beside a neighbour. */
function alikeIn(old: Figure, now: Figure): Alike[] {
  const own = ({ values, disturbed }: Figure) => (disturbed === true ? [] : values);
  const paces = [
    { shared: false, old: own(old), now: own(now) },
    { shared: true, old: old.shared ?? [], now: now.shared ?? [] },
  ];
  const having = (least: number) =>
    paces.filter((pace) => Math.min(pace.old.length, pace.now.length) >= least);
  return having(2).length > 0 ? having(2) : having(1).slice(0, 1);
}

/** A loop is slower by the same part at one pace as at another: values at the second are brought to the first by the old run's medians. */
function broughtTogether(alike: readonly Alike[], run: 'old' | 'now'): number[] {
  const [first] = alike;
  return alike.flatMap((pace) => {
    const factor = pace === first ? 1 : median(first.old) / median(pace.old);
    return pace[run].map((value) => value * factor);
  });
}

/** Of figures that were compared beside a neighbour alone, those values. */
function shownBy(
  [{ shared, old: olds, now: nows }]: readonly Alike[],
  old: Figure,
  now: Figure,
): Pick<FigureComparison, 'old' | 'now' | 'shared'> {
  if (!shared) return { old, now };
  const only = ({ id, unit }: Figure, values: readonly number[]): Figure => ({ id, unit, values });
  return { old: only(old, olds), now: only(now, nows), shared };
}

/**
 * How far a median may be off: its standard error some times over. The standard deviation comes from the quartiles,
 * which outliers do not move; few values know it badly, often as far too small, and so need more of it. The factor
 * keeps pairs of equal samples apart as seldom with five values as with fifty. `count`: of values that are independent.
 */
function noise(values: readonly number[], count: number): number {
  const standardError = (1.2533 * deviation(values)) / Math.sqrt(count);
  return STANDARD_ERRORS * (1 + 6 / count) * standardError;
}

/** Of a normal distribution with these quartiles; where they coincide, with this mean distance from the median. */
function deviation(values: readonly number[]): number {
  const quartiles = quantile(values, 0.75) - quantile(values, 0.25);
  if (quartiles > 0) return quartiles / 1.349;
  const middle = median(values);
  return (1.2533 * values.reduce((sum, value) => sum + Math.abs(value - middle), 0)) / values.length;
}

function remarks(old: BenchReport, now: BenchReport): string[] {
  const machine = ({ cpu, cores, platform }: Environment) => `${cores} x ${cpu}, ${platform}`;
  const differs = (what: string, of: (environment: Environment) => string) => {
    const [before, after] = [of(old.environment), of(now.environment)];
    return before === after ? [] : [`${what}: ${before} before, ${after} now`];
  };
  const missing = (when: string, all: BenchReport, some: BenchReport) => {
    const names = all.benches
      .map(({ name }) => name)
      .filter((name) => !some.benches.some((bench) => bench.name === name));
    return names.length === 0 ? [] : [`not run ${when}: ${names.join(', ')}`];
  };
  return [
    ...differs('not the same machine', machine),
    ...differs('not the same Node', ({ node }) => node),
    ...[old, now]
      .filter(({ verdict }) => verdict === 'fail')
      .map(
        ({ environment }) => `the ledger of the run of ${environment.date} failed: its figures mean little`,
      ),
    ...missing('now', old, now),
    ...missing('before', now, old),
  ];
}

function sharedRemarks(figures: readonly FigureComparison[]): string[] {
  const count = figures.filter(({ shared }) => shared === true).length;
  return count === 0
    ? []
    : [
        `${count} figures are compared by what was timed while a neighbour had its part of the core, in both runs: at their own pace the cores were not often enough`,
      ];
}
