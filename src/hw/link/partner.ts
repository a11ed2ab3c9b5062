/** The link partner: a tester at the far end of a card's cable, which sends a stream and verifies what comes back. */
import type { Memory, MemoryMap, Region } from '../memory.ts';
import type { Nic } from '../nic/nic.ts';
import { FCS_BYTES, QUANTUM_US, type Wire } from '../nic/wire.ts';
import { count, counted, load, store } from '../shared.ts';
import { dueUs, type Pace } from './pacer.ts';
import type { FrameSource } from './source.ts';
import type { Verifier } from './verifier.ts';

/** What crosses a cable may be recorded. Lengths without FCS. */
export interface Tap {
  toCard(address: number, length: number, timeUs: number): void;
  fromCard(address: number, length: number, timeUs: number): void;
}

export interface OfferedLoad {
  readonly source: FrameSource;
  readonly pace: Pace;
  /** Honour PAUSE, and wait while there is no carrier. */
  readonly lossless: boolean;
  /** Ends after so many frames, or so many microseconds; infinity for neither. */
  readonly frames: number;
  readonly durationUs: number;
}

/** Frames lost before the card took them in, at one moment. */
export interface Loss {
  readonly timeUs: number;
  frames: number;
}

/** Shared words: offered frames and octets, frames lost on a link that was down, and DONE. */
const PARTNER_BYTES = 7 * 4;
const OFFERED = 0;
const OCTETS = 2;
const LINK_DOWN = 4;
const DONE = 6;
const LOSSES_KEPT = 4096;
/** Losses nearer to each other than this are one entry. */
const LOSS_GRAIN_US = 5;

export function layoutPartner(map: MemoryMap): Region {
  return map.take(PARTNER_BYTES);
}

export function readPartner(memory: Memory, region: Region) {
  const base = region.address >>> 2;
  return {
    offered: counted(memory.words, base + OFFERED),
    octets: counted(memory.words, base + OCTETS),
    linkDown: counted(memory.words, base + LINK_DOWN),
    done: load(memory.words, base + DONE) !== 0,
  };
}

export class LinkPartner implements Wire {
  readonly losses: Loss[] = [];
  private readonly memory: Memory;
  private readonly nic: Nic;
  private load: OfferedLoad | undefined;
  private readonly verifier: Verifier | undefined;
  private readonly tap: Tap | undefined;
  private readonly base: number;
  private startUs = Number.POSITIVE_INFINITY;
  private pausedUntilUs = 0;
  private offered = 0;
  /** Frames offered before this load, and when it ends. */
  private before = 0;
  private end = 0;
  private published = 0;
  private octets = 0;
  private done = false;

  constructor(
    memory: Memory,
    nic: Nic,
    region: Region,
    load: OfferedLoad | undefined,
    verifier: Verifier | undefined,
    tap: Tap | undefined,
  ) {
    this.memory = memory;
    this.nic = nic;
    this.base = region.address >>> 2;
    this.load = load;
    this.verifier = verifier;
    this.tap = tap;
    if (load === undefined) this.finish();
    else this.end = load.frames;
    nic.plug(this);
  }

  /** All frames are offered. */
  get finished(): boolean {
    return this.done;
  }

  /** Frames offered so far, those lost on the way too. */
  get offeredFrames(): number {
    return this.offered;
  }

  /** The first frame is due now. */
  start(nowUs: number): void {
    this.startUs = nowUs;
  }

  /** Another load after the one that has ended: the stream goes on, its next frame is due now. */
  offerNext(load: Pick<OfferedLoad, 'pace' | 'frames' | 'durationUs'>, nowUs: number): void {
    if (this.load === undefined) return;
    this.load = { ...this.load, ...load };
    this.before = this.offered;
    this.end = this.offered + load.frames;
    this.startUs = nowUs;
    this.done = false;
    store(this.memory.words, this.base + DONE, 0);
  }

  /** No more frames from now on. */
  stop(): void {
    if (!this.done) this.finish();
  }

  ready(): boolean {
    return true;
  }

  send(address: number, length: number, nowUs: number): void {
    this.tap?.fromCard(address, length, nowUs);
    this.verifier?.frame(address, length, 0);
  }

  pause(quanta: number, nowUs: number): void {
    this.pausedUntilUs = nowUs + quanta * QUANTUM_US;
  }

  /** Offers up to `budget` frames that are due. Returns the number offered. */
  step(nowUs: number, budget: number): number {
    this.verifier?.publish();
    if (this.done || this.load === undefined || nowUs < this.startUs) return 0;
    const before = this.offered;
    if (this.mayOffer(nowUs, this.load)) this.offer(nowUs, budget, this.load);
    this.publish();
    if (this.offered >= this.end || nowUs >= this.startUs + this.load.durationUs) this.finish();
    return this.offered - before;
  }

  /** When the next frame is due, in microseconds; infinity when there is none, or the card must act first. */
  nextTimerUs(nowUs: number): number {
    if (this.done || this.load === undefined) return Number.POSITIVE_INFINITY;
    if (!this.mayOffer(nowUs, this.load))
      return this.nic.linkUp ? this.pausedUntilUs : Number.POSITIVE_INFINITY;
    const { pace, durationUs } = this.load;
    return this.startUs + Math.min(dueUs(pace, this.offered - this.before), durationUs);
  }

  private mayOffer(nowUs: number, load: OfferedLoad): boolean {
    if (load.lossless) return this.nic.linkUp && nowUs >= this.pausedUntilUs;
    // As fast as the link takes them: a link that is down takes none.
    return this.nic.linkUp || load.pace.kind !== 'max';
  }

  private offer(nowUs: number, budget: number, load: OfferedLoad): void {
    const { receive } = this.nic;
    const { source, pace } = load;
    if (this.nic.linkUp) {
      this.nic.beginArrivals(nowUs);
      if (!this.mayOffer(nowUs, load)) return; // a reset that the driver has asked for takes the link down
    }
    const end = Math.min(this.offered + budget, this.end);
    const paced = pace.kind !== 'max';
    while (this.offered < end) {
      if (paced && this.startUs + dueUs(pace, this.offered - this.before) > nowUs) return;
      const length = source.nextLength();
      const at = this.nic.linkUp ? receive.reserve(length) : -1;
      this.offered++;
      this.octets += length + FCS_BYTES;
      if (at < 0) {
        this.lose(source, nowUs);
        continue;
      }
      source.render(at);
      this.tap?.toCard(at, length, nowUs);
      receive.accept(at, length, nowUs);
      if (!this.mayOffer(nowUs, load)) break; // the card has paused us, or has just been reset
    }
  }

  private lose(source: FrameSource, nowUs: number): void {
    source.skip();
    if (!this.nic.linkUp) count(this.memory.words, this.base + LINK_DOWN, 1);
    const last = this.losses.at(-1);
    if (last !== undefined && (nowUs - last.timeUs < LOSS_GRAIN_US || this.losses.length >= LOSSES_KEPT))
      last.frames++;
    else this.losses.push({ timeUs: nowUs, frames: 1 });
  }

  private publish(): void {
    const { words } = this.memory;
    if (this.offered !== this.published) count(words, this.base + OFFERED, this.offered - this.published);
    if (this.octets !== 0) count(words, this.base + OCTETS, this.octets);
    this.published = this.offered;
    this.octets = 0;
  }

  private finish(): void {
    this.done = true;
    store(this.memory.words, this.base + DONE, 1);
  }
}
