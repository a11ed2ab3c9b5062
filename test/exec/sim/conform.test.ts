import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NicDriverDefinition } from '../../../src/drivers/contract.ts';
import { NIC_DRIVERS } from '../../../src/drivers/index.ts';
import { batching } from '../../../src/drivers/nic/batching.ts';
import { polling } from '../../../src/drivers/nic/polling.ts';
import { isOfCards, loadDriver } from '../../../src/exec/modules/driver-module.ts';
import { bundleModule } from '../../../src/exec/modules/own-module.ts';
import { type ConformPoint, type ConformReport, conform } from '../../../src/exec/sim/conform.ts';
import type { Course } from '../../../src/exec/sim/deck.ts';
import { Workbench } from '../../../src/exec/sim/seeds.ts';

/** What the contract asks of one who drives alone, and of each pair. */
const POINTS = [
  'declaration',
  'making',
  'methods',
  'start-stop',
  'hand-over',
  'alone',
  'alone-faults',
  'from-interrupt',
  'from-interrupt-faults',
  'from-polling',
  'from-polling-faults',
  'from-batching',
  'from-batching-faults',
  'to-interrupt',
  'to-interrupt-faults',
  'to-polling',
  'to-polling-faults',
  'to-batching',
  'to-batching-faults',
  'to-itself',
  'to-itself-faults',
  'drain',
  'moves',
  'resets',
];

async function driverAt(path: string): Promise<NicDriverDefinition> {
  const definition = await loadDriver(await bundleModule('driver', resolve(path)));
  if (!isOfCards(definition)) throw new Error(`${path} is no driver of cards`);
  return definition;
}

function conformOf(definition: NicDriverDefinition, seeds: number, from = 1, point?: string): ConformReport {
  const options = point === undefined ? { seeds, from } : { seeds, from, point };
  return conform(new Workbench([definition]), definition.name, options);
}

async function conformOfWrong(name: string, seeds = 20, from = 1): Promise<ConformReport> {
  return conformOf(await driverAt(`test/exec/sim/drivers/${name}.mjs`), seeds, from);
}

function failures({ points }: ConformReport): string[] {
  return points.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
}

function pointOf({ points }: ConformReport, wanted: string): ConformPoint {
  const point = points.find(({ name }) => name === wanted);
  if (point === undefined) throw new Error(`there is no point ${wanted}`);
  return point;
}

describe('scenarios of one course', () => {
  const course = { from: 'polling', to: 'interrupt', methods: ['inplace'], moves: false } as const;
  const drawn = (special: Partial<Course>) =>
    Array.from({ length: 50 }, (_, seed) =>
      new Workbench().draw(seed, { course: { ...course, ...special }, faults: [] }),
    );

  it('swap each card once, from the one driver to the other, rings as they are', () => {
    for (const { cards, swaps } of drawn({})) {
      expect(cards.map(({ driver }) => driver)).toEqual(cards.map(() => 'polling'));
      expect(swaps.map(({ device }) => device).sort()).toEqual(cards.map((_, card) => card));
      for (const { to, method, parameters } of swaps) {
        expect([to, method]).toEqual(['interrupt', 'inplace']);
        expect(parameters).not.toHaveProperty('rxRing');
      }
    }
  });

  it('give each card rings of another length where they move', () => {
    for (const { cards, swaps } of drawn({ moves: true }))
      for (const { device, parameters } of swaps) {
        expect(parameters.rxRing).toBeGreaterThanOrEqual(8);
        expect(parameters.rxRing).not.toBe(cards[device].parameters.rxRing);
      }
  });

  it('keep to their methods', () => {
    const methods = drawn({ methods: ['drain', 'reset'] }).flatMap(({ swaps }) =>
      swaps.map(({ method }) => method),
    );
    expect(new Set(methods)).toEqual(new Set(['drain', 'reset']));
  });
});

describe('drivers that keep the contract', () => {
  it.each(NIC_DRIVERS.map(({ name }) => name))('%s passes', (name) => {
    const { points } = conform(new Workbench(), name, { seeds: 4, from: 1 });
    expect(points.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(points).toHaveLength(POINTS.length - 4); // it is one of the others itself
  });

  it.each(['lazy-polling', 'first-driver'])('%s of docs/examples passes', async (name) => {
    const report = conformOf(await driverAt(`docs/examples/${name}.mjs`), 6);
    expect(report.points.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(report.points.map((point) => point.name)).toEqual(POINTS);
  });
});

describe('the tutorial', () => {
  it('shows the driver as it is', () => {
    const driver = readFileSync('docs/examples/first-driver.mjs', 'utf8');
    const shown = readFileSync('docs/tutorial.md', 'utf8').matchAll(/```js\n(.*?)```/gs);
    const parts = Array.from(shown, ([, part]) => part.trimEnd());
    expect(parts.length).toBeGreaterThan(4);
    for (const part of parts) expect(driver).toContain(part);
  });
});

describe('drivers that keep it in their own time', () => {
  it('are not hurried on probation: interrupts as rare as can be', () => {
    const parameters = batching.parameters.map((spec) =>
      spec.name === 'coalesceUs' ? { ...spec, min: 1022, default: 1022 } : spec,
    );
    const moderated = { ...batching, name: 'moderated', parameters };
    for (const point of ['from-polling', 'to-itself'])
      expect(conformOf(moderated, 60, 0, point).points).toMatchObject([{ verdict: 'pass' }]);
  });
});

/** A state block in which nothing ever seems to wait. */
function blind(definition: NicDriverDefinition): NicDriverDefinition {
  return {
    ...definition,
    create: (environment, parameters) => {
      const nothing = () => false;
      const state = Object.assign(Object.create(environment.state), {
        workWaits: nothing,
        completionWaits: nothing,
      });
      return definition.create({ ...environment, state }, parameters);
    },
  };
}

describe('drivers that break it', () => {
  it('the first driver without its last line, as in the tutorial', async () => {
    const definition = blind(await driverAt('docs/examples/first-driver.mjs'));
    const [{ explanation }] = conformOf(definition, 400, 0, 'alone-faults').points;
    expect(explanation?.invariant).toBe('interrupts');
  });

  it('without a second look after unmasking', async () => {
    const definition = await driverAt('test/exec/sim/drivers/no-second-look.mjs');
    const [{ says, seed, explanation }] = conformOf(definition, 400, 0, 'alone-faults').points;
    expect(explanation?.invariant).toBe('interrupts');
    expect(says).toContain('look at the rings once more after unmasking (EIMS)');
    expect(seed).toBeTypeOf('number');
    expect(explanation?.events.at(-1)).toMatch(/VIOLATION of interrupts/);
    expect(explanation?.events.at(-2)).toMatch(/writes EIMS/);
  });

  it('reclaiming before DD', async () => {
    const report = await conformOfWrong('early-reclaim', 80);
    expect(failures(report)).toEqual(['alone']);
    const { says, explanation } = pointOf(report, 'alone');
    expect(explanation?.invariant).toBe('transmit');
    expect(says).toContain('a buffer comes home by a DD alone');
    expect(pointOf(report, 'to-itself')).toMatchObject({
      verdict: 'skipped',
      says: expect.stringContaining('alone'),
    });
  });

  it('publishing consumed a round late', async () => {
    const report = await conformOfWrong('late-commit');
    expect(failures(report)).toEqual(['start-stop']);
    expect(pointOf(report, 'start-stop').says).toContain('has two owners');
  });

  it('leaving without ringing held doorbells', async () => {
    const report = await conformOfWrong('held-doorbells', 4);
    expect(failures(report)).toEqual(['hand-over']);
    expect(pointOf(report, 'hand-over').says).toContain('ring held doorbells in quiesce or exportState');
  });

  it('in swaps, where the same is found by seeds', async () => {
    const definition = await driverAt('test/exec/sim/drivers/held-doorbells.mjs');
    const { points } = conformOf(definition, 80, 1, 'to-polling');
    expect(points).toHaveLength(1);
    expect(points[0].explanation?.invariant).toBe('buffers');
    expect(points[0].says).toContain('what was filled without a doorbell is told of in quiesce');
  });

  it('reading past the gate of a ring move', async () => {
    const report = await conformOfWrong('reads-past-the-gate', 12);
    expect(failures(report)).toEqual(['moves']);
    const { says, explanation } = pointOf(report, 'moves');
    expect(says).toContain('no further than readable');
    expect(explanation?.phase).toBe('move');
    expect(explanation?.flow).toBeTypeOf('number');
  });

  it('repeats a failure from its seed alone', async () => {
    const definition = await driverAt('test/exec/sim/drivers/early-reclaim.mjs');
    const first = conformOf(definition, 80, 1, 'alone').points.find(({ name }) => name === 'alone');
    const again = conformOf(definition, 1, first?.seed, 'alone').points[0];
    expect(again).toEqual(first);
  });
});

/** Drivers wrong in one thing, made around the polling driver. */
function polls(change: Partial<NicDriverDefinition>): NicDriverDefinition {
  return { ...polling, name: 'mine', ...change };
}

/** What its driver answers to calls, changed. */
function answering(change: Readonly<Record<string, unknown>>): NicDriverDefinition {
  return polls({
    create: (environment, parameters) => Object.assign(polling.create(environment, parameters), change),
  });
}

function saysOf(definition: NicDriverDefinition, point: string): string {
  const [{ verdict, says }] = conformOf(definition, 2, 1, point).points;
  expect(verdict).toBe('fail');
  return says;
}

describe('what a driver declares', () => {
  it.each<[string, Partial<NicDriverDefinition>, string]>([
    ['a name with a space', { name: 'my driver' }, "name is 'my driver': give letters"],
    ['no version', { version: ' ' }, 'version is empty'],
    ['no description', { description: '' }, 'description is empty'],
    ['no common format to export', { exports: [] }, 'exports lacks ringswap.nic.2'],
    ['no common format to import', { imports: ['mine.1'] }, 'imports lacks ringswap.nic.2'],
    [
      'a format that it cannot take back',
      { exports: ['ringswap.nic.2', 'mine.1'] },
      "exports 'mine.1' and cannot import it",
    ],
    [
      'a converter from a format to itself',
      { converters: [{ from: 'mine.1', to: 'mine.1', convert: () => undefined }] },
      "converter 'mine.1' → 'mine.1': give it two formats that differ",
    ],
    [
      'two converters for one way',
      { converters: [1, 2].map(() => ({ from: 'mine.1', to: 'mine.2', convert: () => undefined })) },
      "converter 'mine.1' → 'mine.2' is there twice",
    ],
    ['no ring parameters', { parameters: [] }, 'there is no parameter rxRing'],
  ])('%s', (_, change, says) => {
    expect(saysOf(polls(change), 'declaration')).toContain(says);
  });

  const spec = { name: 'depth', description: 'how deep', unit: 'm', min: 1, max: 8, default: 2 };
  it.each<[string, Partial<typeof spec> & { powerOfTwo?: boolean }, string]>([
    ['a default out of range', { default: 9 }, 'default 9 does not lie between 1 and 8'],
    ['a fraction', { max: 2.5 }, 'max is 2.5, and must be a whole number'],
    ['no unit', { unit: '' }, 'unit is empty'],
    ['powers of two that are none', { powerOfTwo: true, max: 7 }, 'max is 7, and must be a power of two'],
    ['a name that is taken', { name: 'burst' }, "parameter 'burst' is there twice"],
  ])('%s', (_, change, says) => {
    const parameters = [...polling.parameters, { ...spec, ...change }];
    expect(saysOf(polls({ parameters }), 'declaration')).toContain(says);
  });
});

describe('how a driver answers', () => {
  it('create with a parameter at the end of its range', () => {
    const create: NicDriverDefinition['create'] = (environment, parameters) => {
      if (parameters.refillBurst === 256) throw new Error('too much');
      return polling.create(environment, parameters);
    };
    expect(saysOf(polls({ create }), 'making')).toBe('create with refillBurst=256 throws: too much');
  });

  it('create that touches the card', () => {
    const create: NicDriverDefinition['create'] = (environment, parameters) => {
      environment.port.write32(0x888, 1);
      return polling.create(environment, parameters);
    };
    expect(saysOf(polls({ create }), 'making')).toMatch(/^create with its defaults writes EIMC: /);
  });

  it('no method, or one that is no generator', () => {
    expect(saysOf(answering({ release: undefined }), 'methods')).toBe('there is no method release');
    expect(saysOf(answering({ stop: () => undefined }), 'methods')).toContain('declare it *stop()');
  });

  it('optional ones that are not there: what that costs, and no failure', () => {
    const without = answering({ queuesChanged: undefined, setReceiveBuffers: undefined });
    const { points } = conformOf(without, 1);
    expect(points.find(({ name }) => name === 'methods')).toMatchObject({
      verdict: 'pass',
      says: expect.stringMatching(/without queuesChanged, .*; without setReceiveBuffers, /),
    });
    for (const name of ['drain', 'moves'])
      expect(points.find((point) => point.name === name)?.verdict).toBe('skipped');
  });

  it('buffers left away by stop', () => {
    expect(saysOf(answering({ *stop() {} }), 'start-stop')).toContain('stop leaves queues marked as active');
  });

  it('poll that returns nothing', () => {
    expect(saysOf(answering({ poll: () => undefined }), 'start-stop')).toContain('poll returns undefined');
  });

  it('importState that touches the card', () => {
    const create: NicDriverDefinition['create'] = (environment, parameters) => {
      const driver = polling.create(environment, parameters);
      const importState = (format: string): void => {
        environment.port.write32(0x888, 1);
        driver.importState(format);
      };
      return Object.assign(Object.create(driver), { importState });
    };
    expect(saysOf(polls({ create }), 'hand-over')).toMatch(/^importState writes EIMC: /);
  });

  it('quiesce that leaves vectors unmasked', () => {
    const create: NicDriverDefinition['create'] = (environment, parameters) => {
      const driver = polling.create(environment, parameters);
      return Object.assign(driver, { quiesce: () => environment.port.write32(0x880, 3) });
    };
    expect(saysOf(polls({ create }), 'hand-over')).toContain(
      'after quiesce vectors are unmasked (EIMS = 0x3)',
    );
  });

  it('a swap that is rolled back without a fault', () => {
    const fails = answering({
      exportState: () => {
        throw new Error('not today');
      },
    });
    const [{ verdict, explanation }] = conformOf(fails, 2, 1, 'to-polling').points;
    expect(verdict).toBe('fail');
    expect(explanation?.message).toBe('swap 1, mine → polling, was rolled back in transfer: not today');
    expect(explanation?.events.at(-1)).toContain('rolledBack');
  });
});
