/** Drivers that end their CPUs, or let them hang, again and again: whoever served before serves again. */
import { describe, expect, it } from 'vitest';
import { OutOfServiceError, type RunningMachine, type Scenario, Testbed } from '../../src/testbed/index.ts';
import { expectLossless, until } from './runs.ts';

const BAD = 'test/exec/drivers/goes-bad.mjs';
/** Values of its parameter `how`. */
const THROWS = 1;
const POLLS_IN_VAIN = 2;
const POSTS_NOTHING = 3;
const POSTS_AND_DOES_NOT_SAY = 4;
const SENDS_AND_DOES_NOT_SAY = 5;
const SCRIBBLES = 6;

function started(more: Scenario): Promise<RunningMachine> {
  return new Testbed({ size: 64, standby: true, ...more }).start();
}

async function served(running: RunningMachine, frames: number): Promise<void> {
  const delivered = () => {
    const { eth0 } = running.status().devices;
    return eth0?.kind === 'card' ? eth0.delivered : 0;
  };
  const enough = delivered() + frames;
  let failed: unknown;
  running.finished.catch((error: unknown) => {
    failed = error;
  });
  while (delivered() < enough) {
    if (failed !== undefined) throw failed;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Frames in which the swap has come to its end, on a slow machine too: a CPU's end in the middle of one is held against nobody. */
const A_WHILE = 200_000;

/** It comes to serve eth0 soon, and goes bad after a while. */
function goingBad(how: number, app: string): Promise<RunningMachine> {
  return started({
    nics: [{ name: 'eth0', app, driver: { name: 'batching' } }],
    swaps: [{ at: '20ms', nic: 'eth0', to: BAD, parameters: { how, after: A_WHILE } }],
  });
}

describe('a driver that goes bad', () => {
  it.each([
    ['throws', THROWS, 'failure', 'in driver goes-bad of eth0: gone bad'],
    ['polls and takes nothing', POLLS_IN_VAIN, 'hang', 'and none is taken: `consumed` stood at'],
  ])(
    'and %s is followed by itself, and after three ends by the one before it',
    async (_, how, cause, reason) => {
      const running = await goingBad(how, 'sink');
      const events = running.events();
      const seen = [...(await until(events, 'return')), ...(await until(events, 'recovery'))];
      const ends = seen.filter(({ kind }) => kind === 'recovery');
      expect(ends.length).toBe(3);
      for (const end of ends) expect(end).toMatchObject({ cause, reason: expect.stringContaining(reason) });
      const back = { device: 'eth0', from: 'goes-bad', to: 'batching' };
      expect(seen.find(({ kind }) => kind === 'return')).toMatchObject(back);
      await served(running, 20_000);
      expect(running.status().devices.eth0).toMatchObject({ driver: 'batching' });
      const report = await running.stop();
      expectLossless(report);
      expect(report.passages?.recoveries.count).toBe(3);
      expect(report.passages?.notes.map(({ returned }) => returned)).toEqual([undefined, undefined, back]);
      expect(report.devices.eth0).toMatchObject({ driver: 'batching' });
    },
  );

  it.each([
    [
      'posts nothing',
      POSTS_NOTHING,
      'echo',
      'the card holds frames, and receive ring 0 has no descriptors: `RDT`',
    ],
    [
      'never rings the receive doorbell',
      POSTS_AND_DOES_NOT_SAY,
      'sink',
      'the card holds frames, and receive ring 0 has no descriptors: `RDT`',
    ],
    [
      'never rings the transmit doorbell',
      SENDS_AND_DOES_NOT_SAY,
      'echo',
      'frames lie in transmit ring 0 behind its tail: `TDT`',
    ],
  ])('and %s is found, and ended', async (_, how, app, reason) => {
    const running = await goingBad(how, app);
    const [end] = (await until(running.events(), 'recovery')).slice(-1);
    expect(end).toMatchObject({ cause: 'hang', reason: expect.stringContaining(reason) });
    expect(end).toMatchObject({ reason: expect.stringContaining('driver goes-bad of eth0 hangs') });
    // It may have gone bad again, so that the swap goes down with its CPU.
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== 'done' && outcomes.length < 4)
      outcomes.push((await running.nic('eth0').swap('polling')).outcome);
    expect(outcomes.at(-1)).toBe('done');
    await served(running, 20_000);
    expectLossless(await running.stop());
  });

  it.each(['sink', 'echo'])(
    'and has spoilt its state block has its card reset under %s, which is counted',
    async (app) => {
      const running = await goingBad(SCRIBBLES, app);
      const [end] = (await until(running.events(), 'recovery')).slice(-1);
      const resets = [{ device: 'eth0', reason: expect.stringContaining('receive queue 0: 7 slots') }];
      expect(end).toMatchObject({ cause: 'failure', resets });
      await until(running.events(), 'return');
      await served(running, 20_000);
      const report = await running.stop();
      expect(report.violations).toEqual([]);
      expect(report.passages?.notes.map((note) => note.resets)).toEqual([resets, resets, resets]);
      const { eth0 } = report.devices;
      if (eth0?.kind !== 'card') throw new Error('eth0 is no card');
      expect(eth0.offered - eth0.delivered).toBe(
        Object.values(eth0.dropped).reduce((sum, count) => sum + count, 0),
      );
    },
  );

  it('and was there from the beginning goes back to a built-in one', async () => {
    const driver = { name: BAD, parameters: { how: THROWS, after: 5000 } };
    const running = await started({ nics: [{ name: 'eth0', app: 'echo', driver }] });
    const seen = await until(running.events(), 'return');
    expect(seen.at(-1)).toMatchObject({ device: 'eth0', from: 'goes-bad', to: 'interrupt' });
    await served(running, 20_000);
    expectLossless(await running.stop());
  });

  it('leaves the drivers of other cards where they are', async () => {
    const running = await started({
      nics: [
        { name: 'eth0', driver: { name: BAD, parameters: { how: THROWS, after: 5000 } } },
        { name: 'eth1', driver: { name: BAD, parameters: { how: THROWS, after: 5000 } } },
      ],
    });
    await until(running.events(), 'return');
    await served(running, 20_000);
    expect(running.status().devices).toMatchObject({
      eth0: { driver: 'interrupt' },
      eth1: { driver: 'goes-bad' },
    });
    expectLossless(await running.stop());
  });

  it('ends the run where nobody stands by: one that throws, or does not come back', async () => {
    const driver = { name: BAD, parameters: { how: POLLS_IN_VAIN, after: 5000 } };
    const report = await new Testbed({ size: 64, duration: '60m', driver }).run();
    expect(report.verdict).toBe('fail');
    expect(report.violations[0]).toMatchObject({ invariant: 'driver', device: 'eth0' });
    expect(report.violations[0]?.message).toContain(
      'driver goes-bad of eth0 hangs: frames lie in receive ring 0',
    );
  });
});

describe('an application that throws', () => {
  it('is no fault of any driver: the run ends, and says so', async () => {
    const app = 'test/exec/applications/throws.mjs';
    const running = await started({ nics: [{ name: 'eth0', app }] });
    const failure = await running.finished.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OutOfServiceError);
    expect(String(failure)).toContain(
      'eth0 lost its CPU 3 times, the last time: application throws threw: gone bad; no other driver would help',
    );
  });
});
