import { beforeEach, describe, expect, test } from 'vitest';
import {
  ACL,
  ADMIN,
  CC,
  FEATURE,
  IO_QUEUES,
  NOT_ABORTED,
  NVM,
  sqTail,
} from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, createCq, createSq, DiskBench, GOOD_CC, QueuePair } from './bench-disk.ts';

const FLUSH = { opcode: NVM.flush };
let bench: DiskBench;
let queue: QueuePair;
/** Queues whose commands are kept from being executed. */
let held: Set<number>;

beforeEach(() => {
  bench = new DiskBench().start();
  queue = bench.makeQueue();
  held = new Set();
  bench.disk.hooks.holdsBack = (number) => held.has(number);
});

describe('queues', () => {
  test('all that there may be work side by side', () => {
    const pairs = Array.from({ length: IO_QUEUES - 1 }, (_, i) => bench.makeQueue(i + 2));
    for (const pair of pairs) pair.submit(FLUSH);
    bench.step();
    expect(pairs.map((pair) => pair.take().length)).toEqual(pairs.map(() => 1));
  });

  test('beyond the number that was granted cannot be made', () => {
    bench = new DiskBench().start();
    bench.admin.run({ opcode: ADMIN.setFeatures, cdw10: FEATURE.numberOfQueues, cdw11: 1 | (0 << 16) });
    const [first, second] = [1, 2].map((id) => new QueuePair(bench, id, 16));
    expect(bench.admin.status(createCq(first))).toBe('success');
    expect(bench.admin.status(createCq(second))).toBe('invalidQueueIdentifier');
    expect(bench.admin.status(createSq(second, 1))).toBe('success');
  });

  test('can be made anew with the same number, in their initial state', () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 5; i++) queue.run(FLUSH);
      expect(bench.admin.status({ opcode: ADMIN.deleteSq, cdw10: 1 })).toBe('success');
      expect(bench.admin.status({ opcode: ADMIN.deleteCq, cdw10: 1 })).toBe('success');
      queue = bench.makeQueue(1, { entries: 8 + round });
      expect(queue.run(FLUSH)).toMatchObject({ head: 1 });
    }
  });
});

describe('deleting a submission queue', () => {
  test('ends its outstanding commands first, and no other queue’s', () => {
    const other = bench.makeQueue(2);
    held.add(1).add(2);
    for (let i = 0; i < 3; i++) queue.submit(FLUSH);
    other.submit(FLUSH);
    bench.step();
    held.delete(1);
    held.add(1);
    const order: string[] = [];
    bench.admin.submit({ opcode: ADMIN.deleteSq, cdw10: 1 });
    bench.step();
    expect(bench.admin.take()).toEqual([]); // while their completions are held back
    held.delete(1);
    bench.step();
    for (const { status, cid } of queue.take()) order.push(`${status} ${cid}`);
    expect(order).toEqual(['abortedSqDeletion 0', 'abortedSqDeletion 1', 'abortedSqDeletion 2']);
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ status: 'success' }]);
    held.clear();
    bench.step();
    expect(other.take()).toMatchObject([{ status: 'success' }]);
  });

  test('waits while their completions have no room, and tells them all', () => {
    const small = bench.makeQueue(2, { entries: 4 });
    held.add(2);
    for (let i = 0; i < 3; i++) small.put(FLUSH);
    small.ring();
    bench.step();
    small.submit(FLUSH);
    small.submit(FLUSH);
    bench.step();
    held.clear();
    bench.admin.submit({ opcode: ADMIN.deleteSq, cdw10: 2 });
    bench.step(1); // the deletion is fetched; of what waits one is executed
    bench.step();
    const first = small.take();
    expect(first).toHaveLength(3);
    bench.step();
    const second = small.take();
    bench.step();
    expect(second).toHaveLength(2);
    expect([...first, ...second].map(({ cid }) => cid).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(bench.admin.take()).toMatchObject([{ status: 'success' }]);
    expect(bench.disk.probes.read('commands')).toBe(5);
    expect(bench.disk.probes.read('completions')).toBe(5);
  });

  test('while it waits the number is not free, and the completion queue is in use', () => {
    held.add(1);
    queue.submit(FLUSH);
    bench.step();
    bench.admin.submit({ opcode: ADMIN.deleteSq, cdw10: 1 });
    bench.step();
    expect(bench.admin.status(createSq(new QueuePair(bench, 1, 8)))).toBe('invalidQueueIdentifier');
    expect(bench.admin.status({ opcode: ADMIN.deleteCq, cdw10: 1 })).toBe('invalidQueueDeletion');
  });

  test('leaves what was not fetched', () => {
    queue.put(FLUSH);
    queue.put(FLUSH);
    bench.admin.submit({ opcode: ADMIN.deleteSq, cdw10: 1 });
    bench.step();
    queue.ring();
    bench.step();
    expect(queue.take()).toEqual([]);
    expect(bench.disk.probes.read('commands')).toBe(0);
  });
});

describe('Abort', () => {
  const abort = (pair: QueuePair, cid: number) =>
    bench.admin.run({ opcode: ADMIN.abort, cdw10: pair.id | (cid << 16) });

  test('ends a command that is not executed yet, and it is not executed', () => {
    held.add(1);
    const cid = queue.submit(bench.writing(0, blocksOf(1, 1)));
    queue.submit(FLUSH);
    bench.step();
    held.clear();
    held.add(1);
    bench.admin.submit({ opcode: ADMIN.abort, cdw10: 1 | (cid << 16) });
    bench.step();
    held.clear();
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ status: 'success', result: 0 }]);
    const ends = queue.take().map(({ cid, status }) => [cid, status]);
    expect(ends).toContainEqual([cid, 'abortRequested']);
    expect(ends).toContainEqual([cid + 1, 'success']);
    expect(bench.stored(0, 1)).toEqual(new Uint8Array(512));
  });

  test('of a command that is not there says that it did nothing', () => {
    queue.run(FLUSH);
    expect(abort(queue, 0)).toMatchObject({ status: 'success', result: NOT_ABORTED });
    expect(abort(queue, 500)).toMatchObject({ status: 'success', result: NOT_ABORTED });
    expect(bench.admin.run({ opcode: ADMIN.abort, cdw10: 0xffff })).toMatchObject({ result: NOT_ABORTED });
  });

  test('of an executed command that waits for room says that it did nothing', () => {
    let asked = 0;
    bench.disk.hooks.holdsBack = (number) => number === 1 && ++asked > 1;
    const cid = queue.submit(FLUSH);
    bench.step();
    expect(abort(queue, cid)).toMatchObject({ result: NOT_ABORTED });
    bench.disk.hooks.holdsBack = () => false;
    bench.step();
    expect(queue.take()).toMatchObject([{ cid, status: 'success' }]);
  });

  test('ends an Asynchronous Event Request, which then is answered by no event', () => {
    const cid = bench.admin.submit({ opcode: ADMIN.asyncEvent });
    bench.step();
    bench.admin.submit({ opcode: ADMIN.abort, cdw10: cid << 16 });
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ cid, status: 'abortRequested' }, { result: 0 }]);
    bench.port.write32(sqTail(9), 1);
    bench.step();
    expect(bench.admin.take()).toEqual([]);
  });

  test('more at once than the limit are refused', () => {
    held.add(0);
    for (let i = 0; i < ACL + 2; i++) bench.admin.submit({ opcode: ADMIN.abort, cdw10: 1 });
    bench.step();
    held.clear();
    bench.step();
    const statuses = bench.admin.take().map(({ status }) => status);
    expect(statuses.filter((status) => status === 'success')).toHaveLength(ACL + 1);
    expect(statuses.at(-1)).toBe('abortLimitExceeded');
  });
});

describe('a reset of the controller in the middle', () => {
  test('makes outstanding commands vanish, counted, and what comes after is served', () => {
    held.add(1);
    for (let i = 0; i < 3; i++) queue.submit(bench.writing(i, blocksOf(1, 1)));
    bench.step();
    bench.port.write32(CC, GOOD_CC & ~1);
    bench.step();
    held.clear();
    bench.settle();
    expect(queue.take()).toEqual([]);
    expect(bench.stored(0, 3)).toEqual(new Uint8Array(3 * 512));
    expect(bench.disk.probes.read('lostCommands')).toBe(3);
    bench.start();
    queue = bench.makeQueue();
    expect(queue.run({ ...FLUSH, cid: 0 })).toMatchObject({ status: 'success', head: 1 });
    const { probes } = bench.disk;
    expect(probes.read('commands')).toBe(probes.read('completions') + probes.read('lostCommands'));
  });

  test('makes doorbells as if never rung, and features what they were', () => {
    queue.run(FLUSH);
    bench.admin.run({ opcode: ADMIN.setFeatures, cdw10: FEATURE.arbitration, cdw11: 1 });
    bench.port.write32(CC, 0);
    bench.settle();
    bench.start();
    bench.step();
    expect(bench.disk.probes.read('invalidDoorbells')).toBe(0);
    expect(bench.admin.run({ opcode: ADMIN.getFeatures, cdw10: FEATURE.arbitration }).result).toBe(3);
    expect(bench.admin.status(createSq(new QueuePair(bench, 1, 8)))).toBe('completionQueueInvalid');
  });

  test('writes nothing to the queues of before', () => {
    held.add(1);
    queue.submit(FLUSH);
    bench.step();
    bench.port.write32(CC, 0);
    held.clear();
    bench.settle();
    bench.start();
    bench.settle();
    expect(queue.take()).toEqual([]);
  });

  test('keeps what the cache holds', () => {
    bench = new DiskBench({ cacheBlocks: 16 }).start();
    queue = bench.makeQueue();
    queue.run(bench.writing(5, blocksOf(9, 1)));
    bench.port.write32(CC, 0);
    bench.settle();
    bench.start();
    expect(bench.read(bench.makeQueue(), 5, 1)).toEqual(blocksOf(9, 1));
  });
});
