/** When a link partner offers its frames, on virtual time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BenchLink } from './bench-link.ts';

describe('a partner', () => {
  test('at a rate, whatever the steps: all that are due by now are offered, and no others', () => {
    const rate = fc.integer({ min: 1000, max: 5_000_000 });
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: 1, max: 500 })), (framesPerSecond, gaps) => {
        const link = new BenchLink({ pace: { kind: 'rate', framesPerSecond } });
        link.partner.start(link.bench.clock.us);
        let us = 0;
        for (const gap of gaps) {
          us += gap;
          link.bench.clock.us += gap;
          link.partner.step(link.bench.clock.us, 10_000);
          expect(Math.abs(link.facts.offered - ((us * framesPerSecond) / 1e6 + 0.5))).toBeLessThanOrEqual(
            0.51,
          );
          link.card.step(10_000);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('catches up after a stall, a budget at a time', () => {
    const link = new BenchLink({ pace: { kind: 'rate', framesPerSecond: 1e6 } });
    link.partner.start(link.bench.clock.us);
    expect(link.step(100)).toBe(64);
    expect(link.step(0)).toBe(37);
    expect(link.step(0)).toBe(0);
  });

  test('tells when the next frame is due', () => {
    const link = new BenchLink({ pace: { kind: 'rate', framesPerSecond: 1000 } });
    const { us } = link.bench.clock;
    link.partner.start(us);
    link.step(0);
    expect(link.partner.nextTimerUs(us)).toBe(us + 1000);
    expect(link.step(999)).toBe(0);
    expect(link.step(1)).toBe(1);
  });

  test('as recorded, in rounds: each frame at its time', () => {
    const offsetsUs = Float64Array.from([0, 10, 15, 90]);
    const link = new BenchLink({ pace: { kind: 'recorded', factor: 2, offsetsUs, roundUs: 120 } });
    link.partner.start(link.bench.clock.us);
    const times: number[] = [];
    for (let half = 0; half < 300; half++) {
      const offered = link.step(half === 0 ? 0 : 0.5);
      for (let i = 0; i < offered; i++) times.push(half / 2);
    }
    expect(times).toEqual([0, 5, 7.5, 45, 60, 65, 67.5, 105, 120, 125, 127.5]);
  });

  test('begins when it is started, and not before', () => {
    const link = new BenchLink();
    expect(link.step(1000)).toBe(0);
    link.partner.start(link.bench.clock.us + 10);
    expect(link.step(9)).toBe(0);
    expect(link.step(1)).toBe(64);
  });

  test.each([
    ['so many frames', { frames: 100 }, 100],
    ['so much time', { durationUs: 50, pace: { kind: 'rate', framesPerSecond: 1e6 } }, 51],
  ] as const)('ends after %s', (_, options, frames) => {
    const link = new BenchLink(options);
    link.partner.start(link.bench.clock.us);
    for (let step = 0; step < 200 && !link.facts.done; step++) link.step(1);
    expect(link.facts).toMatchObject({ offered: frames, octets: frames * 64, done: true });
    expect(link.step(1000)).toBe(0);
    expect(link.partner.nextTimerUs(link.bench.clock.us)).toBe(Number.POSITIVE_INFINITY);
  });

  test('ends when it is told to', () => {
    const link = new BenchLink();
    link.partner.start(link.bench.clock.us);
    link.step(0);
    link.partner.stop();
    expect(link.step(1)).toBe(0);
    expect(link.facts).toMatchObject({ offered: 64, done: true });
  });
});
