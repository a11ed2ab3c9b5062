import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram, layoutLatency } from '../../../src/host/workload/latency.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';

function counting(timesUs: readonly number[]): LatencyHistogram {
  const map = new MemoryMap();
  const region = layoutLatency(map);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  const histogram = new LatencyHistogram(memory, region);
  for (const us of timesUs) histogram.count(us);
  return new LatencyHistogram(memory, region); // all of it lies in memory
}

describe('a histogram of latencies', () => {
  it('forgets all of it when it is cleared', () => {
    const histogram = counting([5, 70, 900]);
    histogram.clear();
    expect(histogram.maxUs()).toBe(0);
    expect(histogram.quantileUs(1)).toBeNaN();
    histogram.count(2);
    expect(histogram.maxUs()).toBeCloseTo(2, 0);
  });

  it('knows every quantile within four per cent and a sixteenth of a microsecond, and the greatest exactly', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 6e7, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.01, 0.5, 0.99, 0.999, 1),
        (times, part) => {
          const sorted = [...times].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1];
          const histogram = counting(times);
          expect(Math.abs(histogram.quantileUs(part) - exact)).toBeLessThanOrEqual(0.04 * exact + 1 / 16);
          expect(histogram.maxUs()).toBeCloseTo(sorted[sorted.length - 1], 0);
        },
      ),
    );
  });

  it('sums up as reports have it: five slow ones in a thousand are p99.9, and no p99', () => {
    const times = Array.from({ length: 1000 }, (_, i) => (i % 200 === 7 ? 5000 : 10));
    const { p50, p99, p999, max } = counting(times).summary();
    expect([p50, p99].map(Math.round)).toEqual([10, 10]);
    expect(p999 / 5000).toBeCloseTo(1, 1);
    expect(max).toBe(5000);
  });

  it('keeps what is beyond its range at its ends', () => {
    const histogram = counting([-5, 1e9]);
    expect(histogram.quantileUs(0.5)).toBe(0);
    expect(histogram.maxUs()).toBeGreaterThan(6.7e7);
  });

  it('of nothing has no quantile', () => {
    expect(counting([]).quantileUs(0.5)).toBeNaN();
  });
});
