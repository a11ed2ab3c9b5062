/** The stall meter, and the control windows measured with it, on a scripted clock. */
import { describe, expect, it } from 'vitest';
import { StallMeter } from '../../src/swap/stall.ts';

const NEVER = 0;

/** [time, frames served, does work wait, when last woken] */
type Look = readonly [us: number, served: number, waits: boolean, wokenUs?: number];

function longest(
  openUs: number,
  looks: readonly Look[],
  closes?: readonly [us: number, waits: boolean],
): number {
  const meter = new StallMeter(openUs);
  for (const [us, served, waits, wokenUs = NEVER] of looks) meter.observe(served, waits, us, wokenUs);
  return closes === undefined ? meter.longestUs : meter.close(closes[1], closes[0]);
}

describe('the stall meter', () => {
  it('takes the longest of the times between two polls that served', () => {
    expect(
      longest(100, [
        [103, 1, false],
        [110, 5, false],
        [112, 1, false],
      ]),
    ).toBe(7);
  });

  it('does not take an empty poll for service while work waits', () => {
    expect(
      longest(0, [
        [1, 1, false],
        [5, 0, true],
        [9, 0, true],
        [20, 1, false],
      ]),
    ).toBe(19);
  });

  it('begins anew at a poll that found nothing waiting', () => {
    expect(
      longest(0, [
        [1, 1, false],
        [50, 0, false],
        [90, 0, false],
        [93, 1, false],
      ]),
    ).toBe(3);
  });

  it('reports no stall when nothing ever waited', () => {
    expect(
      longest(
        0,
        [
          [10, 0, false],
          [500, 0, false],
        ],
        [900, false],
      ),
    ).toBe(0);
  });

  it('counts from the opening: work may have waited since', () => {
    expect(longest(40, [[55, 3, false]])).toBe(15);
  });

  it('does not count a sleep, which ends when it is ended', () => {
    expect(
      longest(0, [
        [10, 1, false],
        [1000, 0, true, 995],
        [1002, 4, false, 995],
      ]),
    ).toBe(10);
    expect(longest(0, [[1002, 4, false, 995]])).toBe(7);
  });

  it('does not count a waking of long ago twice', () => {
    expect(
      longest(0, [
        [10, 1, false, 5],
        [30, 1, false, 5],
      ]),
    ).toBe(20);
  });

  it('counts what still waits at the end, and what does not wait not', () => {
    const looks: Look[] = [
      [2, 1, false],
      [30, 0, true],
    ];
    expect(longest(0, looks, [42, true])).toBe(40);
    expect(longest(0, looks, [42, false])).toBe(2);
  });
});
