import { describe, expect, it } from 'vitest';
import { RequestError } from '../../../src/drivers/nvme/command.ts';
import { DISK_DRIVERS } from '../../../src/drivers/nvme/index.ts';
import { OP, PENDING, REQUEST_FUA } from '../../../src/drivers/nvme/requests.ts';
import { resolveParameters } from '../../../src/drivers/parameters.ts';
import { STATUS, STATUS_CODE_MASK } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench, OUT_OF_ORDER } from './bench.ts';
import { Workload } from './workload.ts';

const NAMES = DISK_DRIVERS.map(({ name }) => name);

describe.each(NAMES)('the %s driver', (name) => {
  it.each([
    ['one block', 5, 1],
    ['a page', 8, 8],
    ['parts of two pages', 12, 8],
    ['two pages', 16, 16],
    ['a list of three pages and a half', 24, 28],
    ['the most that one command moves', 64, 256],
    ['the last blocks of the disk', 65_536 - 24, 24],
  ])('reads back what was written: %s', (_, block, blocks) => {
    const bench = DiskBench.started(name);
    bench.write(block, blocks, 3);
    expect(new Set(bench.read(block, blocks))).toEqual(new Set([3]));
    expect(bench.read(block - 1, 1)).toEqual([0]);
  });

  it('reads from within what was written, and across its end', () => {
    const bench = DiskBench.started(name);
    bench.write(8, 16, 1);
    bench.write(16, 8, 2);
    expect(bench.read(14, 12)).toEqual([1, 1, ...Array(8).fill(2), 0, 0]);
  });

  it.each([
    ['write zeroes', OP.writeZeroes],
    ['discard', OP.discard],
  ])('%s leaves zeros where it says and nowhere else', (_, op) => {
    const bench = DiskBench.started(name);
    bench.write(0, 48, 1);
    expect(bench.execute(bench.prepare(op, 11, 20))).toBe(0);
    expect(bench.read(0, 48)).toEqual([...Array(11).fill(1), ...Array(20).fill(0), ...Array(17).fill(1)]);
    bench.write(16, 8, 2);
    expect(bench.read(16, 8)).toEqual(Array(8).fill(2));
  });

  it('a flush that is done has brought to the media what was acknowledged before', () => {
    const bench = DiskBench.started(name, {}, { cacheBlocks: 4096 });
    bench.write(8, 16, 1);
    bench.write(8, 8, 2);
    bench.write(33, 3, 3);
    expect(bench.onMedia(8, 16)).not.toEqual([...Array(8).fill(2), ...Array(8).fill(1)]);
    expect(bench.flush()).toBe(0);
    expect(bench.onMedia(8, 16)).toEqual([...Array(8).fill(2), ...Array(8).fill(1)]);
    expect(bench.onMedia(33, 3)).toEqual([3, 3, 3]);
  });

  it('a FUA write that is done is on the media, above all that was written there before', () => {
    const bench = DiskBench.started(name, {}, { cacheBlocks: 4096 });
    bench.write(8, 24, 1);
    bench.write(16, 8, 2, REQUEST_FUA);
    expect(bench.onMedia(16, 8)).toEqual(Array(8).fill(2));
    bench.flush();
    expect(bench.onMedia(8, 24)).toEqual([...Array(8).fill(1), ...Array(8).fill(2), ...Array(8).fill(1)]);
    expect(bench.read(8, 24)).toEqual(bench.onMedia(8, 24));
  });

  it('keeps all of its commands busy, out of order, and each request is handed back once, with the right data', () => {
    const bench = DiskBench.started(name, { queueDepth: 24 }, { ...OUT_OF_ORDER, cacheBlocks: 4096 });
    const load = new Workload(bench, { atOnce: 40 });
    load.run(3000);
    load.drain();
    expect(load.mistakes).toEqual([]);
    expect(load.notOnce()).toEqual([]);
    expect(load.differences()).toEqual([]);
    expect(load.submitted).toBeGreaterThan(500);
    const order = bench.handed.map(({ request }) => request);
    expect(order).not.toEqual(order.toSorted((one, other) => one - other));
    expect(bench.controller.probes.read('invalidDoorbells')).toBe(0);
    expect(bench.controller.probes.read('dmaFaults')).toBe(0);
  });

  it('serves each queue, and hands back on the queue on which a request came', () => {
    const bench = DiskBench.started(name, { queueDepth: 8 }, { ...OUT_OF_ORDER, queues: 3 });
    const load = new Workload(bench, { queues: 3 });
    load.run(800);
    load.drain();
    expect(load.mistakes).toEqual([]);
    expect(load.notOnce()).toEqual([]);
    const request = bench.prepareWrite(600, 3, 1);
    bench.offer(request, 2);
    bench.settle(request);
    expect(bench.handed.at(-1)).toEqual({ queue: 2, request });
  });

  it.each([1, 2, 3, 7])(
    'goes round its queues many times at a depth of %d: phase tags wrap',
    (queueDepth) => {
      const bench = DiskBench.started(name, { queueDepth });
      for (let version = 1; version <= 40; version++) {
        bench.write(8 * version + 1, 3, version);
        expect(bench.read(8 * version + 1, 3)).toEqual([version, version, version]);
      }
      expect(bench.controller.probes.read('invalidDoorbells')).toBe(0);
    },
  );

  it.each([
    ['read', 'unrecoveredRead', OP.read],
    ['write', 'writeFault', OP.write],
    ['flush', 'internalError', OP.flush],
  ] as const)('a %s that fails on the media has the status of its completion', (kind, status, op) => {
    const bench = DiskBench.started(name);
    bench.write(4, 3, 1);
    bench.controller.hooks.failsMedia = (failing) => (failing === kind ? STATUS[status] : 0);
    const request = op === OP.flush ? bench.prepare(op) : bench.prepare(op, 4, 3);
    expect(bench.execute(request) & STATUS_CODE_MASK).toBe(STATUS[status]);
    bench.controller.hooks.failsMedia = () => 0;
    expect(bench.flush()).toBe(0);
    expect(bench.read(4, 3)).toEqual([1, 1, 1]);
  });

  it('what reaches beyond the disk fails as the disk says', () => {
    const bench = DiskBench.started(name);
    for (const op of [OP.read, OP.write, OP.writeZeroes, OP.discard])
      expect(bench.execute(bench.prepare(op, 65_536 - 8, 16)) & STATUS_CODE_MASK).toBe(STATUS.lbaOutOfRange);
  });

  it.each([
    ['of no blocks', OP.read, 0, '0 blocks, not 1 to 256'],
    ['longer than one command moves', OP.write, 257, '257 blocks, not 1 to 256'],
    ['of zeroes that no field can count', OP.writeZeroes, 65_537, '65537 blocks, not 1 to 65536'],
  ] as const)('refuses a request %s', (_, op, blocks, reason) => {
    const bench = DiskBench.started(name);
    const request = bench.prepare(op, 0, blocks);
    expect(() => bench.submit(request)).toThrow(RequestError);
    expect(() => bench.submit(request)).toThrow(`request ${request}: ${reason}`);
    expect(bench.requests.status(request)).toBe(PENDING);
    expect(bench.write(0, 8, 1)).toBe(0);
  });

  it('goes on with what came before a request that it refuses', () => {
    const bench = DiskBench.started(name);
    const good = bench.prepare(OP.read, 0, 8);
    expect(() => bench.submit(good, bench.prepare(OP.read, 0, 0))).toThrow(RequestError);
    expect(bench.execute(bench.prepare(OP.read, 64, 8))).toBe(0);
    expect(bench.requests.status(good)).toBe(0);
  });

  it('takes as many requests as there is room for, and says how many', () => {
    const bench = DiskBench.started(name, { queueDepth: 4 });
    const room = bench.driver.room(0);
    expect(room).toBeGreaterThanOrEqual(4);
    const requests = Array.from({ length: room + 3 }, (_, nth) => bench.prepare(OP.read, nth * 64, 8));
    expect(bench.submit(...requests)).toBe(room);
    expect(bench.driver.room(0)).toBe(0);
    bench.settle(...requests.slice(0, room));
    expect(bench.driver.room(0)).toBe(room);
    expect(bench.requests.status(requests[room])).toBe(PENDING);
  });

  it('takes all of its commands again from within the call that hands requests back', () => {
    const bench = DiskBench.started(name, { queueDepth: 4 }, OUT_OF_ORDER);
    let left = 100;
    bench.onComplete = () => {
      if (left-- > 0) bench.submit(bench.prepare(OP.read, (left % 50) * 64, 8));
    };
    bench.submit(...[0, 1, 2, 3].map((nth) => bench.prepare(OP.read, nth, 1)));
    bench.until('all reads', () => bench.handed.length === 104);
    expect(new Set(bench.handed.map(({ request }) => request)).size).toBe(104);
  });

  it('gives back all memory when it stops, and ends what is in flight', () => {
    const bench = new DiskBench(name, { queueDepth: 16 }, { ...OUT_OF_ORDER, queues: 2 });
    bench.start();
    const requests = Array.from({ length: 16 }, (_, nth) => bench.prepareWrite(nth * 8, 8, 1));
    const { dma } = bench.environment;
    const before = dma.freeBytes();
    bench.submit(...requests);
    bench.turns(5);
    bench.run(bench.driver.stop());
    expect(requests.every((request) => bench.isDone(request))).toBe(true);
    expect(new Set(bench.handed.map(({ request }) => request)).size).toBe(bench.handed.length);
    expect(bench.state.active).toBe(0);
    expect(dma.freeBytes()).toBeGreaterThan(before);
    const data = 16 * 4096;
    expect(dma.freeBytes()).toBe(64 * 1024 * 1024 - data);
  });

  it('comes up again after it was stopped, and what was written is there', () => {
    const bench = DiskBench.started(name, {}, { cacheBlocks: 512 });
    bench.write(0, 24, 5);
    bench.run(bench.driver.stop());
    bench.driver = bench.make(name);
    bench.start();
    expect(new Set(bench.read(0, 24))).toEqual(new Set([5]));
  });
});

describe('the built-in drivers of a disk', () => {
  it.each(DISK_DRIVERS.map((driver) => [driver.name, driver] as const))(
    '%s: defaults lie within their ranges, and all share one geometry',
    (_, driver) => {
      const defaults = Object.fromEntries(driver.parameters.map((spec) => [spec.name, spec.default]));
      expect(resolveParameters(driver.name, driver.parameters, defaults)).toEqual(defaults);
      expect(driver.parameters.filter((spec) => spec.geometry === true).map((spec) => spec.name)).toEqual([
        'queueDepth',
      ]);
    },
  );
});
