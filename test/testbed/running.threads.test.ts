/** A machine that is talked to while it runs: swaps asked for in the middle of traffic, its status, what happens, and its end. */
import { describe, expect, it } from 'vitest';
import {
  cardOf,
  diskOf,
  type Progress,
  type RunEvent,
  type RunningMachine,
  type RunStatus,
  type Scenario,
  type SwapResult,
  Testbed,
  UsageError,
} from '../../src/testbed/index.ts';
import { expectLossless } from '../exec/runs.ts';

const THROWS = 'test/exec/drivers/throws.mjs';
/** Values of its parameter `in`. */
const PLACE = { nowhere: 0, poll: 5 };

/** A running machine, and a way to wait until traffic has come so far. */
class Started {
  readonly running: RunningMachine;
  private readonly waiting: { is: (progress: Progress) => boolean; tell: () => void }[];

  private constructor(running: RunningMachine, waiting: Started['waiting']) {
    this.running = running;
    this.waiting = waiting;
  }

  static async of(scenario: Scenario): Promise<Started> {
    const waiting: Started['waiting'] = [];
    const onProgress = (progress: Progress) => {
      for (const { is, tell } of waiting) if (is(progress)) tell();
    };
    return new Started(await new Testbed(scenario).start({ onProgress }), waiting);
  }

  /** Until so many frames more were delivered. Fails with the run. */
  async served(frames: number): Promise<void> {
    let enough = Number.POSITIVE_INFINITY;
    const reached = new Promise<void>((tell) => {
      const is = ({ delivered }: Progress) => {
        enough = Math.min(enough, delivered + frames);
        return delivered >= enough;
      };
      this.waiting.push({ is, tell });
    });
    await Promise.race([reached, this.running.finished]);
  }
}

function cardIn(status: RunStatus, name = 'eth0') {
  const device = status.devices[name];
  if (device?.kind !== 'card') throw new Error(`there is no card ${name}`);
  return device;
}

function swapOf(event: RunEvent): SwapResult {
  if ('swap' in event) return event.swap;
  throw new Error(`there is no swap in a ${event.kind}`);
}

async function collected(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('a swap in the middle of traffic', () => {
  it('is done, of a card and of a disk, and nothing is lost', async () => {
    const started = await Started.of({
      nics: [
        { name: 'eth0', size: 64, app: 'echo' },
        { name: 'eth1', size: 1518, queues: 2 },
      ],
      disks: [{ name: 'nvme0', size: '4M' }],
    });
    const { running } = started;
    await started.served(1000);
    const [card, disk] = await Promise.all([
      running.nic('eth0').swap('polling', { rxBuffers: 256 }),
      running.disk('nvme0').swap('batching', {}, { method: 'drain' }),
    ]);
    expect(card).toMatchObject({ device: 'eth0', from: 'interrupt', to: 'polling', method: 'inplace' });
    expect(card).toMatchObject({ outcome: 'done', phase: 'retire', reason: '' });
    expect(disk).toMatchObject({ device: 'nvme0', from: 'interrupt', to: 'batching', method: 'drain' });
    expect(disk).toMatchObject({ outcome: 'done' });
    expect([card.swap, disk.swap].sort()).toEqual([1, 2]);
    for (const { tookUs, criticalSectionUs, stallUs, phasesUs } of [card, disk]) {
      expect(criticalSectionUs).toBeGreaterThan(0);
      expect(criticalSectionUs).toBeLessThan(tookUs);
      expect(stallUs).toBeLessThanOrEqual(tookUs);
      expect(phasesUs).toMatchObject({ quiesce: expect.any(Number), commit: expect.any(Number) });
    }
    await started.served(1000);
    const status = running.status();
    expect(cardIn(status)).toMatchObject({ driver: 'polling', parameters: { rxBuffers: 256, rxRing: 512 } });
    expect(cardIn(status, 'eth1')).toMatchObject({ driver: 'interrupt' });
    expect(status.devices.nvme0).toMatchObject({ driver: 'batching' });
    const report = await running.stop();
    expectLossless(report);
    expect(report.interrupted).toBe(false); // it had no end of its own
    expect(report.swaps).toMatchObject({ count: 2, scheduled: 2, refused: 0, rolledBack: 0 });
    expect(cardOf(report, 'eth0')).toMatchObject({ driver: 'polling' });
    expect(diskOf(report, 'nvme0')).toMatchObject({ driver: 'batching', lost: 0, corrupt: 0, failed: 0 });
    expect(cardOf(report, 'eth0').delivered).toBeGreaterThanOrEqual(cardIn(status).delivered);
  });

  it('finds the memory for the longest rings that a driver takes', async () => {
    const started = await Started.of({ nics: [{ name: 'eth0', size: 64, queues: 4 }] });
    await started.served(1000);
    const nic = started.running.nic('eth0');
    for (const [rxRing, rxBuffers] of [
      [4096, 4095],
      [512, 64],
      [4096, 4095],
    ])
      expect(await nic.swap('polling', { rxRing, rxBuffers })).toMatchObject({ outcome: 'done' });
    expectLossless(await started.running.stop());
  });

  it('may be a reset, which costs frames and is no violation, of a capture too', async () => {
    const started = await Started.of({ nics: [{ name: 'eth0', app: 'echo' }] });
    await started.served(1000);
    const swap = await started.running.nic('eth0').swap('batching', { txRing: 1024 }, { method: 'reset' });
    expect(swap).toMatchObject({ outcome: 'done', method: 'reset' });
    await started.served(1000);
    const { verdict, violations, devices } = await started.running.stop();
    expect({ verdict, violations }).toEqual({ verdict: 'pass', violations: [] });
    expect(devices.eth0).toMatchObject({ driver: 'batching', lost: 0 });
  });

  it('is done though nothing comes in, and the CPU sleeps', async () => {
    const { running } = await Started.of({ nics: [{ name: 'eth0', size: 64, rate: 1 }] });
    for (const to of ['batching', 'interrupt', 'batching'])
      expect(await running.nic('eth0').swap(to)).toMatchObject({ to, outcome: 'done' });
    expectLossless(await running.stop());
  });
});

describe('a swap that cannot be', () => {
  it('is refused where nobody has that name, with those that the run knows', async () => {
    const started = await Started.of({
      nics: [{ name: 'eth0', size: 64 }],
      disks: [{ name: 'nvme0', size: '4M' }],
    });
    const { running } = started;
    await started.served(1);
    for (const [name, known] of [
      ['eth0', 'interrupt, polling, batching'],
      ['nvme0', 'interrupt, polling, batching, buffered'],
    ])
      expect(await running.device(name).swap('poling', { anything: 1 })).toMatchObject({
        outcome: 'refused',
        phase: 'negotiate',
        reason: `there is no driver poling; there are ${known}`,
      });
    const report = await running.stop();
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 0, scheduled: 2, refused: 2 });
  });

  it('is an error where a name or a value is wrong, with what was meant', async () => {
    const { running } = await Started.of({ nics: [{ name: 'eth0', size: 64 }] });
    const eth0 = running.nic('eth0');
    expect(() => running.nic('eht0')).toThrow(new UsageError('there is no card eht0; there are eth0'));
    expect(() => running.nic('eth1')).toThrow(
      new UsageError('there is no card eth1 (did you mean "eth0"?); there are eth0'),
    );
    expect(() => running.disk('eth0')).toThrow(new UsageError('there is no disk eth0; there is none'));
    await expect(eth0.swap('polling', { rxBufers: 64 })).rejects.toThrow(
      new UsageError(
        'swap of eth0: driver polling has no parameter rxBufers (did you mean "rxBuffers"?); it has rxRing, rxBuffers, txRing, burst, refillBurst',
      ),
    );
    await expect(eth0.swap('polling', { rxBuffers: 5 })).rejects.toThrow(/rxBuffers=5 does not fit/);
    const odd = JSON.parse('{"method":"drein"}');
    await expect(eth0.swap('polling', {}, odd)).rejects.toThrow(
      new UsageError(
        'swap of eth0: there is no method drein (did you mean "drain"?); there are inplace, drain, reset',
      ),
    );
    expect((await running.stop()).swaps.scheduled).toBe(0);
  });

  it('is cut off where the run has ended', async () => {
    const { running } = await Started.of({ nics: [{ name: 'eth0', size: 64 }], frames: 1000 });
    await running.finished;
    expect(await running.nic('eth0').swap('polling')).toMatchObject({
      ...{ swap: 0, device: 'eth0', from: 'interrupt', to: 'polling' },
      ...{ outcome: 'cutOff', reason: 'the run ended before it did' },
    });
  });

  it('never leaves anybody waiting: whatever was asked for right before the end has a result', async () => {
    const started = await Started.of({ nics: [{ name: 'eth0', size: 64 }] });
    const { running } = started;
    await started.served(1);
    const asked = Array.from({ length: 20 }, () => running.nic('eth0').swap('polling'));
    const report = await running.stop();
    const outcomes = (await Promise.all(asked)).map(({ outcome }) => outcome);
    const counted = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
    expect(counted('done')).toBe(report.swaps.count);
    expect(counted('refused')).toBe(report.swaps.refused);
    expectLossless(report);
  });
});

describe('events', () => {
  it('come in their order, from the moment on that they are asked for, until the run ends', async () => {
    const started = await Started.of({ nics: [{ name: 'eth0', size: 64 }], driver: { name: THROWS } });
    const { running } = started;
    const all = collected(running.events());
    const eth0 = running.nic('eth0');
    await started.served(1000);
    await eth0.swap('polling');
    const later = collected(running.events());
    await eth0.swap('poling');
    await eth0.swap(THROWS, { in: PLACE.poll });
    await eth0.swap(THROWS, { in: PLACE.nowhere });
    await running.stop();
    const told = (await all).map((event) => {
      const { swap, from, to, outcome } = swapOf(event);
      return `${event.kind} ${swap} ${from} ${to} ${outcome}`;
    });
    expect(told).toEqual([
      'swap 1 throws polling done',
      'refusal 2 polling poling refused',
      'rollback 3 polling throws rolledBack',
      'swap 4 polling throws done',
    ]);
    expect((await later).map(({ kind }) => kind)).toEqual(['refusal', 'rollback', 'swap']);
    const times = (await all).map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(await collected(running.events())).toEqual([]);
  });

  it('tell of swaps of a timetable too', async () => {
    const started = await Started.of({
      ...{ nics: [{ name: 'eth0', size: 64 }], swaps: [{ at: '1ms', nic: 'eth0', to: 'polling' }] },
    });
    for await (const event of started.running.events()) {
      expect({ kind: event.kind, ...swapOf(event) }).toMatchObject({
        kind: 'swap',
        swap: 1,
        to: 'polling',
        outcome: 'done',
      });
      break;
    }
    expect(cardIn(started.running.status()).driver).toBe('polling');
    expectLossless(await started.running.stop());
  });
});

describe('the status', () => {
  it('counts up, with the rate since the last one', async () => {
    const started = await Started.of({ nics: [{ name: 'eth0', size: 64, app: 'echo' }] });
    await started.served(1);
    const first = started.running.status();
    await started.served(1000);
    const second = started.running.status();
    const [before, after] = [cardIn(first), cardIn(second)];
    const elapsedMs = second.elapsedMs - first.elapsedMs;
    expect(after.mpps).toBeCloseTo((after.delivered - before.delivered) / elapsedMs / 1000, 6);
    expect(after.offered).toBeGreaterThanOrEqual(after.delivered);
    expect(after.dropped).toBe(0);
    expectLossless(await started.running.stop());
  });
});

describe('the end of a run', () => {
  it('that has one of its own comes by itself; stopping it then changes nothing', async () => {
    const { running } = await Started.of({ nics: [{ name: 'eth0', size: 64 }], frames: 5000 });
    const report = await running.finished;
    expect(cardOf(report, 'eth0').delivered).toBe(5000);
    expect(report.interrupted).toBe(false);
    expect(await running.stop()).toBe(report);
  });

  it('that comes too early by a stop or by the signal is said to', async () => {
    const controller = new AbortController();
    const scenario: Scenario = { nics: [{ name: 'eth0', size: 64 }], duration: '60m' };
    const stopped = await new Testbed(scenario).start();
    expect((await stopped.stop()).interrupted).toBe(true);
    const aborted = await new Testbed(scenario).start({ signal: controller.signal });
    controller.abort();
    expect((await aborted.finished).interrupted).toBe(true);
  });

  it('comes with a driver that fails, whoever waits for a swap', async () => {
    const started = await Started.of({
      nics: [{ name: 'eth0', size: 64 }],
      driver: { name: THROWS, parameters: { in: PLACE.poll, after: 1000 } },
    });
    const report = await started.running.finished;
    expect(report.violations[0]).toMatchObject({ invariant: 'driver', device: 'eth0' });
    expect(await started.running.nic('eth0').swap('polling')).toMatchObject({ outcome: 'cutOff' });
  });
});
