import { beforeEach, describe, expect, test } from 'vitest';
import { BlockIndex } from '../../../src/hw/nvme/block-index.ts';
import { ADMIN, BLOCK_BYTES, FEATURE, MAX_TRANSFER_BLOCKS, NVM } from '../../../src/hw/nvme/datasheet.ts';
import { MemoryMedia } from '../../../src/hw/nvme/media.ts';
import { blocksOf, DiskBench, type QueuePair } from './bench-disk.ts';

const zeros = (count: number): Uint8Array => new Uint8Array(count * BLOCK_BYTES);

/** Tells when it was told to keep what it has. */
class CountingMedia extends MemoryMedia {
  flushed = 0;
  /** First block and count of each write. */
  readonly written: [number, number][] = [];

  override flush(): void {
    this.flushed++;
  }

  override write(block: number, count: number, bytes: Uint8Array, address: number): void {
    this.written.push([block, count]);
    super.write(block, count, bytes, address);
  }
}

let media: CountingMedia;
let bench: DiskBench;
let queue: QueuePair;

function make(cacheBlocks: number): void {
  media = new CountingMedia(4096);
  bench = new DiskBench({ media, cacheBlocks }).start();
  queue = bench.makeQueue();
}

beforeEach(() => make(32));

function write(block: number, mark: number, count = 1, fua = false): void {
  expect(queue.status(bench.writing(block, blocksOf(mark, count), fua))).toBe('success');
}

describe('a cached write', () => {
  test('is not on the media, and is read back', () => {
    write(10, 1, 8);
    expect(bench.stored(10, 8)).toEqual(zeros(8));
    expect(bench.read(queue, 10, 8)).toEqual(blocksOf(1, 8));
    expect(media.flushed).toBe(0);
  });

  test('is read with what is around it, from wherever the newest of each block is', () => {
    media.write(0, 16, blocksOf(9, 16), 0);
    write(4, 1, 4);
    write(6, 2, 4);
    write(7, 3, 1);
    const expected = blocksOf(9, 16);
    expected.set(blocksOf(1, 4), 4 * BLOCK_BYTES);
    expected.set(blocksOf(2, 4), 6 * BLOCK_BYTES);
    expected.set(blocksOf(3, 1), 7 * BLOCK_BYTES);
    expect(bench.read(queue, 0, 16)).toEqual(expected);
  });

  test('is compared with', () => {
    write(0, 1, 4);
    expect(queue.status(bench.transfer(NVM.compare, 0, 4))).toBe('success');
  });

  test('from a buffer whose blocks lie across pages is the same', () => {
    const { address } = bench.buffer;
    bench.memory.bytes.set(blocksOf(4, 8), address + 4);
    queue.run({ opcode: NVM.write, prp1: address + 4, prp2: address + 4096, cdw10: 3, cdw12: 7 });
    expect(bench.read(queue, 3, 8)).toEqual(blocksOf(4, 8));
  });

  test('reaches the media, oldest first and no more than needed, when there is no room', () => {
    for (let i = 0; i < 4; i++) write(100 * i, i + 1, 8);
    expect(media.written).toEqual([]);
    write(1000, 5, 8);
    expect(media.written).toEqual([[0, 8]]);
    expect(bench.stored(0, 8)).toEqual(blocksOf(1, 8));
    write(2000, 6, 1);
    expect(media.written).toEqual([
      [0, 8],
      [100, 8],
    ]);
    for (const [block, mark] of [
      [0, 1],
      [100, 2],
      [200, 3],
      [300, 4],
      [1000, 5],
    ])
      expect(bench.read(queue, block, 8)).toEqual(blocksOf(mark, 8));
  });

  test('survives many more blocks than there is room for, in any lengths', () => {
    const model = zeros(300);
    for (let i = 0; i < 400; i++) {
      const count = 1 + ((i * 7) % 29);
      const block = (i * 37) % (300 - count);
      write(block, i, count);
      model.set(blocksOf(i, count), block * BLOCK_BYTES);
      expect(Buffer.compare(bench.read(queue, block, count), blocksOf(i, count))).toBe(0);
    }
    expect(Buffer.compare(bench.read(queue, 0, 256), model.slice(0, 256 * BLOCK_BYTES))).toBe(0);
    queue.run({ opcode: NVM.flush });
    expect(Buffer.compare(bench.stored(0, 300), model)).toBe(0);
  });

  test('larger than the cache goes to the media', () => {
    write(0, 1, 1);
    write(0, 2, MAX_TRANSFER_BLOCKS);
    expect(bench.stored(0, 256)).toEqual(blocksOf(2, 256));
    expect(media.flushed).toBe(1);
  });
});

describe('Flush', () => {
  test('brings all to the media, the newest of each block, and has it kept', () => {
    write(0, 1, 8);
    write(4, 2, 8);
    write(5, 3, 1);
    queue.run({ opcode: NVM.flush });
    const expected = zeros(12);
    expected.set(blocksOf(1, 8));
    expected.set(blocksOf(2, 8), 4 * BLOCK_BYTES);
    expected.set(blocksOf(3, 1), 5 * BLOCK_BYTES);
    expect(bench.stored(0, 12)).toEqual(expected);
    expect(media.flushed).toBe(1);
    expect(bench.read(queue, 0, 12)).toEqual(expected);
  });

  test('has nothing to write the second time', () => {
    write(0, 1, 8);
    queue.run({ opcode: NVM.flush });
    queue.run({ opcode: NVM.flush });
    expect(media.written).toEqual([[0, 8]]);
    expect(media.flushed).toBe(2);
  });
});

describe('a write with FUA', () => {
  test('is on the media and kept before it completes', () => {
    write(0, 1, 8, true);
    expect(bench.stored(0, 8)).toEqual(blocksOf(1, 8));
    expect(media.flushed).toBe(1);
  });

  test('wins over what was cached before, also after a flush', () => {
    write(0, 1, 8);
    write(4, 2, 1, true);
    const expected = blocksOf(1, 8);
    expected.set(blocksOf(2, 1), 4 * BLOCK_BYTES);
    expect(bench.read(queue, 0, 8)).toEqual(expected);
    queue.run({ opcode: NVM.flush });
    expect(bench.stored(0, 8)).toEqual(expected);
  });

  test('loses to what is cached after it', () => {
    write(4, 2, 1, true);
    write(0, 1, 8);
    queue.run({ opcode: NVM.flush });
    expect(bench.stored(0, 8)).toEqual(blocksOf(1, 8));
  });

  test('leaves what it does not overlap in the cache', () => {
    write(0, 1, 8);
    write(100, 2, 1, true);
    expect(bench.stored(0, 8)).toEqual(zeros(8));
  });
});

describe('zeros', () => {
  test('win over what was cached before them', () => {
    write(0, 1, 8);
    queue.run({ opcode: NVM.writeZeroes, cdw10: 2, cdw12: 3 });
    const expected = blocksOf(1, 8);
    expected.fill(0, 2 * BLOCK_BYTES, 6 * BLOCK_BYTES);
    expect(bench.read(queue, 0, 8)).toEqual(expected);
    queue.run({ opcode: NVM.flush });
    expect(bench.stored(0, 8)).toEqual(expected);
  });
});

describe('the volatile write cache feature', () => {
  const enable = (on: number): unknown =>
    bench.admin.status({ opcode: ADMIN.setFeatures, cdw10: FEATURE.volatileWriteCache, cdw11: on });

  test('switched off brings what is cached to the media, and every write from then on', () => {
    write(0, 1, 8);
    expect(enable(0)).toBe('success');
    expect(bench.stored(0, 8)).toEqual(blocksOf(1, 8));
    write(8, 2, 8);
    expect(bench.stored(8, 8)).toEqual(blocksOf(2, 8));
    expect(media.flushed).toBe(2);
  });

  test('switched on again caches', () => {
    enable(0);
    enable(1);
    write(0, 1, 8);
    expect(bench.stored(0, 8)).toEqual(zeros(8));
  });

  test('without a cache every completed write is on the media', () => {
    make(0);
    write(0, 1, 8);
    expect(bench.stored(0, 8)).toEqual(blocksOf(1, 8));
    expect(media.flushed).toBe(1);
  });
});

test('an orderly end brings all to the media', () => {
  write(0, 1, 8);
  bench.disk.close();
  expect(bench.stored(0, 8)).toEqual(blocksOf(1, 8));
});

describe('the index of cached blocks', () => {
  test('knows the newest place of each block, whatever collides and is forgotten', () => {
    const index = new BlockIndex(64);
    const model = new Map<number, number>();
    let random = 1;
    for (let i = 0; i < 20_000; i++) {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      const block = ((random >>> 8) % 97) * 64 + (i % 2 === 0 ? 0 : 2 ** 31);
      const place = i % 64;
      if (model.size < 64 && (random & 0x40) !== 0) {
        index.set(block, place);
        model.set(block, place);
      } else {
        index.delete(block, place);
        if (model.get(block) === place) model.delete(block);
        const [oldest] = model.keys();
        index.delete(oldest, model.get(oldest) ?? 0);
        model.delete(oldest);
      }
      expect(index.get(block)).toBe(model.get(block) ?? -1);
      if (i % 100 === 0) for (const [key, value] of model) expect(index.get(key)).toBe(value);
    }
  });
});
