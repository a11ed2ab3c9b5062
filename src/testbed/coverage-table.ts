/** What a campaign covered, cell by cell: swap phase, fault, ordered pair of drivers, application. */
import { type Covered, cellKey, SITUATIONS } from '../exec/sim/coverage.ts';
import { canStrike, type Fault, whyNot } from '../exec/sim/faults.ts';
import { PHASES } from '../swap/plan.ts';
import type { Own } from './own.ts';

export interface CoverageTable {
  readonly phases: readonly string[];
  readonly drivers: readonly string[];
  readonly applications: readonly string[];
  /** For each fault and phase: the least count over all pairs and applications. */
  readonly faults: readonly FaultRow[];
  /** For each ordered pair and application: the least count over all phases and faults that can meet. */
  readonly pairs: readonly PairRow[];
  readonly situations: Readonly<Record<string, number>>;
  readonly cells: number;
  /** Cells that no scenario came through, as `phase|fault|from|to|application`. */
  readonly zero: readonly string[];
}

export interface FaultRow {
  readonly fault: string;
  /** One for each phase; null where the fault cannot strike. */
  readonly least: readonly (number | null)[];
  /** Why the null ones cannot be. */
  readonly why: string;
}

export interface PairRow {
  readonly from: string;
  readonly to: string;
  /** One for each application. */
  readonly least: readonly number[];
}

export function tabulate(
  { cells, situations }: Covered,
  faults: readonly Fault[],
  { drivers, applications }: Own,
): CoverageTable {
  const pairs = drivers.flatMap((from) => drivers.map((to) => ({ from, to })));
  const zero: string[] = [];
  let count = 0;
  const pairLeast = new Map<string, number>();
  const faultRows = faults.map((fault) => ({
    fault,
    why: whyNot(fault),
    least: PHASES.map((phase) => {
      if (!canStrike(fault, phase)) return null;
      let least = Number.POSITIVE_INFINITY;
      for (const { from, to } of pairs)
        for (const app of applications) {
          const key = cellKey(phase, fault, from, to, app);
          const seen = cells[key] ?? 0;
          const place = `${from}|${to}|${app}`;
          count++;
          if (seen === 0) zero.push(key);
          least = Math.min(least, seen);
          pairLeast.set(place, Math.min(seen, pairLeast.get(place) ?? Number.POSITIVE_INFINITY));
        }
      return least;
    }),
  }));
  return {
    phases: PHASES,
    drivers,
    applications,
    faults: faultRows,
    pairs: pairs.map(({ from, to }) => ({
      from,
      to,
      least: applications.map((app) => pairLeast.get(`${from}|${to}|${app}`) ?? 0),
    })),
    situations: Object.fromEntries(SITUATIONS.map((name) => [name, situations[name] ?? 0])),
    cells: count,
    zero,
  };
}
