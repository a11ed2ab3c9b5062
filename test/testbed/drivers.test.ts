/** Drivers by name and by the path of a module, of cards and of disks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openApplications } from '../../src/testbed/applications.ts';
import { catalogueWith } from '../../src/testbed/catalogue.ts';
import { openDrivers } from '../../src/testbed/drivers.ts';
import { UsageError } from '../../src/testbed/errors.ts';
import { openOwn } from '../../src/testbed/own.ts';
import { type ResolvedRun, resolveRun } from '../../src/testbed/resolve.ts';
import type { Scenario } from '../../src/testbed/scenario.ts';
import { Testbed } from '../../src/testbed/testbed.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-drivers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A module whose driver has this name; it is loaded, never run. */
function driver(name: string, device: 'nic' | 'nvme', file = `${name}-${device}.ts`): string {
  const path = join(folder, file);
  const [parameters, format] =
    device === 'nic' ? ['RING_PARAMETERS', 'STATE_FORMAT'] : ['QUEUE_PARAMETERS', 'DISK_FORMAT'];
  writeFileSync(
    path,
    `import { ${parameters}, ${format} } from 'ringswap';
     export default { name: '${name}', version: '1', device: '${device}', description: 'of the tests',
       exports: [${format}], imports: [${format}], parameters: ${parameters}, create: () => ({}) };`,
  );
  return path;
}

const CARD = driver('mine', 'nic');
const DISK = driver('mine', 'nvme');
const OTHER = driver('other', 'nvme');

async function resolved(scenario: Scenario): Promise<ResolvedRun> {
  const drivers = await openDrivers(scenario);
  return resolveRun(scenario, { drivers, applications: await openApplications(scenario) });
}

const named = ({ cards, disks }: ResolvedRun) =>
  [...cards, ...disks].map(({ definition: { name, device } }) => `${name} of ${device}`);

describe('a driver of disks', () => {
  it('is found by the path of its module: as the one that serves and as the one to come', async () => {
    const run = await resolved({
      disks: [{ name: 'd', driver: { name: DISK, parameters: { queueDepth: 7 } } }, { name: 'e' }],
      swaps: [{ at: '1s', disk: 'e', to: OTHER }],
    });
    expect(named(run)).toEqual(['mine of nvme', 'interrupt of nvme']);
    expect(run.disks[0].parameters).toEqual({ queueDepth: 7 });
    expect(run.timed).toMatchObject([{ slot: 1, to: 'other' }]);
  });

  it('may have the name of one of cards, in one machine', async () => {
    const scenario: Scenario = {
      nics: [{ name: 'eth0', driver: { name: CARD } }],
      disks: [{ name: 'd', driver: { name: DISK } }],
    };
    expect(named(await resolved(scenario))).toEqual(['mine of nic', 'mine of nvme']);
    expect((await openDrivers(scenario)).modules).toMatchObject(
      [CARD, DISK].map((file) => ({ name: 'mine', bundle: { file } })),
    );
  });

  it('has a number behind its name where another file has that name already', async () => {
    const swaps = ['second.ts', 'third.ts', 'second.ts'].map((file) => ({
      ...{ at: '1s', disk: 'd' },
      to: driver('mine', 'nvme', file),
    }));
    const scenario: Scenario = { driver: { name: DISK }, disks: [{ name: 'd' }], swaps };
    const { timed } = await resolved(scenario);
    expect(timed.map(({ to }) => to)).toEqual(['mine#2', 'mine#3', 'mine#2']);
    expect((await openDrivers(scenario)).modules.map(({ name }) => name)).toEqual([
      'mine',
      'mine#2',
      'mine#3',
    ]);
  });

  it.each<[string, Scenario, string[]]>([
    [
      'of disks is that of disks',
      { driver: { name: DISK }, nics: [{ name: 'eth0' }], disks: [{ name: 'd' }] },
      ['interrupt of nic', 'mine of nvme'],
    ],
    [
      'of cards is that of cards',
      { driver: { name: CARD }, nics: [{ name: 'eth0' }], disks: [{ name: 'd' }] },
      ['mine of nic', 'interrupt of nvme'],
    ],
    [
      'by name is that of cards',
      { driver: { name: 'polling' }, nics: [{ name: 'eth0' }], disks: [{ name: 'd' }] },
      ['polling of nic', 'interrupt of nvme'],
    ],
    [
      'by name is that of disks where there is no card',
      { driver: { name: 'buffered' }, disks: [{ name: 'd' }, { name: 'e', driver: { name: 'polling' } }] },
      ['buffered of nvme', 'polling of nvme'],
    ],
  ])('given for the whole scenario %s', async (_, scenario, names) => {
    expect(named(await resolved(scenario))).toEqual(names);
  });

  it('is planned to come and to go, in rounds too', async () => {
    const scenario: Scenario = {
      driver: { name: OTHER },
      disks: [{ name: 'd' }],
      swapEvery: { interval: '1ms' },
    };
    const swaps = await new Testbed(scenario).plan();
    expect(swaps).toHaveLength(25);
    expect(new Set(swaps.map(({ from, to }) => `${from} ${to}`)).size).toBe(25);
    expect(swaps.filter(({ refused }) => refused !== undefined)).toEqual([]);
    expect(swaps[0]).toMatchObject({ device: 'd', from: 'other' });
  });

  it('is listed with its parameters', async () => {
    const { drivers } = await catalogueWith([DISK]);
    expect(drivers.at(-1)).toMatchObject({
      ...{ name: 'mine', device: 'nvme', version: '1' },
      parameters: [{ name: 'queueDepth', default: 128 }],
    });
  });

  it('makes a campaign one of disks alone', async () => {
    const own = await openOwn({ driver: DISK });
    expect(own.modules.drivers).toMatchObject([{ file: DISK }]);
    expect({ cards: own.drivers, apps: own.applications }).toEqual({ cards: [], apps: [] });
    expect(own.diskDrivers).toEqual(['interrupt', 'polling', 'batching', 'buffered', 'mine']);
    expect(await openOwn({ driver: CARD })).toMatchObject({
      diskDrivers: [],
      drivers: expect.arrayContaining(['mine']),
    });
  });
});

describe('refused, with what to do', () => {
  const disks = [{ name: 'd' }];
  it.each<[string, Scenario, string]>([
    [
      'a driver of cards for a disk',
      { disks: [{ name: 'd', driver: { name: CARD } }] },
      `d: ${CARD} is a driver of network cards (device: 'nic'), and one of disks is wanted; choose interrupt, polling, batching, buffered or the path of a module with device: 'nvme'`,
    ],
    [
      'a driver of disks for a card',
      { nics: [{ name: 'eth0', driver: { name: DISK } }] },
      `eth0: ${DISK} is a driver of disks (device: 'nvme'), and one of network cards is wanted; choose interrupt`,
    ],
    [
      'as the one to come',
      { disks, swaps: [{ at: '1s', disk: 'd', to: CARD }] },
      `swap 1: ${CARD} is a driver of network cards`,
    ],
    [
      'for no disk',
      { driver: { name: DISK } },
      `driver: ${DISK} is one of disks, and there is no disk; add one (--disk nvme0), or name another driver`,
    ],
    ['for no card', { driver: { name: CARD }, disks }, 'there is no card; add one (--nic eth0)'],
    [
      'the name of a built-in one',
      { disks, swaps: [{ at: '1s', disk: 'd', to: driver('buffered', 'nvme') }] },
      'there is a driver of disks named buffered already, a built-in one; give yours another name',
    ],
    [
      'a name that nobody has',
      { disks, driver: { name: 'bufered' } },
      'd: there is no driver bufered of disks (did you mean "buffered"?); choose interrupt, polling, batching, buffered or the path of a module',
    ],
    [
      'a file that is not there',
      { disks, driver: { name: 'none.ts' } },
      'driver module none.ts: there is no such file',
    ],
  ])('%s', async (_, scenario, message) => {
    const run = resolved(scenario);
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });

  it('with the place, where a module is wrong', async () => {
    const path = join(folder, 'wrong.ts');
    writeFileSync(path, "export default {\n  name: 5,\n  device: 'nvme',\n};");
    await expect(resolved({ disks, driver: { name: path } })).rejects.toMatchObject({
      name: 'UsageError',
      place: { file: path, line: 2, column: 3, text: '  name: 5,' },
    });
  });

  it('an application together with a driver of disks, of a campaign', async () => {
    await expect(openOwn({ driver: DISK, app: 'docs/examples/counting-sink.mjs' })).rejects.toThrow(
      'leave one of the two out',
    );
  });
});
