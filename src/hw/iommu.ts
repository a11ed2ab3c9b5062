import { type Memory, PAGE_BYTES, PAGE_SHIFT, type Region } from './memory.ts';
import { load, store } from './shared.ts';

/** One word for each page of the memory, one bit for each of 32 devices: may it touch this page? */
export function iommuBytes(memoryBytes: number): number {
  return Math.ceil(memoryBytes / PAGE_BYTES) * 4;
}

/**
 * Translation is the identity, protection is real: a device touches only pages that a driver has
 * mapped for it. A driver maps before it writes an address into a descriptor, and rings a doorbell
 * after, so the doorbell's store publishes the mapping too.
 */
export class Iommu {
  private readonly memory: Memory;
  private readonly table: number;
  private readonly pages: number;

  constructor(memory: Memory, table: Region) {
    this.memory = memory;
    this.table = table.address >>> 2;
    this.pages = memory.buffer.byteLength >>> PAGE_SHIFT;
  }

  map(device: number, window: Region): void {
    const { words } = this.memory;
    for (let page = first(window); page <= last(window); page++)
      store(words, this.table + page, load(words, this.table + page) | (1 << device));
  }

  unmap(device: number, window: Region): void {
    const { words } = this.memory;
    for (let page = first(window); page <= last(window); page++)
      store(words, this.table + page, load(words, this.table + page) & ~(1 << device));
  }

  /** Hot path of every DMA: may `device` touch these bytes? Spans of up to two pages in two loads. */
  allows(device: number, address: number, bytes: number): boolean {
    const { words } = this.memory;
    const begin = address >>> PAGE_SHIFT;
    const end = (address + bytes - 1) >>> PAGE_SHIFT;
    if (end >= this.pages || address <= 0) return false;
    const bit = 1 << device;
    for (let page = begin; page <= end; page++) if ((words[this.table + page] & bit) === 0) return false;
    return true;
  }
}

function first(window: Region): number {
  return window.address >>> PAGE_SHIFT;
}

function last(window: Region): number {
  return (window.address + window.bytes - 1) >>> PAGE_SHIFT;
}
