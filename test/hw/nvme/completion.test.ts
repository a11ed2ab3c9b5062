import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_TRANSFER_BLOCKS, NVM } from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, DiskBench, type QueuePair } from './bench-disk.ts';

const FLUSH = { opcode: NVM.flush };

function cids(queue: QueuePair): number[] {
  return queue.take().map(({ cid }) => cid);
}

describe('a completion', () => {
  let bench: DiskBench;
  let queue: QueuePair;

  beforeEach(() => {
    bench = new DiskBench().start();
    queue = bench.makeQueue(1, { entries: 4 });
  });

  test('carries a phase tag that changes with every lap, over many laps', () => {
    for (let i = 0; i < 1000; i++) expect(queue.run(FLUSH)).toMatchObject({ cid: i, status: 'success' });
    expect(queue.peek()).toBeUndefined();
  });

  test('tells up to where its submission queue was fetched', () => {
    expect(queue.run(FLUSH)).toMatchObject({ queue: 1, head: 1 });
    for (let i = 0; i < 3; i++) queue.put(FLUSH);
    queue.ring();
    bench.step();
    expect(queue.take().map(({ head }) => head)).toEqual([2, 3, 0]);
  });

  test('waits while its queue is full, and none is lost', () => {
    const small = bench.makeQueue(2, { entries: 4 });
    for (let lap = 0; lap < 20; lap++) {
      for (let i = 0; i < 3; i++) small.put(FLUSH);
      small.ring();
      bench.step();
      small.put(FLUSH);
      small.ring();
      expect(bench.step()).toBe(0);
      expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
      expect(cids(small)).toHaveLength(3);
      expect(bench.disk.hasWork(bench.nowUs)).toBe(true);
      bench.step();
      expect(cids(small)).toHaveLength(1);
    }
  });

  test('of a full queue holds up no other queue', () => {
    const other = bench.makeQueue(2, { entries: 4 });
    for (let i = 0; i < 3; i++) queue.put(FLUSH);
    queue.ring();
    bench.step();
    queue.submit(FLUSH);
    expect(other.status(FLUSH)).toBe('success');
  });

  test('is posted where its submission queue was made to complete', () => {
    const shared = bench.makeQueue(3, { entries: 16 });
    const second = bench.makeQueue(4);
    bench.admin.run({ opcode: 0x00, cdw10: 4 });
    bench.admin.run({
      opcode: 0x01,
      prp1: second.sq.address,
      cdw10: 4 | (15 << 16),
      cdw11: 1 | (3 << 16),
    });
    second.tail = 0;
    shared.submit(FLUSH);
    second.submit(FLUSH);
    bench.step();
    expect(shared.take().map(({ queue }) => queue)).toEqual([3, 4]);
    expect(second.take()).toEqual([]);
  });
});

describe('fetching', () => {
  test('takes no more in a step than its budget, and knows that there is more', () => {
    const bench = new DiskBench().start();
    const queue = bench.makeQueue();
    for (let i = 0; i < 10; i++) queue.put(FLUSH);
    queue.ring();
    expect(bench.step(4)).toBe(4);
    expect(queue.take()).toHaveLength(4);
    expect(bench.disk.hasWork(0)).toBe(true);
    bench.step(100);
    expect(queue.take()).toHaveLength(6);
    bench.step(); // sees the head doorbell
    expect(bench.disk.hasWork(0)).toBe(false);
  });

  test('goes round the queues, a burst from each', () => {
    const bench = new DiskBench().start();
    const queues = [1, 2, 3].map((id) => bench.makeQueue(id, { entries: 64 }));
    for (const queue of queues) {
      for (let i = 0; i < 32; i++) queue.put(FLUSH);
      queue.ring();
    }
    bench.step(24);
    expect(queues.map((queue) => queue.take().length)).toEqual([8, 8, 8]);
  });

  test('counts what is fetched and what is completed, of I/O queues', () => {
    const bench = new DiskBench().start();
    const queue = bench.makeQueue();
    for (let i = 0; i < 5; i++) queue.run(FLUSH);
    const { probes } = bench.disk;
    expect([probes.read('commands'), probes.read('completions'), probes.read('flushes')]).toEqual([5, 5, 5]);
    bench.read(queue, 0, 8);
    queue.run(bench.writing(0, blocksOf(1, 2)));
    expect([probes.read('blocksRead'), probes.read('blocksWritten')]).toEqual([8, 2]);
  });
});

describe('with a model of the media’s time', () => {
  const timing = {
    readUs: 80,
    writeUs: 20,
    flushUs: 500,
    megabytesPerSecond: Number.POSITIVE_INFINITY,
    jitter: 0,
    seed: 1,
  };

  test('a command is done when its time is over, not earlier, and the disk sleeps until then', () => {
    const bench = new DiskBench({ timing }).start();
    const queue = bench.makeQueue();
    const startUs = bench.nowUs;
    queue.submit(bench.transfer(NVM.read, 0, 1));
    bench.step();
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    expect(bench.disk.nextTimerUs()).toBe(startUs + 80);
    bench.after(79);
    expect(cids(queue)).toEqual([]);
    bench.after(1);
    expect(cids(queue)).toEqual([0]);
    expect(bench.disk.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('commands complete in the order in which they are due', () => {
    const bench = new DiskBench({ timing }).start();
    const queue = bench.makeQueue();
    queue.submit(FLUSH);
    queue.submit(bench.transfer(NVM.read, 0, 1));
    queue.submit(bench.transfer(NVM.write, 0, 1));
    bench.step();
    bench.after(1000);
    expect(cids(queue)).toEqual([2, 1, 0]);
  });

  test('jitter exchanges equal commands, the same way from the same seed', () => {
    const order = (seed: number): number[] => {
      const bench = new DiskBench({ timing: { ...timing, jitter: 1, seed } }).start();
      const queue = bench.makeQueue(1, { entries: 32 });
      for (let i = 0; i < 20; i++) queue.put(bench.transfer(NVM.read, 0, 1));
      queue.ring();
      bench.step();
      bench.after(160);
      return cids(queue);
    };
    const first = order(1);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
    expect(order(1)).toEqual(first);
    expect(order(2)).not.toEqual(first);
  });

  test('transfers share the bandwidth', () => {
    const bench = new DiskBench({ timing: { ...timing, megabytesPerSecond: 1000 } }).start();
    const queue = bench.makeQueue();
    const startUs = bench.nowUs;
    for (let i = 0; i < 2; i++) queue.put(bench.transfer(NVM.read, 0, MAX_TRANSFER_BLOCKS));
    queue.ring();
    bench.step();
    expect(bench.disk.nextTimerUs()).toBeCloseTo(startUs + 131.072 + 80, 6);
    bench.after(212);
    expect(cids(queue)).toEqual([0]);
    expect(bench.disk.nextTimerUs()).toBeCloseTo(startUs + 2 * 131.072 + 80, 6);
    bench.after(131);
    expect(cids(queue)).toEqual([1]);
  });

  test('a completion that finds its queue full waits, and the disk is not kept awake', () => {
    const bench = new DiskBench({ timing }).start();
    const queue = bench.makeQueue(1, { entries: 4 });
    const second = bench.makeQueue(2, { entries: 16 });
    for (let i = 0; i < 3; i++) queue.put(FLUSH);
    queue.ring();
    bench.step();
    queue.submit(bench.transfer(NVM.read, 0, 1));
    bench.step();
    bench.after(1000);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    expect(bench.disk.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
    second.submit(FLUSH);
    bench.step();
    bench.after(500);
    expect(cids(second)).toHaveLength(1);
    expect(queue.take().map(({ cid }) => cid)).toEqual([3, 0, 1]);
    bench.step();
    expect(cids(queue)).toEqual([2]);
  });

  test('admin commands take none', () => {
    const bench = new DiskBench({ timing }).start();
    expect(bench.admin.status({ opcode: 0x0a, cdw10: 1 })).toBe('success');
    expect(bench.nowUs).toBe(500);
  });
});

describe('holdsBack', () => {
  let bench: DiskBench;
  let queue: QueuePair;

  beforeEach(() => {
    bench = new DiskBench({ cacheBlocks: 64 }).start();
    queue = bench.makeQueue();
  });

  test('keeps a command from being executed', () => {
    bench.disk.hooks.holdsBack = (number) => number === 1;
    queue.submit(bench.writing(0, blocksOf(1, 1), true));
    bench.step();
    bench.step();
    expect(bench.stored(0, 1)).toEqual(new Uint8Array(512));
    expect(cids(queue)).toEqual([]);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(true);
    bench.disk.hooks.holdsBack = () => false;
    bench.step();
    expect(bench.stored(0, 1)).toEqual(blocksOf(1, 1));
    expect(cids(queue)).toEqual([0]);
  });

  test('keeps the completion of an executed command, which is executed once', () => {
    let asked = 0;
    bench.disk.hooks.holdsBack = (number) => number === 1 && ++asked > 1;
    queue.submit(bench.writing(0, blocksOf(1, 1), true));
    bench.step();
    expect(bench.stored(0, 1)).toEqual(blocksOf(1, 1));
    expect(cids(queue)).toEqual([]);
    bench.disk.hooks.holdsBack = () => false;
    bench.step();
    bench.step();
    expect(cids(queue)).toEqual([0]);
    expect(bench.disk.probes.read('blocksWritten')).toBe(1);
  });

  test('lets later commands overtake', () => {
    let held = true;
    bench.disk.hooks.holdsBack = (number) => {
      const answer = number === 1 && held;
      if (number === 1) held = false;
      return answer;
    };
    for (let i = 0; i < 3; i++) queue.put(FLUSH);
    queue.ring();
    bench.step();
    bench.step();
    expect(cids(queue)).toEqual([1, 2, 0]);
  });
});
