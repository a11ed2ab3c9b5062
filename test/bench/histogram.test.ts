import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCounts, Histogram, noCounts, quantileOf, tailOf } from '../../bench/live/histogram.ts';

function counting(values: readonly number[]): Int32Array {
  const histogram = new Histogram(Histogram.buffer());
  for (const value of values) histogram.count(value);
  return histogram.counts();
}

describe('a histogram of latencies', () => {
  it('knows every quantile within four per cent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 ** 30 - 1 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (values, part) => {
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1];
          expect(Math.abs(quantileOf(counting(values), part) - exact)).toBeLessThanOrEqual(
            0.04 * exact + 0.5,
          );
        },
      ),
    );
  });

  it('keeps what is beyond its range at its ends', () => {
    const counts = counting([-5, 2 ** 40]);
    expect(quantileOf(counts, 0.5)).toBe(0);
    expect(quantileOf(counts, 1)).toBeGreaterThan(2 ** 29);
  });

  it('of nothing has no quantile', () => {
    expect(quantileOf(noCounts(), 0.5)).toBeNaN();
  });

  it('adds up with another, and is empty when cleared', () => {
    const sum = noCounts();
    addCounts(sum, counting([1, 1, 7]));
    addCounts(sum, counting([7]));
    expect(sum[1]).toBe(2);
    expect(sum[7]).toBe(2);
    const histogram = new Histogram(Histogram.buffer());
    histogram.count(3);
    histogram.clear();
    expect(histogram.counts()).toEqual(noCounts());
  });

  it('tells which part lies at a value or above', () => {
    expect(tailOf(counting([2, 2, 5, 9]))).toEqual({ values: [2, 5, 9], above: [1, 0.5, 0.25] });
  });
});
