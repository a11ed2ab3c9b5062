import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Iommu, iommuBytes } from '../../src/hw/iommu.ts';
import { Memory, PAGE_BYTES } from '../../src/hw/memory.ts';

const PAGES = 64;
const table = { address: PAGE_BYTES, bytes: iommuBytes(PAGES * PAGE_BYTES) };

function makeIommu(): Iommu {
  return new Iommu(new Memory(new SharedArrayBuffer(PAGES * PAGE_BYTES)), table);
}

const page = (number: number, offset = 0): number => number * PAGE_BYTES + offset;

describe('windows', () => {
  test('a device touches what is mapped for it, and nothing before it is', () => {
    const iommu = makeIommu();
    expect(iommu.allows(3, page(5), 64)).toBe(false);
    iommu.map(3, { address: page(5), bytes: PAGE_BYTES });
    expect(iommu.allows(3, page(5), PAGE_BYTES)).toBe(true);
    expect(iommu.allows(2, page(5), 64)).toBe(false);
    expect(iommu.allows(4, page(5), 64)).toBe(false);
  });

  test('a span must be mapped to its last byte', () => {
    const iommu = makeIommu();
    iommu.map(0, { address: page(5), bytes: 2 * PAGE_BYTES });
    expect(iommu.allows(0, page(5, 4000), 200)).toBe(true);
    expect(iommu.allows(0, page(6, 4000), 96)).toBe(true);
    expect(iommu.allows(0, page(6, 4000), 97)).toBe(false);
    expect(iommu.allows(0, page(5) - 1, 1)).toBe(false);
    expect(iommu.allows(0, page(5) - 1, 2)).toBe(false);
  });

  test('a hole in the middle of a long span is found', () => {
    const iommu = makeIommu();
    iommu.map(0, { address: page(5), bytes: 5 * PAGE_BYTES });
    expect(iommu.allows(0, page(5), 5 * PAGE_BYTES)).toBe(true);
    iommu.unmap(0, { address: page(7), bytes: 1 });
    expect(iommu.allows(0, page(5), 5 * PAGE_BYTES)).toBe(false);
    expect(iommu.allows(0, page(8), 2 * PAGE_BYTES)).toBe(true);
  });

  test('addresses that are negative, zero or beyond the memory are nobody’s', () => {
    const iommu = makeIommu();
    iommu.map(0, { address: 0, bytes: PAGES * PAGE_BYTES });
    expect(iommu.allows(0, 0, 64)).toBe(false);
    expect(iommu.allows(0, -4096, 64)).toBe(false);
    expect(iommu.allows(0, -64, 128)).toBe(false);
    expect(iommu.allows(0, page(PAGES) - 64, 64)).toBe(true);
    expect(iommu.allows(0, page(PAGES) - 64, 65)).toBe(false);
    expect(iommu.allows(0, 0x7fffffff, 64)).toBe(false);
  });

  test('unmapping for one device leaves the others', () => {
    const iommu = makeIommu();
    const window = { address: page(9), bytes: PAGE_BYTES };
    for (const device of [0, 7, 31]) iommu.map(device, window);
    iommu.unmap(7, window);
    expect([0, 7, 31].map((device) => iommu.allows(device, page(9), 8))).toEqual([true, false, true]);
  });

  test('answers as a set of pages would', () => {
    const window = fc.record({
      device: fc.nat(31),
      map: fc.boolean(),
      address: fc.integer({ min: page(2), max: page(PAGES - 8) }),
      bytes: fc.integer({ min: 1, max: 4 * PAGE_BYTES }),
    });
    const span = fc.tuple(
      fc.nat(31),
      fc.integer({ min: page(2), max: page(PAGES - 8) }),
      fc.integer({ min: 1, max: 3 * PAGE_BYTES }),
    );
    fc.assert(
      fc.property(fc.array(window, { maxLength: 20 }), fc.array(span), (windows, spans) => {
        const iommu = makeIommu();
        const mapped = new Set<string>();
        for (const { device, map, address, bytes } of windows) {
          if (map) iommu.map(device, { address, bytes });
          else iommu.unmap(device, { address, bytes });
          for (let at = address >> 12; at <= (address + bytes - 1) >> 12; at++)
            if (map) mapped.add(`${device} ${at}`);
            else mapped.delete(`${device} ${at}`);
        }
        for (const [device, address, bytes] of spans) {
          let allowed = true;
          for (let at = address >> 12; at <= (address + bytes - 1) >> 12; at++)
            allowed &&= mapped.has(`${device} ${at}`);
          expect(iommu.allows(device, address, bytes)).toBe(allowed);
        }
      }),
    );
  });
});
