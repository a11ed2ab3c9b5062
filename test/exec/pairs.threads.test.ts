/** All ordered pairs of drivers, swapped on real threads while the links send as fast as the cards take it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  cardOf,
  cardsOf,
  type NicDump,
  type Report,
  type RingDump,
  readDump,
  type Scenario,
  Testbed,
} from '../../src/testbed/index.ts';
import { expectLossless, runUntil, sum } from './runs.ts';

const DRIVERS = ['interrupt', 'polling', 'batching'];
const PAIRS = DRIVERS.flatMap((from) => DRIVERS.map((to) => ({ from, to })));
const APPS = ['sink', 'echo', 'forward'] as const;
const TRAFFIC = [{ size: 64 }, { capture: 'data/lan-mix.pcap' }];

const folder = mkdtempSync(join(tmpdir(), 'ringswap-pairs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Forwarding takes two cards. */
function cards(app: (typeof APPS)[number], queues = 1): Scenario {
  const names = app === 'forward' ? ['eth0', 'eth1'] : ['eth0'];
  return { app, nics: names.map((name) => ({ name, queues })) };
}

function pairsOf({ swaps }: Report): string[] {
  return swaps.byPair.map(({ from, to }) => `${from} ${to}`).sort();
}

const ALL_PAIRS = PAIRS.map(({ from, to }) => `${from} ${to}`).sort();

/** What the applications sent has left by some card. */
function expectSentBack(report: Report): void {
  const devices = cardsOf(report).flatMap(([, card]) => (card.app === 'sink' ? [] : [card]));
  const delivered = devices.reduce((total, card) => total + card.delivered, 0);
  expect(devices.reduce((total, card) => total + card.transmitted, 0)).toBe(delivered);
}

describe.each(APPS)('%s', (app) => {
  it.each(TRAFFIC)('keeps every frame through swaps of all pairs, %j', async (traffic) => {
    const scenario: Scenario = { ...cards(app), ...traffic, swapEvery: { interval: '1ms' } };
    const report = await runUntil(app === 'forward' ? 40 : 18, scenario);
    expectLossless(report);
    expectSentBack(report);
    expect(pairsOf(report)).toEqual(ALL_PAIRS);
    expect(report.swaps.count + report.swaps.refused).toBe(report.swaps.scheduled);
    expect(report.swaps.rolledBack).toBe(0);
  });

  it('keeps every frame when four queues share the load and the buffers posted on them change', async () => {
    const vary = { rxBuffers: [64, 511, 128] };
    const scenario: Scenario = {
      ...cards(app, 4),
      size: 64,
      flows: 64,
      swapEvery: { interval: '1ms', vary },
    };
    const report = await runUntil(18, scenario);
    expectLossless(report);
    expectSentBack(report);
  });
});

describe('a single swap at its time', () => {
  it.each(PAIRS.map((pair, i) => ({ ...pair, app: APPS[i % 3] ?? 'sink', traffic: TRAFFIC[i % 2] })))(
    'from $from to $to under $app, $traffic',
    async ({ from, to, app, traffic }) => {
      const report = await runUntil(1, {
        ...cards(app),
        ...traffic,
        driver: { name: from },
        swaps: [{ at: '10ms', nic: 'eth0', to }],
      });
      expectLossless(report);
      expectSentBack(report);
      expect(report.swaps.byPair).toMatchObject([{ from, to, method: 'inplace', count: 1 }]);
      expect(report.swaps).toMatchObject({ count: 1, scheduled: 1, refused: 0, rolledBack: 0, notes: [] });
      expect(report.devices.eth0?.driver).toBe(to);
      const { criticalSectionUs, phasesUs } = report.swaps;
      expect(criticalSectionUs.max).toBeGreaterThan(0);
      expect(criticalSectionUs.max).toBeGreaterThanOrEqual((phasesUs.transfer?.max ?? 0) - 0.001);
      expect(Object.keys(phasesUs).sort()).toEqual([
        'commit',
        'negotiate',
        'prepare',
        'probation',
        'quiesce',
        'retire',
        'transfer',
      ]);
    },
  );
});

describe('rings of another length', () => {
  const word = (ring: RingDump, name: string) => ring.words.find((entry) => entry.name === name)?.value;
  const rings = (nic: NicDump | undefined) =>
    nic?.rx.map((ring) => ({
      logical: word(ring, 'logical'),
      slots: ring.descriptors.length,
      posted: ring.descriptors.filter(({ buffer }) => buffer >= 0).length,
    }));

  it('stand in the place of the old ones, with all their buffers, and nothing is lost on the way', async () => {
    const dump = join(folder, 'rings.json');
    const report = await runUntil(1, {
      ...cards('sink', 3),
      ...{ size: 64, flows: 64, dump },
      swaps: [{ at: '5ms', nic: 'eth0', to: 'polling', parameters: { rxRing: 128, rxBuffers: 100 } }],
    });
    expectLossless(report);
    const [note] = report.swaps.notes;
    expect(note).toMatchObject({ swap: 1, outcome: 'done' });
    expect(note?.reason).toContain('queue 0 keeps its ring of 512');
    const after = rings(readDump(dump).nics[0]);
    const moved = [0, 1, 2].map((logical) => ({ logical, slots: 128, posted: 100 }));
    expect(after).toHaveLength(4);
    expect(after).toEqual(expect.arrayContaining(moved));
    // What was posted beyond the target goes home frame by frame, and after the move few frames come here.
    const kept = after?.find(({ slots }) => slots === 512);
    expect(kept).toMatchObject({ logical: 0 });
    expect(kept?.posted).toBeGreaterThanOrEqual(100);
  });

  it('come and go with swap after swap, frames echoed all the while', async () => {
    const vary = { rxRing: [128, 512], rxBuffers: [100, 60] };
    const report = await runUntil(4, { ...cards('echo'), size: 64, swapEvery: { interval: '1ms', vary } });
    expectLossless(report);
    expectSentBack(report);
    expect(Object.keys(report.swaps.phasesUs)).toContain('move');
    expect(report.swaps.notes.filter(({ reason }) => !reason.startsWith('queue 0 keeps its ring'))).toEqual(
      [],
    );
  });

  it.each<[string, Scenario, string, string]>([
    ['queue', { nics: [{ name: 'eth0', queues: 8 }] }, 'negotiate', 'all 8 are in use'],
    ['memory', { nics: [{ name: 'eth0' }], memory: '4M' }, 'prepare', 'the machine has memory for 2048'],
  ])(
    'are refused where there is no %s for them, and the old ones serve on',
    async (_, machine, phase, why) => {
      const parameters = { rxRing: 4096, rxBuffers: 4095 };
      const swaps = [{ at: '1ms', nic: 'eth0', to: 'polling', parameters }];
      const report = await new Testbed({ ...machine, size: 64, frames: 50_000, swaps }).run();
      expectLossless(report);
      expect(report.devices.eth0).toMatchObject({ driver: 'interrupt', delivered: 50_000 });
      expect(report.swaps).toMatchObject({ count: 0, scheduled: 1, refused: 1, rolledBack: 0 });
      expect(report.swaps.notes).toMatchObject([{ swap: 1, outcome: 'refused', phase }]);
      expect(report.swaps.notes[0]?.reason).toContain(why);
    },
  );
});

describe('the controls', () => {
  it.each(['sink', 'echo'] as const)('drain, then swap: %s misses no frame', async (app) => {
    const swapEvery = { interval: '2ms', method: 'drain' } as const;
    const report = await runUntil(9, { ...cards(app), size: 64, swapEvery });
    expectLossless(report);
    expectSentBack(report);
    expect(report.swaps.byPair.every(({ method }) => method === 'drain')).toBe(true);
  });

  it.each(['sink', 'echo'] as const)('reset: what %s misses is counted, every frame', async (app) => {
    const swapEvery = { interval: '2ms', method: 'reset' } as const;
    const report = await runUntil(4, { ...cards(app), size: 64, swapEvery });
    expect(report.violations).toEqual([]);
    expect(report.verdict).toBe('pass');
    const { offered, delivered, lost, duplicated, reordered, damaged, dropped } = cardOf(report, 'eth0');
    expect({ lost, duplicated, reordered, damaged }).toEqual({
      ...{ lost: 0, duplicated: 0, reordered: 0, damaged: 0 },
    });
    expect(offered).toBe((delivered ?? 0) + sum(dropped ?? {}));
    expect(sum(dropped ?? {})).toBeGreaterThan(0);
    expect(report.swaps.byPair.every(({ method }) => method === 'reset')).toBe(true);
  });
});

describe('an open link, overrun', () => {
  it.each(['inplace', 'reset'] as const)(
    'has each loss counted, and charged to a phase (%s)',
    async (method) => {
      const report = await runUntil(4, {
        ...cards('sink'),
        ...{ size: 1518, rate: 20_000_000, link: 'open' },
        driver: { name: 'polling', parameters: { rxBuffers: 16 } },
        swapEvery: { interval: '2ms', method },
      });
      expect(report.violations).toEqual([]);
      expect(report.verdict).toBe('pass');
      const { offered, delivered, lost, dropped, lossesByPhase } = cardOf(report, 'eth0');
      expect(lost).toBe(0);
      expect(offered).toBe((delivered ?? 0) + sum(dropped));
      const { fifoOverflow = 0, linkDown = 0, receiverOff = 0 } = dropped;
      expect(fifoOverflow).toBeGreaterThan(0);
      // A receiver that is turned off under a frame on its way loses it inside the card.
      expect(sum(lossesByPhase)).toBeLessThanOrEqual(fifoOverflow + linkDown + receiverOff);
      expect(sum(lossesByPhase)).toBeGreaterThanOrEqual(fifoOverflow + linkDown + receiverOff - 9);
      if (method === 'inplace') expect(linkDown + receiverOff).toBe(0);
      const phases = [
        'none',
        'negotiate',
        'prepare',
        'quiesce',
        'transfer',
        'commit',
        'probation',
        'move',
        'retire',
      ];
      expect(phases).toEqual(expect.arrayContaining(Object.keys(lossesByPhase)));
      expect(Object.keys(lossesByPhase)).toContain(method === 'inplace' ? 'none' : 'transfer');
    },
  );
});
