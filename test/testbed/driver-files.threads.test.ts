/** Driver files that are named while traffic runs: tried, loaded, swapped in; edited and loaded again; refused with the place. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type RunEvent,
  type RunningMachine,
  type Scenario,
  Testbed,
  UsageError,
} from '../../src/testbed/index.ts';
import { expectLossless, served } from '../exec/runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-driver-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CARD = readFileSync('docs/examples/first-driver.mjs', 'utf8');
const DISK = readFileSync('docs/examples/lazy-disk.ts', 'utf8');

/** A driver's text, in a file, with one thing in place of another. */
function write(name: string, text: string, from = '', to = ''): string {
  const file = join(folder, name);
  writeFileSync(file, text.replace(from, to));
  return file;
}

/** The text of a version that differs in nothing else. */
function version(text: string, number: string): string {
  return text.replace("version: '1.0.0'", `version: '${number}'`);
}

function started(scenario: Scenario): Promise<RunningMachine> {
  return new Testbed(scenario).start();
}

function deliveredTo(running: RunningMachine, card: string): number {
  const status = running.status().devices[card];
  return status?.kind === 'card' ? status.delivered : 0;
}

async function refusal(work: Promise<unknown>): Promise<UsageError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** All of a run, when it has ended. */
async function loadsOf(running: RunningMachine): Promise<Extract<RunEvent, { kind: 'load' }>[]> {
  const loads: Extract<RunEvent, { kind: 'load' }>[] = [];
  for await (const event of running.events()) if (event.kind === 'load') loads.push(event);
  return loads;
}

describe('a file named in a swap', () => {
  it('is swapped in, of a card and of a disk, and once more when it was edited, under a name with a number', async () => {
    const running = await started({
      nics: [{ name: 'eth0', size: 64, app: 'echo' }],
      disks: [{ name: 'nvme0', size: '4M' }],
    });
    const loads = loadsOf(running);
    const [eth0, nvme0] = [running.nic('eth0'), running.disk('nvme0')];
    const card = write('card.mjs', CARD);
    expect(await eth0.swap(card, { gapUs: 7 })).toMatchObject({ to: 'round-robin', outcome: 'done' });
    expect(running.status().devices.eth0).toMatchObject({
      driver: 'round-robin',
      parameters: { gapUs: 7 },
    });
    expect(await nvme0.swap(write('disk.ts', DISK))).toMatchObject({ to: 'lazy-disk', outcome: 'done' });
    write('card.mjs', version(CARD, '1.1.0'));
    expect(await eth0.swap(card)).toMatchObject({
      ...{ from: 'round-robin', to: 'round-robin#2', outcome: 'done' },
    });
    const drivers = eth0.drivers.map(({ name, version: of }) => `${name} ${of}`);
    expect(drivers.slice(-2)).toEqual(['round-robin 1.0.0', 'round-robin#2 1.1.0']);
    // What is known already is known by its name, and by what the file has in it.
    expect(await eth0.swap('round-robin')).toMatchObject({ to: 'round-robin', outcome: 'done' });
    expect(await eth0.swap(card)).toMatchObject({ to: 'round-robin#2', outcome: 'done' });
    write('card.mjs', CARD);
    expect(await eth0.swap(card)).toMatchObject({ to: 'round-robin', outcome: 'done' });
    const report = await running.stop();
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 6, scheduled: 6 });
    const loaded = await loads;
    expect(loaded.map(({ driver }) => driver)).toEqual(['round-robin', 'lazy-disk', 'round-robin#2']);
    for (const { stillUs } of loaded) expect(stillUs).toBeGreaterThan(0);
    expect(report.ownDrivers).toEqual([
      { name: 'round-robin', version: '1.0.0', file: card },
      { name: 'lazy-disk', version: '1.0.0', file: join(folder, 'disk.ts') },
      { name: 'round-robin#2', version: '1.1.0', file: card },
    ]);
    expect(report.devices).toMatchObject({
      eth0: { driver: 'round-robin' },
      nvme0: { driver: 'lazy-disk' },
    });
  });

  it('is another driver than one of the start that has its name; that one is known by its path too', async () => {
    const first = write('first.mjs', CARD);
    const second = write('second.mjs', version(CARD, '2.0.0'));
    const running = await started({ nics: [{ name: 'eth0', size: 64, driver: { name: first } }] });
    const eth0 = running.nic('eth0');
    const swaps = await Promise.all([eth0.swap(second), eth0.swap(first), eth0.swap(second)]);
    expect(swaps.map(({ to }) => to)).toEqual(['round-robin#2', 'round-robin', 'round-robin#2']);
    expect(eth0.drivers).toHaveLength(5);
    expectLossless(await running.stop());
  });
});

it('a file is loaded by the CPU that stands by: the one that serves does not stand still for it', async () => {
  const running = await started({ size: 64, standby: true, nics: [{ name: 'eth0' }] });
  const loads = loadsOf(running);
  await served(running, 1);
  const swap = await running.nic('eth0').swap(write('beside.mjs', CARD));
  expect(swap).toMatchObject({ to: 'round-robin', outcome: 'done' });
  expectLossless(await running.stop());
  expect(await loads).toMatchObject([{ driver: 'round-robin', stillUs: 0 }]);
});

it('a file is loaded by a CPU that sleeps, too', async () => {
  const running = await started({ nics: [{ name: 'eth0', size: 64, rate: 1 }] });
  const swap = await running.nic('eth0').swap(write('asleep.mjs', CARD));
  expect(swap).toMatchObject({ to: 'round-robin', outcome: 'done' });
  expectLossless(await running.stop());
});

describe('a file that will not do is refused before the machine hears of it', () => {
  it.each<[string, string, [string, string], string, string]>([
    ['that is no JavaScript', 'syntax.mjs', ['poll(budget) {', 'poll(budget {'], 'Expected', 'poll(budget {'],
    [
      'that exports no driver',
      'named.mjs',
      ['export default {', 'export const driver = {'],
      'its default export must be a driver definition',
      'export const driver = {',
    ],
    [
      'that throws when it is loaded',
      'throws.mjs',
      ['export default {', 'null.length;\nexport default {'],
      'TypeError: Cannot read properties of null',
      'null.length;',
    ],
    [
      'with a field that is wrong',
      'field.mjs',
      ["version: '1.0.0'", 'version: 1'],
      '`version` is a number, a string was wanted',
      '  version: 1,',
    ],
    [
      'that fails in its trial',
      'trial.mjs',
      ['for (const ring of this.tx) ring.reclaim();', "if (this.tx) throw new Error('no rest');"],
      'no rest',
      "    if (this.tx) throw new Error('no rest');",
    ],
  ])('%s', async (_, name, [from, to], says, text) => {
    const running = await started({ nics: [{ name: 'eth0', size: 64, app: 'echo' }] });
    const { message, place } = await refusal(running.nic('eth0').swap(write(name, CARD, from, to)));
    expect(message).toContain(says);
    expect(message).toContain(`${name}:${place?.line}:${place?.column}: `);
    expect(place?.text).toContain(text);
    await served(running, 1);
    const report = await running.stop();
    expectLossless(report);
    expect(report.swaps.scheduled).toBe(0);
  });

  it('that is not there, or drives another device', async () => {
    const running = await started({ nics: [{ name: 'eth0', size: 64 }], disks: [{ name: 'd', size: '4M' }] });
    const eth0 = running.nic('eth0');
    expect((await refusal(eth0.swap('./none.mjs'))).message).toBe(
      'driver module ./none.mjs: there is no such file',
    );
    const disk = write('other.ts', DISK);
    expect((await refusal(eth0.swap(disk))).message).toContain(
      `swap of eth0: ${disk} is a driver of disks (device: 'nvme'), and one of network cards is wanted`,
    );
    expect(await running.disk('d').swap(disk)).toMatchObject({ to: 'lazy-disk', outcome: 'done' });
    const named = write('polling.mjs', CARD, "name: 'round-robin'", "name: 'polling'");
    expect((await refusal(eth0.swap(named))).message).toContain(
      'there is a driver named polling already, a built-in one',
    );
    expectLossless(await running.stop());
  });
});

describe('the end of a run', () => {
  it('cuts off a swap whose file is being tried', async () => {
    const running = await started({ nics: [{ name: 'eth0', size: 64 }] });
    while (deliveredTo(running, 'eth0') === 0) await turn();
    const swap = running.nic('eth0').swap(write('late.mjs', CARD));
    const report = await running.stop();
    expect(await swap).toMatchObject({ outcome: 'cutOff', from: 'interrupt' });
    expect(report.swaps.scheduled).toBe(0);
    expectLossless(report);
  });
});

describe('an upgrade', () => {
  const machine: Scenario = {
    nics: ['lan0', 'lan1', 'lan2', 'lan3'].map((name) => ({ name, size: 64 })),
    driver: { name: write('v1.mjs', CARD), parameters: { gapUs: 9 } },
  };

  it('takes every device to the new version, in whatever version it is, with its parameters', async () => {
    const running = await started(machine);
    await running.nic('lan1').swap('polling');
    const first = await running.upgrade('round-robin', write('v2.mjs', version(CARD, '2.0.0')));
    expect(first).toMatchObject({ to: 'round-robin#2', outcome: 'done', takenBack: [] });
    expect(first.swaps.map(({ device, outcome }) => `${device} ${outcome}`)).toEqual([
      'lan0 done',
      'lan2 done',
      'lan3 done',
    ]);
    await running.nic('lan2').swap('round-robin');
    const second = await running.upgrade('round-robin', write('v2.mjs', version(CARD, '3.0.0')));
    expect(second.swaps.map(({ device, from, to }) => `${device} ${from} ${to}`)).toEqual([
      'lan0 round-robin#2 round-robin#3',
      'lan2 round-robin round-robin#3',
      'lan3 round-robin#2 round-robin#3',
    ]);
    const { devices } = running.status();
    expect(devices.lan0).toMatchObject({ driver: 'round-robin#3', parameters: { gapUs: 9 } });
    expect(devices.lan1).toMatchObject({ driver: 'polling' });
    expectLossless(await running.stop());
  });

  it('goes back at the first failure, or goes on with the others, as it is asked', async () => {
    const running = await started(machine);
    const fails = (number: string) =>
      version(CARD, number).replace(
        'new RoundRobinDriver(environment, parameters)',
        "{ if (environment.port.name === 'lan2') throw new Error('not this one'); return new RoundRobinDriver(environment, parameters); }",
      );
    const file = write('fails.mjs', fails('2.0.0'));
    const all = await running.upgrade('round-robin', file, { allOrNone: true });
    expect(all).toMatchObject({ to: 'round-robin#2', outcome: 'takenBack' });
    expect(all.swaps.map(({ device, outcome }) => `${device} ${outcome}`)).toEqual([
      'lan0 done',
      'lan1 done',
      'lan2 refused',
    ]);
    expect(all.takenBack.map(({ device, to, outcome }) => `${device} ${to} ${outcome}`)).toEqual([
      'lan1 round-robin done',
      'lan0 round-robin done',
    ]);
    for (const device of Object.values(running.status().devices))
      expect(device).toMatchObject({ driver: 'round-robin', parameters: { gapUs: 9 } });
    const some = await running.upgrade('round-robin', file);
    expect(some).toMatchObject({ to: 'round-robin#2', outcome: 'some', takenBack: [] });
    expect(some.swaps.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'refused', 'done']);
    expect(some.swaps[2].reason).toContain('not this one');
    expectLossless(await running.stop());
  });

  it('is refused where nothing is driven so, or a value is not taken, before any swap', async () => {
    const running = await started(machine);
    const file = write('narrow.mjs', version(CARD, '2.0.0'), 'max: 1022, default: 64', 'max: 8, default: 8');
    expect((await refusal(running.upgrade('poling', file))).message).toBe(
      'upgrade of poling: it drives nothing; driven are card lan0 by round-robin, card lan1 by round-robin, card lan2 by round-robin, card lan3 by round-robin',
    );
    const disk = write('of-disks.ts', DISK);
    expect((await refusal(running.upgrade('round-robin', disk))).message).toContain('it drives no disk');
    expect((await refusal(running.upgrade('round-robin', file))).message).toContain(
      'upgrade of lan0: gapUs=9 does not fit',
    );
    expect((await running.stop()).swaps.scheduled).toBe(0);
  });
});
