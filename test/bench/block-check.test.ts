/** What a queue pair driven by hand looks at: it must see what the ledger would see. */
import { describe, expect, it } from 'vitest';
import { blockCheck } from '../../bench/disk/block-check.ts';
import { BLOCK_BYTES, diskMachine, workloadOf } from '../../bench/disk/machine.ts';
import { BlockBooks } from '../../src/check/blocks/books.ts';
import { fillBlock } from '../../src/check/blocks/header.ts';

const CID = 3;
const BLOCK = 7;

async function checking(wholeLedger: boolean) {
  const { memory, layout } = await diskMachine({ area: 64 });
  const places = workloadOf(layout);
  const address = layout.disks[0].data.address;
  const check = blockCheck(memory, places, wholeLedger);
  check.fill(CID, BLOCK, address);
  check.filled(CID, BLOCK, address);
  const books = new BlockBooks(memory, places.regions.books);
  /** What is found wrong with the block that the disk has put there. */
  const found = (put: () => void): number => {
    check.asks(CID, BLOCK, address);
    put();
    return check.wrong(CID, BLOCK, address) + books.read('corrupt');
  };
  return { memory, address, found };
}

describe.each([false, true])('blocks read by hand, with the whole ledger: %s', (wholeLedger) => {
  it('are right as they were written', async () => {
    const { memory, address, found } = await checking(wholeLedger);
    expect(found(() => fillBlock(memory, address, BLOCK_BYTES, BLOCK, 1))).toBe(0);
  });

  it.each<[string, number, number]>([
    ['another block', BLOCK + 1, 1],
    ['a version that was never written', BLOCK, 2],
  ])('are wrong if they are %s', async (_, block, version) => {
    const { memory, address, found } = await checking(wholeLedger);
    expect(found(() => fillBlock(memory, address, BLOCK_BYTES, block, version))).toBe(1);
  });

  it('are wrong if one of their sectors is from elsewhere', async () => {
    const { memory, address, found } = await checking(wholeLedger);
    const torn = () => {
      fillBlock(memory, address, BLOCK_BYTES, BLOCK, 1);
      memory.words[(address + 5 * 512) >>> 2] ^= 1;
    };
    expect(found(torn)).toBe(1);
  });
});
