/** Draws from seeds: the same everywhere and for ever, or a seed in a report would mean nothing. */
import { describe, expect, it } from 'vitest';
import { Lots } from '../../../src/exec/sim/lots.ts';

function draws(seed: number, stream: number, count: number): number[] {
  const lots = new Lots(seed, stream);
  return Array.from({ length: count }, () => lots.next());
}

describe('lots', () => {
  it.each([
    [0, 0, [1715027102, 1962100027, 382949665, 1126018202, 659827837, 2041069312]],
    [1, 0, [1638597163, 1008875868, 439951304, 29521464, 799897338, 792002083]],
    [0, 1, [986939674, 351037474, 619494934, 1457690529, 113246442, 1567961876]],
    [4294967295, 2, [276207277, 381941884, 1346756570, 476834469, 1188052330, 1859450708]],
  ])('of seed %i and stream %i are these, on any machine', (seed, stream, expected) => {
    expect(draws(seed, stream, expected.length)).toEqual(expected);
  });

  it('are whole numbers of 31 bits', () => {
    for (const draw of draws(7, 1, 10_000)) {
      expect(Number.isInteger(draw)).toBe(true);
      expect(draw).toBeGreaterThanOrEqual(0);
      expect(draw).toBeLessThan(2 ** 31);
    }
  });

  it('differ from seed to seed and from stream to stream', () => {
    const first = new Set<number>();
    for (let seed = 0; seed < 1000; seed++) for (const stream of [1, 2]) first.add(draws(seed, stream, 1)[0]);
    expect(first.size).toBe(2000);
  });

  it('do not begin alike for seeds that are neighbours', () => {
    const heads = Array.from({ length: 256 }, (_, seed) => new Lots(seed, 1).below(2));
    const ones = heads.filter((bit) => bit === 1).length;
    expect(ones).toBeGreaterThan(96);
    expect(ones).toBeLessThan(160);
    expect(heads.slice(1).filter((bit, i) => bit !== heads[i]).length).toBeGreaterThan(96);
  });

  it('lie between two numbers, each of which is drawn', () => {
    const lots = new Lots(3, 1);
    const seen = new Set(Array.from({ length: 200 }, () => lots.between(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    expect(lots.between(5, 5)).toBe(5);
  });

  it('pick each of a list', () => {
    const lots = new Lots(4, 1);
    const seen = new Set(Array.from({ length: 100 }, () => lots.pick(['a', 'b', 'c'])));
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  });

  it('fall as often as the chance says', () => {
    const lots = new Lots(5, 1);
    const fallen = Array.from({ length: 10_000 }, () => lots.chance(250)).filter(Boolean).length;
    expect(fallen).toBeGreaterThan(2350);
    expect(fallen).toBeLessThan(2650);
    expect(Array.from({ length: 1000 }, () => lots.chance(1000)).every(Boolean)).toBe(true);
  });

  it('do not fall where there is no chance, and nothing is drawn for it', () => {
    const lots = new Lots(6, 1);
    for (let i = 0; i < 1000; i++) expect(lots.chance(0)).toBe(false);
    expect(lots.next()).toBe(draws(6, 1, 1)[0]);
  });
});
