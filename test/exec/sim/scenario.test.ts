/** What seeds draw: always the same, and wide enough to be worth running. */
import { describe, expect, it } from 'vitest';
import type { DriverDeclaration } from '../../../src/drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../../src/drivers/index.ts';
import type { Deck } from '../../../src/exec/sim/deck.ts';
import { AMBIENT, canStrike, FAULT_NAMES, type Fault } from '../../../src/exec/sim/faults.ts';
import { drawScenario, type SimScenario } from '../../../src/exec/sim/scenario.ts';
import { APPLICATIONS } from '../../../src/host/apps/applications.ts';
import { PATTERNS } from '../../../src/host/workload/options.ts';
import { METHODS } from '../../../src/swap/plan.ts';

const SEEDS = 300;
const DECK: Deck = {
  drivers: NIC_DRIVERS,
  diskDrivers: DISK_DRIVERS,
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
const DISKS = ALL.flatMap(({ disks }) => disks);
const SWAPS = ALL.flatMap(({ swaps }) => swaps);
const CARD_SWAPS = ALL.flatMap(({ cards, swaps }) => swaps.filter(({ device }) => device < cards.length));
const DISK_SWAPS = ALL.flatMap(({ cards, swaps }) => swaps.filter(({ device }) => device >= cards.length));

function framesOf({ cards }: SimScenario): number {
  return cards.reduce((sum, { frames }) => sum + frames, 0);
}

/** Frames and requests. */
function workOf(scenario: SimScenario): number {
  return framesOf(scenario) + scenario.disks.reduce((sum, { requests }) => sum + requests, 0);
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

  it('has some hundreds of frames and requests, more than 500 frames on average where there are cards', () => {
    const withCards = ALL.filter(({ cards }) => cards.length > 0);
    const frames = withCards.reduce((sum, scenario) => sum + framesOf(scenario), 0);
    expect(frames / withCards.length).toBeGreaterThanOrEqual(500);
    expect(Math.min(...withCards.map(framesOf))).toBeGreaterThanOrEqual(200);
    expect(Math.min(...ALL.map(workOf))).toBeGreaterThanOrEqual(100);
  });

  it('has cards alone, disks alone, or both; cards alone where there are no drivers of disks', () => {
    const kinds = ALL.map(({ cards, disks }) => `${cards.length > 0} ${disks.length > 0}`);
    for (const kind of ['true false', 'false true', 'true true'])
      expect(kinds.filter((other) => other === kind).length, kind).toBeGreaterThan(SEEDS / 20);
    expect(new Set(kinds).size).toBe(3);
    expect(drawn({ diskDrivers: [] }).flatMap(({ disks }) => disks)).toEqual([]);
  });

  it('has disks of all drivers and workloads, with caches and without, small and large requests', () => {
    expect(all(DISKS.map(({ driver }) => driver))).toEqual(all(DISK_DRIVERS.map(({ name }) => name)));
    expect(all(DISKS.map(({ rw }) => rw))).toEqual(all([...PATTERNS]));
    const { min, max } = Math;
    expect([min, max].map((pick) => pick(...DISKS.map(({ bs }) => bs)))).toEqual([512, 36_864]);
    expect(min(...DISKS.map(({ cacheBlocks }) => cacheBlocks))).toBe(0);
    expect(max(...DISKS.map(({ iodepth }) => iodepth))).toBeGreaterThan(32);
    for (const what of ['flushEvery', 'fua', 'zeroes', 'mediaUs'] as const)
      expect(all(DISKS.map((disk) => disk[what] > 0)), what).toEqual([false, true]);
  });

  it('has one to three cards, all applications, all drivers, one queue and many', () => {
    expect(all(ALL.map(({ cards }) => cards.length))).toEqual([0, 1, 2, 3]);
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
    const drawnFor = (
      drivers: readonly DriverDeclaration[],
      name: string,
      parameters: Readonly<Record<string, number>>,
    ) => {
      const definition = drivers.find((driver) => driver.name === name);
      for (const [key, value] of Object.entries(parameters)) {
        const spec = definition?.parameters.find((parameter) => parameter.name === key);
        expect(value, `${name} ${key}`).toBeGreaterThanOrEqual(spec?.min ?? Number.NaN);
        expect(value, `${name} ${key}`).toBeLessThanOrEqual(spec?.max ?? Number.NaN);
        if (spec?.powerOfTwo === true) expect(value & (value - 1)).toBe(0);
      }
    };
    for (const { driver, parameters } of CARDS) drawnFor(NIC_DRIVERS, driver, parameters);
    for (const { to, parameters } of CARD_SWAPS) drawnFor(NIC_DRIVERS, to, parameters);
    for (const { driver, parameters } of DISKS) drawnFor(DISK_DRIVERS, driver, parameters);
    for (const { to, parameters } of DISK_SWAPS) drawnFor(DISK_DRIVERS, to, parameters);
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
  it('are asked for while there is traffic, in order, of devices that there are', () => {
    for (const scenario of ALL) {
      const times = scenario.swaps.map(({ after }) => after);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times.length).toBeGreaterThan(0);
      for (const { device, after } of scenario.swaps) {
        expect(after).toBeLessThan(workOf(scenario));
        expect([...scenario.cards, ...scenario.disks][device]).toBeDefined();
      }
    }
  });

  it('go by all methods to all drivers', () => {
    expect(all(CARD_SWAPS.map(({ method }) => method))).toEqual(all([...METHODS]));
    expect(all(CARD_SWAPS.map(({ to }) => to))).toEqual(all(NIC_DRIVERS.map(({ name }) => name)));
    expect(all(DISK_SWAPS.map(({ to }) => to))).toEqual(all(DISK_DRIVERS.map(({ name }) => name)));
    for (const [swaps, shape] of [[CARD_SWAPS, 'rxRing'] as const, [DISK_SWAPS, 'queueDepth'] as const])
      expect(swaps.filter(({ parameters }) => shape in parameters).length).toBeGreaterThan(swaps.length / 4);
  });

  it('are none where there are to be none', () => {
    expect(drawn({ swaps: false }).flatMap(({ swaps }) => swaps)).toEqual([]);
  });

  it('are about the subject for the most part, as the old driver and as the new one', () => {
    const about = drawn({ subject: 'batching', diskDrivers: [] });
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
      for (const { cards, swaps } of drawn({ course, diskDrivers: [] })) {
        expect(all(cards.map(({ driver }) => driver))).toEqual(['polling']);
        expect(all(swaps.map(({ device }) => device))).toEqual(cards.map((_, card) => card));
        for (const { device, to, method, parameters } of swaps) {
          expect({ to, method }).toEqual({ to: 'interrupt', method: 'drain' });
          const { rxRing } = cards[device].parameters;
          if (moves) expect([rxRing / 2, rxRing * 2]).toContain(parameters.rxRing);
          else expect(parameters.rxRing ?? rxRing).toBe(rxRing);
        }
      }
    }
  });
});

describe('its faults', () => {
  const ambushes = SWAPS.flatMap((swap) => [...swap.ambushes]);
  const byDevice = [
    ...CARD_SWAPS.flatMap((swap) => swap.ambushes.map((ambush) => ({ ...ambush, device: 'nic' as const }))),
    ...DISK_SWAPS.flatMap((swap) => swap.ambushes.map((ambush) => ({ ...ambush, device: 'nvme' as const }))),
  ];

  it('lie in wait where they can strike, each in each such phase', () => {
    for (const { fault, phase, device } of byDevice)
      expect(canStrike(fault, phase, device), `${fault} in ${phase}`).toBe(true);
    expect(all(ambushes.map(({ fault }) => fault))).toEqual(
      all(FAULT_NAMES.filter((f) => f !== 'reset' && f !== 'handover')),
    );
  });

  it('leave the power on where there are cards', () => {
    for (const { cards, swaps, rates } of ALL) {
      if (cards.length === 0) continue;
      expect(rates.powerCut).toBe(0);
      expect(swaps.flatMap((swap) => swap.ambushes.filter(({ fault }) => fault === 'powerCut'))).toEqual([]);
    }
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
