import { beforeEach, describe, expect, test } from 'vitest';
import {
  BLOCK_BYTES,
  CDW12_FUA,
  DSM_DEALLOCATE,
  DSM_MOST_RANGES,
  NVM,
} from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, DiskBench, type QueuePair } from './bench-disk.ts';

const BLOCKS = 20_000;
const zeros = (count: number): Uint8Array => new Uint8Array(count * BLOCK_BYTES);

describe.each([
  ['without a cache', 0],
  ['with a cache', 512],
])('%s', (_, cacheBlocks) => {
  let bench: DiskBench;
  let queue: QueuePair;

  beforeEach(() => {
    bench = new DiskBench({ blocks: BLOCKS, cacheBlocks }).start();
    queue = bench.makeQueue();
  });

  test('a Read returns what the last Write left, and zeros before any', () => {
    expect(bench.read(queue, 0, 8)).toEqual(zeros(8));
    queue.run(bench.writing(3, blocksOf(1, 4)));
    queue.run(bench.writing(5, blocksOf(2, 1)));
    const expected = zeros(8);
    expected.set(blocksOf(1, 4), 3 * BLOCK_BYTES);
    expected.set(blocksOf(2, 1), 5 * BLOCK_BYTES);
    expect(bench.read(queue, 0, 8)).toEqual(expected);
  });

  test('blocks go to and come from any place, the first and the last too', () => {
    for (const [mark, block] of [0, 1, 7, 8, 4095, BLOCKS - 9].entries()) {
      queue.run(bench.writing(block, blocksOf(mark, 9)));
      expect(bench.read(queue, block, 9)).toEqual(blocksOf(mark, 9));
    }
  });

  test('Compare is true of what is there, and of nothing that differs in a bit', () => {
    queue.run(bench.writing(10, blocksOf(1, 16)));
    const compare = bench.transfer(NVM.compare, 10, 16);
    expect(queue.status(compare)).toBe('success');
    bench.memory.bytes[bench.buffer.address + 16 * BLOCK_BYTES - 1] ^= 0x80;
    expect(queue.run(compare)).toMatchObject({ status: 'compareFailure', final: false });
  });

  test.each([
    ['some blocks', 100, 3, 0],
    ['some blocks, on the media', 100, 3, CDW12_FUA],
    ['more than MDTS', 50, 5000, 0],
    ['a slice and a block', 0, 2049, 0],
  ])('Write Zeroes: %s', (_, block, count, flags) => {
    queue.run(bench.writing(block - 1 < 0 ? BLOCKS - 1 : block - 1, blocksOf(1, 1)));
    for (let at = block; at < block + count; at += 200) queue.run(bench.writing(at, blocksOf(2, 1)));
    queue.run(bench.writing(block + count - 1, blocksOf(3, 2)));
    const command = { opcode: NVM.writeZeroes, cdw10: block, cdw12: (count - 1) | flags };
    expect(queue.status(command)).toBe('success');
    for (let at = block; at < block + count; at += 200) expect(bench.read(queue, at, 1)).toEqual(zeros(1));
    expect(bench.read(queue, block + count - 1, 2).slice(BLOCK_BYTES)).toEqual(
      blocksOf(3, 2).slice(BLOCK_BYTES),
    );
    expect(bench.read(queue, block - 1 < 0 ? BLOCKS - 1 : block - 1, 1)).toEqual(blocksOf(1, 1));
  });

  function putRanges(ranges: readonly (readonly [number, number])[]): void {
    ranges.forEach(([block, count], i) => {
      bench.memory.words.set([0, count, block, 0], (bench.buffer.address >>> 2) + 4 * i);
    });
  }

  function manage(ranges: readonly (readonly [number, number])[], cdw11 = DSM_DEALLOCATE): unknown {
    putRanges(ranges);
    const prp1 = bench.buffer.address;
    return queue.status({ opcode: NVM.datasetManagement, prp1, cdw10: ranges.length - 1, cdw11 });
  }

  test('deallocated blocks read as zeros, in all ranges and in no other', () => {
    for (const block of [0, 10, 20, 30]) queue.run(bench.writing(block, blocksOf(block, 4)));
    expect(
      manage([
        [1, 2],
        [20, 4],
        [9000, 0],
        [5000, 4097],
      ]),
    ).toBe('success');
    expect(bench.read(queue, 1, 2)).toEqual(zeros(2));
    expect(bench.read(queue, 0, 1)).toEqual(blocksOf(0, 4).slice(0, BLOCK_BYTES));
    expect(bench.read(queue, 3, 1)).toEqual(blocksOf(0, 4).slice(3 * BLOCK_BYTES));
    expect(bench.read(queue, 10, 4)).toEqual(blocksOf(10, 4));
    expect(bench.read(queue, 20, 4)).toEqual(zeros(4));
    expect(bench.read(queue, 30, 4)).toEqual(blocksOf(30, 4));
  });

  test('as many ranges as there may be', () => {
    const ranges = Array.from({ length: DSM_MOST_RANGES }, (_, i) => [i * 16, 9] as const);
    for (const [block] of ranges) queue.run(bench.writing(block, blocksOf(1, 10)));
    expect(manage(ranges)).toBe('success');
    const expected = zeros(10);
    expected.set(blocksOf(1, 10).subarray(9 * BLOCK_BYTES), 9 * BLOCK_BYTES);
    for (const [block] of ranges) expect(Buffer.compare(bench.read(queue, block, 10), expected)).toBe(0);
  });

  test('a range behind the last block ends the command, and no range is deallocated', () => {
    queue.run(bench.writing(0, blocksOf(1, 1)));
    const status = manage([
      [0, 1],
      [BLOCKS - 1, 2],
    ]);
    expect(status).toBe('lbaOutOfRange');
    expect(bench.read(queue, 0, 1)).toEqual(blocksOf(1, 1));
  });

  test('ranges that are hints only change nothing', () => {
    queue.run(bench.writing(0, blocksOf(1, 1)));
    expect(manage([[0, 1]], 1)).toBe('success');
    expect(bench.read(queue, 0, 1)).toEqual(blocksOf(1, 1));
  });

  test('long work takes several steps, and others are served between them', () => {
    const other = bench.makeQueue(2);
    queue.submit({ opcode: NVM.writeZeroes, cdw12: 9999 });
    bench.step();
    expect(queue.take()).toEqual([]);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(true);
    other.submit({ opcode: NVM.flush });
    bench.step();
    expect(other.take()).toHaveLength(1);
    for (let i = 0; i < 5; i++) bench.step();
    expect(queue.take()).toHaveLength(1);
  });
});
