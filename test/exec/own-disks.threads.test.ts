/** Drivers of disks of the user's own on real threads: swapped in and out in the middle of requests, served to clients, refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cardOf, diskOf, type Report, serveNbd, Testbed, UsageError } from '../../src/testbed/index.ts';
import { ringswap } from '../cli/command.ts';
import { NbdClient } from './nbd/client.ts';
import { read, write } from './nbd/wire.ts';
import { runInTurn, runUntil } from './runs.ts';

const IN_TURN = 'test/exec/drivers/in-turn.ts';
const LAZY = './docs/examples/lazy-disk.ts';
const LAZY_CARD = './docs/examples/lazy-polling.mjs';
const SMALL = { name: 'nvme0', size: '4M', cache: '256K' } as const;
const folder = mkdtempSync(join(tmpdir(), 'ringswap-own-disks-'));
afterAll(() => rmSync(folder, { recursive: true }));

function expectClean(report: Report): void {
  expect(report.violations).toEqual([]);
  const disk = diskOf(report, 'nvme0');
  expect(disk).toMatchObject({ failed: 0, lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0 });
  expect(disk.completed).toBe(disk.submitted);
}

/** The polling driver of ringswap with something else in it. */
function wrong(name: string, change: string): string {
  const path = join(folder, `${name}.ts`);
  writeFileSync(
    path,
    `import { DISK_DRIVERS, type DiskDriverDefinition } from 'ringswap';
     const polling = DISK_DRIVERS.find(({ name }) => name === 'polling') as DiskDriverDefinition;
     export default { ...polling, name: '${name}', ${change} } satisfies DiskDriverDefinition;`,
  );
  return path;
}

describe('a driver of disks in TypeScript', () => {
  it('comes and goes in the middle of verified requests', async () => {
    const swaps = [{ at: '10ms', disk: 'nvme0', to: IN_TURN, parameters: { every: 3 } }];
    const report = await runInTurn({ disks: [{ ...SMALL, queues: 2 }], swaps }, 'nvme0', [
      { to: 'buffered' },
      { to: 'in-turn', parameters: { queueDepth: 16 } },
    ]);
    expectClean(report);
    expect(report.swaps).toMatchObject({ count: 3, refused: 0, rolledBack: 0 });
    expect(report.swaps.byPair.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
      'buffered in-turn',
      'in-turn buffered',
      'interrupt in-turn',
    ]);
    expect(diskOf(report, 'nvme0').driver).toBe('in-turn');
  });

  it('takes its place in the round through all pairs, beside one of cards', async () => {
    const report = await runUntil(60, {
      nics: [{ name: 'eth0', size: 64, app: 'echo', driver: { name: LAZY_CARD } }],
      disks: [{ ...SMALL, driver: { name: LAZY } }],
      swapEvery: { interval: '1ms' },
    });
    expectClean(report);
    expect(cardOf(report, 'eth0')).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, damaged: 0 });
    expect(report.swaps).toMatchObject({ refused: 0, rolledBack: 0 });
    const seen = report.swaps.byPair.flatMap(({ from, to }) => [from, to]);
    expect(seen).toEqual(expect.arrayContaining(['lazy-disk', 'buffered', 'lazy-polling', 'batching']));
  });

  it('is drained and reset like any other', async () => {
    const swaps = [{ at: '10ms', disk: 'nvme0', to: LAZY, method: 'drain' }] as const;
    const scenario = { disks: [{ ...SMALL, driver: { name: LAZY } }], swaps };
    const report = await runInTurn(scenario, 'nvme0', [{ to: 'lazy-disk', method: 'reset' }]);
    expect(report.violations).toEqual([]);
    expect(report.swaps).toMatchObject({ count: 2, refused: 0, rolledBack: 0 });
  });

  it('serves real clients, and is swapped meanwhile', async () => {
    const path = join(folder, 'served.sock');
    const ending = new AbortController();
    let heard: () => void = () => undefined;
    const listening = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const serving = serveNbd(
      { disk: { ...SMALL, driver: { name: IN_TURN } }, swapEvery: { interval: '1ms' } },
      { address: { path }, signal: ending.signal, onListening: () => heard() },
    );
    await Promise.race([listening, serving]);
    const client = await NbdClient.go({ path });
    let differences = 0;
    for (let version = 1; version <= 100; version++) {
      const data = Buffer.alloc(4096, `version ${version} `);
      client.send(write(version, 0, data));
      if ((await client.reply()).error !== 0) differences++;
      const found = (await client.ask(read(1000 + version, 0, 4096))).data;
      if (found === undefined || !found.equals(data)) differences++;
    }
    ending.abort();
    const report = await serving;
    expect(differences).toBe(0);
    expectClean(report);
    expect(report.swaps.byPair.flatMap(({ from, to }) => [from, to])).toContain('in-turn');
  });
});

describe('a driver of disks that is not one', () => {
  it('is refused in prepare when create makes something else, and the requests never notice', async () => {
    const to = wrong(
      'no-release',
      'create: (e, p) => Object.assign(polling.create(e, p), { release: 5 as never })',
    );
    const swaps = [{ at: '10ms', disk: 'nvme0', to }];
    const report = await runInTurn({ disks: [SMALL], swaps }, 'nvme0', [{ to: 'polling' }]);
    expectClean(report);
    expect(report.swaps).toMatchObject({ count: 1, refused: 1, rolledBack: 0 });
    const reason =
      'create of driver no-release makes no driver: `release` is a number, a function was wanted';
    expect(report.swaps.notes).toMatchObject([{ to: 'no-release', phase: 'prepare', reason }]);
  });

  it('does not start, and is named', async () => {
    const name = wrong('throws', "create: () => { throw new Error('not today'); }");
    const run = new Testbed({ disks: [{ ...SMALL, driver: { name } }], frames: 100 }).run();
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow('driver throws does not start: not today');
  });
});

it('the example of the documentation runs from the command line', async () => {
  const { status, stdout } = await ringswap([
    ...[
      'run',
      '--disk',
      'nvme0,size=4M',
      '--driver',
      `${LAZY}:patience=50`,
      '--frames',
      '20k',
      '--swap-every',
      '2ms',
    ],
    '--quiet',
  ]);
  expect({ status, stdout: stdout.replaceAll(/\d[\d,]*/g, 'N') }).toEqual({
    status: 0,
    stdout: 'PASS  N requests, N swaps, no violation\n',
  });
});
