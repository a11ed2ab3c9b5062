import { describe, expect, it } from 'vitest';
import { pairWalk, RoundRobin } from '../../src/swap/timetable.ts';

function pairsOf(first: string, walk: readonly string[]): string[] {
  return walk.map((to, i) => `${i === 0 ? first : walk[i - 1]}>${to}`);
}

describe('the walk over pairs of drivers', () => {
  it.each([1, 2, 3, 4, 5])('visits each ordered pair of %d once, null swaps too, and comes back', (n) => {
    const drivers = Array.from({ length: n }, (_, i) => `d${i}`);
    const walk = pairWalk(drivers);
    expect(walk).toHaveLength(n * n);
    expect(walk.at(-1)).toBe('d0');
    const all = drivers.flatMap((from) => drivers.map((to) => `${from}>${to}`));
    expect(pairsOf('d0', walk).sort()).toEqual(all.sort());
  });

  it('is empty for no driver', () => {
    expect(pairWalk([])).toEqual([]);
  });
});

describe('a round of swaps', () => {
  it('goes through all pairs again and again from where it ended', () => {
    const round = new RoundRobin({ intervalUs: 1, method: 'drain', vary: {} }, ['a', 'b', 'c']);
    const walk = Array.from({ length: 18 }, () => round.next());
    expect(
      new Set(
        pairsOf(
          'a',
          walk.slice(0, 9).map(({ to }) => to),
        ),
      ).size,
    ).toBe(9);
    expect(walk.slice(9)).toEqual(walk.slice(0, 9));
    expect(walk.every(({ method }) => method === 'drain')).toBe(true);
  });

  it('gives each varied parameter its values in turn, one a swap', () => {
    const vary = { rxRing: [64, 128, 256], rxBuffers: [16, 32] };
    const round = new RoundRobin({ intervalUs: 1, method: 'inplace', vary }, ['a', 'b']);
    const given = Array.from({ length: 6 }, () => round.next().parameters);
    expect(given).toEqual(
      [
        [64, 16],
        [128, 32],
        [256, 16],
        [64, 32],
        [128, 16],
        [256, 32],
      ].map(([rxRing, rxBuffers]) => ({ rxRing, rxBuffers })),
    );
  });

  it('gives nothing for a parameter without values', () => {
    const round = new RoundRobin({ intervalUs: 1, method: 'inplace', vary: { rxRing: [] } }, ['a']);
    expect(round.next()).toEqual({ to: 'a', parameters: {}, method: 'inplace' });
  });
});
