/** Disks under verified requests on real threads, their drivers exchanged meanwhile. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cardOf, DISK_DRIVERS, diskOf, type Report, Testbed } from '../../src/testbed/index.ts';
import { runUntil } from './runs.ts';

const CLEAN = { failed: 0, lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0 };
const NAMES = DISK_DRIVERS.map(({ name }) => name);
const SMALL = { name: 'nvme0', size: '4M', cache: '256K' } as const;

function expectClean(report: Report): void {
  expect(report.violations).toEqual([]);
  const disk = diskOf(report, 'nvme0');
  expect(disk).toMatchObject(CLEAN);
  expect(disk.completed).toBe(disk.submitted);
}

describe('a disk under verified requests', () => {
  it.each(NAMES)('keeps every block with %s', async (name) => {
    const report = await new Testbed({ disks: [{ ...SMALL, driver: { name } }], frames: 4000 }).run();
    expectClean(report);
    const disk = diskOf(report, 'nvme0');
    expect(disk.driver).toBe(name);
    // All that was asked for, and each of its 1,024 blocks once more at the end.
    expect(disk.completed).toBe(4000 + 1024);
    expect(disk.latencyUs.p50).toBeLessThanOrEqual(disk.latencyUs.max);
  });

  it('is served beside a card in one machine', async () => {
    const report = await new Testbed({
      nics: [{ name: 'eth0', size: 64, app: 'echo' }],
      disks: [SMALL],
      frames: 3000,
    }).run();
    expectClean(report);
    expect(cardOf(report, 'eth0')).toMatchObject({ delivered: 3000, transmitted: 3000, lost: 0 });
  });

  it('is kept in a file, which is let go at the end and has what was written the next time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringswap-disk-'));
    try {
      const media = join(folder, 'disk.img');
      expectClean(await new Testbed({ disks: [{ ...SMALL, media, rw: 'randwrite' }], frames: 2000 }).run());
      expect(statSync(media).size).toBe(4 * 1024 * 1024);
      expect(existsSync(`${media}.lock`)).toBe(false);
      // A workload that has written nothing expects zeroes: what it finds there was written before.
      const read = await new Testbed({ disks: [{ ...SMALL, media, rw: 'read' }], frames: 1000 }).run();
      expect(read.verdict).toBe('fail');
      expect(diskOf(read, 'nvme0').corrupt).toBeGreaterThan(500);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('swaps of a disk with commands in flight', () => {
  it('lose, repeat and damage nothing through all ordered pairs', async () => {
    const pairs = NAMES.length ** 2;
    const report = await runUntil(2 * pairs, { disks: [SMALL], swapEvery: { interval: '2ms' } });
    expectClean(report);
    expect(report.swaps).toMatchObject({ refused: 0, rolledBack: 0 });
    const seen = new Set(report.swaps.byPair.map(({ from, to }) => `${from} ${to}`));
    expect(seen.size).toBe(pairs);
  });

  it('move its queues to pairs of another depth and back', async () => {
    const report = await runUntil(32, {
      disks: [{ ...SMALL, queues: 2 }],
      swapEvery: { interval: '2ms', vary: { queueDepth: [16, 64, 128] } },
    });
    expectClean(report);
    expect(report.swaps).toMatchObject({ refused: 0, rolledBack: 0 });
    expect(report.swaps.phasesUs.move).toBeDefined();
  });

  it('leave a card beside it alone, and are left alone by its swaps', async () => {
    const report = await runUntil(40, {
      nics: [{ name: 'eth0', size: 64, app: 'echo' }],
      disks: [SMALL],
      swapEvery: { interval: '2ms', vary: { rxBuffers: [256, 511] } },
    });
    expectClean(report);
    expect(cardOf(report, 'eth0')).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, damaged: 0 });
    expect(report.swaps).toMatchObject({ refused: 0, rolledBack: 0 });
  });

  it('can be drained first', async () => {
    const report = await new Testbed({
      disks: [SMALL],
      frames: 200_000,
      swaps: [{ at: '5ms', disk: 'nvme0', to: 'polling', method: 'drain' }],
    }).run();
    expectClean(report);
    expect(report.swaps).toMatchObject({ count: 1, refused: 0, resubmitted: 0, aborted: 0 });
    expect(diskOf(report, 'nvme0').driver).toBe('polling');
  });
});

describe('resets of a disk with commands in flight', () => {
  /** Requests fail, and as many as resets have ended; nothing else is wrong. */
  function expectReset(report: Report): void {
    const { failed, ...disk } = diskOf(report, 'nvme0');
    const { refused, rolledBack, resubmitted, aborted } = report.swaps;
    expect(report.violations).toEqual([]);
    expect(disk).toMatchObject({ lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0 });
    expect(disk.completed).toBe(disk.submitted);
    expect({ refused, rolledBack }).toEqual({ refused: 0, rolledBack: 0 });
    expect(resubmitted).toBeGreaterThan(report.swaps.count);
    expect(failed).toBe(aborted);
  }

  it('lose, repeat and damage nothing through all ordered pairs, and end flushes with an error', async () => {
    const pairs = NAMES.length ** 2;
    const report = await runUntil(2 * pairs, {
      disks: [{ ...SMALL, queues: 2, flushEvery: 4, iodepth: 64 }],
      swapEvery: { interval: '2ms', method: 'reset' },
    });
    expectReset(report);
    expect(report.swaps.aborted).toBeGreaterThan(0);
    const seen = new Set(report.swaps.byPair.map(({ from, to, method }) => `${from} ${to} ${method}`));
    expect(seen.size).toBe(pairs);
  });

  it('take other depths', async () => {
    const report = await runUntil(24, {
      disks: [{ ...SMALL, queues: 2, iodepth: 64 }],
      swapEvery: { interval: '2ms', method: 'reset', vary: { queueDepth: [4, 64, 16, 128] } },
    });
    expectReset(report);
    expect(report.swaps.phasesUs.move).toBeUndefined();
  });

  it('leave a card beside it alone', async () => {
    const at = [5, 40, 80, 120, 160].map((ms) => `${ms}ms`);
    const report = await new Testbed({
      nics: [{ name: 'eth0', size: 64, app: 'echo', rate: 100_000 }],
      disks: [SMALL],
      frames: 20_000,
      swaps: at.map((time) => ({ at: time, disk: 'nvme0', to: 'polling', method: 'reset' })),
    }).run();
    expect(report.violations).toEqual([]);
    expect(report.swaps.count).toBeGreaterThan(0);
    expect(cardOf(report, 'eth0')).toMatchObject({ delivered: 20_000, lost: 0, dropped: {} });
  });
});
