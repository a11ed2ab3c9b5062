/** The contract of a driver of disks, point by point; and campaigns about one. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../../src/drivers/index.ts';
import type { DiskDriverDefinition } from '../../../src/drivers/nvme/contract.ts';
import { InterruptDriver, interrupt } from '../../../src/drivers/nvme/interrupt.ts';
import { polling } from '../../../src/drivers/nvme/polling.ts';
import { OP, REQUEST } from '../../../src/drivers/nvme/requests.ts';
import { DISK_CALLS, isOfDisks, loadDriver, NIC_CALLS } from '../../../src/exec/modules/driver-module.ts';
import { bundleModule } from '../../../src/exec/modules/own-module.ts';
import { type ConformReport, conform } from '../../../src/exec/sim/conform.ts';
import { Workbench } from '../../../src/exec/sim/seeds.ts';

const PAIRS = ['from-interrupt', 'from-polling', 'from-batching', 'from-buffered'].flatMap((from) => [
  from,
  `${from}-faults`,
]);
const POINTS = [
  ...['declaration', 'making', 'methods', 'alone', 'alone-faults'],
  ...PAIRS,
  ...PAIRS.map((point) => point.replace('from', 'to')),
  ...['to-itself', 'to-itself-faults', 'drain', 'moves', 'resets'],
];

async function driverAt(path: string): Promise<DiskDriverDefinition> {
  const definition = await loadDriver(await bundleModule('driver', resolve(path)));
  if (!isOfDisks(definition)) throw new Error(`${path} is no driver of disks`);
  return definition;
}

function conformOf(definition: DiskDriverDefinition, seeds: number, point?: string): ConformReport {
  const options = point === undefined ? { seeds, from: 1 } : { seeds, from: 1, point };
  return conform(new Workbench([definition]), definition.name, options);
}

/** A built-in driver under a name of its own, with something else in it. */
function like(
  base: DiskDriverDefinition,
  change: Partial<DiskDriverDefinition> | ((...given: Parameters<DiskDriverDefinition['create']>) => object),
): DiskDriverDefinition {
  if (typeof change !== 'function') return { ...base, name: 'mine', ...change };
  const create: DiskDriverDefinition['create'] = (environment, parameters) =>
    Object.assign(base.create(environment, parameters), change(environment, parameters));
  return { ...base, name: 'mine', create };
}

describe('scenarios of disks', () => {
  const bench = new Workbench([like(polling, {})]);

  it('are about the own driver, on machines without cards', () => {
    const drawn = Array.from({ length: 60 }, (_, seed) => bench.draw(seed, { subject: 'mine' }));
    expect(drawn.flatMap(({ cards }) => cards)).toEqual([]);
    const first = drawn.flatMap(({ disks }) => disks.map(({ driver }) => driver));
    const next = drawn.flatMap(({ swaps }) => swaps.map(({ to }) => to));
    for (const names of [first, next]) {
      expect(names.filter((name) => name === 'mine').length / names.length).toBeGreaterThan(0.5);
      expect(new Set(names).size).toBe(5);
    }
  });

  it.each([false, true])('of one course swap each disk once; to another depth: %s', (moves) => {
    const course = { from: 'buffered', to: 'mine', methods: ['drain'], moves } as const;
    for (let seed = 0; seed < 60; seed++) {
      const { disks, swaps } = bench.draw(seed, { course, faults: [] });
      expect(disks.map(({ driver }) => driver)).toEqual(disks.map(() => 'buffered'));
      expect(swaps.map(({ device }) => device).sort()).toEqual(disks.map((_, disk) => disk));
      for (const { device, to, method, parameters } of swaps) {
        expect([to, method]).toEqual(['mine', 'drain']);
        const depth = disks[device].parameters.queueDepth;
        if (moves) expect([depth - 1, depth + 1]).toContain(parameters.queueDepth);
        else expect(parameters).not.toHaveProperty('queueDepth');
      }
    }
  });

  it('are as before where there is nothing of the own', () => {
    const kinds = Array.from({ length: 60 }, (_, seed) => new Workbench().draw(seed)).map(
      ({ cards, disks }) => `${cards.length > 0} ${disks.length > 0}`,
    );
    expect(new Set(kinds)).toEqual(new Set(['true false', 'false true', 'true true']));
  });
});

describe('drivers that keep the contract', () => {
  it.each(DISK_DRIVERS.map((driver) => [driver.name, driver] as const))('%s passes', (_, driver) => {
    const { points } = conformOf(like(driver, {}), 2);
    expect(points.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(points.map(({ name }) => name)).toEqual(POINTS);
  });

  it('lazy-disk of docs/examples passes, and is served under requests and swapped', async () => {
    const { driver, points } = conformOf(await driverAt('docs/examples/lazy-disk.ts'), 4);
    expect(driver).toEqual({ name: 'lazy-disk', version: '1.0.0' });
    expect(points.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(points.find(({ name }) => name === 'alone')?.says).toMatch(/^[\d,]+ requests$/);
    expect(points.find(({ name }) => name === 'moves')?.says).toMatch(/^\d+ swaps$/);
  });

  it('and in a campaign', async () => {
    const bench = new Workbench([await driverAt('test/exec/drivers/in-turn.ts')]);
    const { failed, requests, frames } = bench.runSeeds(0, 20, { subject: bench.subject });
    expect({ failed, frames }).toEqual({ failed: [], frames: 0 });
    expect(requests).toBeGreaterThan(2000);
  });
});

describe('the page on drivers', () => {
  const page = readFileSync('docs/drivers.md', 'utf8');

  it.each(['lazy-disk.ts', 'lazy-polling.mjs'])('shows %s as it is', (name) => {
    expect(page).toContain(readFileSync(`docs/examples/${name}`, 'utf8'));
  });

  it('names each method of a driver of disks that one of cards has not', () => {
    for (const call of DISK_CALLS.filter((name) => !NIC_CALLS.some((other) => other === name)))
      expect(page).toContain(`| \`${call}\` | `);
  });
});

/** A flush is done as soon as it comes. */
class Lies extends InterruptDriver {
  override submit(queue: number, requests: Int32Array, count: number): number {
    const { memory, requests: table, complete } = this.environment;
    for (let taken = 0; taken < count; taken++) {
      const one = requests.slice(taken, taken + 1);
      if (memory.words[table.at(one[0]) + REQUEST.op] !== OP.flush) {
        if (super.submit(queue, one, 1) === 0) return taken;
      } else if (table.finish(one[0], 0)) complete(queue, one, 1);
    }
    return count;
  }
}

describe('drivers that break it', () => {
  function failures({ points }: ConformReport): string[] {
    return points.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
  }

  function saysOf(definition: DiskDriverDefinition, point: string, seeds = 4): string {
    const [{ verdict, says }] = conformOf(definition, seeds, point).points;
    expect(verdict).toBe('fail');
    return says;
  }

  it('by sleeping with masked vectors', async () => {
    const report = conformOf(await driverAt('test/exec/sim/drivers/sleeps-masked.ts'), 10);
    expect(failures(report)).toContain('alone');
    const alone = report.points.find(({ name }) => name === 'alone');
    expect(alone?.says).toContain('idle');
    expect(alone?.explanation?.device).toMatch(/^nvme/);
    expect(alone?.explanation?.events.at(-1)).toContain('VIOLATION');
  });

  it.each<[string, Partial<DiskDriverDefinition>, string]>([
    ['a name with a space', { name: 'my driver' }, "name is 'my driver': give letters"],
    ['no common format', { imports: ['mine.1'] }, 'imports lacks ringswap.nvme.2'],
    ['no depth', { parameters: [] }, 'there is no parameter queueDepth'],
  ])('in what they declare: %s', (_, change, says) => {
    expect(saysOf(like(polling, change), 'declaration')).toContain(says);
  });

  it('by what they do when they are made', () => {
    const create: DiskDriverDefinition['create'] = (environment, parameters) => {
      environment.port.unmaskVector(1);
      return polling.create(environment, parameters);
    };
    expect(saysOf(like(polling, { create }), 'making')).toMatch(
      /^create with its defaults unmasks vector 1: .* leave the disk alone/,
    );
  });

  it('by a call that is not there, or is no generator', () => {
    expect(
      saysOf(
        like(polling, () => ({ room: undefined })),
        'methods',
      ),
    ).toBe('there is no method room');
    expect(
      saysOf(
        like(polling, () => ({ configure: () => undefined })),
        'methods',
      ),
    ).toContain('declare it *configure()');
  });

  it('by answering a flush that the disk has not done, once the power fails', () => {
    const create: DiskDriverDefinition['create'] = (...given) => new Lies(...given);
    const lies = like(interrupt, { create });
    expect(saysOf(lies, 'alone-faults', 40)).toContain('with the power');
  });

  it('by not being able to go: the swap is rolled back, which nothing excuses', () => {
    const stays = like(polling, () => ({
      exportState() {
        throw new Error('not today');
      },
    }));
    const [{ explanation }] = conformOf(stays, 2, 'to-interrupt').points;
    expect(explanation?.message).toBe('swap 1, mine → interrupt, was rolled back in transfer: not today');
  });
});
