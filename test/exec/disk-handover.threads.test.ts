/** Disks pass from one CPU thread to another under verified requests. */
import { describe, expect, it } from 'vitest';
import {
  DISK_DRIVERS,
  diskOf,
  type Report,
  type RunningMachine,
  type Scenario,
  Testbed,
} from '../../src/testbed/index.ts';
import { expectLossless, served } from './runs.ts';

const HANDOVERS = 40;
/** Each costs the start of a thread. */
const KILLS = 3;
/** Requests after which a CPU has come to serve for sure. */
const FAR = 2000;
const CLEAN = { failed: 0, lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0 };
const SMALL = { name: 'nvme0', size: '4M', cache: '256K' } as const;

function started(more: Scenario): Promise<RunningMachine> {
  return new Testbed({ standby: true, ...more }).start();
}

function expectClean(report: Report): void {
  expect(report.violations).toEqual([]);
  const disk = diskOf(report, 'nvme0');
  expect(disk).toMatchObject(CLEAN);
  expect(disk.completed).toBe(disk.submitted);
  expect(disk.completed).toBeGreaterThan(0);
}

describe('a handover of disks', () => {
  it.each(DISK_DRIVERS.map(({ name }) => name))(
    'with commands in flight loses and repeats none, again and again, under %s',
    async (name) => {
      const running = await started({ disks: [{ ...SMALL, driver: { name }, queues: 2 }] });
      const cpus: number[] = [];
      for (let i = 0; i < HANDOVERS; i++) {
        await served(running, 100);
        cpus.push((await running.handOver()).to);
      }
      await served(running, 100);
      expectClean(await running.stop());
      expect(cpus).toEqual(cpus.map((_, i) => (i + 1) % 2));
    },
  );

  it('takes a card along, while swaps go on', async () => {
    const running = await started({
      nics: [{ name: 'eth0', size: 64, app: 'echo' }],
      disks: [SMALL],
      swapEvery: { interval: '3ms' },
    });
    for (let i = 0; i < HANDOVERS; i++) {
      await served(running, 400);
      await running.handOver();
    }
    const report = await running.stop();
    expectClean(report);
    expectLossless(report);
    expect(report.swaps.count).toBeGreaterThan(HANDOVERS / 2);
  });

  it('after a reset, whose books are of another CPU, knows which requests it has ended', async () => {
    const running = await started({ disks: [{ ...SMALL, rw: 'write', flushEvery: 1 }] });
    for (let i = 0; i < 10; i++) {
      await served(running, 100);
      await running.disk('nvme0').swap('polling', {}, { method: 'reset' });
      await running.handOver();
    }
    const report = await running.stop();
    expect(diskOf(report, 'nvme0').failed).toBeGreaterThan(0);
    expect(report.violations).toEqual([]);
  });
});

describe('a CPU with disks that is ended wherever it is', () => {
  it.each(DISK_DRIVERS.map(({ name }) => name))(
    'is followed by the other one, and each request is done once, under %s',
    async (name) => {
      const running = await started({ disks: [{ ...SMALL, driver: { name }, queues: 2, fua: 10 }] });
      for (let i = 0; i < KILLS; i++) {
        await served(running, FAR);
        await running.killCpu();
      }
      await served(running, FAR);
      expectClean(await running.stop());
    },
  );

  it('in the middle of swaps and handovers, with a card beside', async () => {
    const running = await started({
      nics: [{ name: 'eth0', size: 64, app: 'echo' }],
      disks: [{ ...SMALL, rw: 'write', flushEvery: 10 }],
      swapEvery: { interval: '2ms' },
    });
    for (let i = 0; i < KILLS; i++) {
      await served(running, FAR);
      const passing = running.handOver().catch((error: unknown) => error);
      if (i % 2 === 0) await running.killCpu();
      await passing;
    }
    await served(running, FAR);
    const report = await running.stop();
    expectClean(report);
    expectLossless(report);
  });
});
