import { gapsBetween, type Memory, PAGE_BYTES, PAGE_SHIFT, type Region } from './memory.ts';
import { load, store } from './shared.ts';

/** Asked for more DMA memory than there is. */
export class DmaExhausted extends Error {
  constructor(bytes: number, what: string, free: number) {
    super(
      `no ${Math.ceil(bytes / 1024)} KiB of contiguous DMA memory left for ${what} ` +
        `(${Math.floor(free / 1024)} KiB free in all): give the machine more (--memory) or ask for less`,
    );
    this.name = 'DmaExhausted';
  }
}

/** Words in front of the pages: one for each page, 0 when free, else how long its allocation is (in its first page) or -1. */
export function dmaTableBytes(dmaBytes: number): number {
  return (dmaBytes >>> PAGE_SHIFT) * 4;
}

/**
 * Pages of DMA memory for rings, state blocks and buffers. What is allocated is written in shared
 * words, so a successor on another CPU finds it. One CPU allocates at a time.
 */
export class DmaAllocator {
  private readonly memory: Memory;
  private readonly table: number;
  private readonly base: number;
  private readonly pages: number;
  /** All that can be allocated. */
  readonly region: Region;
  private cursor = 0;

  constructor(memory: Memory, table: Region, pool: Region) {
    this.memory = memory;
    this.table = table.address >>> 2;
    this.region = pool;
    this.base = pool.address;
    this.pages = pool.bytes >>> PAGE_SHIFT;
  }

  /** Whole pages, zeroed. Throws DmaExhausted. */
  allocate(bytes: number, what: string): Region {
    const need = Math.ceil(bytes / PAGE_BYTES);
    const at = this.find(need, this.cursor, this.pages) ?? this.find(need, 0, this.pages);
    if (at === undefined) throw new DmaExhausted(bytes, what, this.freeBytes());
    const { words } = this.memory;
    store(words, this.table + at, need);
    for (let page = at + 1; page < at + need; page++) store(words, this.table + page, -1);
    this.cursor = at + need;
    const region = { address: this.base + at * PAGE_BYTES, bytes: need * PAGE_BYTES };
    words.fill(0, region.address >>> 2, (region.address + region.bytes) >>> 2);
    return region;
  }

  free(region: Region): void {
    const at = (region.address - this.base) >>> PAGE_SHIFT;
    const { words } = this.memory;
    const pages = load(words, this.table + at);
    if (pages <= 0 || pages * PAGE_BYTES !== region.bytes)
      throw new Error(`DMA region at ${region.address} (${region.bytes} bytes) is not allocated`);
    for (let page = at; page < at + pages; page++) store(words, this.table + page, 0);
  }

  /** Frees all but these regions, whoever had it, allocated to the end or not. */
  freeAllBut(kept: readonly Region[]): void {
    for (const { address, bytes } of gapsBetween(this.region, kept)) {
      const first = this.table + ((address - this.base) >>> PAGE_SHIFT);
      for (let page = first; page < first + (bytes >>> PAGE_SHIFT); page++) store(this.memory.words, page, 0);
    }
  }

  freeBytes(): number {
    let free = 0;
    for (let page = 0; page < this.pages; page++)
      if (load(this.memory.words, this.table + page) === 0) free += PAGE_BYTES;
    return free;
  }

  private find(need: number, from: number, to: number): number | undefined {
    let run = 0;
    for (let page = from; page < to; page++) {
      run = load(this.memory.words, this.table + page) === 0 ? run + 1 : 0;
      if (run === need) return page - need + 1;
    }
    return undefined;
  }
}
