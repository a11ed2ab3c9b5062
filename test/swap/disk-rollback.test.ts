/** A reset of a disk fails on its way: the old driver is brought up again, and no request is lost or done twice. */
import { describe, expect, it } from 'vitest';
import type { DiskDriver, DiskDriverDefinition } from '../../src/drivers/nvme/contract.ts';
import { DISK_DRIVERS } from '../../src/drivers/nvme/index.ts';
import { OP } from '../../src/drivers/nvme/requests.ts';
import { PAIR } from '../../src/drivers/nvme/state.ts';
import { CC, CC_EN } from '../../src/hw/nvme/datasheet.ts';
import { SwapBackFailed } from '../../src/swap/exchange.ts';
import type { Phase } from '../../src/swap/plan.ts';
import { definitionOf, OUT_OF_ORDER } from '../drivers/nvme/bench.ts';
import { Workload } from '../drivers/nvme/workload.ts';
import { altered, SwappedDisk } from './disk-bench.ts';

const NAMES = DISK_DRIVERS.map(({ name }) => name);
const DISK = { ...OUT_OF_ORDER, cacheBlocks: 1024, queues: 2, lazy: 3 } as const;
const DEPTH = 24;

type Changed = (driver: DiskDriver) => Partial<DiskDriver>;
type Fault = readonly [where: string, phase: Phase, reason: string | RegExp, change: Changed];

const fail = (what: string) => (): never => {
  throw new Error(`${what} failed`);
};

const BEFORE_SERVICE: readonly Fault[] = [
  [
    'configure',
    'transfer',
    'configure failed',
    (driver) => ({
      *configure() {
        yield* driver.configure();
        throw new Error('configure failed');
      },
    }),
  ],
  ['importState, at once', 'transfer', 'import failed', () => ({ importState: fail('import') })],
  [
    'importState, at its end',
    'transfer',
    'import failed',
    (driver) => ({
      importState: (format) => {
        driver.importState(format);
        fail('import')();
      },
    }),
  ],
  ['activate, at once', 'commit', 'activate failed', () => ({ activate: fail('activate') })],
  [
    'activate, at its end',
    'commit',
    'activate failed',
    (driver) => ({
      activate: () => {
        driver.activate();
        fail('activate')();
      },
    }),
  ],
];

const IN_SERVICE: readonly Fault[] = [
  ['submit', 'probation', 'submit failed', () => ({ submit: fail('submit') })],
  ['its first poll', 'probation', 'poll 1 failed', pollFailing(1)],
  ['its fourth poll', 'probation', 'poll 4 failed', pollFailing(4)],
  ['no poll, but finds nothing', 'probation', /no progress in \d+ polls/, () => ({ poll: () => 0 })],
  [
    'its first poll, and in every way out',
    'probation',
    'poll failed',
    () => ({
      poll: fail('poll'),
      quiesce: fail('quiesce'),
      exportState: fail('export'),
      release: fail('release'),
    }),
  ],
];

function pollFailing(nth: number): Changed {
  return (driver) => {
    let polls = 0;
    return { poll: (budget) => (++polls === nth ? fail(`poll ${nth}`)() : driver.poll(budget)) };
  };
}

function bad(base: string, [, , , change]: Fault): DiskDriverDefinition {
  return altered('bad', definitionOf(base), change);
}

function underLoad(from: string, drivers: readonly DiskDriverDefinition[]) {
  const bench = SwappedDisk.up(from, { queueDepth: DEPTH }, { ...DISK, drivers });
  const load = new Workload(bench, { atOnce: 40, queues: 2 });
  load.run(200);
  return { bench, load };
}

/** All is as it was, and the disk can be reset once more. */
function expectUndone(load: Workload, bench: SwappedDisk, from: string): void {
  expect(bench.slot.definition.name).toBe(from);
  expect(bench.slot.parameters.queueDepth).toBe(DEPTH);
  for (const queue of [1, 2]) expect(bench.memory.words[bench.state.pair(queue) + PAIR.depth]).toBe(DEPTH);
  load.run(200);
  expect(bench.reset('interrupt', {}, () => load.run(1))).toMatchObject({ outcome: 'done', reason: '' });
  load.run(200);
  load.drain();
  expect(load.mistakes).toEqual([]);
  expect(load.notOnce()).toEqual([]);
  expect(load.differences()).toEqual([]);
  expect(bench.ended.reduce((total, { aborted }) => total + aborted, 0)).toBe(load.aborted);
  expect(bench.controller.probes.read('invalidDoorbells')).toBe(0);
  expect(bench.controller.probes.read('dmaFaults')).toBe(0);
}

function attempt(from: string, base: string, fault: Fault, parameters = { queueDepth: 8 }): void {
  const { bench, load } = underLoad(from, [bad(base, fault)]);
  const record = bench.reset('bad', parameters, () => load.run(1));
  const [, phase, reason] = fault;
  expect(record).toMatchObject({ outcome: 'rolledBack', phase });
  expect(record.reason).toMatch(reason);
  expect(record.resubmitted).toBeGreaterThan(0);
  expectUndone(load, bench, from);
}

describe.each(NAMES)('%s is brought up again when the new driver fails', (from) => {
  it.each([...BEFORE_SERVICE, ...IN_SERVICE])('in %s', (...fault) => attempt(from, 'polling', fault));

  it.each(BEFORE_SERVICE)('in %s, a buffered one', (...fault) => attempt(from, 'buffered', fault));

  it('for want of memory', () => {
    const { bench, load } = underLoad(from, []);
    const { dma } = bench.environment;
    const rest = [];
    for (let bytes = dma.freeBytes(); bytes > 64 * 4096; bytes = dma.freeBytes())
      rest.push(dma.allocate(Math.min(bytes - 60 * 4096, 8 * 1024 * 1024), 'all that is left'));
    const record = bench.reset('polling', { queueDepth: 1000 }, () => load.run(1));
    expect(record).toMatchObject({ outcome: 'rolledBack', phase: 'transfer' });
    expect(record.reason).toMatch(/DMA/);
    for (const region of rest) dma.free(region);
    expectUndone(load, bench, from);
  });
});

describe('a buffered driver that takes its place again after another one', () => {
  it.each(IN_SERVICE.slice(1, 3))('has what the other one held, which failed in %s', (...fault) =>
    attempt('buffered', 'buffered', fault),
  );

  it.each(['inplace', 'reset'] as const)('serves on with the buffer of the other one, by %s', (method) => {
    const fault: Fault = ['a late poll', 'probation', 'late', lateFailing];
    const { bench, load } = underLoad('buffered', [bad('buffered', fault)]);
    const parameters = { buffers: 16, readAhead: 0 };
    const record = bench.swapTo('bad', parameters, method, () => load.run(1));
    expect(record).toMatchObject({ outcome: 'rolledBack', phase: 'probation' });
    expectUndone(load, bench, 'buffered');
  });

  /** It has exchanged the buffer for one of its own size by then. */
  function lateFailing(driver: DiskDriver): Partial<DiskDriver> {
    let room = 0;
    return {
      room: (queue) => {
        room = driver.room(queue);
        return room;
      },
      poll: (budget) => {
        driver.poll(budget);
        return room > 0 ? fail('late')() : 0;
      },
    };
  }
});

describe('memory', () => {
  it.each(NAMES)('that a new %s took is given back when it is given up', (base) => {
    const { bench, load } = underLoad('polling', [bad(base, BEFORE_SERVICE[2])]);
    bench.reset('bad', {}, () => load.run(1));
    const free = bench.environment.dma.freeBytes();
    for (let again = 0; again < 3; again++) bench.reset('bad', {}, () => load.run(1));
    expect(bench.environment.dma.freeBytes()).toBe(free);
  });
});

describe('a disk that does not come up any more', () => {
  it('is without service: the old driver could not take its place again', () => {
    const { bench } = underLoad('polling', []);
    const write = bench.port.write32.bind(bench.port);
    bench.port.write32 = (offset, value) => {
      if (offset !== CC || (value & CC_EN) === 0) write(offset, value);
    };
    bench.submit(bench.prepare(OP.read, 0, 8));
    expect(() => bench.reset('interrupt', {}, () => bench.turn(1000))).toThrow(SwapBackFailed);
  });
});
