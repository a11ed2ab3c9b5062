/** How many processes the benches of a run have in its time. */
import { describe, expect, it } from 'vitest';
import type { Bench } from '../../bench/bench.ts';
import { BENCHES } from '../../bench/benches.ts';
import { Budget } from '../../bench/budget.ts';

/** Processes of each bench, where each takes `slower` times what it is known for; and the seconds of the run. */
function run(benches: readonly Bench[], quick: boolean, slower: number) {
  let now = 1000;
  const budget = new Budget(benches, quick, () => now);
  const had = benches.map(({ seconds }) => {
    const hasTime = budget.next();
    let processes = 0;
    for (; hasTime(processes); processes++) now += slower * (quick ? seconds.quick : seconds.full);
    return processes;
  });
  return { had, seconds: now - 1000 };
}

describe.each([
  ['full', false, 900, 0.5],
  ['quick', true, 120, 0.3],
] as const)('a %s run', (amount, quick, limit, part) => {
  const all = BENCHES.map(({ processes }) => processes[amount]);

  it('has all processes on a good day', () => {
    const { had, seconds } = run(BENCHES, quick, 0.55);
    expect(had).toEqual(all);
    expect(seconds).toBeLessThan(limit);
  });

  it('has fewer on a slow one, and ends in time', () => {
    const { had, seconds } = run(BENCHES, quick, 0.95);
    expect(seconds).toBeLessThan(limit);
    had.forEach((processes, i) => {
      expect(processes).toBeGreaterThanOrEqual(Math.ceil(part * all[i]));
      expect(processes).toBeLessThanOrEqual(all[i]);
    });
    expect(had).not.toEqual(all);
  });

  it('has a part of them however slow it is', () => {
    expect(run(BENCHES, quick, 9).had).toEqual(all.map((processes) => Math.ceil(part * processes)));
  });

  it('of few benches has all of them at any pace', () => {
    const few = BENCHES.slice(2, 4);
    expect(run(few, quick, 2).had).toEqual(all.slice(2, 4));
  });
});
