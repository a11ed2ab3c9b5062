/** A CPU that dies anywhere, and another one that takes its cards over from memory alone. */
import { describe, expect, it } from 'vitest';
import { NIC_DRIVERS } from '../../../src/drivers/index.ts';
import type { SimCard } from '../../../src/exec/sim/draw-cards.ts';
import type { SimScenario } from '../../../src/exec/sim/scenario.ts';
import { Workbench } from '../../../src/exec/sim/seeds.ts';
import { APPLICATIONS } from '../../../src/host/apps/applications.ts';
import { PHASES } from '../../../src/swap/plan.ts';
import { FEW, scenario } from './scenarios.ts';

const bench = new Workbench();
/** A strike before each access. */
const EVERY_ACCESS = 0.5;
const TAKEN_OVER = 'cards taken over';

/** The CPU dies before each of its accesses to shared words in turn, a run for each. Returns how many there were. */
function dieEverywhere(what: SimScenario): number {
  const offered = what.cards.reduce((sum, { frames }) => sum + frames, 0);
  for (let at = 1; ; at++) {
    const { violation, frames, covered } = bench.run({ ...what, strikeEvery: EVERY_ACCESS, crashAt: [at] });
    expect(violation, `at access ${at}`).toBeUndefined();
    expect(frames, `at access ${at}`).toBe(offered);
    if (covered.situations[TAKEN_OVER] === undefined) return at - 1;
  }
}

const SHORT: Partial<SimCard> = {
  parameters: { rxRing: 16, rxBuffers: 8, txRing: 8, burst: 4 },
  frames: 8,
  flows: 3,
  gapsUs: [0, 0, 3],
};

describe('a CPU that dies before any of its accesses', () => {
  const CASES = NIC_DRIVERS.flatMap(({ name: driver }) =>
    APPLICATIONS.map(({ name: app, sends }) => ({ driver, app, cards: sends === 'on' ? 2 : 1 })),
  );

  it.each(CASES)('under $driver with $app is survived', ({ driver, app, cards }) => {
    const card = { ...SHORT, driver, app, frames: 8 / cards };
    expect(dieEverywhere(scenario(Array.from({ length: cards }, () => card)))).toBeGreaterThan(100);
  });

  it('with frames in several buffers is survived', () => {
    const card = { ...SHORT, app: 'echo', sizes: [4000, 64, 2049], frames: 5, fifoKiB: 48 };
    expect(dieEverywhere(scenario([card]))).toBeGreaterThan(100);
  });

  it.each(APPLICATIONS.filter(({ sends }) => sends !== 'on').map(({ name }) => name))(
    'with frames of a capture, some of them alike, with %s is survived',
    (app) => {
      const card = { ...SHORT, app, captured: true, frames: 14 };
      expect(dieEverywhere(scenario([card]))).toBeGreaterThan(100);
    },
  );

  it('and whose successor dies while it takes over, before any of its accesses, is survived', () => {
    for (const { name: driver } of NIC_DRIVERS) {
      const what = { ...scenario([{ ...SHORT, driver, app: 'echo' }]), strikeEvery: EVERY_ACCESS };
      let most = 0;
      for (const first of [40, 80, 120])
        for (let second = 1; ; second++) {
          const { violation, frames, covered } = bench.run({ ...what, crashAt: [first, second] });
          expect(violation, `${driver} at accesses ${first} and ${second}`).toBeUndefined();
          expect(frames).toBe(SHORT.frames);
          if (covered.situations[TAKEN_OVER] !== 1) break; // the second one had taken over when it died, if it did
          most = Math.max(most, second);
        }
      expect(most, driver).toBeGreaterThan(50);
    }
  });

  it('again and again is survived', () => {
    let times = 0;
    for (const { name: driver } of NIC_DRIVERS)
      for (const { name: app } of APPLICATIONS) {
        const card = { driver, app, queues: 2, flows: 8 };
        const what = scenario(app === 'forward' ? [card, card] : [card], [], { crash: 12 });
        const { violation, covered } = bench.run(what);
        expect(violation, `${driver} ${app}`).toBeUndefined();
        times += covered.situations[TAKEN_OVER] ?? 0;
      }
    expect(times).toBeGreaterThan(18);
  });
});

describe('a CPU that dies in a swap', () => {
  it.each(PHASES)('in %s leaves the one driver or the other', (phase) => {
    for (const { name: from } of NIC_DRIVERS)
      for (const { name: to } of NIC_DRIVERS) {
        const ambushes = [{ phase, fault: 'crash' }] as const;
        const card = { driver: from, app: 'echo' };
        const what = scenario([card], [{ to, ambushes, parameters: { ...FEW, rxRing: 16 } }]);
        let struck = false;
        for (let seed = 0; seed < 120 && !struck; seed++) {
          const { violation, covered } = bench.run({ ...what, seed });
          expect(violation, `${from} to ${to}, seed ${seed}`).toBeUndefined();
          struck = covered.outcomes.cutOff === 1;
          if (struck) expect(Object.keys(covered.cells)).toEqual([`${phase}|crash|${from}|${to}|echo`]);
        }
        expect(struck, `${from} to ${to}`).toBe(true);
      }
  });

  it('at any access of it is survived, whoever hands over to whom', () => {
    for (const [from, to] of [
      ['polling', 'interrupt'],
      ['interrupt', 'batching'],
      ['batching', 'polling'],
    ]) {
      const swap = { to, after: 2, parameters: { rxBuffers: 12, burst: 8 } };
      expect(dieEverywhere(scenario([{ ...SHORT, driver: from, frames: 12 }], [swap]))).toBeGreaterThan(200);
    }
  });
});

/** The same in a swap: at each of its accesses from the swap's beginning to its end. Returns how many these were. */
function dieInSwap(what: SimScenario): number {
  let inSwap = 0;
  for (let at = 1; ; at += inSwap === 0 ? 5 : 1) {
    const { violation, frames, covered } = bench.run({ ...what, strikeEvery: EVERY_ACCESS, crashAt: [at] });
    expect(violation, `at access ${at}`).toBeUndefined();
    if (what.swaps[0].method !== 'reset') expect(frames).toBe(what.cards[0].frames);
    if (covered.outcomes.cutOff !== undefined) inSwap++;
    else if (inSwap > 0) return inSwap;
  }
}

/** Its successor dies as well, in the midst of what it found: at so many accesses of it. */
const SUCCESSORS = [30, 60, 90, 120, 160, 200, 250, 300];

describe('a CPU that dies while a queue of a card moves to a longer ring', () => {
  const swap = { to: 'polling', after: 4, parameters: { rxRing: 32, rxBuffers: 12, burst: 4 } };

  it.each([1, 2])('at any access of it is survived, with %i queues', (queues) => {
    expect(dieInSwap(scenario([{ ...SHORT, frames: 40, queues }], [swap]))).toBeGreaterThan(600);
  });

  it.each(SUCCESSORS)('and whose successor dies at its access %i, is survived', (second) => {
    const what = scenario([{ ...SHORT, frames: 40, flows: 1 }], [swap]);
    for (let first = 500; first < 1500; first += 23) {
      const { violation, frames } = bench.run({
        ...what,
        strikeEvery: EVERY_ACCESS,
        crashAt: [first, second],
      });
      expect(violation, `at accesses ${first} and ${second}`).toBeUndefined();
      expect(frames).toBe(40);
    }
  });
});

describe('a CPU that dies while it resets a card', () => {
  const what = scenario(
    [{ ...SHORT, app: 'echo', frames: 24 }],
    [{ to: 'batching', method: 'reset', after: 6, parameters: { rxBuffers: 8, burst: 4 } }],
  );

  it('before any of its accesses is survived: what it threw away is counted once', () => {
    expect(dieInSwap(what)).toBeGreaterThan(400);
  });

  it.each(SUCCESSORS)('and whose successor dies at its access %i, is survived', (second) => {
    for (let first = 400; first < 1400; first += 23) {
      const { violation } = bench.run({ ...what, strikeEvery: EVERY_ACCESS, crashAt: [first, second] });
      expect(violation, `at accesses ${first} and ${second}`).toBeUndefined();
    }
  });
});
