/** What a campaign covered, cell by cell: swap phase, fault, ordered pair of drivers, application. */
import { CARD_SITUATIONS, type Covered, cellKey, DISK_SITUATIONS, OF_DISKS } from '../exec/sim/coverage.ts';
import { canStrike, type DeviceClass, type Fault, whyNot } from '../exec/sim/faults.ts';
import { PHASES } from '../swap/plan.ts';
import type { Own } from './own.ts';

/** Of cards, unless all machines were of disks alone. */
export interface CoverageTable extends DeviceCoverage {
  readonly phases: readonly string[];
  /** The same of disks, unless all machines were of cards alone. */
  readonly disks?: DeviceCoverage;
  readonly situations: Readonly<Record<string, number>>;
  readonly cells: number;
  /** Cells that no scenario came through, as `phase|fault|from|to|application`. */
  readonly zero: readonly string[];
}

export interface DeviceCoverage {
  readonly drivers: readonly string[];
  readonly applications: readonly string[];
  /** For each fault and phase: the least count over all pairs and applications. */
  readonly faults: readonly FaultRow[];
  /** For each ordered pair and application: the least count over all phases and faults that can meet. */
  readonly pairs: readonly PairRow[];
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

export function tabulate({ cells, situations }: Covered, allowed: readonly Fault[], own: Own): CoverageTable {
  const { drivers, applications, diskDrivers } = own;
  const cards = new Tabulation(cells, 'nic', drivers, applications, allowed);
  const disks = new Tabulation(cells, 'nvme', diskDrivers, [OF_DISKS], allowed);
  const alone = diskDrivers.length === 0;
  const names = [...(drivers.length > 0 ? CARD_SITUATIONS : []), ...(alone ? [] : DISK_SITUATIONS)];
  return {
    phases: PHASES,
    ...cards.table,
    ...(alone ? {} : { disks: disks.table }),
    situations: Object.fromEntries(names.map((name) => [name, situations[name] ?? 0])),
    cells: cards.cells + disks.cells,
    zero: [...cards.zero, ...disks.zero],
  };
}

/** The cells of one class of devices, and the least of them by fault and by pair. */
class Tabulation {
  readonly table: DeviceCoverage;
  readonly zero: string[] = [];
  cells = 0;
  private readonly seen: Covered['cells'];
  private readonly pairLeast = new Map<string, number>();

  constructor(
    seen: Covered['cells'],
    device: DeviceClass,
    drivers: readonly string[],
    applications: readonly string[],
    allowed: readonly Fault[],
  ) {
    this.seen = seen;
    const pairs = drivers.flatMap((from) => drivers.map((to) => ({ from, to })));
    const places = pairs.flatMap(({ from, to }) => applications.map((app) => ({ from, to, app })));
    // Without drivers there are no such devices.
    const faults = allowed.filter(
      (fault) => drivers.length > 0 && PHASES.some((phase) => canStrike(fault, phase, device)),
    );
    this.table = {
      drivers,
      applications,
      faults: faults.map((fault) => ({
        fault,
        why: whyNot(fault),
        least: PHASES.map((phase) =>
          canStrike(fault, phase, device)
            ? Math.min(...places.map(({ from, to, app }) => this.count(phase, fault, from, to, app)))
            : null,
        ),
      })),
      pairs: pairs.map(({ from, to }) => ({
        from,
        to,
        least: applications.map((app) => this.pairLeast.get(`${from}|${to}|${app}`) ?? 0),
      })),
    };
  }

  private count(...[phase, fault, from, to, app]: Parameters<typeof cellKey>): number {
    const key = cellKey(phase, fault, from, to, app);
    const place = `${from}|${to}|${app}`;
    const count = this.seen[key] ?? 0;
    this.cells++;
    if (count === 0) this.zero.push(key);
    this.pairLeast.set(place, Math.min(count, this.pairLeast.get(place) ?? Number.POSITIVE_INFINITY));
    return count;
  }
}
