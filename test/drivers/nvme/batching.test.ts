import { describe, expect, it } from 'vitest';
import { OP, REQUEST_FUA } from '../../../src/drivers/nvme/requests.ts';
import { PAIR } from '../../../src/drivers/nvme/state.ts';
import { CDW12_FUA, NVM, SQE, SQE_WORDS, STATUS, sqTail } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench, OUT_OF_ORDER } from './bench.ts';

/** Commands written to the submission queue so far: opcode, first block, blocks, FUA. */
function commands(bench: DiskBench): { opcode: number; block: number; blocks: number; fua: boolean }[] {
  const { words } = bench.memory;
  const record = bench.state.pair(1);
  return Array.from({ length: words[record + PAIR.tail] }, (_, position) => {
    const entry = words[record + PAIR.sq] + position * SQE_WORDS;
    const limits = words[entry + SQE.cdw12];
    return {
      opcode: words[entry] & 0xff,
      block: words[entry + SQE.cdw10],
      blocks: (limits & 0xffff) + 1,
      fua: (limits & CDW12_FUA) !== 0,
    };
  });
}

const doorbells = (bench: DiskBench): number[] => bench.written(sqTail(1));

describe('the plug of the batching driver', () => {
  it('makes one command of neighbouring writes, whose data go to their places', () => {
    const bench = DiskBench.started('batching', { batch: 4, holdUs: 1000 });
    const requests = [0, 1, 2, 3].map((nth) => bench.prepareWrite(64 + nth * 8, 8, nth + 1));
    bench.submit(...requests);
    expect(doorbells(bench)).toEqual([1]);
    expect(commands(bench)).toEqual([{ opcode: NVM.write, block: 64, blocks: 32, fua: false }]);
    bench.settle(...requests);
    expect(bench.handed.map(({ request }) => request)).toEqual(requests);
    expect(bench.onMedia(64, 32)).toEqual([1, 2, 3, 4].flatMap((version) => Array(8).fill(version)));
  });

  it('makes one command of neighbouring reads of different length, and each gets its own blocks', () => {
    const bench = DiskBench.started('batching', { batch: 3, holdUs: 1000 });
    bench.submit(...[0, 1, 2].map((nth) => bench.prepareWrite(nth * 40, 40, nth + 1)));
    bench.until('the writes', () => bench.handed.length === 3);
    const lengths = [16, 8, 27];
    const reads = lengths.map((blocks, nth) => bench.prepare(OP.read, [30, 46, 54][nth], blocks));
    bench.submit(...reads);
    expect(commands(bench).at(-1)).toEqual({ opcode: NVM.read, block: 30, blocks: 51, fua: false });
    bench.settle(...reads);
    expect(bench.versionsIn(reads[0], 30, 16)).toEqual([...Array(10).fill(1), ...Array(6).fill(2)]);
    expect(bench.versionsIn(reads[1], 46, 8)).toEqual(Array(8).fill(2));
    expect(bench.versionsIn(reads[2], 54, 27)).toEqual([...Array(26).fill(2), 3]);
  });

  it('merges with any command that still waits, not with the last alone, over several submissions', () => {
    const bench = DiskBench.started('batching', { batch: 5, holdUs: 1000 });
    bench.submit(bench.prepareWrite(0, 8, 1));
    bench.submit(bench.prepareWrite(800, 8, 1), bench.prepareWrite(8, 8, 2));
    bench.submit(bench.prepareWrite(808, 8, 2));
    expect(doorbells(bench)).toEqual([]);
    bench.submit(bench.prepareWrite(16, 8, 3));
    expect(doorbells(bench)).toEqual([2]);
    expect(commands(bench).map(({ block, blocks }) => [block, blocks])).toEqual([
      [0, 24],
      [800, 16],
    ]);
    bench.until('the writes', () => bench.handed.length === 5);
    expect(bench.read(0, 24)).toEqual([1, 2, 3].flatMap((version) => Array(8).fill(version)));
    expect(bench.read(800, 16)).toEqual([...Array(8).fill(1), ...Array(8).fill(2)]);
  });

  it.each<[string, (bench: DiskBench) => number[]]>([
    ['a gap', (bench) => [bench.prepareWrite(0, 8, 1), bench.prepareWrite(9, 8, 1)]],
    [
      'a first one that ends within a page',
      (bench) => [bench.prepareWrite(0, 7, 1), bench.prepareWrite(7, 8, 1)],
    ],
    ['another kind', (bench) => [bench.prepareWrite(0, 8, 1), bench.prepare(OP.read, 8, 8)]],
    ['FUA for one alone', (bench) => [bench.prepareWrite(0, 8, 1), bench.prepareWrite(8, 8, 1, REQUEST_FUA)]],
    ['more than a command moves', (bench) => [bench.prepareWrite(0, 256, 1), bench.prepareWrite(256, 8, 1)]],
    ['zeroes', (bench) => [bench.prepare(OP.writeZeroes, 0, 8), bench.prepare(OP.writeZeroes, 8, 8)]],
    [
      'the end of the disk',
      (bench) => [bench.prepare(OP.read, 65_528, 8), bench.prepare(OP.read, 65_536, 8)],
    ],
  ])('does not merge over %s', (_, make) => {
    const bench = DiskBench.started('batching', { batch: 2, holdUs: 1000 });
    const requests = make(bench);
    bench.submit(...requests);
    expect(commands(bench).length).toBe(2);
    bench.settle(...requests);
    expect(bench.requests.status(requests[0])).toBe(0);
  });

  it('merges up to batch requests, and as much as one command moves', () => {
    const most = DiskBench.started('batching', { batch: 32, holdUs: 1000, queueDepth: 8 });
    most.submit(...Array.from({ length: 64 }, (_, nth) => most.prepareWrite(nth * 8, 8, 1)));
    expect(commands(most).map(({ blocks }) => blocks)).toEqual([256, 256]);
    const few = DiskBench.started('batching', { batch: 3, holdUs: 1000, queueDepth: 8 });
    few.submit(...Array.from({ length: 6 }, (_, nth) => few.prepareWrite(nth * 8, 8, 1)));
    expect(commands(few).map(({ blocks }) => blocks)).toEqual([24, 24]);
    expect(doorbells(few)).toEqual([1, 2]);
  });

  it('never changes a command of which the disk was told', () => {
    const bench = DiskBench.started('batching', { batch: 2, holdUs: 1000 }, OUT_OF_ORDER);
    bench.submit(bench.prepareWrite(0, 8, 1), bench.prepareWrite(8, 8, 1));
    bench.submit(bench.prepareWrite(16, 8, 1));
    expect(commands(bench).map(({ blocks }) => blocks)).toEqual([16, 8]);
  });

  it('gives the status of a command to each of its requests', () => {
    const bench = DiskBench.started('batching', { batch: 3 });
    bench.controller.hooks.failsMedia = () => STATUS.writeFault;
    const requests = [0, 1, 2].map((nth) => bench.prepareWrite(nth * 8, 8, 1));
    bench.submit(...requests);
    bench.settle(...requests);
    expect(requests.map((request) => bench.requests.status(request) & 0x7ff)).toEqual(
      Array(3).fill(STATUS.writeFault),
    );
  });

  it('keeps a flush behind the writes that were done before it', () => {
    const bench = DiskBench.started(
      'batching',
      { batch: 8, holdUs: 20 },
      { cacheBlocks: 512, ...OUT_OF_ORDER },
    );
    bench.write(0, 8, 1);
    const flush = bench.prepare(OP.flush);
    bench.submit(bench.prepareWrite(8, 8, 2), flush, bench.prepareWrite(16, 8, 3));
    bench.settle(flush);
    bench.controller.powerCut(1, bench.clock.us);
    expect(bench.onMedia(0, 8)).toEqual(Array(8).fill(1));
  });
});

describe('the doorbell of the batching driver', () => {
  it('is rung once for a batch, not before', () => {
    const bench = DiskBench.started('batching', { batch: 8, holdUs: 1000 });
    for (let nth = 0; nth < 7; nth++) bench.submit(bench.prepareWrite(nth * 100, 8, 1));
    expect(doorbells(bench)).toEqual([]);
    bench.submit(bench.prepareWrite(700, 8, 1));
    expect(doorbells(bench)).toEqual([8]);
  });

  it('is rung after holdUs for those that wait, counted from the oldest; till then the driver is not idle', () => {
    const bench = DiskBench.started('batching', { batch: 8, holdUs: 50 });
    bench.submit(bench.prepareWrite(0, 8, 1));
    bench.turns(30);
    bench.submit(bench.prepareWrite(100, 8, 1));
    expect(bench.driver.idle()).toBe(false);
    bench.turns(19);
    expect(doorbells(bench)).toEqual([]);
    bench.turns(1);
    expect(doorbells(bench)).toEqual([2]);
    bench.until('the writes', () => bench.handed.length === 2);
    bench.turns(300);
    expect(bench.driver.idle()).toBe(true);
  });

  it('is rung when no command is free, however few wait', () => {
    const bench = DiskBench.started('batching', { batch: 64, holdUs: 1000, queueDepth: 4 });
    bench.submit(...[0, 1, 2, 3, 4].map((nth) => bench.prepareWrite(nth * 100, 8, 1)));
    expect(doorbells(bench)).toEqual([4]);
  });

  it('is rung when it quiesces, so that a successor finds nothing untold', () => {
    const bench = DiskBench.started('batching', { batch: 64, holdUs: 1000 });
    bench.submit(bench.prepareWrite(0, 8, 1));
    bench.driver.quiesce();
    expect(doorbells(bench)).toEqual([1]);
  });

  it('is rung once for all that is taken, by a driver that polls; for each command by one that waits for interrupts', () => {
    const counts = ['polling', 'interrupt'].map((name) => {
      const bench = DiskBench.started(name);
      bench.submit(...[0, 1, 2, 3, 4].map((nth) => bench.prepareWrite(nth * 8, 8, 1)));
      return doorbells(bench);
    });
    expect(counts).toEqual([[5], [1, 2, 3, 4, 5]]);
  });
});
