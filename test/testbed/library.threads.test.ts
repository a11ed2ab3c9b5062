/** The package as a library: what its users write. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { cardOf, type Progress, type Scenario, Testbed } from '../../src/testbed/index.ts';
import { encodePcap } from '../hw/link/capture-encoders.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ringswap-library-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the ten-line example', () => {
  it('runs two cards, swaps drivers, and finds nothing lost', async () => {
    const testbed = new Testbed({
      nics: [
        { name: 'eth0', capture: 'data/lan-mix.pcap', app: 'echo' },
        { name: 'eth1', size: 64 },
      ],
      frames: 30_000,
      swaps: [{ at: '2ms', nic: 'eth0', to: 'polling' }],
    });
    const report = await testbed.run();
    expect(report.verdict).toBe('pass');
    expect(report.swaps.count).toBe(1);
    expect(report.interrupted).toBe(false);
    const { eth0, eth1 } = report.devices;
    expect(eth0).toMatchObject({ offered: 30_000, delivered: 30_000, transmitted: 30_000, lost: 0 });
    expect(eth0).toMatchObject({ driver: 'polling', app: 'echo' });
    expect(eth1).toMatchObject({ offered: 30_000, delivered: 30_000, transmitted: 0, lost: 0 });
    expect(eth1).toMatchObject({ driver: 'interrupt', app: 'sink' });
    expect(report.covered.framesChecked).toBe(90_000);
  });

  it('runs under the name of the package, in a process of its own', () => {
    const program = `
      import { Testbed } from 'ringswap';
      const testbed = new Testbed({ size: 64, frames: 20_000, swaps: [{ at: '1ms', nic: 'eth0', to: 'polling' }] });
      const { verdict, devices, swaps } = await testbed.run();
      console.log(JSON.stringify({ verdict, delivered: devices.eth0.delivered, swaps: swaps.count }));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root });
    expect(JSON.parse(printed.toString())).toEqual({ verdict: 'pass', delivered: 20_000, swaps: 1 });
  });
});

describe('a Testbed', () => {
  const scenario: Scenario = {
    size: 'imix',
    frames: 20_000,
    swaps: [{ at: '1ms', nic: 'eth0', to: 'batching' }],
  };

  it('runs again with a new machine, as if it had not run before', async () => {
    const testbed = new Testbed({ ...scenario, seed: 5 });
    const reports = [await testbed.run(), await testbed.run()];
    for (const { verdict, violations, seed, devices, swaps } of reports) {
      expect({ verdict, violations, seed }).toEqual({ verdict: 'pass', violations: [], seed: 5 });
      expect(devices.eth0).toMatchObject({ offered: 20_000, delivered: 20_000, lost: 0 });
      expect(swaps).toMatchObject({ scheduled: 1, count: 1 });
      expect(swaps.byPair).toMatchObject([{ from: 'interrupt', to: 'batching' }]);
    }
  });

  it('runs beside another one in the same process', async () => {
    const runs = [new Testbed(scenario).run(), new Testbed({ ...scenario, size: 64, app: 'echo' }).run()];
    for (const { verdict, devices } of await Promise.all(runs)) {
      expect(verdict).toBe('pass');
      expect(devices.eth0).toMatchObject({ offered: 20_000, delivered: 20_000 });
    }
  });

  it('tells its progress, and ends in good order when it is asked to', async () => {
    const controller = new AbortController();
    const told: Progress[] = [];
    const report = await new Testbed({
      size: 64,
      app: 'echo',
      duration: '60m',
      swapEvery: { interval: '1ms' },
    }).run({
      signal: controller.signal,
      onProgress: (progress) => {
        told.push(progress);
        if (told.length === 2) controller.abort();
      },
    });
    expect(report).toMatchObject({ interrupted: true, verdict: 'pass', violations: [] });
    const { offered, delivered, transmitted } = cardOf(report, 'eth0');
    expect(delivered).toBeGreaterThan(0);
    expect({ delivered, transmitted }).toEqual({ delivered: offered, transmitted: offered });
    const [first, second] = told;
    expect(first).toMatchObject({ total: undefined, durationMs: 3_600_000 });
    expect(second?.elapsedMs).toBeGreaterThan(first?.elapsedMs ?? Number.POSITIVE_INFINITY);
    expect(second?.offered).toBeGreaterThanOrEqual(first?.offered ?? Number.POSITIVE_INFINITY);
    expect(second?.offered).toBeLessThanOrEqual(offered ?? 0);
  });

  it('that is asked to end before it has begun makes a report all the same', async () => {
    const report = await new Testbed({ size: 64, duration: '60m' }).run({ signal: AbortSignal.abort() });
    expect(report).toMatchObject({ interrupted: true, verdict: 'pass' });
    const { delivered, offered } = cardOf(report, 'eth0');
    expect(delivered).toBe(offered);
  });

  it('says beforehand which frames of a capture it leaves out, and replays the others', async () => {
    const bytes = new Uint8Array(100).fill(2);
    const frames = [1, 2, 3].map((seconds) => ({ bytes, seconds, fraction: 0 }));
    const snapped = { bytes, seconds: 4, fraction: 0, original: 2000 };
    const capture = join(folder, 'snapped.pcap');
    writeFileSync(capture, encodePcap({ littleEndian: true }, [...frames, snapped]).content);
    const notices: string[] = [];
    const report = await new Testbed({ capture, frames: 300 }).run({
      onNotice: (text) => notices.push(text),
    });
    expect(notices).toEqual(['eth0: frames of the capture left out: 1 snapped']);
    expect(report.devices.eth0).toMatchObject({
      skipped: { snapped: 1 },
      offered: 300,
      delivered: 300,
      lost: 0,
    });
    expect(report.verdict).toBe('pass');
  });
});
