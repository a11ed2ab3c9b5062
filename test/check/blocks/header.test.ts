/** Blocks that describe themselves: whatever is wrong with one is named for what it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOCK_DAMAGED,
  BLOCK_FOREIGN,
  BLOCK_MISPLACED,
  BLOCK_OK,
  BLOCK_TORN,
  BLOCK_ZEROES,
  BlockChecker,
  fillBlock,
  HEADER,
  spoil,
} from '../../../src/check/blocks/header.ts';
import { Memory } from '../../../src/hw/memory.ts';

const SECTOR = 512;
const AT = 8192;
const OTHER = 2 * AT;

function makeMemory(): Memory {
  return new Memory(new SharedArrayBuffer(4 * AT));
}

/** Block 7 in version 3, and room for another. */
function written(bytes: number, block = 7, version = 3) {
  const memory = makeMemory();
  fillBlock(memory, AT, bytes, block, version);
  const check = (wholeOneIn = 1, expected = block): { verdict: number; checker: BlockChecker } => {
    const checker = new BlockChecker(memory, wholeOneIn);
    return { verdict: checker.check(AT, bytes, expected), checker };
  };
  const copySector = (sector: number): void => {
    const from = OTHER + sector * SECTOR;
    memory.bytes.copyWithin(AT + sector * SECTOR, from, from + SECTOR);
  };
  return { memory, check, copySector };
}

const SIZES = [512, 1024, 4096];
const anyBlock = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const anyVersion = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('a block under test', () => {
  it('tells its version, whatever its size, address and version, and however little is compared', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SIZES),
        anyBlock,
        anyVersion,
        fc.constantFrom(1, 64),
        (bytes, block, version, oneIn) => {
          const { verdict, checker } = written(bytes, block, version).check(oneIn);
          expect([verdict, checker.block, checker.version]).toEqual([BLOCK_OK, block, version]);
        },
      ),
    );
  });

  it('fills its bytes and none beyond', () => {
    for (const bytes of SIZES) {
      const { memory } = written(bytes);
      expect(memory.words[AT / 4 - 1]).toBe(0);
      expect(memory.words[(AT + bytes) / 4]).toBe(0);
      expect(memory.words[(AT + bytes) / 4 - 1]).not.toBe(0);
    }
  });

  it('shows each flipped bit when it is compared whole, and does not pass for another block', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SIZES),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (bytes, place, bit) => {
          const { memory, check } = written(bytes);
          memory.bytes[AT + (place % bytes)] ^= 1 << bit;
          expect(check().verdict).toBe(BLOCK_DAMAGED);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('shows two words that changed places', () => {
    const { memory, check } = written(512);
    const at = AT / 4 + 20;
    [memory.words[at], memory.words[at + 1]] = [memory.words[at + 1], memory.words[at]];
    expect(check().verdict).toBe(BLOCK_DAMAGED);
  });

  it('is another one where it should not be, and says which', () => {
    const { verdict, checker } = written(4096, 9).check(1, 7);
    expect([verdict, checker.block]).toEqual([BLOCK_MISPLACED, 9]);
  });

  it('is damaged, and not another one, when only the address in its header is wrong', () => {
    const { memory, check } = written(4096);
    memory.words[AT / 4 + HEADER.block] = 8;
    expect(check().verdict).toBe(BLOCK_DAMAGED);
  });

  it('of another length is damaged', () => {
    const { memory } = written(4096);
    expect(new BlockChecker(memory).check(AT, 2048, 7)).toBe(BLOCK_DAMAGED);
  });

  it.each([
    ['an older version', 2],
    ['a newer version', 4],
  ])('is torn with a logical block of %s, wherever it lies', (_, version) => {
    for (let sector = 0; sector < 8; sector++)
      for (const oneIn of [1, 1 << 16]) {
        const { memory, check, copySector } = written(4096);
        fillBlock(memory, OTHER, 4096, 7, version);
        copySector(sector);
        expect(check(oneIn).verdict).toBe(BLOCK_TORN);
      }
  });

  it('is torn with a logical block of zeroes, also if its first one is', () => {
    for (let sector = 0; sector < 8; sector++) {
      const { check, copySector } = written(4096);
      copySector(sector); // nothing was written there
      expect(check().verdict).toBe(BLOCK_TORN);
    }
  });

  it('of one logical block is never torn', () => {
    fc.assert(
      fc.property(fc.nat(127), anyVersion, (word, value) => {
        const { memory, check } = written(512);
        const before = memory.words[AT / 4 + word];
        memory.words[AT / 4 + word] = value;
        expect(check().verdict === BLOCK_OK).toBe(before === value);
        expect(check().verdict).not.toBe(BLOCK_TORN);
      }),
    );
  });

  it('is zeroes only when every word is', () => {
    const memory = makeMemory();
    const checker = new BlockChecker(memory, 1 << 16);
    expect(checker.check(AT, 4096, 7)).toBe(BLOCK_ZEROES);
    memory.words[AT / 4 + 1000] = 1;
    expect(checker.check(AT, 4096, 7)).toBe(BLOCK_FOREIGN);
  });

  it('is foreign when it has no header of ours', () => {
    const memory = makeMemory();
    memory.bytes.fill(0xa5, AT, AT + 4096);
    expect(new BlockChecker(memory).check(AT, 4096, 7)).toBe(BLOCK_FOREIGN);
  });
});

describe('a spoiled buffer', () => {
  it.each([1, 1 << 16])(
    'passes for no block, with any logical block that was not brought (one in %i)',
    (n) => {
      for (let left = 0; left < 8; left++) {
        const { memory, check } = written(4096);
        const { words } = memory;
        const whole = words.slice(AT / 4, (AT + 4096) / 4);
        spoil(memory, AT, 4096);
        for (let sector = 0; sector < 8; sector++)
          if (sector !== left)
            words.set(whole.subarray(sector * 128, sector * 128 + 128), AT / 4 + sector * 128);
        expect(check(n).verdict).toBe(BLOCK_DAMAGED);
      }
    },
  );

  it('is spoiled within its bytes only', () => {
    const memory = makeMemory();
    spoil(memory, AT, 1024);
    expect(memory.words.reduce((changed, word) => changed + (word === 0 ? 0 : 1), 0)).toBe(2);
  });
});

describe('comparing a share', () => {
  it('finds some flipped bits and not all, and compares the share whole', () => {
    const { memory } = written(512);
    const checker = new BlockChecker(memory, 16);
    let found = 0;
    for (let version = 0; version < 1600; version++) {
      fillBlock(memory, AT, 512, 7, version);
      memory.words[AT / 4 + 77] ^= 1;
      if (checker.check(AT, 512, 7) === BLOCK_DAMAGED) found++;
    }
    expect(found).toBeGreaterThanOrEqual(100);
    expect(found).toBeLessThan(200);
  });
});
