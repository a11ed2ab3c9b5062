import { describe, expect, it } from 'vitest';
import { AdminError, BringUpError, runAdmin } from '../../../src/drivers/nvme/admin-queue.ts';
import {
  createPair,
  deleteCompletionQueue,
  deleteSubmissionQueue,
} from '../../../src/drivers/nvme/bring-up.ts';
import { PAIR } from '../../../src/drivers/nvme/state.ts';
import { DmaExhausted } from '../../../src/hw/dma.ts';
import { ADMIN, CC, CC_EN, COALESCING_TIME_SHIFT, FEATURE } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench } from './bench.ts';

/** Interrupt coalescing as the disk has it. */
function coalescing(bench: DiskBench): number {
  let result = -1;
  bench.run(
    (function* () {
      result = yield* runAdmin(bench.environment, {
        name: 'Get Features',
        opcode: ADMIN.getFeatures,
        cdw10: FEATURE.interruptCoalescing,
      });
    })(),
  );
  return result;
}

describe('bringing a disk up', () => {
  it('notes what the disk says of itself', () => {
    const bench = DiskBench.started('polling', {}, { blocks: 12_345 });
    expect(bench.state.header('blocks')).toBe(12_345);
    expect(bench.state.header('transferBlocks')).toBe(256);
    bench.state.validate(5);
  });

  it.each([
    [1, 2],
    [2, 4],
    [3, 4],
    [4, 8],
    [128, 256],
    [1023, 1024],
  ])('makes queues for a depth of %d: %d entries', (queueDepth, slots) => {
    const bench = DiskBench.started('polling', { queueDepth });
    expect(bench.memory.words[bench.state.pair(1) + PAIR.slots]).toBe(slots);
    expect(bench.driver.room(0)).toBe(queueDepth);
  });

  it('begins with a reset, whoever left the disk enabled', () => {
    const bench = DiskBench.started('polling');
    const next = bench.make('polling');
    bench.run(next.start());
    bench.driver = next;
    next.activate();
    expect(bench.write(0, 8, 1)).toBe(0);
  });

  it('gives up when the disk does not become ready in the time that it names itself', () => {
    const bench = new DiskBench('polling', {}, { readyUs: 600_000 });
    const begun = bench.clock.us;
    const start = bench.driver.start();
    const slices = (): void => {
      for (;;) {
        if (start.next().done === true) return;
        bench.step(1000);
      }
    };
    expect(slices).toThrow(BringUpError);
    expect(bench.clock.us - begun).toBeLessThan(600_000);
    expect(bench.clock.us - begun).toBeGreaterThanOrEqual(500_000);
  });

  it('sets interrupt coalescing for the batching driver, and for no other', () => {
    expect(coalescing(DiskBench.started('interrupt'))).toBe(0);
    expect(coalescing(DiskBench.started('batching', { batch: 16, holdUs: 250 }))).toBe(
      15 | (3 << COALESCING_TIME_SHIFT),
    );
  });

  it('does not take the end of a command for which nobody waited any more for that of the next', () => {
    const bench = DiskBench.started('interrupt');
    const abandoned = runAdmin(bench.environment, {
      name: 'Get Features',
      opcode: ADMIN.getFeatures,
      cdw10: FEATURE.numberOfQueues,
    });
    abandoned.next();
    expect(coalescing(bench)).toBe(0); // not the number of queues
    bench.run(createPair(bench.environment, 2, 0, 4));
  });

  it('shuts down in order, and disables the disk', () => {
    const bench = DiskBench.started('interrupt', {}, { cacheBlocks: 512 });
    bench.write(0, 8, 4);
    bench.run(bench.driver.stop());
    expect(bench.port.read32(CC) & CC_EN).toBe(0);
    expect(bench.onMedia(0, 8)).toEqual(Array(8).fill(4)); // the volatile cache was written
  });
});

describe('queue pairs while a driver works', () => {
  it('are made and deleted beside it, and leave no memory behind', () => {
    const bench = DiskBench.started('polling', { queueDepth: 4 });
    const free = bench.environment.dma.freeBytes();
    bench.run(createPair(bench.environment, 2, 0, 16));
    bench.memory.words[bench.state.pair(1) + PAIR.retiring] = 1;
    bench.driver.queuesChanged();
    expect(bench.driver.room(0)).toBe(16);
    expect(bench.write(0, 8, 1)).toBe(0);
    bench.state.validate(5);
    bench.memory.words[bench.state.pair(1) + PAIR.retiring] = 0;
    bench.memory.words[bench.state.pair(2) + PAIR.retiring] = 1;
    bench.driver.queuesChanged();
    expect(bench.driver.room(0)).toBe(4);
    bench.run(deleteSubmissionQueue(bench.environment, 2));
    bench.run(deleteCompletionQueue(bench.environment, 2));
    bench.driver.queuesChanged();
    expect(bench.driver.room(0)).toBe(4);
    expect(bench.read(0, 8)).toEqual(Array(8).fill(1));
    expect(bench.environment.dma.freeBytes()).toBe(free - 2 * 4096); // the data of the write and of the read
  });

  it('go on where one retires with commands in flight: it ends them, and takes no new ones', () => {
    const bench = DiskBench.started(
      'interrupt',
      { queueDepth: 4 },
      {
        timing: { readUs: 50, writeUs: 50, flushUs: 50, megabytesPerSecond: 1e4, jitter: 0, seed: 1 },
      },
    );
    const old = [0, 1, 2].map((nth) => bench.prepareWrite(nth * 8, 8, 1));
    bench.submit(...old);
    const slices = createPair(bench.environment, 2, 0, 8);
    bench.run(slices);
    bench.memory.words[bench.state.pair(1) + PAIR.retiring] = 1;
    bench.driver.queuesChanged();
    const next = [3, 4, 5].map((nth) => bench.prepareWrite(nth * 8, 8, 1));
    bench.submit(...next);
    bench.settle(...old, ...next);
    expect(bench.memory.words[bench.state.pair(2) + PAIR.tail]).toBe(3);
    expect(bench.memory.words[bench.state.pair(1) + PAIR.free]).toBe(4);
  });

  it('leave nothing behind when the disk refuses them, or the memory is short', () => {
    const bench = DiskBench.started('polling', { queueDepth: 4 });
    const free = bench.environment.dma.freeBytes();
    expect(() => bench.run(createPair(bench.environment, 1, 0, 4))).toThrow(AdminError);
    expect(() => bench.run(createPair(bench.environment, 1, 0, 4))).toThrow(
      'nvme0: Create I/O Completion Queue failed with status',
    );
    expect(() => bench.run(createPair(bench.environment, 2, 0, 1 << 20))).toThrow(DmaExhausted);
    expect(bench.environment.dma.freeBytes()).toBe(free);
    expect(bench.write(0, 8, 1)).toBe(0);
  });
});
