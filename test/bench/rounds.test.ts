import { describe, expect, it } from 'vitest';
import type { Trial } from '../../bench/drain/messages.ts';
import { beyondNs, ratioOf, typicalNs } from '../../bench/drain/rounds.ts';

function trial(...turns: (readonly [ns: number, frames: number])[]): Trial {
  return {
    ns: Float64Array.from(turns, ([ns]) => ns),
    frames: Int32Array.from(turns, ([, frames]) => frames),
    swaps: 0,
    heapBytes: 0,
    collections: 0,
  };
}

describe('nanoseconds a frame', () => {
  it('are the median of the turns, whatever one of them took', () => {
    expect(typicalNs(trial([1000, 100], [2000, 100], [1e9, 100]))).toBe(20);
  });

  it('beyond the turns around are what single turns took, not a stretch of them, nor what somebody else took', () => {
    const turns = (ns: number, count: number) => Array.from({ length: count }, () => [ns, 100] as const);
    expect(beyondNs(trial(...turns(1000, 30)))).toBe(0);
    expect(beyondNs(trial(...turns(1000, 30), [5000, 100], ...turns(1000, 20), [1500, 50]))).toBe(5000);
    expect(beyondNs(trial(...turns(1000, 60), ...turns(2000, 60)))).toBe(0);
    expect(beyondNs(trial(...turns(1000, 30), [1e6, 100]))).toBe(0);
  });

  it('are compared with those of the trial beside them, so that a slow minute strikes both', () => {
    const own = [trial([2000, 100]), trial([20_000, 100]), trial([2200, 100])];
    const base = [trial([1000, 100]), trial([10_000, 100]), trial([1000, 100])];
    expect(ratioOf(own, base)).toBe(0.5);
  });
});
