/** Two reports, figure by figure: what got better or worse than noise allows. */
import { UsageError } from '../src/testbed/index.ts';
import { type Change, changeOf, kindOf, type Spread, spreadOf } from './change.ts';
import type { BenchReport, Environment, Figure, Unit } from './results.ts';

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
  /** By what was timed beside a neighbour alone: at the cores' own pace the two runs have nothing in common. */
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
  const spreads = spreadsOf(before, after);
  const figures = [...new Set([...before.keys(), ...after.keys()])].map((id) =>
    compareFigures(id, before.get(id), after.get(id), spreads.get(kindOf(id)) ?? spreadOf([])),
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

function spreadsOf(
  before: ReadonlyMap<string, Figure>,
  after: ReadonlyMap<string, Figure>,
): Map<string, Spread> {
  const kinds = new Map<string, [Figure, Figure][]>();
  for (const [id, old] of before) {
    const now = after.get(id);
    if (now !== undefined) kinds.set(kindOf(id), [...(kinds.get(kindOf(id)) ?? []), [old, now]]);
  }
  return new Map([...kinds].map(([kind, pairs]) => [kind, spreadOf(pairs)]));
}

function compareFigures(
  id: string,
  old: Figure | undefined,
  now: Figure | undefined,
  spread: Spread,
): FigureComparison {
  const unit = (now ?? old)?.unit ?? 'count';
  const both = { id, unit, old, now };
  if (old === undefined || now === undefined)
    return { ...both, outcome: old === undefined ? 'only in new' : 'only in old' };
  if (old.unit !== now.unit || old.better !== now.better) return { ...both, outcome: 'cannot tell' };
  const found = changeOf(old, now, spread);
  if (found === undefined) return { ...both, outcome: 'cannot tell' };
  const { before, difference, noise, shared } = found;
  // From nothing to something is any number of times as much.
  const relative = (part: number) => (part === 0 ? 0 : part / Math.abs(before));
  const shown = shared === undefined ? both : { ...both, ...shownBy(both, shared) };
  const change = relative(difference);
  if (noise === undefined) return { ...shown, change, outcome: 'cannot tell' };
  const floor = unit === 'ratio' || unit === 'share' ? FLOORS.relative : FLOORS.absolute;
  const allowed = Math.max(floor * Math.abs(before), noise);
  const measured = { ...shown, change, allowed: relative(allowed) };
  if (Math.abs(difference) <= allowed) return { ...measured, outcome: 'unchanged' };
  const better = now.better === 'lower' ? difference < 0 : difference > 0;
  return { ...measured, outcome: better ? 'better' : 'worse' };
}

/** Of figures that were compared by what was timed beside a neighbour, those values. */
function shownBy(
  { id, unit }: Pick<FigureComparison, 'id' | 'unit'>,
  { old, now }: NonNullable<Change['shared']>,
): Pick<FigureComparison, 'old' | 'now' | 'shared'> {
  return { old: { id, unit, values: old }, now: { id, unit, values: now }, shared: true };
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
        `${count} figures are compared by what was timed while a neighbour had its part of the core, in both runs: at their own pace the cores were not in both`,
      ];
}
