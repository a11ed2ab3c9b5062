import { beforeEach, describe, expect, test } from 'vitest';
import {
  ADMIN,
  AERL,
  ALL_NAMESPACES,
  cqHead,
  EVENT_ERROR,
  INVALID_DOORBELL_REGISTER,
  INVALID_DOORBELL_VALUE,
  LOG,
  LOG_RETAIN_EVENT,
  NVM,
  sqTail,
} from '../../../src/hw/nvme/datasheet.ts';
import { type Completion, DiskBench, type QueuePair } from './bench-disk.ts';

const FLUSH = { opcode: NVM.flush };
let bench: DiskBench;
let queue: QueuePair;

beforeEach(() => {
  bench = new DiskBench().start();
  queue = bench.makeQueue(1, { entries: 8 });
});

const invalid = (): number => bench.disk.probes.read('invalidDoorbells');
const event = (information: number): number => EVENT_ERROR | (information << 8) | (LOG.error << 16);

function readLog(retain = 0): Completion {
  return bench.admin.run({
    opcode: ADMIN.getLogPage,
    cdw10: LOG.error | (15 << 16) | retain,
    nsid: ALL_NAMESPACES,
    prp1: bench.buffer.address,
  });
}

describe('a tail that cannot be', () => {
  test.each([
    ['the size of the queue', 8],
    ['far beyond it', 0xffff],
    ['with reserved bits', 0x10001],
    ['all ones, after it was rung', 0xffffffff],
  ])('%s: is an event and is not taken; the next good one is', (_, value) => {
    queue.run(FLUSH);
    bench.port.write32(sqTail(1), value);
    bench.step();
    bench.step();
    expect(invalid()).toBe(1);
    expect(queue.take()).toEqual([]);
    expect(queue.status(FLUSH)).toBe('success');
    expect(invalid()).toBe(1);
  });

  test('a lap ahead of what was fetched is one too many', () => {
    for (let i = 0; i < 5; i++) queue.put(FLUSH);
    queue.ring();
    bench.step(2); // three of them are not fetched
    bench.port.write32(sqTail(1), 2); // five more, and there is room for four
    bench.step(0);
    expect(invalid()).toBe(1);
    bench.step();
    expect(queue.take()).toHaveLength(5);
  });
});

test('a value that was refused is taken when it comes again and is good', () => {
  bench.port.write32(cqHead(1), 1);
  bench.step();
  bench.port.write32(sqTail(1), 8);
  bench.step();
  expect(invalid()).toBe(2);
  queue.run(FLUSH); // gives back one entry: the head is 1
  for (let i = 0; i < 7; i++) queue.put(FLUSH);
  queue.ring();
  bench.step();
  expect(queue.take()).toHaveLength(7);
  expect(invalid()).toBe(2);
});

describe('a head that cannot be', () => {
  test.each([
    ['the size of the queue', 8],
    ['more than was posted', 3],
    ['the one before, which is a lap ahead', 1],
  ])('%s: is an event and is not taken', (_, value) => {
    for (let i = 0; i < 2; i++) queue.run(FLUSH);
    bench.step();
    bench.port.write32(cqHead(1), value);
    bench.step();
    expect(invalid()).toBe(1);
    // Had it been taken, there would be more or less room than seven.
    for (let i = 0; i < 7; i++) queue.put(FLUSH);
    queue.ring();
    bench.step();
    expect(queue.take()).toHaveLength(7);
    bench.step();
    expect(invalid()).toBe(1);
    expect(queue.status(FLUSH)).toBe('success');
  });
});

describe('the doorbell of a queue that does not exist', () => {
  test.each([
    ['submission', sqTail(5)],
    ['completion', cqHead(5)],
  ])('of %s is an event, each time it is written', (_, doorbell) => {
    for (let times = 1; times <= 3; times++) {
      bench.port.write32(doorbell, 1);
      expect(bench.disk.hasWork(bench.nowUs)).toBe(true);
      bench.step();
      bench.step();
      expect(invalid()).toBe(times);
      expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    }
  });

  test('is found by a busy controller too', () => {
    bench.port.write32(sqTail(5), 1);
    for (let i = 0; i < 300; i++) {
      queue.submit(FLUSH);
      bench.step();
      queue.take();
    }
    expect(invalid()).toBe(1);
  });

  test('written before the queue is made is no tail of the queue', () => {
    bench.port.write32(sqTail(2), 3);
    const late = bench.makeQueue(2);
    bench.step();
    expect(invalid()).toBe(1);
    expect(late.take()).toEqual([]);
    expect(late.status(FLUSH)).toBe('success');
  });

  test('written after the queue was deleted is an event', () => {
    queue.run(FLUSH);
    bench.admin.run({ opcode: ADMIN.deleteSq, cdw10: 1 });
    bench.admin.run({ opcode: ADMIN.deleteCq, cdw10: 1 });
    bench.step();
    expect(invalid()).toBe(0);
    queue.submit(FLUSH);
    bench.step();
    expect(invalid()).toBe(1);
  });
});

describe('an Asynchronous Event Request', () => {
  const request = (): number => bench.admin.submit({ opcode: ADMIN.asyncEvent });

  test('is not completed while nothing happens', () => {
    request();
    bench.step();
    bench.step();
    expect(bench.admin.take()).toEqual([]);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
  });

  test.each([
    ['an invalid value', sqTail(1), 99, INVALID_DOORBELL_VALUE],
    ['an invalid head', cqHead(1), 7, INVALID_DOORBELL_VALUE],
    ['an invalid register', sqTail(9), 1, INVALID_DOORBELL_REGISTER],
  ])('tells of %s, with the log page to read', (_, doorbell, value, information) => {
    const cid = request();
    bench.step();
    bench.port.write32(doorbell, value);
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ cid, status: 'success', result: event(information) }]);
  });

  test('that comes after the event is answered at once', () => {
    bench.port.write32(sqTail(1), 99);
    bench.step();
    request();
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ result: event(INVALID_DOORBELL_VALUE) }]);
  });

  test('after an event waits until the log page is read', () => {
    request();
    request();
    bench.step();
    bench.port.write32(sqTail(1), 99);
    bench.step();
    expect(bench.admin.take()).toHaveLength(1);
    bench.port.write32(sqTail(9), 1);
    bench.step();
    expect(bench.admin.take()).toEqual([]);
    readLog();
    bench.step();
    expect(bench.admin.take()).toEqual([]); // the log page had it
    bench.port.write32(sqTail(1), 98);
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ result: event(INVALID_DOORBELL_VALUE) }]);
  });

  test('is held further when the log page is read and the event retained', () => {
    request();
    request();
    bench.step();
    bench.port.write32(sqTail(1), 99);
    bench.step();
    bench.admin.take();
    readLog(LOG_RETAIN_EVENT);
    bench.port.write32(sqTail(9), 1);
    bench.step();
    expect(bench.admin.take()).toEqual([]);
  });

  test('the log names the queue, and no command', () => {
    bench.port.write32(sqTail(1), 99);
    bench.step();
    readLog();
    const log = new DataView(
      bench.memory.bytes.slice(bench.buffer.address, bench.buffer.address + 64).buffer,
    );
    expect([log.getBigUint64(0, true), log.getUint16(8, true), log.getUint16(10, true)]).toEqual([
      1n,
      1,
      0xffff,
    ]);
  });

  test('one more than the limit is refused, and the others stay', () => {
    for (let i = 0; i <= AERL; i++) request();
    bench.step();
    expect(bench.admin.take()).toEqual([]);
    const cid = request();
    bench.step();
    expect(bench.admin.take()).toMatchObject([{ cid, status: 'asyncEventLimitExceeded' }]);
    bench.port.write32(sqTail(1), 99);
    bench.step();
    expect(bench.admin.take()).toHaveLength(1);
    request();
    bench.step();
    expect(bench.admin.take()).toEqual([]);
  });

  test('vanishes with a reset of the controller', () => {
    request();
    bench.step();
    bench.port.write32(0x14, 0);
    bench.settle();
    bench.start();
    bench.port.write32(sqTail(9), 1);
    bench.step();
    expect(bench.admin.take()).toEqual([]);
  });
});
