/** Sixteen devices go to a version with another state format while traffic runs; and back again, when it does not come back on the ninth. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type RunEvent,
  type RunningMachine,
  type Scenario,
  Testbed,
  type UpgradeResult,
} from '../../src/testbed/index.ts';
import { expectLossless } from '../exec/runs.ts';

const FIRST = 'test/exec/drivers/tallies-1.mjs';
const SECOND = 'test/exec/drivers/tallies-2.mjs';
const CARDS = Array.from({ length: 16 }, (_, i) => `lan${i}`);
const NINTH = 8;

const MACHINE: Scenario = {
  nics: CARDS.map((name, i) => ({ name, app: i % 2 === 0 ? 'echo' : 'sink' })),
  size: 64,
  rate: 20_000,
  driver: { name: FIRST, parameters: { burst: 48 } },
};

const folder = mkdtempSync(join(tmpdir(), 'ringswap-upgrades-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The second version, with something else in what it makes. */
function changed(name: string, change: string): string {
  const file = join(folder, name);
  const second = JSON.stringify(resolve(SECOND));
  writeFileSync(file, `import second from ${second};\nexport default { ...second, ${change} };\n`);
  return file;
}

function started(more: Scenario = {}): Promise<RunningMachine> {
  return new Testbed({ ...MACHINE, ...more }).start();
}

function driversOf(running: RunningMachine): string[] {
  return Object.values(running.status().devices).map(({ driver }) => driver);
}

function outcomes(swaps: UpgradeResult['swaps']): string[] {
  return swaps.map(({ device, to, outcome }) => `${device} ${to} ${outcome}`);
}

const all = (cards: readonly string[], to: string) => cards.map((name) => `${name} ${to} done`);

async function recoveries(events: AsyncIterable<RunEvent>): Promise<string[]> {
  const reasons: string[] = [];
  for await (const event of events) if (event.kind === 'recovery') reasons.push(event.reason);
  return reasons;
}

describe('an upgrade of sixteen devices to a version with another state format', () => {
  it('is done on all of them, and undone by another one: what each keeps is converted there and back', async () => {
    const running = await started();
    const there = await running.upgrade('tallies', SECOND, { allOrNone: true });
    expect(there).toMatchObject({ to: 'tallies#2', outcome: 'done', takenBack: [] });
    expect(outcomes(there.swaps)).toEqual(all(CARDS, 'tallies#2'));
    for (const device of Object.values(running.status().devices))
      expect(device).toMatchObject({ driver: 'tallies#2', parameters: { burst: 48 } });
    const back = await running.upgrade('tallies#2', FIRST);
    expect(outcomes(back.swaps)).toEqual(all(CARDS, 'tallies'));
    const report = await running.stop();
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 32, rolledBack: 0, refused: 0 });
  });

  it('is done lazily, where all have their idle moments', async () => {
    const running = await started({ rate: 500 });
    const there = await running.upgrade('tallies', SECOND, { lazy: true });
    expect(outcomes(there.swaps)).toEqual(all(CARDS, 'tallies#2'));
    expect(there.swaps.flatMap(({ notes }) => notes)).toEqual([]);
    expectLossless(await running.stop());
  });

  it('is rolled back on each where the converter throws, with what it threw', async () => {
    const running = await started();
    const file = changed(
      'throws.mjs',
      "converters: [{ ...second.converters[0], convert() { throw new Error('no such tally'); } }]",
    );
    const some = await running.upgrade('tallies', file);
    expect(some.outcome).toBe('some');
    for (const swap of some.swaps)
      expect(swap).toMatchObject({
        ...{ outcome: 'rolledBack', phase: 'transfer' },
        reason: 'converter tallies.1 → tallies.2: no such tally',
      });
    expect(new Set(driversOf(running))).toEqual(new Set(['tallies']));
    expectLossless(await running.stop());
  });
});

describe('an upgrade of sixteen devices that does not come back on the ninth', () => {
  const hanging = (name: string, when: string) =>
    changed(
      name,
      `create(environment, parameters) {
        const driver = second.create(environment, parameters);
        const { name } = environment.port;
        if (name === 'lan9') globalThis.ninthIsDone = true;
        const { poll } = driver;
        if (name === 'lan8') driver.poll = (budget) => {
          while (${when});
          return poll.call(driver, budget);
        };
        return driver;
      }`,
    );

  it.each([
    ['on probation', 'true', NINTH],
    ['later, when the tenth is on its way', 'globalThis.ninthIsDone', NINTH + 1],
  ] as const)('%s: all go back, and the other CPU goes on', async (_, hangs, done) => {
    const running = await started({ standby: true });
    const ended = recoveries(running.events());
    const file = hanging(`hangs-${done}.mjs`, hangs);
    const upgrade = await running.upgrade('tallies', file, { allOrNone: true });
    expect(upgrade).toMatchObject({ to: 'tallies#2', outcome: 'takenBack' });
    const upgraded = CARDS.slice(0, done);
    expect(outcomes(upgrade.swaps)).toEqual([
      ...all(upgraded, 'tallies#2'),
      `${CARDS[done]} tallies#2 cutOff`,
    ]);
    expect(upgrade.swaps.at(-1)?.reason).toBe('the CPU that it was asked of ended before it did');
    expect(outcomes(upgrade.takenBack)).toEqual(all(upgraded.toReversed(), 'tallies'));
    expect(driversOf(running)).toEqual(CARDS.map(() => 'tallies'));
    const report = await running.stop();
    expectLossless(report);
    expect(await ended).toEqual([expect.stringMatching(/made no step/)]);
    expect(report.devices).toMatchObject({ lan8: { driver: 'tallies' } });
  });
});
