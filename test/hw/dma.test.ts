import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DmaAllocator, DmaExhausted, dmaTableBytes } from '../../src/hw/dma.ts';
import { gapsBetween, Memory, MemoryMap, PAGE_BYTES, type Region } from '../../src/hw/memory.ts';

function makeAllocator(pages: number) {
  const map = new MemoryMap();
  const table = map.take(dmaTableBytes(pages * PAGE_BYTES));
  const pool = map.take(pages * PAGE_BYTES, PAGE_BYTES);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  return { memory, table, pool, dma: new DmaAllocator(memory, table, pool) };
}

function overlap(a: Region, b: Region): boolean {
  return a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

describe('regions of a memory map', () => {
  test('never share a cache line pair, start aligned, and leave page 0 alone', () => {
    const map = new MemoryMap();
    const small = [map.take(4), map.take(130), map.take(1)];
    const page = map.take(10, PAGE_BYTES);
    for (const { address } of small) expect(address % 128).toBe(0);
    expect(small[0].address).toBeGreaterThanOrEqual(PAGE_BYTES);
    expect(small[1].address - small[0].address).toBe(128);
    expect(small[2].address - small[1].address).toBe(256);
    expect(page.address % PAGE_BYTES).toBe(0);
    expect(map.bytes).toBe(page.address + PAGE_BYTES);
  });
});

describe('DMA memory', () => {
  test('comes in whole pages, zeroed even where it was used before', () => {
    const { memory, dma } = makeAllocator(4);
    const first = dma.allocate(PAGE_BYTES + 1, 'a ring');
    expect(first.bytes).toBe(2 * PAGE_BYTES);
    memory.bytes.fill(0xff, first.address, first.address + first.bytes);
    dma.free(first);
    const again = dma.allocate(4 * PAGE_BYTES, 'a ring');
    expect(memory.bytes.subarray(again.address, again.address + again.bytes).every((b) => b === 0)).toBe(
      true,
    );
  });

  test('whatever is allocated and freed, live regions lie in the pool apart, and free bytes add up', () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: 9 * PAGE_BYTES }), free: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { dma, pool } = makeAllocator(32);
        const live: Region[] = [];
        for (const { bytes, free } of steps) {
          try {
            const region = dma.allocate(bytes, 'x');
            expect(live.some((other) => overlap(other, region))).toBe(false);
            expect(region.address).toBeGreaterThanOrEqual(pool.address);
            expect(region.address + region.bytes).toBeLessThanOrEqual(pool.address + pool.bytes);
            live.push(region);
          } catch (error) {
            expect(error).toBeInstanceOf(DmaExhausted);
            live.splice(free % Math.max(1, live.length), 1).forEach((region) => {
              dma.free(region);
            });
          }
          const used = live.reduce((sum, region) => sum + region.bytes, 0);
          expect(dma.freeBytes()).toBe(pool.bytes - used);
        }
      }),
    );
  });

  test('a freed gap is found again although the search goes on behind the last allocation', () => {
    const { dma } = makeAllocator(4);
    const [first] = [dma.allocate(PAGE_BYTES, 'a'), dma.allocate(3 * PAGE_BYTES, 'b')];
    dma.free(first);
    expect(dma.allocate(PAGE_BYTES, 'c')).toEqual(first);
  });

  test('exhaustion says what for, how much, what is left and what to do', () => {
    const { dma } = makeAllocator(4);
    const hole = dma.allocate(PAGE_BYTES, 'a');
    dma.allocate(2 * PAGE_BYTES, 'b');
    dma.free(hole);
    expect(() => dma.allocate(2 * PAGE_BYTES - 100, 'the receive ring of eth0')).toThrow(
      new DmaExhausted(2 * PAGE_BYTES - 100, 'the receive ring of eth0', 2 * PAGE_BYTES),
    );
    expect(() => dma.allocate(2 * PAGE_BYTES, 'the receive ring of eth0')).toThrow(
      'no 8 KiB of contiguous DMA memory left for the receive ring of eth0 (8 KiB free in all): ' +
        'give the machine more (--memory) or ask for less',
    );
  });

  test('a refused request takes nothing', () => {
    const { dma } = makeAllocator(2);
    expect(() => dma.allocate(3 * PAGE_BYTES, 'x')).toThrow(DmaExhausted);
    expect(dma.allocate(2 * PAGE_BYTES, 'y').bytes).toBe(2 * PAGE_BYTES);
  });

  test('freeing twice, or a part, is refused', () => {
    const { dma } = makeAllocator(4);
    const region = dma.allocate(2 * PAGE_BYTES, 'x');
    expect(() => dma.free({ address: region.address, bytes: PAGE_BYTES })).toThrow('is not allocated');
    expect(() => dma.free({ address: region.address + PAGE_BYTES, bytes: PAGE_BYTES })).toThrow(
      'is not allocated',
    );
    dma.free(region);
    expect(() => dma.free(region)).toThrow('is not allocated');
    expect(dma.freeBytes()).toBe(4 * PAGE_BYTES);
  });

  test('a second allocator over the same table knows what the first one gave out', () => {
    const { memory, table, pool, dma } = makeAllocator(4);
    const region = dma.allocate(3 * PAGE_BYTES, 'the old driver');
    const successor = new DmaAllocator(memory, table, pool);
    expect(overlap(successor.allocate(PAGE_BYTES, 'the new driver'), region)).toBe(false);
    successor.free(region);
    expect(dma.freeBytes()).toBe(3 * PAGE_BYTES);
  });
});

describe('what is left of the memory of someone who is no more', () => {
  test('is all but what is kept, allocated to the end or not', () => {
    const { memory, table, pool, dma } = makeAllocator(16);
    const [first, second, third] = [3, 2, 4].map((pages) => dma.allocate(pages * PAGE_BYTES, 'x'));
    memory.words.fill(0xff, second.address >>> 2, (second.address + second.bytes) >>> 2);
    memory.words[(table.address >>> 2) + 12] = 3; // begun, and its other pages not taken yet
    const successor = new DmaAllocator(memory, table, pool);
    successor.freeAllBut([third, first]);
    expect(successor.freeBytes()).toBe(9 * PAGE_BYTES);
    expect(successor.allocate(7 * PAGE_BYTES, 'x').address).toBe(third.address + third.bytes);
    expect(successor.allocate(2 * PAGE_BYTES, 'x').address).toBe(second.address);
    for (const region of [first, third]) successor.free(region); // whole, as they were allocated
    expect(successor.freeBytes()).toBe(7 * PAGE_BYTES);
  });

  test('lies between the parts, before them and behind, whatever their order', () => {
    const part = (address: number, bytes: number) => ({ address, bytes });
    const whole = part(100, 50);
    expect(gapsBetween(whole, [])).toEqual([whole]);
    expect(gapsBetween(whole, [whole])).toEqual([]);
    expect(gapsBetween(whole, [part(130, 5), part(110, 10)])).toEqual([
      part(100, 10),
      part(120, 10),
      part(135, 15),
    ]);
    expect(gapsBetween(whole, [part(100, 10), part(110, 40)])).toEqual([]);
  });
});
