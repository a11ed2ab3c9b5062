/** What seeds draw: always the same, and wide enough to be worth running. */
import { describe, expect, it } from 'vitest';
import { NIC_DRIVERS } from '../../../src/drivers/index.ts';
import { AMBIENT, canStrike, FAULT_NAMES, type Fault } from '../../../src/exec/sim/faults.ts';
import { type Deck, drawScenario, type SimScenario } from '../../../src/exec/sim/scenario.ts';
import { APPLICATIONS } from '../../../src/host/apps/applications.ts';
import { METHODS } from '../../../src/swap/plan.ts';

const SEEDS = 300;
const DECK: Deck = {
  drivers: NIC_DRIVERS,
  apps: APPLICATIONS,
  faults: new Set(FAULT_NAMES),
  subject: undefined,
  swaps: true,
  course: undefined,
};

function drawn(change: Partial<Deck> = {}): SimScenario[] {
  return Array.from({ length: SEEDS }, (_, seed) => drawScenario(seed, { ...DECK, ...change }));
}

const ALL = drawn();
const CARDS = ALL.flatMap(({ cards }) => cards);
const SWAPS = ALL.flatMap(({ swaps }) => swaps);

function framesOf({ cards }: SimScenario): number {
  return cards.reduce((sum, { frames }) => sum + frames, 0);
}

function all<T>(values: readonly T[]): T[] {
  return [...new Set(values)].sort();
}

describe('a scenario', () => {
  it('is drawn from its seed alone', () => {
    expect(drawn()).toEqual(ALL);
    expect(drawScenario(17, DECK)).toEqual(ALL[17]);
    expect(new Set(ALL.map((scenario) => JSON.stringify({ ...scenario, seed: 0 }))).size).toBe(SEEDS);
  });

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(ALL))).toEqual(ALL);
  });

  it('has more than 500 frames on average, and always some hundreds', () => {
    expect(ALL.reduce((sum, scenario) => sum + framesOf(scenario), 0) / SEEDS).toBeGreaterThanOrEqual(500);
    expect(Math.min(...ALL.map(framesOf))).toBeGreaterThanOrEqual(200);
  });

  it('has one to three cards, all applications, all drivers, one queue and many', () => {
    expect(all(ALL.map(({ cards }) => cards.length))).toEqual([1, 2, 3]);
    expect(all(CARDS.map(({ app }) => app))).toEqual(all(APPLICATIONS.map(({ name }) => name)));
    expect(all(CARDS.map(({ driver }) => driver))).toEqual(all(NIC_DRIVERS.map(({ name }) => name)));
    const queues = CARDS.map(({ queues }) => queues);
    expect(Math.min(...queues)).toBe(1);
    expect(Math.max(...queues)).toBe(7); // one is left to move a ring to
  });

  it('forwards between two cards with as many queues', () => {
    const pairs = ALL.filter(({ cards }) => cards.some(({ app }) => app === 'forward'));
    expect(pairs.length).toBeGreaterThan(SEEDS / 10);
    for (const { cards } of pairs) {
      expect(cards.map(({ app }) => app)).toEqual(['forward', 'forward']);
      expect(cards[0].queues).toBe(cards[1].queues);
    }
  });

  it('has rings of eight, and longer ones', () => {
    const rings = all(CARDS.flatMap(({ parameters }) => [parameters.rxRing, parameters.txRing]));
    expect(rings).toContain(8);
    expect(rings.length).toBeGreaterThan(2);
    for (const { parameters } of CARDS) expect(parameters).toMatchObject({ rxBuffers: expect.any(Number) });
  });

  it('draws parameters in their ranges, powers of two where they must be', () => {
    const drawnFor = (name: string, parameters: Readonly<Record<string, number>>) => {
      const definition = NIC_DRIVERS.find((driver) => driver.name === name);
      for (const [key, value] of Object.entries(parameters)) {
        const spec = definition?.parameters.find((parameter) => parameter.name === key);
        expect(value, `${name} ${key}`).toBeGreaterThanOrEqual(spec?.min ?? Number.NaN);
        expect(value, `${name} ${key}`).toBeLessThanOrEqual(spec?.max ?? Number.NaN);
        if (spec?.powerOfTwo === true) expect(value & (value - 1)).toBe(0);
      }
    };
    for (const { driver, parameters } of CARDS) drawnFor(driver, parameters);
    for (const { to, parameters } of SWAPS) drawnFor(to, parameters);
  });

  it('has small frames and jumbo ones, and a packet buffer in which the largest has room', () => {
    const sizes = CARDS.flatMap((card) => [...card.sizes]);
    expect(Math.min(...sizes)).toBe(64);
    expect(Math.max(...sizes)).toBe(9216);
    // Twice at the end of the buffer, where a frame does not fit behind the last one; and half is kept for PAUSE.
    for (const { fifoKiB, sizes: own } of CARDS)
      expect(fifoKiB * 1024).toBeGreaterThanOrEqual(4 * Math.max(...own));
    expect(Math.min(...CARDS.map(({ fifoKiB }) => fifoKiB))).toBe(4);
  });

  it('comes without a pause and with pauses, on lossless links and on open ones', () => {
    expect(all(CARDS.map(({ gapsUs }) => gapsUs.length === 0))).toEqual([false, true]);
    expect(all(CARDS.map(({ lossless }) => lossless))).toEqual([false, true]);
  });
});

describe('its swaps', () => {
  it('are asked for while there is traffic, in order, of cards that there are', () => {
    for (const scenario of ALL) {
      const after = scenario.swaps.map(({ afterFrames }) => afterFrames);
      expect(after).toEqual([...after].sort((a, b) => a - b));
      expect(after.length).toBeGreaterThan(0);
      for (const { card, afterFrames } of scenario.swaps) {
        expect(afterFrames).toBeLessThan(framesOf(scenario));
        expect(scenario.cards[card]).toBeDefined();
      }
    }
  });

  it('go by all methods to all drivers', () => {
    expect(all(SWAPS.map(({ method }) => method))).toEqual(all([...METHODS]));
    expect(all(SWAPS.map(({ to }) => to))).toEqual(all(NIC_DRIVERS.map(({ name }) => name)));
    expect(SWAPS.filter(({ parameters }) => 'rxRing' in parameters).length).toBeGreaterThan(SWAPS.length / 4);
  });

  it('are none where there are to be none', () => {
    expect(drawn({ swaps: false }).flatMap(({ swaps }) => swaps)).toEqual([]);
  });

  it('are about the subject for the most part, as the old driver and as the new one', () => {
    const about = drawn({ subject: 'batching' });
    const first = about.flatMap(({ cards }) => cards.map(({ driver }) => driver));
    const next = about.flatMap(({ swaps }) => swaps.map(({ to }) => to));
    for (const names of [first, next]) {
      expect(names.filter((name) => name === 'batching').length / names.length).toBeGreaterThan(0.6);
      expect(all(names)).toEqual(['batching', 'interrupt', 'polling']);
    }
  });

  it('are one for each card on a course, to rings of another length only if it moves', () => {
    for (const moves of [false, true]) {
      const course = { from: 'polling', to: 'interrupt', methods: ['drain'], moves } as const;
      for (const { cards, swaps } of drawn({ course })) {
        expect(all(cards.map(({ driver }) => driver))).toEqual(['polling']);
        expect(all(swaps.map(({ card }) => card))).toEqual(cards.map((_, card) => card));
        for (const { card, to, method, parameters } of swaps) {
          expect({ to, method }).toEqual({ to: 'interrupt', method: 'drain' });
          const { rxRing } = cards[card].parameters;
          if (moves) expect([rxRing / 2, rxRing * 2]).toContain(parameters.rxRing);
          else expect(parameters.rxRing ?? rxRing).toBe(rxRing);
        }
      }
    }
  });
});

describe('its faults', () => {
  const ambushes = SWAPS.flatMap((swap) => [...swap.ambushes]);

  it('lie in wait where they can strike, each in each such phase', () => {
    for (const { fault, phase } of ambushes)
      expect(canStrike(fault, phase), `${fault} in ${phase}`).toBe(true);
    expect(all(ambushes.map(({ fault }) => fault))).toEqual(all(FAULT_NAMES.filter((f) => f !== 'reset')));
  });

  it('are by lot in some scenarios and not in others', () => {
    for (const fault of AMBIENT) {
      const rates = ALL.map((scenario) => scenario.rates[fault]);
      expect(Math.min(...rates), fault).toBe(0);
      expect(Math.max(...rates), fault).toBeGreaterThan(0);
      expect(Math.max(...rates), fault).toBeLessThanOrEqual(1000);
    }
  });

  it.each(FAULT_NAMES)('are none but %s if that alone may strike', (only) => {
    for (const { rates, swaps } of drawn({ faults: new Set([only]) })) {
      for (const fault of AMBIENT) if (fault !== only) expect(rates[fault]).toBe(0);
      const others = swaps.flatMap((swap) => swap.ambushes.filter(({ fault }) => fault !== only));
      expect(others).toEqual([]);
      if (only !== 'reset') expect(swaps.filter(({ method }) => method === 'reset')).toEqual([]);
    }
  });

  it('are none at all if none may strike', () => {
    for (const { rates, swaps } of drawn({ faults: new Set<Fault>() })) {
      expect(Object.values(rates).every((rate) => rate === 0)).toBe(true);
      expect(swaps.flatMap((swap) => [...swap.ambushes])).toEqual([]);
    }
  });
});
