import { describe, expect, it } from 'vitest';
import {
  CARD_SITUATIONS,
  type Covered,
  cellKey,
  DISK_SITUATIONS,
  OF_DISKS,
} from '../../src/exec/sim/coverage.ts';
import { canStrike, FAULT_NAMES, type Fault, whyNot } from '../../src/exec/sim/faults.ts';
import { PHASES } from '../../src/swap/plan.ts';
import { tabulate } from '../../src/testbed/coverage-table.ts';

const OWN = {
  modules: { drivers: [], applications: [], checkers: [] },
  drivers: ['a', 'b'],
  applications: ['sink', 'echo'],
  diskDrivers: [],
};
const WITH_DISKS = { ...OWN, diskDrivers: ['a', 'b'] };
const OF_CARDS = FAULT_NAMES.filter((fault) => PHASES.some((phase) => canStrike(fault, phase, 'nic')));
const PAIRS = [
  ['a', 'a'],
  ['a', 'b'],
  ['b', 'a'],
  ['b', 'b'],
] as const;

/** All cells of cards that there can be, each this often. */
function full(faults: readonly Fault[], count = 5): Record<string, number> {
  const cells: Record<string, number> = {};
  for (const fault of faults)
    for (const phase of PHASES)
      if (canStrike(fault, phase, 'nic'))
        for (const [from, to] of PAIRS)
          for (const app of OWN.applications) cells[cellKey(phase, fault, from, to, app)] = count;
  return cells;
}

function covered(cells: Record<string, number>, situations: Record<string, number> = {}): Covered {
  return { cells, situations, outcomes: {} };
}

describe('the coverage table', () => {
  it('counts a cell for each phase that a fault can strike in, ordered pair and application', () => {
    const table = tabulate(covered(full(FAULT_NAMES)), FAULT_NAMES, OWN);
    expect(table.cells).toBe(Object.keys(full(FAULT_NAMES)).length);
    expect(table.zero).toEqual([]);
    expect(table.phases).toEqual(PHASES);
    expect(table.pairs.map(({ from, to }) => [from, to])).toEqual(PAIRS);
    for (const { least } of table.pairs) expect(least).toEqual([5, 5]);
  });

  it('has null, and says why, where a fault cannot strike', () => {
    const { faults } = tabulate(covered(full(FAULT_NAMES)), FAULT_NAMES, OWN);
    expect(faults.map(({ fault }) => fault)).toEqual(OF_CARDS);
    for (const { fault, least, why } of faults) {
      expect(least).toEqual(PHASES.map((phase) => (canStrike(fault as Fault, phase, 'nic') ? 5 : null)));
      expect(why).toBe(whyNot(fault as Fault));
      if (least.includes(null)) expect(why).not.toBe('');
    }
    const stuck = faults.find(({ fault }) => fault === 'stuckDriver');
    expect(stuck?.least.filter((count) => count !== null)).toEqual([5]);
  });

  it('names each cell that nobody came through', () => {
    const cells = full(['silence', 'reset']);
    const missing = cellKey('transfer', 'silence', 'a', 'b', 'echo');
    const never = cellKey('commit', 'reset', 'b', 'b', 'sink');
    delete cells[missing];
    cells[never] = 0;
    const { zero } = tabulate(covered(cells), ['silence', 'reset'], OWN);
    expect(zero).toEqual([missing, never]);
  });

  it('takes the least over all pairs and applications, for each fault and phase', () => {
    const cells = full(['silence', 'linkFlap']);
    cells[cellKey('prepare', 'silence', 'b', 'a', 'sink')] = 3;
    cells[cellKey('prepare', 'silence', 'a', 'a', 'echo')] = 2;
    cells[cellKey('retire', 'linkFlap', 'b', 'b', 'echo')] = 4;
    const { faults, pairs } = tabulate(covered(cells), ['silence', 'linkFlap'], OWN);
    expect(faults[0].least).toEqual(PHASES.map((phase) => (phase === 'prepare' ? 2 : 5)));
    expect(faults[1].least).toEqual(PHASES.map((phase) => (phase === 'retire' ? 4 : 5)));
    expect(pairs.map(({ least }) => least)).toEqual([
      [5, 2],
      [5, 5],
      [3, 5],
      [5, 4],
    ]);
  });

  it('asks for no cell of a fault that may not strike', () => {
    const table = tabulate(covered(full(FAULT_NAMES)), [], OWN);
    expect(table).toMatchObject({ cells: 0, zero: [], faults: [] });
    expect(table.pairs.map(({ least }) => least)).toEqual(PAIRS.map(() => [0, 0]));
  });

  it('has every situation, seen or not', () => {
    const { situations } = tabulate(covered({}, { 'PAUSE sent': 7 }), FAULT_NAMES, OWN);
    expect(Object.keys(situations)).toEqual([...CARD_SITUATIONS]);
    expect(situations).toMatchObject({ 'PAUSE sent': 7, 'transmit ring full': 0 });
    const both = tabulate(covered({}), FAULT_NAMES, WITH_DISKS).situations;
    expect(Object.keys(both)).toEqual([...CARD_SITUATIONS, ...DISK_SITUATIONS]);
  });

  it('has a part of its own for disks, with their faults and no others', () => {
    const cells = full(FAULT_NAMES);
    const seen = cellKey('quiesce', 'powerCut', 'a', 'b', OF_DISKS);
    const table = tabulate(covered({ ...cells, [seen]: 3 }), FAULT_NAMES, WITH_DISKS);
    expect(tabulate(covered(cells), FAULT_NAMES, OWN).disks).toBeUndefined();
    const names = table.disks?.faults.map(({ fault }) => fault);
    expect(names).toContain('powerCut');
    expect(names).not.toContain('linkFlap');
    expect(table.faults.map(({ fault }) => fault)).not.toContain('powerCut');
    expect(table.zero).not.toContain(seen);
    expect(table.zero).toContain(cellKey('quiesce', 'powerCut', 'b', 'a', OF_DISKS));
    expect(table.zero.every((cell) => cell.endsWith(`|${OF_DISKS}`))).toBe(true);
    expect(table.cells).toBe(Object.keys(cells).length + table.zero.length + 1);
  });

  it('is all zero after nothing', () => {
    const table = tabulate(covered({}), FAULT_NAMES, OWN);
    expect(table.zero.length).toBe(table.cells);
    expect(new Set(table.zero).size).toBe(table.cells);
  });
});
