/** The disks that benches measure, on real threads: what they are told they do, and their ledgers pass. */
import { describe, expect, it } from 'vitest';
import { DiskCell } from '../../bench/disk/cell.ts';
import { diskMachine } from '../../bench/disk/machine.ts';
import type { AskerKind, DiskWork } from '../../bench/disk/messages.ts';
import { DISK_NAMES } from '../../bench/disk/tables.ts';

const AREA = 256;
const READS: DiskWork = { driver: 'polling', parameters: {}, rw: 'randread', iodepth: 8, flushEvery: 0 };
const HOST: AskerKind = { kind: 'host', rehearsed: false };

async function started(asker: AskerKind): Promise<DiskCell> {
  return DiskCell.start(await diskMachine({ area: AREA }), asker);
}

describe('a disk that takes turns with its CPU', () => {
  it.each<[string, AskerKind]>([
    ['polling', HOST],
    ['by hand', { kind: 'bare', wholeLedger: false }],
    ['by hand, with all that the ledger looks at', { kind: 'bare', wholeLedger: true }],
  ])('has done all that was asked for in each turn: %s', async (_, asker) => {
    const cell = await started(asker);
    for (const iodepth of [8, 32]) {
      await cell.work({ ...READS, iodepth });
      await cell.trial(1);
      const { ns, frames } = await cell.trial(20);
      expect([...frames]).toEqual(new Array(20).fill(iodepth));
      expect(Math.min(...ns)).toBeGreaterThan(0);
    }
    const ledger = await cell.end();
    expect(ledger).toMatchObject({ verdict: 'pass', violations: [], of: 'block' });
    expect(ledger.frames).toBeGreaterThanOrEqual(20 * 40);
  });
});

describe('a driver that holds commands back', () => {
  it('has turns that count, and they are whole', async () => {
    const cell = await started(HOST);
    await cell.work({ ...READS, driver: 'batching' });
    await cell.trial(1);
    expect([...(await cell.trial(10)).frames]).toEqual(new Array(10).fill(READS.iodepth));
    expect((await cell.end()).verdict).toBe('pass');
  });
});

describe('a disk that runs freely', () => {
  it('is asked for one thing after another, by one driver after another, and nothing is forgotten', async () => {
    const cell = await started(HOST);
    for (const driver of DISK_NAMES) {
      await cell.work({ ...READS, driver, rw: 'randrw', flushEvery: 16 });
      const { done, seconds, latencyUs } = await cell.run(20_000);
      expect(done).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThan(0);
      expect(latencyUs.p50).toBeGreaterThan(0);
      expect(latencyUs.max).toBeGreaterThanOrEqual(latencyUs.p99);
    }
    expect(await cell.end()).toMatchObject({ verdict: 'pass', violations: [], swaps: 0 });
  });

  it('is as fast as the media that it is told to have', async () => {
    const timing = { readUs: 2000, writeUs: 0, flushUs: 0, megabytesPerSecond: 1e6, jitter: 0, seed: 1 };
    const cell = await DiskCell.start(await diskMachine({ area: 16, timing }), HOST);
    await cell.work({ ...READS, iodepth: 1 });
    const { latencyUs } = await cell.run(20_000);
    expect(latencyUs.p50).toBeGreaterThanOrEqual(1900); // what the histogram knows of it
    expect((await cell.end()).verdict).toBe('pass');
  });

  it('swaps its drivers as it is told, with commands in flight', async () => {
    const cell = await started({ kind: 'host', rehearsed: true });
    await cell.work(READS);
    const swaps = ['batching', 'polling'].map((to) => ({ to, parameters: {} }));
    const run = await cell.run(100_000, { slot: 0, everyUs: 3000, method: 'inplace', swaps });
    const records = run.swaps.map(({ record }) => record);
    expect(records.length).toBeGreaterThan(1);
    expect(records.map(({ outcome }) => outcome)).toEqual(records.map(() => 'done'));
    expect(records.map(({ to }) => to)).toEqual(records.map((_, i) => swaps[i % 2].to));
    expect(await cell.end()).toMatchObject({ verdict: 'pass', violations: [], swaps: records.length });
  });
});
