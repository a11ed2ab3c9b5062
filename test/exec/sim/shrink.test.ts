/** A failure made small: less of everything, and the same thing broken. */
import { describe, expect, it } from 'vitest';
import type { Invariant } from '../../../src/check/ledger.ts';
import { AMBIENT } from '../../../src/exec/sim/faults.ts';
import type { SimResult } from '../../../src/exec/sim/run.ts';
import type { SimScenario } from '../../../src/exec/sim/scenario.ts';
import { type SeedFailure, Workbench } from '../../../src/exec/sim/seeds.ts';
import { shrink } from '../../../src/exec/sim/shrink.ts';
import { CARD, scenario, spoils } from './scenarios.ts';

function framesOf({ cards }: SimScenario): number {
  return cards.reduce((sum, { frames }) => sum + frames, 0);
}

function faultsOf({ rates }: SimScenario): string[] {
  return AMBIENT.filter((fault) => rates[fault] > 0);
}

/** How much there is to look at. */
function sizeOf(what: SimScenario): number {
  const { cards, swaps } = what;
  const faults = faultsOf(what).length;
  const ambushes = swaps.flatMap((swap) => [...swap.ambushes]).length;
  const flows = cards.reduce(
    (sum, card) => sum + card.flows + card.queues + card.sizes.length + card.gapsUs.length,
    0,
  );
  return framesOf(what) + cards.length + swaps.length + faults + ambushes + flows;
}

describe('a failure of a broken driver', () => {
  const loses = () =>
    spoils('loses', 3, ({ pool }, _, { buffers }) => {
      pool.put(buffers[0]);
      return 1;
    });

  function explained(): SeedFailure[] {
    const bench = new Workbench([loses()]);
    const { failed } = bench.runSeeds(0, 12, { subject: 'loses' });
    return failed.slice(0, 3).flatMap((seed) => bench.explain(seed, { subject: 'loses' }) ?? []);
  }
  const failures = explained();

  it('gets smaller and breaks the same invariant', () => {
    expect(failures.length).toBe(3);
    for (const { seed, scenario: whole, result, shrunk, shrunkResult } of failures) {
      expect(shrunkResult.violation?.invariant).toBe(result.violation?.invariant);
      expect(shrunk.seed).toBe(seed);
      expect(framesOf(shrunk)).toBeLessThan(framesOf(whole) / 2);
      expect(shrunk.cards.length).toBeLessThanOrEqual(whole.cards.length);
      expect(shrunk.swaps.length).toBeLessThanOrEqual(whole.swaps.length);
      expect(faultsOf(shrunk).length).toBeLessThanOrEqual(faultsOf(whole).length);
    }
    // Without a fault other moves are drawn: not every failure comes without all of them.
    expect(failures.filter(({ shrunk }) => faultsOf(shrunk).length === 0).length).toBeGreaterThan(1);
  });

  it('is told to its end', () => {
    for (const { events, shrunkResult } of failures) {
      expect(events.length).toBeGreaterThan(5);
      expect(events.length).toBeLessThanOrEqual(40);
      expect(events.join('\n')).toContain(`VIOLATION of ${shrunkResult.violation?.invariant}`);
    }
  });

  it('is made small in the same way again', () => {
    expect(explained()).toEqual(failures);
  });

  it('is none in a seed that passes', () => {
    expect(new Workbench().explain(0)).toBeUndefined();
  });
});

describe('shrinking', () => {
  const large = scenario(
    [
      { frames: 400, queues: 4, flows: 16, sizes: [64, 1518], gapsUs: [0, 60] },
      { frames: 300, app: 'echo' },
      { frames: 200 },
    ],
    [
      { device: 0, after: 50, ambushes: [{ phase: 'commit', fault: 'silence' }] },
      { device: 2, after: 90 },
      { device: 1, after: 400, to: 'interrupt' },
    ],
    { silence: 9, linkFlap: 3, spuriousInterrupt: 1 },
  );

  /** A run that breaks what `broken` says. */
  function smallest(whole: SimScenario, broken: (what: SimScenario) => Invariant | undefined) {
    const tried: SimScenario[] = [];
    const run = (what: SimScenario): SimResult => {
      tried.push(what);
      const invariant = broken(what);
      const violation = invariant === undefined ? undefined : { invariant, device: 'eth0', message: '' };
      const covered = { cells: {}, situations: {}, outcomes: {} };
      return { violation, during: undefined, records: [], frames: 0, requests: 0, covered, timeUs: 0 };
    };
    const result = run(whole);
    tried.length = 0;
    return { shrunk: shrink(whole, result, run), tried };
  }

  it('takes away all that is not needed', () => {
    const { shrunk } = smallest(large, () => 'order');
    expect(shrunk).toMatchObject({ cards: [{ frames: 1, queues: 1, flows: 1, sizes: [64], gapsUs: [] }] });
    expect(shrunk.cards.length).toBe(1);
    expect(shrunk.swaps).toEqual([]);
    expect(AMBIENT.filter((fault) => shrunk.rates[fault] > 0)).toEqual([]);
  });

  it('leaves what is', () => {
    const needed = (what: SimScenario) =>
      what.swaps.some(({ to }) => to === 'interrupt') && what.rates.linkFlap > 0 && what.cards[0].frames >= 37
        ? 'order'
        : undefined;
    const { shrunk } = smallest(large, needed);
    expect(needed(shrunk)).toBe('order');
    expect(shrunk.swaps.map(({ to }) => to)).toEqual(['interrupt']);
    expect(shrunk.cards.length).toBe(2); // the swap is the second card's
    expect(shrunk.cards[0].frames).toBeLessThan(50);
    expect(AMBIENT.filter((fault) => shrunk.rates[fault] > 0)).toEqual(['linkFlap']);
  });

  it('does not take another failure for this one', () => {
    const { shrunk } = smallest(large, (what) => (what.swaps.length === 3 ? 'order' : 'damage'));
    expect(shrunk.swaps.length).toBe(3);
  });

  it('leaves a scenario alone of which nothing can be taken', () => {
    const { shrunk } = smallest(large, (what) => (what === large ? 'order' : undefined));
    expect(shrunk).toBe(large);
  });

  it('tries less in each try, and only scenarios that could be drawn', () => {
    const pair = { app: 'forward', queues: 3, flows: 9 };
    const { tried } = smallest(
      { ...large, cards: [pair, pair].map((card) => ({ ...CARD, ...card })), swaps: [] },
      () => 'order',
    );
    for (const { cards } of tried) {
      expect(cards.map(({ app }) => app)).toEqual(['forward', 'forward']);
      expect(cards[0].queues).toBe(cards[1].queues);
    }
    const all = smallest(large, () => 'order').tried;
    all.forEach((what, i) => {
      expect(sizeOf(what)).toBeLessThan(sizeOf(i === 0 ? large : all[i - 1]));
      for (const { device } of what.swaps) expect(what.cards[device]).toBeDefined();
    });
  });

  it('comes to an end when each try helps only a little', () => {
    const huge = { ...large, cards: large.cards.map((card) => ({ ...card, frames: 1e12 })) };
    let least = framesOf(huge);
    const { shrunk, tried } = smallest(huge, (what) => {
      const frames = framesOf(what);
      if (what.swaps.length < 3 || what.cards.length < 3 || frames < least * 0.75) return undefined;
      least = frames;
      return 'order';
    });
    expect(tried.length).toBe(400);
    expect(framesOf(shrunk)).toBe(least);
  });
});
