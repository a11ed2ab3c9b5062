import { beforeEach, describe, expect, test } from 'vitest';
import { PAGE_BYTES, type Region } from '../../../src/hw/memory.ts';
import { BLOCK_BYTES, MAX_TRANSFER_BLOCKS, NVM } from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, type Command, DiskBench, type QueuePair } from './bench-disk.ts';

const ENTRIES_IN_PAGE = PAGE_BYTES / 8;
let bench: DiskBench;
let queue: QueuePair;
let lists: Region;

beforeEach(() => {
  bench = new DiskBench().start();
  queue = bench.makeQueue();
  lists = bench.allocate(2 * PAGE_BYTES);
});

/** Pages that do not follow one another, so that each is a segment of its own. */
function scattered(count: number): number[] {
  const region = bench.allocate(2 * count * PAGE_BYTES);
  return Array.from({ length: count }, (_, i) => region.address + (2 * (count - i) - 1) * PAGE_BYTES);
}

/** Writes list entries from a place in a list page on. */
function putList(address: number, entries: readonly number[]): void {
  entries.forEach((entry, i) => {
    bench.memory.words.set([entry, 0], (address >>> 2) + 2 * i);
  });
}

/** The bytes of a buffer that begins at an offset in the first page and goes on in the others. */
function collect(pages: readonly number[], offset: number, bytes: number): Uint8Array {
  const all = pages.map((page) => bench.memory.bytes.slice(page, page + PAGE_BYTES));
  return new Uint8Array(Buffer.concat(all)).slice(offset, offset + bytes);
}

/** Writes through `command` what lies in the pages, reads it back into them, and compares with what was there. */
function expectRoundTrip(
  pages: readonly number[],
  offset: number,
  blocks: number,
  prps: Partial<Command>,
): void {
  const bytes = blocks * BLOCK_BYTES;
  const data = blocksOf(7, blocks);
  let done = 0;
  pages.forEach((page, i) => {
    const from = i === 0 ? offset : 0;
    const part = data.subarray(done, done + PAGE_BYTES - from);
    bench.memory.bytes.set(part, page + from);
    done += part.length;
  });
  const command = { ...prps, cdw10: 100, cdw12: blocks - 1 };
  expect(queue.status({ opcode: NVM.write, ...command })).toBe('success');
  expect(Buffer.compare(bench.stored(100, blocks), data)).toBe(0);
  for (const page of pages) bench.memory.bytes.fill(0xee, page, page + PAGE_BYTES);
  expect(queue.status({ opcode: NVM.read, ...command })).toBe('success');
  expect(Buffer.compare(collect(pages, offset, bytes), data)).toBe(0);
  const all = collect(pages, 0, pages.length * PAGE_BYTES);
  const around = [...all.subarray(0, offset), ...all.subarray(offset + bytes)];
  expect(around.every((byte) => byte === 0xee)).toBe(true);
  expect(queue.status({ opcode: NVM.compare, ...command })).toBe('success');
}

describe('data go where the PRP entries say, and nowhere else:', () => {
  test.each([
    ['one block', 0, 1],
    ['a page', 0, 8],
    ['within a page', 1024, 3],
    ['at a dword that is no block', 4, 2],
    ['up to the end of a page', 2048, 4],
  ])('%s, by PRP1 alone', (_, offset, blocks) => {
    const pages = scattered(1);
    expectRoundTrip(pages, offset, blocks, { prp1: pages[0] + offset });
  });

  test.each([
    ['two pages', 0, 16],
    ['less than two', 0, 9],
    ['a page that begins within one', 512, 8],
    ['a block across two pages', 3840, 1],
    ['the last dword of a page and what follows', 4092, 8],
  ])('%s, by PRP1 and PRP2', (_, offset, blocks) => {
    const pages = scattered(2);
    expectRoundTrip(pages, offset, blocks, { prp1: pages[0] + offset, prp2: pages[1] });
  });

  test.each([
    ['three pages', 0, 24],
    ['three pages from within the first', 2048, 16],
    ['more than two pages by one dword', 4, 16],
    ['all that MDTS allows', 0, MAX_TRANSFER_BLOCKS],
    ['all that MDTS allows, from within a page', 1536, MAX_TRANSFER_BLOCKS],
    ['all that MDTS allows, from a dword on', 124, MAX_TRANSFER_BLOCKS],
  ])('%s, by a list', (_, offset, blocks) => {
    const pages = scattered(Math.ceil((offset + blocks * BLOCK_BYTES) / PAGE_BYTES));
    putList(lists.address, pages.slice(1));
    expectRoundTrip(pages, offset, blocks, { prp1: pages[0] + offset, prp2: lists.address });
  });

  test('a list from within its page', () => {
    const pages = scattered(4);
    putList(lists.address + 0x78, pages.slice(1));
    expectRoundTrip(pages, 0, 32, { prp1: pages[0], prp2: lists.address + 0x78 });
  });

  test('a list whose last entry in the page leads to the next list', () => {
    const pages = scattered(10);
    const next = lists.address + PAGE_BYTES;
    putList(lists.address + (ENTRIES_IN_PAGE - 4) * 8, [pages[1], pages[2], pages[3], next]);
    putList(next, pages.slice(4));
    const prp2 = lists.address + (ENTRIES_IN_PAGE - 4) * 8;
    expectRoundTrip(pages, 0, 80, { prp1: pages[0], prp2 });
  });

  test('a list that begins with the last entry of its page', () => {
    const pages = scattered(3);
    const next = lists.address + PAGE_BYTES;
    putList(lists.address + PAGE_BYTES - 8, [next]);
    putList(next, pages.slice(1));
    expectRoundTrip(pages, 0, 24, { prp1: pages[0], prp2: lists.address + PAGE_BYTES - 8 });
  });

  test('a last entry in the page that is the last of all is data, and no list', () => {
    const pages = scattered(4);
    const prp2 = lists.address + (ENTRIES_IN_PAGE - 3) * 8;
    putList(prp2, pages.slice(1));
    expectRoundTrip(pages, 0, 32, { prp1: pages[0], prp2 });
  });

  test('pages that follow one another', () => {
    const region = bench.allocate(3 * PAGE_BYTES);
    const pages = [0, 1, 2].map((page) => region.address + page * PAGE_BYTES);
    putList(lists.address, pages.slice(1));
    expectRoundTrip(pages, 512, 20, { prp1: pages[0] + 512, prp2: lists.address });
  });

  test('PRP2 is not looked at where PRP1 is enough', () => {
    const pages = scattered(1);
    expectRoundTrip(pages, 0, 8, { prp1: pages[0], prp2: 0xffffffff, prp2High: -1 });
  });
});

describe('a bad entry ends the command, and nothing is moved:', () => {
  let pages: number[];

  beforeEach(() => {
    pages = scattered(4);
    putList(lists.address, pages.slice(1));
    for (const page of pages) bench.memory.bytes.fill(0x55, page, page + PAGE_BYTES);
  });

  const read = (blocks: number, prps: Partial<Command> = {}): unknown =>
    queue.status({ opcode: NVM.read, prp1: pages[0], prp2: lists.address, cdw12: blocks - 1, ...prps });

  test.each([
    ['a second page with an offset', 16, () => ({ prp2: pages[1] + 512 }), 'invalidPrpOffset'],
    ['a second page at an odd address', 16, () => ({ prp2: pages[1] + 1 }), 'invalidPrpOffset'],
    ['a second page outside the windows', 16, () => ({ prp2: 0x1000 }), 'dataTransferError'],
    ['a second page above four gigabytes', 16, () => ({ prp2: pages[1], prp2High: 1 }), 'dataTransferError'],
    ['a list at an address of no entry', 32, () => ({ prp2: lists.address + 4 }), 'invalidPrpOffset'],
    ['a list outside the windows', 32, () => ({ prp2: 0x1000 }), 'dataTransferError'],
    ['a list above four gigabytes', 32, () => ({ prp2High: 1 }), 'dataTransferError'],
    ['a list at zero', 32, () => ({ prp2: 0 }), 'dataTransferError'],
  ])('%s', (_, blocks, prps, status) => {
    expect(read(blocks, prps())).toBe(status);
    for (const page of pages) expect(bench.memory.bytes[page]).toBe(0x55);
  });

  test.each([
    ['an entry with an offset', 0x200, 0, 'invalidPrpOffset'],
    ['an entry above four gigabytes', 0, 1, 'dataTransferError'],
  ])('in a list: %s', (_, offset, high, status) => {
    const last = (lists.address >>> 2) + 4;
    bench.memory.words.set([pages[3] + offset, high], last);
    expect(read(32)).toBe(status);
    expect(bench.memory.bytes[pages[0]]).toBe(0x55);
  });

  test('in a list: an entry outside the windows, once counted', () => {
    putList(lists.address, [pages[1], 0x1000, pages[3]]);
    expect(read(32)).toBe('dataTransferError');
    expect(bench.disk.probes.read('dmaFaults')).toBe(1);
    expect(bench.memory.bytes[pages[0]]).toBe(0x55);
  });

  test('a next list with an offset', () => {
    putList(lists.address + PAGE_BYTES - 16, [pages[1], lists.address + 8]);
    expect(read(32, { prp2: lists.address + PAGE_BYTES - 16 })).toBe('invalidPrpOffset');
  });

  test('a next list outside the windows', () => {
    putList(lists.address + PAGE_BYTES - 16, [pages[1], 0x1000]);
    expect(read(32, { prp2: lists.address + PAGE_BYTES - 16 })).toBe('dataTransferError');
  });

  test('no entry beyond the last is followed', () => {
    putList(lists.address, [pages[1], pages[2], pages[3], 0xffffffff]);
    expect(read(32)).toBe('success');
  });
});
