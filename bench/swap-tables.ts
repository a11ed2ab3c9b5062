/** How swaps are shown: tables by load, the two other ways beside them, matrices of all pairs. */
import { PHASES } from '../src/swap/plan.ts';
import type { Measured, Shown } from './bench.ts';
import { idsOf, valuesOf } from './collect.ts';
import type { Cell, Figure, Goal, LinePlot, MatrixPlot, ResultTable } from './results.ts';
import { median } from './statistics.ts';
import { QUANTILES } from './swap-quantiles.ts';
import { DRIVERS } from './traffic-kinds.ts';

export const LOADS = ['idle', 'half', 'full'] as const;
export const METHODS = ['inplace', 'drain', 'reset'] as const;
export const PAIRS = DRIVERS.flatMap((from) => DRIVERS.map((to) => ({ from, to })));

const LOAD_NAMES = {
  idle: 'idle: 10,000 frames a second, open link',
  half: 'half of the full load, open link',
  full: 'full load, lossless link',
};
const METHOD_NAMES = { inplace: 'in place', drain: 'drain, then swap', reset: 'reset and reinitialise' };

export function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const known = (id: string) => ids.includes(id);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [waysTable(known), ...LOADS.map((load) => pairsTable(load, known)), phasesTable(known)],
    plots: [
      ...timeline(all),
      ...LOADS.map((load) => matrix(all, load, 'critical/p50', 'Critical section, p50')),
      matrix(all, 'full', 'stall/p50', 'Stall, p50'),
      matrix(all, 'full', 'control/p50', 'Control of the stall, p50'),
    ],
    goals: LOADS.flatMap(goalsOf),
    notes: [`${least(all).toLocaleString('en-US')} swaps in place of each pair at each load, or more.`],
  };
}

/** Swaps in place of each pair at the load that has fewest. */
function least(all: readonly Measured[]): number {
  const counts = LOADS.map((load) =>
    valuesOf(all, `swap/${load}/inplace/count`).reduce((sum, count) => sum + count, 0),
  );
  return Math.floor(Math.min(...counts) / PAIRS.length);
}

function figure(id: string, values: readonly number[]): Figure {
  if (id.endsWith('/count')) return { id, unit: 'count', values };
  if (id.endsWith('/lost')) return { id, unit: 'frames', values };
  const compared = id.includes('/all/critical/p50') || id.includes('/all/critical/p99');
  return compared ? { id, unit: 'us', better: 'lower', values } : { id, unit: 'us', values };
}

function goalsOf(load: (typeof LOADS)[number]): Goal[] {
  const id = `swap/${load}/inplace/all`;
  return [
    { figure: `${id}/critical/p50`, text: `critical section, p50, ${load}`, bound: 'at most', goal: 1 },
    { figure: `${id}/critical/p99`, text: `critical section, p99, ${load}`, bound: 'at most', goal: 10 },
    { figure: `${id}/over`, text: `stall over its control, p50, ${load}`, bound: 'at most', goal: 3 },
  ];
}

type Known = (id: string) => boolean;

function cell(id: string, known: Known): Cell {
  return known(id) ? { figure: id } : { text: '' };
}

function waysTable(known: Known): ResultTable {
  const columns = [
    ['critical p50', 'all/critical/p50'],
    ['p99', 'all/critical/p99'],
    ['p99.9', 'all/critical/p99.9'],
    ['max', 'all/critical/max'],
    ['stall p50', 'all/stall/p50'],
    ['stall p99', 'all/stall/p99'],
    ['control p50', 'all/control/p50'],
    ['control p99', 'all/control/p99'],
    ['lost a swap', 'lost'],
  ];
  return {
    title: 'Three ways of the same change, all pairs together',
    note: 'The critical section is from quiesce to the end of commit; of a reset it is the time without service. Stall: the longest time, while work waits, in which nothing was served, from the request to the end of retire. Control: equal windows with nothing swapped.',
    keys: ['load', 'way'],
    columns: columns.map(([head]) => head),
    rows: LOADS.flatMap((load) =>
      METHODS.map((method) => ({
        keys: [load, METHOD_NAMES[method]],
        cells: columns.map(([, what]) => cell(`swap/${load}/${method}/${what}`, known)),
      })),
    ),
  };
}

function pairsTable(load: (typeof LOADS)[number], known: Known): ResultTable {
  const columns = ['critical', 'stall', 'control'].flatMap((what) =>
    Object.keys(QUANTILES).map((name) => [`${what} ${name}`, `${what}/${name}`]),
  );
  return {
    title: `In place, by pair: ${LOAD_NAMES[load]}`,
    keys: ['from', 'to'],
    columns: columns.map(([head]) => head),
    rows: PAIRS.map(({ from, to }) => ({
      keys: [from, to],
      cells: columns.map(([, what]) => cell(`swap/${load}/inplace/${from}-${to}/${what}`, known)),
    })),
  };
}

function phasesTable(known: Known): ResultTable {
  const columns = LOADS.flatMap((load) =>
    Object.keys(QUANTILES).map((name) => ({ head: `${load} ${name}`, load, name })),
  );
  const id = (load: string, phase: string, name: string) => `swap/${load}/inplace/phase-${phase}/${name}`;
  return {
    title: 'Phases of swaps in place, all pairs together',
    note: 'Between slices of negotiate, prepare, probation and retire the card is served: those take long and stall nothing.',
    keys: ['phase'],
    columns: columns.map(({ head }) => head),
    rows: PHASES.filter((phase) => LOADS.some((load) => known(id(load, phase, 'p50')))).map((phase) => ({
      keys: [phase],
      cells: columns.map(({ load, name }) => cell(id(load, phase, name), known)),
    })),
  };
}

function matrix(
  all: readonly Measured[],
  load: (typeof LOADS)[number],
  what: string,
  title: string,
): MatrixPlot {
  return {
    kind: 'matrix',
    title: `${title}, ${LOAD_NAMES[load]}`,
    unit: 'us',
    rowLabel: 'from',
    columnLabel: 'to',
    rows: DRIVERS,
    columns: DRIVERS,
    values: DRIVERS.map((from) =>
      DRIVERS.map((to) => {
        const values = valuesOf(all, `swap/${load}/inplace/${from}-${to}/${what}`);
        return values.length === 0 ? null : median(values);
      }),
    ),
  };
}

/** Of the process in the middle of the list: one is as good as another. */
function timeline(all: readonly Measured[]): LinePlot[] {
  const points = all[all.length >> 1]?.points;
  if (points === undefined) return [];
  return [
    {
      kind: 'lines',
      title: 'Throughput over time, a swap every 50 ms',
      note: 'The first 0.3 s are the compiler’s. One process, looks 5 ms apart.',
      x: { label: 'ms' },
      y: { label: 'Mpps' },
      series: [{ name: 'delivered', x: points['timeline ms'], y: points['timeline mpps'] }],
      marks: { name: 'swaps', at: points['timeline swaps'] },
    },
  ];
}
