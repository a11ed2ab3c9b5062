import { describe, expect, it } from 'vitest';
import { format, logTicks, placesOf } from '../../bench/page/browser/axes.ts';
import type { LinePlot } from '../../bench/results.ts';

describe('ticks of a logarithmic axis', () => {
  it.each<[string, number, number, number[]]>([
    ['every power of ten', 1e-5, 1, [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]],
    ['some powers of many', 1e-9, 1, [1e-8, 1e-6, 1e-4, 1e-2, 1]],
    ['2 and 5 between', 2.2, 52, [5, 10, 20, 50]],
    ['3 between, where 2 and 5 are too many', 1, 1000, [1, 3, 10, 30, 100, 300, 1000]],
    ['finer within a decade', 38, 210, [40, 50, 60, 80, 100, 150, 200]],
  ])('%s', (_, min, max, ticks) => expect(logTicks(min, max)).toEqual(ticks));

  it('are some, but few, whatever the range', () => {
    for (let low = -9; low < 9; low += 0.37)
      for (let span = 0.3; span < 12; span += 0.41) {
        const [min, max] = [10 ** low, 10 ** (low + span)];
        const ticks = logTicks(min, max);
        expect(ticks.length, `${min} to ${max}`).toBeGreaterThan(0);
        expect(ticks.length, `${min} to ${max}`).toBeLessThanOrEqual(8);
        for (const tick of ticks) expect(tick >= min && tick <= max).toBe(true);
      }
  });
});

describe('an axis', () => {
  const plot = (log: boolean, ...x: number[]): LinePlot => ({
    ...{ kind: 'lines', title: '', y: { label: '' } },
    x: { label: '', log },
    series: [{ name: '', x, y: x }],
  });

  it('names the places where something was measured, if they are few and far apart', () => {
    expect(placesOf(plot(true, 64, 128, 4096))).toEqual([64, 128, 4096]);
    expect(placesOf(plot(true, 64, 65, 66))).toBeUndefined();
    expect(placesOf(plot(false, 1, 2, 4))).toBeUndefined();
    expect(placesOf(plot(true, ...Array.from({ length: 12 }, (_, power) => 2 ** power)))).toBeUndefined();
  });

  it('writes numbers shortly', () => {
    expect([0, 0.00001, 1e-7, 4096, 2.5, 2.5e7].map(format)).toEqual([
      '0',
      '0.00001',
      '1e-7',
      '4,096',
      '2.5',
      '2.5e7',
    ]);
  });
});
