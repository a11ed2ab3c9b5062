/** Drivers of disks that end their CPUs, or let them hang, again and again: as of cards, whoever served before serves again. */
import { describe, expect, it } from 'vitest';
import { diskOf, type Report, type RunningMachine, type Scenario, Testbed } from '../../src/testbed/index.ts';
import { served, until } from './runs.ts';

const BAD = 'test/exec/drivers/disk-goes-bad.mjs';
const BAD_BUFFERED = 'test/exec/drivers/buffered-goes-bad.mjs';
/** Values of its parameter `how`. */
const THROWS = 1;
const DOES_NOT_RETURN = 2;
const POLLS_IN_VAIN = 3;
const SUBMITS_AND_DOES_NOT_SAY = 4;
const TAKES_AND_DOES_NOT_SAY = 5;
const TAKES_NO_REQUESTS = 6;
const SAYS_THAT_IT_RINGS = 7;

const DISK = { name: 'nvme0', size: '4M', cache: '256K', flushEvery: 20 } as const;
const FAR = 2000;

function started(more: Scenario): Promise<RunningMachine> {
  return new Testbed({ standby: true, ...more }).start();
}

/** It comes to serve nvme0 soon, and goes bad after a while. */
function goingBad(how: number, driver = 'batching'): Promise<RunningMachine> {
  return started({
    disks: [{ ...DISK, driver: { name: driver } }],
    swaps: [{ at: '20ms', disk: 'nvme0', to: BAD, parameters: { how, after: 5000 } }],
  });
}

function expectClean(report: Report): void {
  expect(report.violations).toEqual([]);
  const disk = diskOf(report, 'nvme0');
  expect(disk).toMatchObject({ failed: 0, lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0 });
  expect(disk.completed).toBe(disk.submitted);
}

describe('a driver of a disk that goes bad', () => {
  it.each([
    ['throws', THROWS, 'batching', 'failure', 'in driver disk-goes-bad of nvme0: gone bad'],
    ['does not return', DOES_NOT_RETURN, 'buffered', 'hang', 'of nvme0 hangs: it made no step for 2 s'],
    [
      'takes no completions',
      POLLS_IN_VAIN,
      'batching',
      'hang',
      'completions lie in completion queue 1, and none is taken: `head` stood at',
    ],
  ])(
    'and %s is followed by itself, and after three ends by the one before it',
    async (_, how, before, cause, reason) => {
      const running = await goingBad(how, before);
      const events = running.events();
      const seen = [...(await until(events, 'return')), ...(await until(events, 'recovery'))];
      const ends = seen.filter(({ kind }) => kind === 'recovery');
      expect(ends.length).toBe(3);
      for (const end of ends) expect(end).toMatchObject({ cause, reason: expect.stringContaining(reason) });
      const back = { device: 'nvme0', from: 'disk-goes-bad', to: before };
      expect(seen.find(({ kind }) => kind === 'return')).toMatchObject(back);
      await served(running, FAR);
      expect(running.status().devices.nvme0).toMatchObject({ driver: before });
      const report = await running.stop();
      expectClean(report);
      expect(report.passages?.notes.map(({ returned }) => returned)).toEqual([undefined, undefined, back]);
      expect(report.devices.nvme0).toMatchObject({ driver: before });
    },
  );

  it.each([
    [
      'does not tell the disk of commands',
      SUBMITS_AND_DOES_NOT_SAY,
      'commands lie in submission queue 1 behind its doorbell: `SQTDBL` stood at',
    ],
    [
      'does not tell the disk of what it has taken',
      TAKES_AND_DOES_NOT_SAY,
      'completion queue 1 is full of completions that were taken: `CQHDBL` stood at',
    ],
    ['has no room', TAKES_NO_REQUESTS, 'requests wait, and no command is outstanding: `completed` stood at'],
    [
      'notes doorbells that it does not ring',
      SAYS_THAT_IT_RINGS,
      'commands lie in submission queue 1 behind its doorbell: `SQTDBL` stood at',
    ],
  ])('and %s is found, and ended', async (_, how, reason) => {
    const running = await goingBad(how);
    const [end] = (await until(running.events(), 'recovery')).slice(-1);
    expect(end).toMatchObject({ cause: 'hang', reason: expect.stringContaining(reason) });
    expect(end).toMatchObject({ reason: expect.stringContaining('driver disk-goes-bad of nvme0 hangs') });
    // It may have gone bad again, so that the swap goes down with its CPU.
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== 'done' && outcomes.length < 4)
      outcomes.push((await running.disk('nvme0').swap('polling')).outcome);
    expect(outcomes.at(-1)).toBe('done');
    await served(running, FAR);
    expectClean(await running.stop());
  });

  it('and was there from the beginning goes back to a built-in one, and leaves other devices their own', async () => {
    const driver = { name: BAD, parameters: { how: THROWS, after: 5000 } };
    const running = await started({
      nics: [{ name: 'eth0', size: 64, app: 'echo', driver: { name: 'polling' } }],
      disks: [
        { ...DISK, driver },
        { ...DISK, name: 'nvme1', driver: { name: 'batching' } },
      ],
    });
    const seen = await until(running.events(), 'return');
    expect(seen.at(-1)).toMatchObject({ device: 'nvme0', from: 'disk-goes-bad', to: 'interrupt' });
    await served(running, FAR);
    expect(running.status().devices).toMatchObject({
      eth0: { driver: 'polling' },
      nvme0: { driver: 'interrupt' },
      nvme1: { driver: 'batching' },
    });
    expectClean(await running.stop());
  });

  it('and holds writes that it has said are done is followed by one that takes them over', async () => {
    const running = await started({
      disks: [{ ...DISK, driver: { name: 'interrupt' } }],
      swaps: [{ at: '20ms', disk: 'nvme0', to: BAD_BUFFERED, parameters: { after: 5000 } }],
    });
    const seen = await until(running.events(), 'return');
    expect(seen.at(-1)).toMatchObject({ device: 'nvme0', from: 'buffered-goes-bad', to: 'buffered' });
    await served(running, FAR);
    expectClean(await running.stop());
  });

  it('ends the run where nobody stands by', async () => {
    const driver = { name: BAD, parameters: { how: POLLS_IN_VAIN, after: 5000 } };
    const report = await new Testbed({ disks: [{ ...DISK, driver }], duration: '60m' }).run();
    expect(report.verdict).toBe('fail');
    expect(report.violations[0]).toMatchObject({ invariant: 'driver', device: 'nvme0' });
    expect(report.violations[0]?.message).toContain(
      'driver disk-goes-bad of nvme0 hangs: completions lie in completion queue 1',
    );
  });
});
