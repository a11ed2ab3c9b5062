/** The machines that benches measure, on real threads: what they are told they do, and their ledgers pass. */
import { describe, expect, it } from 'vitest';
import { Cell } from '../../bench/drain/cell.ts';
import { LiveCell } from '../../bench/live/cell.ts';
import { forwarding, machineFor, timed } from '../../bench/machines.ts';

const sum = (values: Int32Array): number => values.reduce((total, value) => total + value, 0);
const host = { kind: 'host', rehearsed: false } as const;

describe('a cell that is drained in turns', () => {
  it('takes whole rings in each turn, by driver and by hand, the same frames', async () => {
    const scenario = { size: 64, app: 'sink', driver: { name: 'polling' }, duration: '1m' };
    const driven = await Cell.start(await machineFor(scenario), host);
    const bare = await Cell.start(await machineFor(scenario), { kind: 'bare', forwards: false, burst: 32 });
    for (const cell of [driven, bare]) {
      const { frames, ns } = await cell.trial(20);
      expect([...frames]).toEqual(Array.from({ length: 20 }, () => 511));
      expect(Math.min(...ns)).toBeGreaterThan(0);
      const { ledger } = await cell.end();
      expect(ledger).toMatchObject({ verdict: 'pass', violations: [] });
      expect(ledger.frames).toBeGreaterThanOrEqual(sum(frames));
    }
  });

  it.each(['interrupt', 'batching'])(
    'forwards by %s and by hand, nothing lost on either side',
    async (name) => {
      const scenario = { size: 64, driver: { name }, duration: '1m' };
      const driven = await Cell.start(await forwarding(scenario), host);
      const bare = await Cell.start(await forwarding(scenario), { kind: 'bare', forwards: true, burst: 32 });
      for (const cell of [driven, bare]) {
        expect(sum((await cell.trial(20)).frames)).toBeGreaterThan(20 * 256);
        expect((await cell.end()).ledger).toMatchObject({ verdict: 'pass', violations: [] });
      }
    },
  );

  it('swaps as often as it is told, the last time to the driver that it is told', async () => {
    const cell = await Cell.start(
      await machineFor({ size: 64, app: 'sink', driver: { name: 'polling' }, duration: '1m' }),
      host,
    );
    await cell.swap(7, 'batching');
    await cell.trial(5);
    const { ledger, swaps } = await cell.end();
    expect(swaps.map(({ record: { outcome } }) => outcome)).toEqual(Array.from({ length: 7 }, () => 'done'));
    expect(swaps.at(-1)?.record.to).toBe('batching');
    expect(ledger.verdict).toBe('pass');
  });

  it('swaps by its CPU’s own time, which stands still between turns and trials', async () => {
    const cell = await Cell.start(
      await machineFor({ size: 64, app: 'sink', driver: { name: 'polling' }, duration: '1m' }),
      host,
    );
    expect((await cell.trial(100, 10)).swaps).toBe(0);
    let swaps = 0;
    for (let trial = 0; trial < 4; trial++) swaps += (await cell.trial(200, 0, 500)).swaps;
    expect(swaps).toBeGreaterThan(0);
    await cell.trial(50); // in which one that was under way comes to its end
    // Far more time goes by than the interval, and little of it in turns.
    for (const untilMs = performance.now() + 400; performance.now() < untilMs; )
      expect((await cell.trial(2, 0, 200_000)).swaps).toBe(0);
    expect((await cell.end()).ledger.verdict).toBe('pass');
  });

  it('says of each swap how many frames still waited when it ended', async () => {
    const driver = { name: 'polling', parameters: { rxRing: 1024, rxBuffers: 1023 } };
    const round = { intervalUs: 10, method: 'inplace', vary: { burst: [8], refillBurst: [8] } } as const;
    const cell = await Cell.start(await machineFor({ size: 64, app: 'sink', driver, duration: '1m' }), {
      kind: 'host',
      round,
      rehearsed: true,
      drivers: ['polling'],
    });
    await cell.trial(100);
    const { swaps, waiting } = await cell.end();
    expect(waiting.length).toBe(swaps.length);
    // The gauge was asked behind each, and needs microseconds.
    const gaugesNs = swaps.map(({ gauges: { gaugeNs } }) => gaugeNs);
    expect(gaugesNs.filter((ns) => !(ns > 100 && ns < 1e9))).toEqual([]);
    expect(Math.min(...waiting)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waiting)).toBeLessThan(1023);
    // Served in bursts of eight, and swapped at any fill of the ring.
    expect(new Set(waiting).size).toBeGreaterThan(10);
  });
});

describe('a cell that runs freely', () => {
  it('offers one load after another, times each frame, and swaps meanwhile', async () => {
    const cell = await LiveCell.start(
      await timed({ size: 64, link: 'lossless', driver: { name: 'interrupt' }, duration: '1m' }),
      true,
    );
    for (const framesPerSecond of [100_000, 300_000]) {
      const trial = await cell.trial({ pace: { kind: 'rate', framesPerSecond }, durationUs: 50_000 });
      expect(trial.delivered).toBe(trial.offered);
      expect(trial.offered).toBeGreaterThan(0);
      expect(sum(trial.latencies)).toBe(trial.delivered);
    }
    const swaps = ['polling', 'interrupt'].map((to) => ({ to, parameters: {} }));
    const { cpu, delivered, offered } = await cell.trial(
      { pace: { kind: 'max' }, durationUs: 60_000 },
      { slot: 0, everyUs: 5000, method: 'inplace', swaps },
    );
    expect(delivered).toBe(offered);
    expect(cpu.swaps.length).toBeGreaterThan(0);
    expect(cpu.swaps.map(({ record: { to } }) => to)).toEqual(cpu.swaps.map((_, i) => swaps[i % 2].to));
    for (const { gauges } of cpu.swaps) expect(gauges.seldomNs).toBeGreaterThan(0);
    expect(await cell.end()).toMatchObject({ verdict: 'pass', violations: [] });
  });
});
