import { describe, expect, it } from 'vitest';
import { changeInWords, compareReports, comparisonInWords, countOutcomes } from '../../bench/compare.ts';
import type { BenchReport, Figure } from '../../bench/results.ts';
import { sampleReport } from './sample.ts';

const SAMPLE = sampleReport();

/** A report of one bench with these figures. */
function reportOf(...figures: readonly Figure[]): BenchReport {
  return { ...SAMPLE, benches: [{ ...SAMPLE.benches[0], figures }] };
}

function ratio(...values: readonly number[]): Figure {
  return { id: 'ratio', unit: 'ratio', better: 'lower', values };
}

function outcomeOf(old: Figure, now: Figure): string {
  return compareReports(reportOf(old), reportOf(now)).figures[0].outcome;
}

/** Normal by Box and Muller, with now and then a value far off, as on a shared machine. */
function sampler(seed: number): (middle: number, spread: number, count: number) => number[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const one = () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
  return (middle, spread, count) =>
    Array.from({ length: count }, () => middle * (1 + spread * (one() + (next() < 0.05 ? 8 * next() : 0))));
}

describe('a change', () => {
  const before = ratio(1.1, 1.11, 1.09, 1.1, 1.1);

  it('is one when it exceeds both the floor and what the spread allows', () => {
    expect(outcomeOf(before, ratio(1.32, 1.33, 1.31, 1.32, 1.32))).toBe('worse');
    expect(outcomeOf(before, ratio(0.92, 0.93, 0.91, 0.92, 0.92))).toBe('better');
    expect(outcomeOf(before, ratio(1.14, 1.15, 1.13, 1.14, 1.14))).toBe('unchanged');
    expect(outcomeOf(before, ratio(1.0, 1.2, 1.32, 1.5, 1.7))).toBe('unchanged');
  });

  it('is good or bad by the way the figure goes', () => {
    const rate = (...values: number[]): Figure => ({ ...ratio(...values), better: 'higher' });
    expect(outcomeOf(rate(1, 1, 1), rate(0.9, 0.9, 0.9))).toBe('worse');
    expect(outcomeOf(rate(1, 1, 1), rate(1.1, 1.1, 1.1))).toBe('better');
  });

  it('of an absolute figure must be larger, for the machine may have changed its speed', () => {
    const time = (value: number): Figure => ({ ...ratio(value, value, value), unit: 'ns' });
    expect(outcomeOf(time(20), time(25))).toBe('unchanged');
    expect(outcomeOf(time(20), time(27))).toBe('worse');
  });

  it('cannot be told from one value or two', () => {
    expect(outcomeOf(ratio(1), ratio(2))).toBe('cannot tell');
    expect(outcomeOf(ratio(1, 1), ratio(2, 2, 2, 2))).toBe('cannot tell');
    expect(outcomeOf({ ...before, unit: 'ns' }, before)).toBe('cannot tell');
  });

  it('cannot be told where the cores never kept their pace, in either run', () => {
    const now = ratio(1.32, 1.33, 1.31, 1.32, 1.32);
    expect(outcomeOf({ ...before, disturbed: true }, now)).toBe('cannot tell');
    expect(outcomeOf(before, { ...now, disturbed: true })).toBe('cannot tell');
  });

  it('is looked for in what was timed beside a neighbour, where neither run has better', () => {
    const restless = (...shared: number[]): Figure => ({
      ...ratio(9, 1, 5, 3),
      disturbed: true,
      shared,
    });
    const old = restless(1.5, 1.52, 1.49, 1.5);
    expect(outcomeOf(old, restless(1.8, 1.81, 1.79, 1.8))).toBe('worse');
    expect(outcomeOf(old, restless(1.5, 1.51, 1.49, 1.53))).toBe('unchanged');
    expect(outcomeOf(old, restless(1.8, 1.81))).toBe('cannot tell');
    const { remarks, figures } = compareReports(reportOf(old), reportOf(restless(1.5, 1.5, 1.5)));
    expect(figures[0]).toMatchObject({ old: { values: old.shared }, now: { values: [1.5, 1.5, 1.5] } });
    expect(remarks.join()).toContain('1 figures are compared by what was timed while a neighbour');
  });

  it('is seen at both paces together: few values of each are enough', () => {
    const both = (own: readonly number[], shared: readonly number[]): Figure => ({
      ...ratio(...own),
      shared,
    });
    const old = both([1.1, 1.11], [1.5, 1.51, 1.49]);
    expect(outcomeOf(old, both([1.33, 1.32], [1.8, 1.8, 1.81]))).toBe('worse');
    expect(outcomeOf(old, both([1.11, 1.1], [1.5, 1.5, 1.49]))).toBe('unchanged');
    expect(outcomeOf(old, both([1.33, 1.32], []))).toBe('cannot tell');
    expect(outcomeOf(old, both([1.33], [1.8]))).toBe('cannot tell');
  });

  it('from nothing to something is one, whatever the spread of the latter', () => {
    const bytes = (...values: number[]): Figure => ({ ...ratio(...values), unit: 'bytes' });
    expect(outcomeOf(bytes(0, 0, 0, 0, 0), bytes(96, 100, 104, 96, 99))).toBe('worse');
    expect(outcomeOf(bytes(0, 0, 0, 0, 0), bytes(0, 0, 0, 0, 8))).toBe('unchanged');
    const { figures } = compareReports(reportOf(bytes(0, 0, 0)), reportOf(bytes(8, 8, 8)));
    expect(changeInWords(figures[0].change ?? 0)).toBe('from 0');
  });

  it('of rare events is not seen in quartiles that coincide', () => {
    const count = (...values: number[]): Figure => ({ ...ratio(...values), unit: 'count' });
    expect(outcomeOf(count(0, 0, 0, 0, 1), count(1, 1, 1, 1, 0))).toBe('unchanged');
  });

  it('is not looked for in figures that only describe', () => {
    const { id, unit, values } = before;
    const { figures } = compareReports(reportOf({ id, unit, values }), reportOf({ id, unit, values: [9] }));
    expect(figures).toEqual([]);
  });
});

describe('reports', () => {
  it('list the worst first, and what is in one alone', () => {
    const figure = (id: string, value: number): Figure => ({ ...ratio(value, value, value), id });
    const old = reportOf(figure('a', 1), figure('b', 1), figure('c', 1), figure('d', 1), figure('gone', 1));
    const now = reportOf(
      figure('a', 1),
      figure('b', 1.2),
      figure('c', 0.5),
      figure('d', 3),
      figure('new', 1),
    );
    const comparison = compareReports(old, now);
    expect(comparison.figures.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'd worse',
      'b worse',
      'c better',
      'new only in new',
      'gone only in old',
      'a unchanged',
    ]);
    expect(comparisonInWords(comparison)).toBe('2 figures worse, 1 better, 1 unchanged');
  });

  it('of other machines, or with a ledger that failed, are compared with a remark', () => {
    const old = reportOf(ratio(1, 1, 1));
    const { environment } = old;
    const now = {
      ...old,
      environment: { ...environment, cores: 8, node: 'v24.1.0' },
      verdict: 'fail' as const,
    };
    const { remarks, figures } = compareReports(old, now);
    expect(figures[0].outcome).toBe('unchanged');
    expect(remarks).toHaveLength(3);
    expect(remarks[0]).toMatch(/^not the same machine: 2 x .* before, 8 x .* now$/);
    expect(remarks[1]).toBe('not the same Node: v20.20.2 before, v24.1.0 now');
    expect(compareReports(old, old).remarks).toEqual([]);
  });

  it('of a quick run and a full one are not compared', () => {
    expect(() => compareReports(sampleReport({ quick: true }), sampleReport())).toThrow(
      'a quick run cannot be compared with a full run',
    );
  });

  it('of some benches say which others were not run, and compare the figures of these alone', () => {
    const all = sampleReport();
    const some = { ...all, benches: all.benches.slice(0, 1) };
    const comparison = compareReports(all, some);
    expect(comparison.remarks).toEqual([
      'not run now: forward, latency, swap, traffic, loss-free, growth, memory',
    ]);
    expect(countOutcomes(comparison)).toMatchObject({ 'only in old': 0, unchanged: 56 });
    expect(compareReports(some, all).remarks[0]).toMatch(/^not run before: forward/);
  });
});

describe('against noise', () => {
  it('a fifth more in one driver is reported, and nothing else', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const slowed = { id: 'receive/64/polling/', factor: 1.2 };
      const { figures } = compareReports(sampleReport({ seed }), sampleReport({ seed: seed + 100, slowed }));
      expect(figures.filter(({ outcome }) => outcome === 'worse').map(({ id }) => id)).toEqual([
        'receive/64/polling/ratio',
      ]);
    }
  });

  it('runs of the same are seldom told apart: in 20,000 pairs of figures, one in a thousand at most', () => {
    const draw = sampler(42);
    let alarms = 0;
    let pairs = 0;
    for (const count of [3, 5, 7, 11, 25])
      for (const spread of [0.005, 0.02, 0.05, 0.15])
        for (let pair = 0; pair < 1000; pair++, pairs++) {
          const old = ratio(...draw(1, spread, count));
          const now = ratio(...draw(1, spread, count));
          if (outcomeOf(old, now) !== 'unchanged') alarms++;
        }
    expect(pairs).toBe(20_000);
    expect(alarms).toBeLessThanOrEqual(20);
  });

  it('nor are they where a part of the values is of another pace', () => {
    const draw = sampler(43);
    let alarms = 0;
    for (const [own, shared] of [[2, 3], [3, 2], [2, 5], [5, 4], [3, 8]]) // biome-ignore format: one a line is long
      for (const spread of [0.005, 0.02, 0.05, 0.15])
        for (let pair = 0; pair < 500; pair++) {
          const figure = (): Figure => ({
            ...ratio(...draw(1, spread, own)),
            shared: draw(1.4, spread, shared),
          });
          if (['worse', 'better'].includes(outcomeOf(figure(), figure()))) alarms++;
        }

    expect(alarms).toBeLessThanOrEqual(10);
  });

  it('figures of a kind know their spread together: two values of each are enough, and seldom told apart', () => {
    const draw = sampler(44);
    const run = (slowed: number): BenchReport =>
      reportOf(
        ...Array.from({ length: 16 }, (_, i): Figure => {
          const middle = i === slowed ? 0.8 : 1;
          const values = draw(middle, 0.04, 2 + (i % 2));
          const shared = draw(1.4 * middle, 0.06, 1 + (i % 3));
          return { id: `receive/${i}/of-bare`, unit: 'ratio', better: 'higher', values, shared };
        }),
      );
    let found = 0;
    let alarms = 0;
    for (let pair = 0; pair < 200; pair++) {
      const { figures } = compareReports(run(-1), run(pair % 16));
      for (const { id, outcome } of figures) {
        if (outcome !== 'worse' && outcome !== 'better') continue;
        if (id === `receive/${pair % 16}/of-bare`) found++;
        else alarms++;
      }
    }
    expect(found).toBeGreaterThan(120);
    expect(alarms).toBeLessThanOrEqual(3);
  });

  it('a fifth more is found wherever five values spread by two percent', () => {
    const draw = sampler(7);
    const found = Array.from({ length: 500 }, () =>
      outcomeOf(ratio(...draw(1, 0.02, 5)), ratio(...draw(1.2, 0.02, 5))),
    );
    expect(found.filter((outcome) => outcome === 'worse').length).toBeGreaterThan(475);
  });
});
