/** How far the service of a disk has come, in shared words: a later CPU goes on from there, and others look on. */
import type { Memory, MemoryMap, Region } from '../hw/memory.ts';
import { load, store } from '../hw/shared.ts';

const DONE = 0;
const ENDED = 1;
/** Doubles, from the beginning of the region. */
const END_US = 1;
const COMPLETED = 2;
const BYTES = 3;
const SERVICE_BYTES = 32;

/** What a disk had done by the time nobody asked for more, and when that was. */
export interface DiskTotals {
  readonly endUs: number;
  readonly completed: number;
  readonly bytes: number;
}

export function layoutDiskService(map: MemoryMap): Region {
  return map.take(SERVICE_BYTES);
}

/** The region must be zero at first. */
export class DiskService {
  private readonly memory: Memory;
  private readonly word: number;
  private readonly double: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.word = region.address >>> 2;
    this.double = region.address >>> 3;
  }

  /** Nothing more is asked for but what was written, once more. Publishes what had been done by then. */
  end({ endUs, completed, bytes }: DiskTotals): void {
    const { doubles, words } = this.memory;
    doubles[this.double + END_US] = endUs;
    doubles[this.double + COMPLETED] = completed;
    doubles[this.double + BYTES] = bytes;
    store(words, this.word + ENDED, 1);
  }

  /** Undefined while more is asked for. */
  get totals(): DiskTotals | undefined {
    const { doubles, words } = this.memory;
    if (load(words, this.word + ENDED) === 0) return undefined;
    return {
      endUs: doubles[this.double + END_US],
      completed: doubles[this.double + COMPLETED],
      bytes: doubles[this.double + BYTES],
    };
  }

  /** All that was to be asked for is done, and what a workload wrote was read once more. */
  finish(): void {
    store(this.memory.words, this.word + DONE, 1);
  }

  get done(): boolean {
    return load(this.memory.words, this.word + DONE) !== 0;
  }

  /** All is to be asked for anew. */
  restart(): void {
    store(this.memory.words, this.word + ENDED, 0);
    store(this.memory.words, this.word + DONE, 0);
  }
}
