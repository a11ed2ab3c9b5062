/** Which of a machine's CPUs serves its devices. All of them pass from one CPU to another together. */
import type { Memory, MemoryMap, Region } from '../hw/memory.ts';
import { load, notify, put, store, wait } from '../hw/shared.ts';

const HOLDER = 0;
/** A CPU's number and one, 0 for nobody. */
const CALLED = 1;
/** How often the devices were passed on, and which of these times a CPU has come to serve after. */
const PASSES = 2;
const SERVED_PASS = 3;
/** 1 where the one who left had nothing in hand. */
const SETTLED = 4;
/** 1 when the one that served is no more, until they are passed on. */
const ORPHANED = 5;
/** How often the one that serves has asked whether the other one is ready, and which of these times that one has answered. */
const ASKED = 14;
const ANSWERED = 15;
/** Doubles, from the beginning of the region. */
const STARTED = 3;
const LEFT = 4;
const ADOPTED = 5;
const SERVED = 6;
const TENURE_BYTES = 64;

/** A passage of the devices from one CPU to another. Times in microseconds of the machine's clock. */
export interface Passage {
  /** When the one before had made its last step, or was seen to have ended; when the next one had taken over, and had made its first step. */
  readonly leftUs: number;
  readonly adoptedUs: number;
  readonly servedUs: number;
}

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
   * the one who saw its end does it, and nobody earlier: then nothing is `settled`.
   */
  pass(to: number, nowUs: number, settled: boolean): void {
    const { words, doubles } = this.memory;
    doubles[this.double + LEFT] = nowUs; // all are published by the last store
    put(words, this.word + SETTLED, settled ? 1 : 0);
    put(words, this.word + ORPHANED, 0);
    put(words, this.word + PASSES, words[this.word + PASSES] + 1);
    store(words, this.word + HOLDER, to);
  }

  /** Did the one who passed them on come to an end with all that it did? */
  get settled(): boolean {
    return load(this.memory.words, this.word + SETTLED) !== 0;
  }

  /** The CPU that served was seen to have ended: whoever can take the devices over does nothing else before. */
  orphan(): void {
    store(this.memory.words, this.word + ORPHANED, 1);
  }

  /** Is it this CPU that is to serve, or will be as soon as it can? */
  needs(cpu: number): boolean {
    return load(this.memory.words, this.word + ORPHANED) !== 0 || this.holder === cpu;
  }

  /** The CPU to which they were passed serves. Told in memory, for a thread that ends may take its last messages along. */
  served(adoptedUs: number, servedUs: number): void {
    const { words, doubles } = this.memory;
    doubles[this.double + ADOPTED] = adoptedUs; // published by the store below
    doubles[this.double + SERVED] = servedUs;
    store(words, this.word + SERVED_PASS, words[this.word + PASSES]);
    notify(words, this.word + SERVED_PASS);
  }

  /**
   * The one who left sleeps until the next CPU serves, or for so long: what it has still to tell would wake others, and whoever
   * is woken takes a core away.
   */
  awaitService(timeoutMs: number): void {
    const { words } = this.memory;
    const before = load(words, this.word + SERVED_PASS);
    if (before !== words[this.word + PASSES]) wait(words, this.word + SERVED_PASS, before, timeoutMs);
  }

  /** The last passage; undefined as long as nobody has come to serve after it. */
  get passage(): Passage | undefined {
    const { words, doubles } = this.memory;
    const { double } = this;
    if (load(words, this.word + SERVED_PASS) !== load(words, this.word + PASSES)) return undefined;
    return {
      leftUs: doubles[double + LEFT],
      adoptedUs: doubles[double + ADOPTED],
      servedUs: doubles[double + SERVED],
    };
  }

  /** This CPU is to stand ready, awake, or with `undefined` none any more. */
  call(cpu: number | undefined): void {
    store(this.memory.words, this.word + CALLED, cpu === undefined ? 0 : cpu + 1);
  }

  isCalled(cpu: number): boolean {
    return load(this.memory.words, this.word + CALLED) === cpu + 1;
  }

  /**
   * Is the CPU that stands ready on a core, and does it have at hand what it will need? Where threads are more than cores, it may
   * be called and awake, and yet not run.
   */
  ask(): void {
    const { words } = this.memory;
    store(words, this.word + ASKED, (words[this.word + ASKED] + 1) | 0);
  }

  /** Whatever was asked. */
  get answered(): boolean {
    const { words } = this.memory;
    return load(words, this.word + ANSWERED) === load(words, this.word + ASKED);
  }

  answer(): void {
    const { words } = this.memory;
    store(words, this.word + ANSWERED, load(words, this.word + ASKED));
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
