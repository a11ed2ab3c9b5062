/** The words by which a run is started and ended, its CPU is told of mail, and its threads show that they live and get on. */
import type { Memory, MemoryMap, Region } from '../hw/memory.ts';
import { load, put, store } from '../hw/shared.ts';

const GO = 0;
const END_TRAFFIC = 1;
const STOP_CPU = 2;
const STOP_HARDWARE = 3;
/** One word for each CPU. */
const MAIL = 4;
const CPU_BEAT = 32;
const HARDWARE_BEAT = 64;
const SWAPS_DONE = 33;
const SERVING = 34;
/** A bit for each device. */
const SWAPPING = 35;
/** One word for each device. */
const OFFERS = 36;
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

  /**
   * Hot path: the device whose driver is about to be called. Asked of a thread that has ended, or that makes no step: a plain store will
   * do, and nobody in the simulation asks.
   */
  serve(device: number): void {
    this.memory.words[this.base + SERVING] = device;
  }

  get serving(): number {
    return this.get(SERVING);
  }

  /**
   * How often a device's driver has offered a burst to the application, taken or not, and whether a swap stands around its polls: told
   * as often as the heartbeat, and published by it.
   */
  tellProgress(device: number, offers: number, swapping: boolean): void {
    const { words } = this.memory;
    const bit = 1 << device;
    const { base } = this;
    put(words, base + OFFERS + device, offers | 0);
    put(words, base + SWAPPING, swapping ? words[base + SWAPPING] | bit : words[base + SWAPPING] & ~bit);
  }

  /** Of a CPU that has ended: nobody serves. */
  endSwap(device: number): void {
    const { words } = this.memory;
    store(words, this.base + SWAPPING, words[this.base + SWAPPING] & ~(1 << device));
  }

  offers(device: number): number {
    return this.get(OFFERS + device);
  }

  isSwapping(device: number): boolean {
    return (this.get(SWAPPING) & (1 << device)) !== 0;
  }

  private get(word: number): number {
    return load(this.memory.words, this.base + word);
  }

  private set(word: number, value: number): void {
    store(this.memory.words, this.base + word, value);
  }
}
