import { describe, expect, it } from 'vitest';
import { Ladder, RateSearch } from '../../bench/live/search.ts';

const OPTIONS = { from: 1e5, to: 1e7, width: 0.01, trialUs: 1000, repeats: 4 };

/** Runs a search against a machine that loses nothing up to `limit`, but for spoilt trials. Returns the number of trials. */
function run(search: RateSearch, limit: number, spoilt: (trial: number) => boolean = () => false): number {
  let trials = 0;
  for (; !search.over; trials++) search.take(search.rate <= limit && !spoilt(trials));
  return trials;
}

describe('the search for the loss-free rate', () => {
  it.each([2e5, 1.234e6, 9.9e6])('finds %d within its width', (limit) => {
    const search = new RateSearch(OPTIONS);
    run(search, limit);
    expect(search.found).toBeLessThanOrEqual(limit);
    expect(search.found).toBeGreaterThan(limit / 1.011);
  });

  it('is not led astray by a trial in three that somebody else has spoilt', () => {
    const search = new RateSearch(OPTIONS);
    run(search, 1e6, (trial) => trial % 3 === 1);
    expect(search.found).toBeLessThanOrEqual(1e6);
    expect(search.found).toBeGreaterThan(1e6 / 1.011);
  });

  it('takes no more trials at a rate than it must', () => {
    const steps = Math.ceil(Math.log2(Math.log(OPTIONS.to / OPTIONS.from) / Math.log(1 + OPTIONS.width)));
    expect(run(new RateSearch(OPTIONS), 1e6)).toBeLessThanOrEqual(steps * 3);
    expect(run(new RateSearch(OPTIONS), 1e6)).toBeGreaterThanOrEqual(steps * 2);
  });

  it('of a machine that always loses ends at its lower bound', () => {
    const search = new RateSearch(OPTIONS);
    run(search, 0);
    expect(search.found).toBe(OPTIONS.from);
  });

  it('repeats a trial in which the tester was late, whatever it showed', () => {
    const search = new RateSearch(OPTIONS);
    for (let trial = 0; !search.over; trial++) {
      const late = trial % 2 === 0;
      search.take(late ? false : search.rate <= 1e6, late ? 5000 : 20);
    }
    expect(search.found).toBeLessThanOrEqual(1e6);
    expect(search.found).toBeGreaterThan(1e6 / 1.011);
  });

  it('takes a rate that the tester can never keep for too high', () => {
    const search = new RateSearch(OPTIONS);
    let trials = 0;
    for (; !search.over && trials < 5000; trials++) search.take(false, search.rate > 2e6 ? 9000 : 0);
    expect(trials).toBeLessThan(5000);
    expect(search.found).toBe(OPTIONS.from);
  });
});

describe('a ladder of rates', () => {
  const climb = (limit: number, pass: (trial: number) => boolean = () => true, lateUs = 0): number => {
    const ladder = new Ladder(1e6, 7);
    for (let trial = 0; trial < 70; trial++) ladder.take(ladder.rate <= limit && pass(trial), lateUs);
    return ladder.found;
  };

  it.each([0.8e6, 1e6, 1.25e6])('finds %d within half a rung', (limit) => {
    expect(climb(limit) / limit).toBeGreaterThan(1.1 ** -0.51);
    expect(climb(limit) / limit).toBeLessThan(1.1 ** 0.51);
  });

  it('finds as much less of one that loses more', () => {
    // Spoilt trials strike each of its seven rungs alike: a fifth of those below the limit is lost.
    const ratio = climb(1e6, (trial) => trial % 5 !== 0) / climb(1e6);
    expect(ratio).toBeCloseTo(1.1 ** -(4 * 0.2), 3);
  });

  it('learns nothing from trials in which the tester was late', () => {
    const ladder = new Ladder(1e6, 7);
    for (let trial = 0; trial < 140; trial++) {
      const late = trial % 14 >= 7;
      ladder.take(late ? trial % 2 === 0 : ladder.rate <= 1e6, late ? 5000 : 20);
    }
    expect(ladder.found).toBe(climb(1e6));
  });

  it('does not climb to rates that the tester can never keep', () => {
    expect(climb(2e6, () => true, 9000)).toBeLessThan(1e6 / 1.1 ** 3);
  });
});
