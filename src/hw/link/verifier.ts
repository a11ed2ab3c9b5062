import type { Clock } from '../clock.ts';
import type { Memory, MemoryMap, Region } from '../memory.ts';
import { count, counted, put, store } from '../shared.ts';
import { FRAME_DAMAGED, FRAME_GAP, FRAME_OK, type FrameChecker } from './source.ts';

/** Counters in shared memory, 64 bits each as (low, high). `missing` has those that came later too, as `reordered`. */
const TALLY = ['frames', 'octets', 'damaged', 'missing', 'duplicated', 'reordered'] as const;
export type TallyName = (typeof TALLY)[number];
const TALLY_BYTES = TALLY.length * 8;
/** Word of the count of octets. */
const OCTETS = 2;
const COUNT_WORDS = TALLY.length * 2;
/** What `save` puts aside: all counts, and before which burst that was. */
const SAVED_RING = COUNT_WORDS;
const SAVED_POSITION = SAVED_RING + 1;
export const SAVED_BYTES = (SAVED_POSITION + 1) * 4;

/** Something wrong with one frame, as it was seen. */
export interface Anomaly {
  readonly kind: 'missing' | 'duplicated' | 'reordered' | 'damaged';
  readonly queue: number;
  readonly flow: number;
  readonly sequence: number;
  /** Frames concerned: more than one only for `missing`. */
  count: number;
  readonly timeUs: number;
}

const ANOMALIES_KEPT = 64;

interface Gap {
  readonly flow: number;
  from: number;
  to: number;
}

export function layoutTally(map: MemoryMap): Region {
  return map.take(TALLY_BYTES);
}

export function readTally(memory: Memory, region: Region): Record<TallyName, number> {
  const value = (i: number): number => counted(memory.words, (region.address >>> 2) + i * 2);
  return {
    frames: value(0),
    octets: value(1),
    damaged: value(2),
    missing: value(3),
    duplicated: value(4),
    reordered: value(5),
  };
}

/** Looks at every frame that arrives at one place, and counts what is wrong. Counts are published once per burst. */
export class Verifier {
  readonly anomalies: Anomaly[] = [];
  /** Frames looked at so far, published or not; by others before this one too. */
  seen: number;
  private readonly words: Int32Array;
  private readonly checker: FrameChecker;
  private readonly clock: Clock;
  private readonly base: number;
  private frames = 0;
  private gaps: Gap[] = [];
  /** More than the low words of frames and octets has changed since all was saved. */
  private unsaved = true;

  constructor(memory: Memory, checker: FrameChecker, tally: Region, clock: Clock) {
    this.words = memory.words;
    this.checker = checker;
    this.clock = clock;
    this.base = tally.address >>> 2;
    this.seen = counted(memory.words, this.base);
  }

  /** Flow and number of the frame last looked at. */
  get last(): { readonly flow: number; readonly sequence: number } {
    return this.checker;
  }

  /** One frame that lies whole at `address`. True when all is well with it. */
  frame(address: number, length: number, queue: number): boolean {
    this.seen++;
    this.frames++;
    const verdict = this.checker.check(address, length);
    if (verdict === FRAME_OK) return true;
    this.anomaly(verdict, queue);
    return false;
  }

  /** Frames in a row, each whole: number i lies at `base + (places[i] << shift)`. */
  run(
    places: Int32Array,
    lengths: Int32Array,
    count: number,
    base: number,
    shift: number,
    queue: number,
  ): void {
    const { checker } = this;
    this.seen += count;
    this.frames += count;
    for (
      let at = checker.checkRun(places, lengths, 0, count, base, shift);
      at < count;
      at = checker.checkRun(places, lengths, at + 1, count, base, shift)
    )
      this.anomaly(checker.verdict, queue);
  }

  /** Makes the counts visible to other threads. */
  publish(): void {
    if (this.frames === 0) return;
    const { words, base, checker } = this;
    const octets = (words[base + OCTETS] + checker.octets) | 0;
    const frames = (words[base] + this.frames) | 0;
    put(words, base + OCTETS, octets);
    store(words, base, frames); // publishes the octets too
    if (octets >>> 0 < checker.octets || frames >>> 0 < this.frames) this.carry(octets, frames);
    this.frames = checker.octets = 0;
  }

  /**
   * Puts aside, in words from `at` on, all counts as published, and behind them before which burst they were so. What has
   * not changed since lies there already.
   */
  save(at: number, ring: number, position: number): void {
    const { words, base } = this;
    put(words, at, words[base]);
    put(words, at + OCTETS, words[base + OCTETS]);
    if (this.unsaved) this.saveAll(at);
    put(words, at + SAVED_RING, ring);
    put(words, at + SAVED_POSITION, position);
  }

  /** Another CPU has counted meanwhile, and saved what it had counted. */
  reread(): void {
    this.seen = counted(this.words, this.base);
    this.unsaved = true;
  }

  /** Were they saved last before this burst? */
  savedBefore(at: number, ring: number, position: number): boolean {
    const { words } = this;
    return words[at + SAVED_RING] === ring && words[at + SAVED_POSITION] === position;
  }

  /** All counts as they were when they were saved. */
  restore(at: number): void {
    const { words } = this;
    for (let word = 0; word < COUNT_WORDS; word++) put(words, this.base + word, words[at + word]);
    this.seen = counted(words, this.base);
  }

  /** The frame comes once more, and may have been looked at by someone who is no more. */
  revert(address: number): void {
    this.checker.revert(address);
  }

  private saveAll(at: number): void {
    const { words } = this;
    for (let word = 0; word < COUNT_WORDS; word++) put(words, at + word, words[this.base + word]);
    this.unsaved = false;
  }

  /** One of the sums has come past its low word. */
  private carry(octets: number, frames: number): void {
    const { words, base } = this;
    this.unsaved = true;
    if (octets >>> 0 < this.checker.octets) store(words, base + OCTETS + 1, words[base + OCTETS + 1] + 1);
    if (frames >>> 0 < this.frames) store(words, base + 1, words[base + 1] + 1);
  }

  private anomaly(verdict: number, queue: number): void {
    const { flow, sequence, missing } = this.checker;
    if (verdict === FRAME_DAMAGED) return this.note('damaged', queue, flow, sequence, 1);
    if (verdict === FRAME_GAP) {
      const from = sequence - missing;
      this.gaps.push({ flow, from, to: sequence });
      if (this.gaps.length > 1024) this.gaps = this.gaps.slice(512);
      return this.note('missing', queue, flow, from, missing);
    }
    const gap = this.gaps.find((g) => g.flow === flow && sequence - g.from >= 0 && sequence - g.to < 0);
    if (gap === undefined) return this.note('duplicated', queue, flow, sequence, 1);
    this.fill(gap, sequence);
    this.note('reordered', queue, flow, sequence, 1);
  }

  /** A missing frame came after all: it was overtaken. */
  private fill(gap: Gap, sequence: number): void {
    const rest = { flow: gap.flow, from: sequence + 1, to: gap.to };
    gap.to = sequence;
    if (rest.to - rest.from > 0) this.gaps.push(rest);
    if (gap.to - gap.from <= 0) this.gaps.splice(this.gaps.indexOf(gap), 1);
    const noted = this.anomalies.findIndex(
      (a) => a.kind === 'missing' && a.flow === gap.flow && a.sequence === sequence,
    );
    if (noted >= 0 && this.anomalies[noted].count === 1) this.anomalies.splice(noted, 1);
  }

  private note(kind: Anomaly['kind'], queue: number, flow: number, sequence: number, frames: number): void {
    const at = { damaged: 4, missing: 6, duplicated: 8, reordered: 10 }[kind];
    this.unsaved = true;
    count(this.words, this.base + at, frames);
    if (this.anomalies.length >= ANOMALIES_KEPT) return;
    this.anomalies.push({
      kind,
      queue,
      flow,
      sequence: sequence >>> 0,
      count: frames,
      timeUs: this.clock.nowUs(),
    });
  }
}
