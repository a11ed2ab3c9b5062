/** Devices pass from one CPU thread to another in the middle of traffic, because it is asked for or because the first one has ended. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cardOf,
  type HandoverResult,
  OutOfServiceError,
  type RunEvent,
  type RunningMachine,
  type Scenario,
  Testbed,
  UsageError,
} from '../../src/testbed/index.ts';
import { expectLossless, served } from './runs.ts';

const HANDOVERS = 100;
/** Each costs the start of a thread. */
const KILLS = 8;
/** Frames after which a CPU has come to serve for sure: more than it can have taken over, and served in its first step. */
const FAR = 2000;

async function collected(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function started(more: Scenario): Promise<RunningMachine> {
  return new Testbed({ size: 64, standby: true, ...more }).start();
}

/** Resolves when so many of a timetable's swaps have ended. */
async function swapsEnded(running: RunningMachine, count: number): Promise<void> {
  let ended = 0;
  for await (const { kind } of running.events()) if (kind === 'swap' && ++ended === count) return;
}

describe('a handover', () => {
  it.each(['interrupt', 'polling', 'batching'])(
    'in the middle of traffic loses nothing, again and again, under %s',
    async (name) => {
      const running = await started({ nics: [{ name: 'eth0', app: 'echo', driver: { name } }] });
      const events = collected(running.events());
      const done: HandoverResult[] = [];
      for (let i = 0; i < HANDOVERS; i++) {
        await served(running, 200);
        done.push(await running.handOver());
      }
      await served(running, 200);
      expectLossless(await running.stop());
      expect(done.map(({ from, to }) => [from, to])).toEqual(
        done.map((_, i) => (i % 2 === 0 ? [0, 1] : [1, 0])),
      );
      for (const { adoptionUs, pauseUs } of done) {
        expect(adoptionUs).toBeGreaterThan(0);
        expect(pauseUs).toBeGreaterThanOrEqual(adoptionUs);
      }
      expect((await events).map(({ kind }) => kind)).toEqual(done.map(() => 'handover'));
    },
  );

  it('takes several cards along, forwarding and with several queues, while swaps go on', async () => {
    const running = await started({
      nics: [
        { name: 'eth0', app: 'forward', queues: 2 },
        { name: 'eth1', app: 'forward', queues: 2, driver: { name: 'polling' } },
      ],
      swapEvery: { interval: '3ms' },
    });
    const swaps: string[] = [];
    for (let i = 0; i < HANDOVERS / 2; i++) {
      await served(running, 200);
      const [{ outcome }] = await Promise.all([running.nic('eth1').swap('batching'), running.handOver()]);
      swaps.push(outcome);
    }
    const report = await running.stop();
    expectLossless(report);
    expect(report.swaps.count).toBeGreaterThan(HANDOVERS / 2);
    expect(swaps.filter((outcome) => outcome === 'done').length).toBeGreaterThan(0);
    expect(swaps.filter((outcome) => outcome === 'cutOff')).toEqual([]);
  });

  it('does not forget what of the timetable is still to come', async () => {
    const running = await started({
      nics: [{ name: 'eth0' }, { name: 'eth1' }],
      swaps: [
        { at: '1ms', nic: 'eth0', to: 'polling' },
        { at: '300ms', nic: 'eth1', to: 'batching' },
      ],
    });
    const both = swapsEnded(running, 2);
    await served(running, 1000);
    await running.handOver();
    await running.handOver();
    await both;
    const report = await running.stop();
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 2, scheduled: 2 });
    expect(cardOf(report, 'eth0').driver).toBe('polling');
    expect(cardOf(report, 'eth1').driver).toBe('batching');
  });

  it('follows a swap of a timetable that says so, if it is done', async () => {
    // Each of another card: one that is due while the same card's is prepared would be refused.
    const running = await started({
      nics: [{ name: 'eth0', app: 'echo' }, { name: 'eth1' }, { name: 'eth2' }, { name: 'eth3' }],
      swaps: [
        { at: '20ms', nic: 'eth0', to: 'polling', cpu: 'standby' },
        { at: '40ms', nic: 'eth1', to: 'polling', parameters: { rxRing: 1024 } },
        { at: '60ms', nic: 'eth2', to: 'test/exec/drivers/unfit.mjs', cpu: 'standby' },
        { at: '80ms', nic: 'eth3', to: 'batching', cpu: 'standby' },
      ],
    });
    const told: string[] = [];
    for await (const event of running.events()) {
      told.push(event.kind === 'handover' ? `${event.handover.from} to ${event.handover.to}` : event.kind);
      if (told.includes('0 to 1') && told.includes('1 to 0')) break;
    }
    const report = await running.stop();
    expectLossless(report);
    expect(told.indexOf('swap')).toBeLessThan(told.indexOf('0 to 1'));
    expect(told.at(-1)).toBe('1 to 0');
    expect(told.sort()).toEqual(['0 to 1', '1 to 0', 'refusal', 'swap', 'swap', 'swap']);
    expect(report.devices).toMatchObject({
      eth0: { driver: 'polling' },
      eth1: { driver: 'polling' },
      eth2: { driver: 'interrupt' },
      eth3: { driver: 'batching' },
    });
  });

  it('is done where the driver cannot be practised to the end', async () => {
    const driver = 'test/exec/drivers/tires.mjs';
    const running = await started({ nics: [{ name: 'eth0', driver: { name: driver } }] });
    for (let times = 0; times < 4; times++) {
      await served(running, 1000);
      await running.handOver();
    }
    const report = await running.stop();
    expectLossless(report);
    expect(report.passages?.recoveries.count).toBe(0);
  });

  it('is refused where no CPU stands by', async () => {
    const running = await started({ standby: false, nics: [{ name: 'eth0' }] });
    await expect(running.handOver()).rejects.toThrow(UsageError);
    await expect(running.handOver()).rejects.toThrow('start the run with standby');
    expectLossless(await running.stop());
  });

  it('is refused when the run is over, and done when it was asked for before', async () => {
    const running = await started({ nics: [{ name: 'eth0' }] });
    await served(running, 1000);
    const before = running.handOver();
    const report = running.stop();
    await expect(before).resolves.toMatchObject({ from: 0, to: 1 });
    expectLossless(await report);
    await expect(running.handOver()).rejects.toThrow(UsageError);
    await expect(running.handOver()).rejects.toThrow('there is no CPU to hand over to: the run is over');
  });
});

describe('a CPU that is ended wherever it is', () => {
  it.each([
    ['interrupt', 'sink'],
    ['polling', 'echo'],
    ['batching', 'echo'],
  ])('is followed by the other one, and nothing is lost, under %s with %s', async (name, app) => {
    const running = await started({ nics: [{ name: 'eth0', app, driver: { name } }] });
    const events = collected(running.events());
    for (let i = 0; i < KILLS; i++) {
      await served(running, FAR);
      await running.killCpu();
    }
    await served(running, FAR);
    expectLossless(await running.stop());
    const seen = await events;
    expect(seen.map(({ kind }) => kind)).toEqual(Array.from({ length: KILLS }, () => 'recovery'));
    for (const event of seen)
      expect(event).toMatchObject({ cause: 'killed', reason: 'it was ended on request' });
  });

  it('stands by again when the devices were taken over, and not before', async () => {
    const running = await started({ nics: [{ name: 'eth0' }] });
    const kinds: string[] = [];
    const watched = (async () => {
      for await (const { kind } of running.events()) kinds.push(kind);
    })();
    await running.standsBy();
    for (let i = 1; i <= 2; i++) {
      await served(running, FAR);
      await running.killCpu();
      await running.standsBy();
      expect(kinds.length).toBe(i);
    }
    expectLossless(await running.stop());
    await watched;
  });

  it('in the middle of swaps and handovers too', async () => {
    const running = await started({
      nics: [
        { name: 'eth0', app: 'forward' },
        { name: 'eth1', app: 'forward', driver: { name: 'polling' } },
      ],
      swapEvery: { interval: '1ms' },
    });
    for (let i = 0; i < KILLS; i++) {
      await served(running, FAR);
      const passing = running.handOver().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (i % 2 === 0) await running.killCpu();
      await passing;
    }
    await served(running, FAR);
    expectLossless(await running.stop());
  });

  it('or that hangs in a driver is ended, and followed', async () => {
    const once = join(await mkdtemp(join(tmpdir(), 'ringswap-')), 'hung');
    process.env.RINGSWAP_HANGS_ONCE = once;
    try {
      const driver = { name: 'test/exec/drivers/hangs-once.mjs' };
      const running = await started({ nics: [{ name: 'eth0', driver }] });
      const events = collected(running.events());
      await served(running, FAR);
      while (!existsSync(once)) await new Promise((resolve) => setImmediate(resolve));
      await served(running, FAR);
      expectLossless(await running.stop());
      expect(await events).toMatchObject([
        {
          kind: 'recovery',
          cause: 'hang',
          reason: 'driver hangs-once of eth0 hangs: it made no step for 2 s, and did not sleep',
        },
      ]);
    } finally {
      delete process.env.RINGSWAP_HANGS_ONCE;
      await rm(dirname(once), { recursive: true });
    }
  });

  it('ends the run where no CPU stands by', async () => {
    const running = await started({ standby: false, nics: [{ name: 'eth0' }] });
    await served(running, FAR);
    await running.killCpu();
    await expect(running.finished).rejects.toThrow(
      new OutOfServiceError(
        'the CPU was ended on request, and no other one stands by that could go on: start with standby',
      ),
    );
  });
});
