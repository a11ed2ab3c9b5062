import { describe, expect, it } from 'vitest';
import type { CpuResult, Tour } from '../../src/exec/threads/messages.ts';
import { combined, tourOfTheDead } from '../../src/exec/threads/tours.ts';
import { newRecord } from '../../src/swap/record.ts';
import { TestMachine } from '../machine.ts';

function tour(ids: readonly number[], more: Partial<Tour> = {}): Tour {
  return {
    records: ids.map((id) => newRecord('eth0', 'polling', 'batching', id, 'inplace', 0)),
    unkept: 0,
    scheduled: ids.length,
    violations: [],
    anomalies: [[]],
    occupancy: { workingUs: 1, lookingUs: 2, idleUs: 3 },
    ...more,
  };
}

function last(ids: readonly number[]): CpuResult {
  return {
    ...tour(ids),
    ...{ bufferProblems: [], buffers: 0, drivers: [], disks: [], startUs: 5, endUs: 6, dump: undefined },
  };
}

const damaged = { invariant: 'damage', device: 'eth0', message: 'damaged', timeUs: 3 } as const;
const anomaly = { kind: 'damaged', queue: 0, flow: 1, sequence: 2, count: 1, timeUs: 3 } as const;

describe('tours of several CPUs', () => {
  it('are one result: swaps numbered throughout, what was found in any of them', () => {
    const first = tour([1, 2], { violations: [damaged], anomalies: [[anomaly]], unkept: 4, scheduled: 6 });
    const all = combined([first, tour([1])], last([1, 2, 3]));
    expect(all.records.map(({ id }) => id)).toEqual([1, 2, 7, 8, 9, 10]);
    expect(all).toMatchObject({ unkept: 4, scheduled: 10, violations: [damaged], anomalies: [[anomaly]] });
    expect(all.occupancy).toEqual({ workingUs: 3, lookingUs: 6, idleUs: 9 });
    expect(all).toMatchObject({ startUs: 5, endUs: 6 });
  });

  it('are the last one where there was one', () => {
    const only = last([1]);
    expect(combined([], only)).toBe(only);
  });

  it('of a thread that ended have the swaps that it told of', () => {
    const { layout } = new TestMachine({ cards: [{}, {}] });
    const dead = tourOfTheDead(tour([1, 3]).records, layout);
    expect(dead).toMatchObject({ scheduled: 3, unkept: 0, violations: [], anomalies: [[], []] });
    expect(dead.records).toHaveLength(2);
  });
});
