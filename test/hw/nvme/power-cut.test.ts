/** What a power cut may leave on the media, and what it must (6.4.2, 6.8). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AWUPF, BLOCK_BYTES, CC, CSTS, NVM, STATUS } from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, DiskBench, type QueuePair } from './bench-disk.ts';

const UNIT = AWUPF + 1;
const BLOCKS = 96;
/** The mark of a block that was never written. */
const NEVER = 0;

/** The mark with which a block was written, or -1 if its words are of several. */
function markOf(block: Uint8Array): number {
  const words = new Uint32Array(block.slice().buffer);
  const mark = words[0] >>> 16;
  return words.every((word) => word >>> 16 === mark) ? mark : -1;
}

function marksOf(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / BLOCK_BYTES }, (_, i) =>
    markOf(bytes.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)),
  );
}

/**
 * Which outcomes a power cut may have. Writes are applied in the order of their execution; each has units that are kept
 * or lost. Durable are all before the last Flush, and each FUA write.
 */
class Model {
  readonly units: { block: number; count: number; mark: number; durable: boolean }[] = [];

  write(block: number, count: number, mark: number, durable: boolean): void {
    for (let done = 0; done < count; done += UNIT)
      this.units.push({ block: block + done, count: Math.min(UNIT, count - done), mark, durable });
  }

  flush(): void {
    for (const unit of this.units) unit.durable = true;
  }

  /** The marks that a block may have: of its last durable version or of a later one. */
  allowed(block: number): Set<number> {
    const marks = new Set([NEVER]);
    for (const unit of this.units) {
      if (block < unit.block || block >= unit.block + unit.count) continue;
      if (unit.durable) marks.clear();
      marks.add(unit.mark);
    }
    return marks;
  }

  /** Is there a choice of kept units, applied in order, that gives these marks? Units are told from one another by what is seen of them. */
  explains(marks: readonly number[]): boolean {
    const result = Array.from({ length: BLOCKS }, () => NEVER);
    for (const [i, unit] of this.units.entries()) {
      if (unit.durable || this.isSeen(i, marks))
        for (let block = unit.block; block < unit.block + unit.count; block++) result[block] = unit.mark;
    }
    return result.every((mark, block) => mark === marks[block]);
  }

  /** Has it left its mark on some block? One that left none may as well be lost. */
  private isSeen(index: number, marks: readonly number[]): boolean {
    const { block, count, mark } = this.units[index];
    return marks.slice(block, block + count).includes(mark);
  }
}

function make(cacheBlocks = 48): { bench: DiskBench; queue: QueuePair } {
  const bench = new DiskBench({ blocks: BLOCKS, cacheBlocks }).start();
  return { bench, queue: bench.makeQueue() };
}

describe('after a power cut', () => {
  test('the controller is as after power on: off, without queues, and can be brought up', () => {
    const { bench } = make();
    bench.disk.powerCut(1, bench.nowUs);
    expect([bench.port.read32(CC), bench.port.read32(CSTS)]).toEqual([0, 0]);
    expect(bench.disk.msix.isMasked(1)).toBe(true);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    expect(bench.disk.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
    bench.start();
    expect(bench.makeQueue().status({ opcode: NVM.flush })).toBe('success');
  });

  test('outstanding commands have vanished, are counted, and have done nothing', () => {
    const { bench, queue } = make();
    bench.disk.hooks.holdsBack = (number) => number === 1;
    for (let i = 0; i < 3; i++) queue.submit(bench.writing(i, blocksOf(1, 1), true));
    bench.step();
    bench.disk.powerCut(1, bench.nowUs);
    expect(bench.disk.probes.read('lostCommands')).toBe(3);
    expect(bench.stored(0, 3)).toEqual(new Uint8Array(3 * BLOCK_BYTES));
  });

  test('a write that was executed and not yet completed is kept or lost', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { bench, queue } = make();
      let asked = 0;
      bench.disk.hooks.holdsBack = (number) => number === 1 && ++asked > 1;
      queue.submit(bench.writing(0, blocksOf(1, 1)));
      bench.step();
      bench.disk.powerCut(seed, bench.nowUs);
      seen.add(marksOf(bench.stored(0, 1))[0]);
    }
    expect(seen).toEqual(new Set([0, 1]));
  });

  test('a command of up to AWUPF+1 blocks is there as a whole or not at all, and both happen', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { bench, queue } = make();
      queue.run(bench.writing(3, blocksOf(1, UNIT)));
      bench.disk.powerCut(seed, bench.nowUs);
      seen.add(marksOf(bench.stored(3, UNIT)).join());
    }
    expect(seen).toEqual(new Set(['0,0,0,0,0,0,0,0', '1,1,1,1,1,1,1,1']));
  });

  test('a longer one is torn at multiples of that from its first block, in every way', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const { bench, queue } = make();
      queue.run(bench.writing(5, blocksOf(1, 2 * UNIT + 4)));
      bench.disk.powerCut(seed, bench.nowUs);
      const marks = marksOf(bench.stored(5, 2 * UNIT + 4));
      const parts = [marks.slice(0, UNIT), marks.slice(UNIT, 2 * UNIT), marks.slice(2 * UNIT)];
      for (const part of parts) expect(new Set(part).size).toBe(1);
      seen.add(parts.map(([mark]) => mark).join(''));
    }
    expect(seen.size).toBe(8);
  });

  test('the same seed leaves the same', () => {
    const outcome = (seed: number): number[] => {
      const { bench, queue } = make();
      for (let i = 0; i < 20; i++) queue.run(bench.writing(4 * i, blocksOf(i + 1, 2)));
      bench.disk.powerCut(seed, bench.nowUs);
      return marksOf(bench.stored(0, BLOCKS));
    };
    expect(outcome(5)).toEqual(outcome(5));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => outcome(seed).join())).size).toBeGreaterThan(1);
  });

  test('the cache is empty: what was lost is not read', () => {
    for (let seed = 0; seed < 10; seed++) {
      const { bench, queue } = make();
      queue.run(bench.writing(0, blocksOf(1, 4)));
      bench.disk.powerCut(seed, bench.nowUs);
      bench.start();
      expect(bench.read(bench.makeQueue(), 0, 4)).toEqual(bench.stored(0, 4));
    }
  });

  test('what an orderly shutdown or a Flush left is there for every seed', () => {
    for (let seed = 0; seed < 40; seed++) {
      const { bench, queue } = make();
      queue.run(bench.writing(0, blocksOf(1, 40)));
      queue.run({ opcode: NVM.flush });
      bench.disk.powerCut(seed, bench.nowUs);
      expect(Buffer.compare(bench.stored(0, 40), blocksOf(1, 40))).toBe(0);
    }
  });

  test('a Flush that failed promises nothing, and breaks nothing', () => {
    const { bench, queue } = make();
    queue.run(bench.writing(0, blocksOf(1, 1)));
    bench.disk.hooks.failsMedia = (op) => (op === 'flush' ? STATUS.writeFault : 0);
    expect(queue.status({ opcode: NVM.flush })).toBe('writeFault');
    expect(bench.stored(0, 1)).toEqual(new Uint8Array(BLOCK_BYTES));
    expect(marksOf(bench.read(queue, 0, 1))).toEqual([1]);
  });
});

const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      block: fc.nat(BLOCKS - 1),
      count: fc.oneof(fc.integer({ min: 1, max: UNIT }), fc.integer({ min: 1, max: 3 * UNIT })),
      fua: fc.integer({ min: 0, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
);

test('whatever was written, flushed and forced, every promise is kept and every unit is whole', () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 40 }),
      fc.integer(),
      fc.integer({ min: 1, max: 60 }),
      (operations, seed, cacheBlocks) => {
        const { bench, queue } = make(cacheBlocks);
        const model = new Model();
        let mark = 0;
        for (const step of operations) {
          if (step.kind === 'flush') {
            expect(queue.status({ opcode: NVM.flush })).toBe('success');
            model.flush();
            continue;
          }
          const count = Math.min(step.count, BLOCKS - step.block);
          const fua = step.fua === 0;
          queue.run(bench.writing(step.block, blocksOf(++mark, count), fua));
          model.write(step.block, count, mark, fua);
        }
        bench.disk.powerCut(seed, bench.nowUs);
        const marks = marksOf(bench.stored(0, BLOCKS));
        for (const [block, found] of marks.entries()) expect(model.allowed(block)).toContain(found);
        expect(model.explains(marks)).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
