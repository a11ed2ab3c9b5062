/** The words by which a run is started and ended, its CPU is told of mail, and its threads show that they live. */
import type { Memory, MemoryMap, Region } from '../hw/memory.ts';
import { load, store } from '../hw/shared.ts';

const GO = 0;
const END_TRAFFIC = 1;
const STOP_CPU = 2;
const STOP_HARDWARE = 3;
/** One word for each CPU. */
const MAIL = 4;
const CPU_BEAT = 32;
const HARDWARE_BEAT = 64;
const SWAPS_DONE = 33;
const CONTROL_BYTES = 96 * 4;

export function layoutControl(map: MemoryMap): Region {
  return map.take(CONTROL_BYTES);
}

/** Flags and counts only ever rise within a run; each is written by one thread. */
export class Control {
  private readonly memory: Memory;
  private readonly base: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.base = region.address >>> 2;
  }

  /** Traffic may begin. */
  get going(): boolean {
    return this.get(GO) !== 0;
  }

  go(): void {
    this.set(GO, 1);
  }

  /** Links are to offer no more frames. */
  get trafficEnded(): boolean {
    return this.get(END_TRAFFIC) !== 0;
  }

  endTraffic(): void {
    this.set(END_TRAFFIC, 1);
  }

  get cpuStopped(): boolean {
    return this.get(STOP_CPU) !== 0;
  }

  stopCpu(): void {
    this.set(STOP_CPU, 1);
  }

  get hardwareStopped(): boolean {
    return this.get(STOP_HARDWARE) !== 0;
  }

  stopHardware(): void {
    this.set(STOP_HARDWARE, 1);
  }

  /** Messages that were posted to a CPU's thread, which receives no events while it serves. */
  mail(cpu: number): number {
    return this.get(MAIL + cpu);
  }

  /** Stored after the message was posted: a CPU that sees the count finds the message. */
  announceMail(cpu: number, count: number): void {
    this.set(MAIL + cpu, count);
  }

  beatCpu(count: number): void {
    this.set(CPU_BEAT, count);
  }

  beatHardware(count: number): void {
    this.set(HARDWARE_BEAT, count);
  }

  get cpuBeat(): number {
    return this.get(CPU_BEAT);
  }

  get hardwareBeat(): number {
    return this.get(HARDWARE_BEAT);
  }

  get swapsDone(): number {
    return this.get(SWAPS_DONE);
  }

  countSwaps(count: number): void {
    this.set(SWAPS_DONE, count);
  }

  private get(word: number): number {
    return load(this.memory.words, this.base + word);
  }

  private set(word: number, value: number): void {
    store(this.memory.words, this.base + word, value);
  }
}
