/** Which of a machine's CPUs serves its devices. All of them pass from one CPU to another together. */
import type { Memory, MemoryMap, Region } from '../hw/memory.ts';
import { load, store } from '../hw/shared.ts';

const HOLDER = 0;
/** A CPU's number and one, 0 for nobody. */
const CALLED = 1;
/** Doubles, from the beginning of the region. */
const STARTED = 1;
const LEFT = 2;
const TENURE_BYTES = 24;

export function layoutTenure(map: MemoryMap): Region {
  return map.take(TENURE_BYTES);
}

export class Tenure {
  private readonly memory: Memory;
  private readonly word: number;
  private readonly double: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.word = region.address >>> 2;
    this.double = region.address >>> 3;
  }

  /** Number of the CPU that serves, or is to. At first 0. */
  get holder(): number {
    return load(this.memory.words, this.word + HOLDER);
  }

  /**
   * The last store of a CPU that gives its devices away: whoever sees it finds all that was stored before. For one that has ended,
   * the one who saw its end does it, and nobody earlier.
   */
  pass(to: number, nowUs: number): void {
    this.memory.doubles[this.double + LEFT] = nowUs; // published by the store below
    store(this.memory.words, this.word + HOLDER, to);
  }

  /** When the devices were passed on last, in microseconds of the machine's clock. */
  get passedUs(): number {
    return this.memory.doubles[this.double + LEFT];
  }

  /** This CPU is to stand ready, awake, or with `undefined` none any more. */
  call(cpu: number | undefined): void {
    store(this.memory.words, this.word + CALLED, cpu === undefined ? 0 : cpu + 1);
  }

  isCalled(cpu: number): boolean {
    return load(this.memory.words, this.word + CALLED) === cpu + 1;
  }

  /** Traffic began: each CPU counts the times of its timetable from then. Published by the next `pass`. */
  begin(nowUs: number): void {
    this.memory.doubles[this.double + STARTED] = nowUs;
  }

  /** 0 before traffic. */
  get startedUs(): number {
    return this.memory.doubles[this.double + STARTED];
  }
}
