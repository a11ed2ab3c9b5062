import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueUs, type Pace } from '../../../src/hw/link/pacer.ts';

describe('when a frame is due', () => {
  test('as fast as possible: now', () => {
    expect([0, 1, 1e9].map((index) => dueUs({ kind: 'max' }, index))).toEqual([0, 0, 0]);
  });

  test('at a rate: the first at once, and so many in each second', () => {
    const pace: Pace = { kind: 'rate', framesPerSecond: 1_488_095 };
    expect(dueUs(pace, 0)).toBe(0);
    expect(dueUs(pace, 1_488_095)).toBeCloseTo(1e6, 6);
    expect(dueUs(pace, 14_880_950)).toBeCloseTo(1e7, 5);
  });

  test('as recorded: the recorded gaps, in every round, divided by the factor', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 });
    const factor = fc.constantFrom(0.5, 1, 2, 10);
    fc.assert(
      fc.property(gaps, factor, fc.integer({ min: 0, max: 5 }), (between, speed, rounds) => {
        let time = 0;
        const offsetsUs = Float64Array.from([0, ...between], (gap) => {
          time += gap;
          return time;
        });
        const roundUs = time + 7;
        const pace: Pace = { kind: 'recorded', factor: speed, offsetsUs, roundUs };
        const frames = offsetsUs.length;
        for (let index = 0; index < frames; index++) {
          const first = dueUs(pace, index);
          expect(first).toBe(offsetsUs[index] / speed);
          const later = dueUs(pace, index + rounds * frames);
          expect(later - first).toBeCloseTo((rounds * roundUs) / speed, 6);
        }
      }),
    );
  });
});
