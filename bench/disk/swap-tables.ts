/** How swaps of disks are shown: the ways of the same change, each pair, the phases. */
import { PHASES } from '../../src/swap/plan.ts';
import type { Measured, Shown } from '../bench.ts';
import { idsOf, valuesOf } from '../collect.ts';
import type { Cell, Figure, MatrixPlot, ResultTable } from '../results.ts';
import { median } from '../statistics.ts';
import { QUANTILES } from '../swap-quantiles.ts';
import { DISK_NAMES } from './tables.ts';

export const METHODS = ['inplace', 'drain', 'reset'] as const;
export const PAIRS = DISK_NAMES.flatMap((from) => DISK_NAMES.map((to) => ({ from, to })));

const METHOD_NAMES = { inplace: 'in place', drain: 'drain, then swap', reset: 'reset and reinitialise' };
const GROUPS = { plain: 'without buffered', all: 'all pairs' };

/** Has it nothing of its own that a successor must be given? */
export function isPlain(driver: string): boolean {
  return driver !== 'buffered';
}

type Known = (id: string) => boolean;

export function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const known: Known = (id) => ids.includes(id);
  const plain = 'disk-swap/inplace/plain';
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [waysTable(known), pairsTable(known), phasesTable(known)],
    plots: [
      matrix(all, 'critical/p50', 'Critical section, p50'),
      matrix(all, 'stall/p50', 'Stall, p50'),
      matrix(all, 'control/p50', 'Control of the stall, p50'),
    ],
    goals: [
      {
        figure: `${plain}/critical/p50`,
        text: 'critical section, p50, pairs without buffered',
        bound: 'at most',
        goal: 1,
      },
      {
        figure: `${plain}/critical/p99`,
        text: 'critical section, p99, pairs without buffered',
        bound: 'at most',
        goal: 10,
      },
      {
        figure: `${plain}/over`,
        text: 'stall over its control, p50, pairs without buffered',
        bound: 'at most',
        goal: 3,
      },
    ],
    notes: [
      'Where buffered comes or goes the pause is that of its buffer of 512 pages: the directory is made, or walked.',
    ],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  if (id.endsWith('/count') || id.endsWith('/undone')) return { id, unit: 'count', values };
  const compared = id.includes('/plain/critical/p50') || id.includes('/plain/critical/p99');
  return compared ? { id, unit: 'us', better: 'lower', values } : { id, unit: 'us', values };
}

function cell(id: string, known: Known): Cell {
  return known(id) ? { figure: id } : { text: '' };
}

function waysTable(known: Known): ResultTable {
  const columns = [
    ['critical p50', 'critical/p50'],
    ['p99', 'critical/p99'],
    ['max', 'critical/max'],
    ['stall p50', 'stall/p50'],
    ['stall p99', 'stall/p99'],
    ['control p50', 'control/p50'],
    ['control p99', 'control/p99'],
    ['over', 'over'],
  ];
  return {
    title: 'Ways of the same change',
    note: 'The critical section is from quiesce to the end of commit; draining is part of it. Stall: the longest time, while a completion waits, in which none was taken, from the request to the end of retire. Control: equal windows with nothing swapped. Over: the median of the differences, swap by swap.',
    keys: ['way', 'pairs'],
    columns: columns.map(([head]) => head),
    rows: METHODS.flatMap((method) =>
      Object.entries(GROUPS).map(([group, name]) => ({
        keys: [METHOD_NAMES[method], name],
        cells: columns.map(([, what]) => cell(`disk-swap/${method}/${group}/${what}`, known)),
      })),
    ),
  };
}

function pairsTable(known: Known): ResultTable {
  const columns = ['critical', 'stall', 'control'].flatMap((what) =>
    Object.keys(QUANTILES).map((name) => [`${what} ${name}`, `${what}/${name}`]),
  );
  return {
    title: 'In place, by pair',
    keys: ['from', 'to'],
    columns: columns.map(([head]) => head),
    rows: PAIRS.map(({ from, to }) => ({
      keys: [from, to],
      cells: columns.map(([, what]) => cell(`disk-swap/inplace/${from}-${to}/${what}`, known)),
    })),
  };
}

function phasesTable(known: Known): ResultTable {
  const names = Object.keys(QUANTILES);
  const id = (phase: string, name: string) => `disk-swap/inplace/phase-${phase}/${name}`;
  return {
    title: 'Phases of swaps in place, all pairs together',
    note: 'Between slices of negotiate, prepare, probation and retire the disk is served: those take long and stall nothing. In prepare the disk is told how the new driver wants its interrupts, and what buffered keeps is written out.',
    keys: ['phase'],
    columns: names,
    rows: PHASES.filter((phase) => known(id(phase, 'p50'))).map((phase) => ({
      keys: [phase],
      cells: names.map((name) => cell(id(phase, name), known)),
    })),
  };
}

function matrix(all: readonly Measured[], what: string, title: string): MatrixPlot {
  return {
    kind: 'matrix',
    title,
    unit: 'us',
    rowLabel: 'from',
    columnLabel: 'to',
    rows: DISK_NAMES,
    columns: DISK_NAMES,
    values: DISK_NAMES.map((from) =>
      DISK_NAMES.map((to) => {
        const values = valuesOf(all, `disk-swap/inplace/${from}-${to}/${what}`);
        return values.length === 0 ? null : median(values);
      }),
    ),
  };
}
