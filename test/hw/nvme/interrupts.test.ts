import { beforeEach, describe, expect, test } from 'vitest';
import {
  ADMIN,
  COALESCING_TIME_SHIFT,
  FEATURE,
  NVM,
  VECTOR_UNCOALESCED,
} from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench, type QueuePair } from './bench-disk.ts';

const FLUSH = { opcode: NVM.flush };
let bench: DiskBench;
let queue: QueuePair;

beforeEach(() => {
  bench = new DiskBench().start();
  queue = bench.makeQueue(1, { entries: 64 });
  bench.interrupts();
});

function set(feature: number, cdw11: number): void {
  expect(bench.admin.status({ opcode: ADMIN.setFeatures, cdw10: feature, cdw11 })).toBe('success');
  bench.interrupts();
}

const coalesce = (entries: number, us: number): void =>
  set(FEATURE.interruptCoalescing, (entries - 1) | ((us / 100) << COALESCING_TIME_SHIFT));

/** So many commands are completed now; which vectors fire? */
function complete(count: number, pair = queue): number[] {
  for (let i = 0; i < count; i++) pair.put(FLUSH);
  pair.ring();
  bench.step();
  pair.take();
  return bench.interrupts();
}

describe('without coalescing', () => {
  test('each step with completions signals the vector of their queue, once', () => {
    expect(complete(1)).toEqual([1]);
    expect(complete(20)).toEqual([1]);
    bench.step();
    expect(bench.interrupts()).toEqual([]);
  });

  test('the admin queue has vector 0', () => {
    bench.admin.run({ opcode: ADMIN.getFeatures, cdw10: 1 });
    expect(bench.interrupts()).toEqual([0]);
  });

  test('a queue made without interrupts signals nothing', () => {
    const silent = bench.makeQueue(2, { interrupts: false });
    bench.interrupts();
    expect(complete(3, silent)).toEqual([]);
  });

  test('the entry is there when the interrupt is', () => {
    queue.submit(FLUSH);
    bench.step();
    expect(bench.interrupts()).toEqual([1]);
    expect(queue.peek()).toBeDefined();
  });
});

describe('coalescing', () => {
  test('waits for as many entries as the threshold says', () => {
    coalesce(4, 1000);
    expect(complete(3)).toEqual([]);
    expect(complete(1)).toEqual([1]);
    expect(complete(3)).toEqual([]);
    expect(complete(5)).toEqual([1]);
  });

  test('waits no longer than the time from the first entry, and wakes for that', () => {
    coalesce(4, 300);
    const firstUs = bench.nowUs;
    expect(complete(1)).toEqual([]);
    expect(bench.disk.nextTimerUs()).toBe(firstUs + 300);
    bench.after(200);
    expect(complete(1)).toEqual([]);
    bench.after(99);
    expect(bench.interrupts()).toEqual([]);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    expect(bench.disk.hasWork(bench.nowUs + 1)).toBe(true);
    bench.after(1);
    expect(bench.interrupts()).toEqual([1]);
    expect(bench.disk.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
    bench.after(1000);
    expect(bench.interrupts()).toEqual([]);
  });

  test('begins its time anew with the first entry after an interrupt', () => {
    coalesce(2, 100);
    complete(1);
    bench.after(90);
    expect(complete(1)).toEqual([1]);
    expect(complete(1)).toEqual([]);
    bench.after(99);
    expect(bench.interrupts()).toEqual([]);
    bench.after(1);
    expect(bench.interrupts()).toEqual([1]);
  });

  test('with no time is none', () => {
    coalesce(200, 0);
    expect(complete(1)).toEqual([1]);
  });

  test('counts each vector by itself', () => {
    const second = bench.makeQueue(2);
    coalesce(3, 1000);
    expect(complete(2)).toEqual([]);
    expect(complete(2, second)).toEqual([]);
    expect(complete(1, second)).toEqual([2]);
    expect(complete(1)).toEqual([1]);
  });

  test('does not hold the admin queue', () => {
    coalesce(100, 10_000);
    bench.admin.run({ opcode: ADMIN.getFeatures, cdw10: 1 });
    expect(bench.interrupts()).toEqual([0]);
  });

  test('does not hold a vector for which it is disabled', () => {
    const second = bench.makeQueue(2);
    coalesce(100, 10_000);
    set(FEATURE.interruptVector, 2 | VECTOR_UNCOALESCED);
    expect(complete(1)).toEqual([]);
    expect(complete(1, second)).toEqual([2]);
    set(FEATURE.interruptVector, 2);
    expect(complete(1, second)).toEqual([]);
  });

  test('changed lets out what waits', () => {
    coalesce(100, 10_000);
    expect(complete(5)).toEqual([]);
    bench.admin.run({ opcode: ADMIN.setFeatures, cdw10: FEATURE.interruptCoalescing, cdw11: 0 });
    expect(bench.interrupts()).toEqual([0, 1]);
  });

  test('is none after a reset of the controller', () => {
    coalesce(100, 10_000);
    bench.port.write32(0x14, 0);
    bench.settle();
    bench.start();
    queue = bench.makeQueue();
    bench.interrupts();
    expect(complete(1)).toEqual([1]);
  });
});

describe('a masked vector', () => {
  test('stays pending, and is sent once when it is unmasked', () => {
    bench.port.maskVector(1);
    expect(complete(1)).toEqual([]);
    expect(complete(1)).toEqual([]);
    expect(bench.disk.msix.isPending(1)).toBe(true);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(true); // the head doorbell
    bench.step();
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    bench.port.unmaskVector(1);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(true);
    bench.step();
    expect(bench.interrupts()).toEqual([1]);
    bench.step();
    expect(bench.interrupts()).toEqual([]);
  });

  test('that nobody signalled meanwhile sends nothing', () => {
    bench.port.maskVector(1);
    bench.step();
    bench.port.unmaskVector(1);
    bench.step();
    expect(bench.interrupts()).toEqual([]);
  });

  test('holds no other', () => {
    const second = bench.makeQueue(2);
    bench.interrupts();
    bench.port.maskVector(1);
    queue.submit(FLUSH);
    expect(complete(1, second)).toEqual([2]);
  });
});
