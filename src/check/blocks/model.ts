/** What each block of a tested area may hold: by the reads and writes that are done, and by what is promised durable. */
import type { Memory, Region } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';

/** A version that the block may hold. */
export const HELD = 0;
/** One that was overwritten, or taken away by a power cut, before the read was submitted. */
export const STALE = 1;
/** One that nobody has written. */
export const NEVER_WRITTEN = 2;

/** Words in front of the blocks. */
const FLUSHES = 0; // submitted so far
const FLUSHED = 1; // the newest of those that are done
const CUTS = 2; // power cuts so far
const GLOBAL_WORDS = 16;

/** Words of a block; all but counts and numbers are versions. One cache line each. */
const B = {
  submitted: 0,
  /** A read that is submitted now returns no version below this. */
  floor: 1,
  /** All versions up to this are complete. */
  base: 2,
  /** As soon as the `before` writes that wait and are not newer than `mark` are complete, it becomes `base`. */
  mark: 3,
  before: 4,
  outstanding: 5,
  /** The newest version whose content is zeroes. */
  zeroed: 6,
  /** Versions up to this were taken away by a power cut, but for the one that was found. */
  dead: 7,
  /** `submitted` at the last power cut, and the number of the cut after which the block was looked at last. */
  cutAt: 8,
  settled: 9,
  /** FLUSHES when `floor` was reached: a flush with a higher number promises it. */
  floorFlush: 10,
  /** An earlier floor with its flush, kept as long as a flush may promise it and not yet `floor`. */
  older: 11,
  olderFlush: 12,
  /** No version below this is left by a power cut. */
  durable: 13,
} as const;
const BLOCK_WORDS = 16;
const FAR_BACK = 1 << 30;

/** Words of a request: first block and number of blocks (of a flush, its number), then two for each block. */
const S = { first: 0, blocks: 1, flush: 0, each: 2 } as const;
const SLOT_WORDS = 2;
/** Of a write. */
const VERSION = 0;
/** `base` when the request was submitted. */
const BASE = 1;
/** Of a read: `floor` and `dead` when it was submitted. */
const FLOOR = 0;
const DEAD = 1;

function slotStride(blocksPerRequest: number): number {
  return S.each + blocksPerRequest * SLOT_WORDS;
}

/** Memory for a model of `blocks`, with requests numbered below `requests` of at most so many blocks. */
export function modelBytes(blocks: number, requests: number, blocksPerRequest: number): number {
  return (GLOBAL_WORDS + blocks * BLOCK_WORDS + requests * slotStride(blocksPerRequest)) * 4;
}

/**
 * Each write gives its blocks their next version (free-running, 32 bits); version 0 is what a block holds that was
 * never written, zeroes. Write A is *overwritten* once a write is acknowledged that was submitted after A was complete.
 * A read may return each version that was not overwritten when it was submitted, and each that was submitted before it
 * was done; so concurrent requests may take any order. A failed write may have come to pass or not, for each block.
 * A flush that is done promises what was acknowledged before it was submitted, and a FUA write itself: what they
 * overwrite is not left by a power cut, everything else that was submitted may be.
 *
 * All of it lies in shared words: the region must be zero at first, and a model of a later CPU goes on from what it
 * finds. Blocks must be what a disk writes whole, else a correct one would tear them.
 *
 * It never accuses a correct disk. What it lets pass, because its memory per block is bounded:
 * - Which versions are complete is known as one number, `base`, which follows in two steps. With one write at a time to a
 *   block that is exact. While writes overlap without end, versions of the last two rounds (a round: all writes that
 *   waited at its beginning) count as not overwritten.
 * - Two reads that contradict each other, each of which might be right; so also a failed write that comes and goes.
 * - Zeroes bear no version: they pass when the newest write of zeroes may be read, even if they are older ones.
 * - A block that was acknowledged before a first flush, between it and a second, and after that: if the first one was not
 *   done by then, or failed, the second promises no more than the first.
 *
 * Versions are compared over half of their range: of a block that is written 2^31 times without a flush, a power cut is not
 * to be judged.
 */
export class BlockModel {
  readonly blocks: number;
  private readonly words: Int32Array;
  private readonly global: number;
  private readonly table: number;
  private readonly slots: number;
  private readonly stride: number;

  constructor(memory: Memory, region: Region, blocks: number, blocksPerRequest: number) {
    this.words = memory.words;
    this.blocks = blocks;
    this.global = region.address >>> 2;
    this.table = this.global + GLOBAL_WORDS;
    this.slots = this.table + blocks * BLOCK_WORDS;
    this.stride = slotStride(blocksPerRequest);
  }

  /** Gives the blocks of a write their versions. `zeroes`: zeroes are what it writes. */
  submitWrite(request: number, first: number, blocks: number, zeroes: boolean): void {
    const { words } = this;
    const slot = this.open(request, first, blocks);
    for (let i = 0; i < blocks; i++) {
      const at = this.at(first + i);
      const version = (words[at + B.submitted] + 1) | 0;
      const each = slot + i * SLOT_WORDS;
      put(words, each + VERSION, version);
      put(words, each + BASE, words[at + B.base]);
      put(words, at + B.outstanding, words[at + B.outstanding] + 1);
      if (zeroes) put(words, at + B.zeroed, version);
      put(words, at + B.submitted, version);
    }
  }

  /** The version that a write gives its block number `index`. */
  version(request: number, index: number): number {
    return this.words[this.each(request, index) + VERSION];
  }

  submitRead(request: number, first: number, blocks: number): void {
    const { words } = this;
    const slot = this.open(request, first, blocks);
    for (let i = 0; i < blocks; i++) {
      const at = this.at(first + i);
      const each = slot + i * SLOT_WORDS;
      put(words, each + FLOOR, words[at + B.floor]);
      put(words, each + DEAD, words[at + B.dead]);
    }
  }

  submitFlush(request: number): void {
    const { words, global } = this;
    const flush = (words[global + FLUSHES] + 1) | 0;
    put(words, global + FLUSHES, flush);
    put(words, this.slot(request) + S.flush, flush);
  }

  /** A write is acknowledged. */
  writeDone(request: number, fua: boolean): void {
    const { words } = this;
    const slot = this.slot(request);
    const blocks = words[slot + S.blocks];
    for (let i = 0; i < blocks; i++) {
      const at = this.at(words[slot + S.first] + i);
      const each = this.each(request, i);
      const floor = (words[each + BASE] + 1) | 0;
      this.raise(at, floor);
      if (fua) this.raiseDurable(at, floor);
      this.complete(at, words[each + VERSION]);
    }
  }

  /** A write failed, or went down with a power cut: it may have come to pass, or not. */
  writeDropped(request: number): void {
    const { words } = this;
    const slot = this.slot(request);
    const blocks = words[slot + S.blocks];
    for (let i = 0; i < blocks; i++)
      this.complete(this.at(words[slot + S.first] + i), words[this.each(request, i) + VERSION]);
  }

  /** A flush is done, and did not fail. */
  flushDone(request: number): void {
    const { words, global } = this;
    const flush = words[this.slot(request) + S.flush];
    if (newer(flush, words[global + FLUSHED])) put(words, global + FLUSHED, flush);
  }

  /** A read is done, and its block number `index` was this version, in a block of ours. Returns HELD, STALE or NEVER_WRITTEN. */
  readVersion(request: number, index: number, version: number): number {
    const at = this.blockOf(request, index);
    if (version === this.words[at + B.zeroed]) return NEVER_WRITTEN; // zeroes have no header
    return this.judge(at, this.each(request, index), version);
  }

  /** As `readVersion`, of a block that was zeroes. */
  readZeroes(request: number, index: number): number {
    const at = this.blockOf(request, index);
    return this.judge(at, this.each(request, index), this.words[at + B.zeroed]);
  }

  /** The oldest version that a read might have returned. */
  expected(request: number, index: number): number {
    return this.words[this.each(request, index) + FLOOR];
  }

  /** Does the block still hold what the last power cut left, and has no read told yet what that is? */
  unsettled(block: number): boolean {
    const { words } = this;
    const at = this.at(block);
    return (
      words[at + B.settled] !== words[this.global + CUTS] && words[at + B.submitted] === words[at + B.cutAt]
    );
  }

  /**
   * The power was cut. First `writeDropped` for each write that was outstanding: no request survives. From now on a block
   * may hold any version that was submitted and is not older than the promised one.
   */
  cut(): void {
    const { words, global } = this;
    put(words, global + CUTS, (words[global + CUTS] + 1) | 0);
    for (let block = 0; block < this.blocks; block++) {
      const at = this.at(block);
      this.promote(at);
      this.restart(at, words[at + B.durable]);
      put(words, at + B.cutAt, words[at + B.submitted]);
    }
  }

  /**
   * Its CPU ended in the middle of anything. How many writes of a block are outstanding follows from `writes`, the requests that
   * are; what else it knows is true whenever it is stored. A version whose request was not made ready was never written.
   */
  recount(writes: Iterable<number>): void {
    const { words } = this;
    for (let block = 0; block < this.blocks; block++) {
      const at = this.at(block);
      if (words[at + B.outstanding] !== 0) put(words, at + B.outstanding, 0);
      if (words[at + B.before] !== 0) put(words, at + B.before, 0);
    }
    for (const request of writes) {
      const blocks = words[this.slot(request) + S.blocks];
      for (let i = 0; i < blocks; i++) {
        const at = this.blockOf(request, i);
        put(words, at + B.outstanding, words[at + B.outstanding] + 1);
        if (!newer(words[this.each(request, i) + VERSION], words[at + B.mark]))
          put(words, at + B.before, words[at + B.before] + 1);
      }
    }
    for (let block = 0; block < this.blocks; block++) {
      const at = this.at(block);
      const settled = words[at + B.outstanding] === 0 && words[at + B.base] === words[at + B.submitted];
      if (words[at + B.before] === 0 && !settled) this.nextRound(at);
    }
  }

  private judge(at: number, each: number, version: number): number {
    const { words } = this;
    const floor = words[each + FLOOR];
    if (newer(version, words[at + B.submitted])) return NEVER_WRITTEN;
    if (newer(floor, version)) return STALE;
    if (version !== floor && !newer(version, words[each + DEAD])) return STALE;
    this.settle(at, version);
    return HELD;
  }

  /** The first look at a block after a power cut, if nobody has written it since: what is found is on the media. */
  private settle(at: number, version: number): void {
    const { words } = this;
    const cuts = words[this.global + CUTS];
    const cutAt = words[at + B.cutAt];
    if (words[at + B.settled] === cuts || words[at + B.submitted] !== cutAt) return;
    this.restart(at, version);
    put(words, at + B.dead, cutAt);
    put(words, at + B.settled, cuts);
  }

  /** The block holds this version or a newer one, and that is durable. */
  private restart(at: number, version: number): void {
    const { words } = this;
    const flush = words[this.global + FLUSHES];
    put(words, at + B.floor, version);
    put(words, at + B.floorFlush, flush);
    put(words, at + B.older, version);
    put(words, at + B.olderFlush, flush);
    put(words, at + B.durable, version);
  }

  /** One write of the block less is outstanding. */
  private complete(at: number, version: number): void {
    const { words } = this;
    const outstanding = words[at + B.outstanding] - 1;
    const before = words[at + B.before] - (newer(version, words[at + B.mark]) ? 0 : 1);
    put(words, at + B.outstanding, outstanding);
    put(words, at + B.before, before);
    if (before <= 0) this.nextRound(at);
  }

  /** All writes up to `mark` are complete. */
  private nextRound(at: number): void {
    const { words } = this;
    const outstanding = words[at + B.outstanding];
    const submitted = words[at + B.submitted];
    put(words, at + B.base, outstanding === 0 ? submitted : words[at + B.mark]);
    put(words, at + B.mark, submitted);
    put(words, at + B.before, outstanding);
  }

  /** All versions below `floor` are overwritten. */
  private raise(at: number, floor: number): void {
    const { words } = this;
    const before = words[at + B.floor];
    if (!newer(floor, before)) return;
    this.promote(at);
    const flushes = words[this.global + FLUSHES];
    // Flushes that were submitted meanwhile promise the floor that was; one before it that still waits keeps its own.
    if (words[at + B.floorFlush] !== flushes && !newer(words[at + B.older], words[at + B.durable])) {
      put(words, at + B.older, before);
      put(words, at + B.olderFlush, words[at + B.floorFlush]);
    }
    // In this order: whoever ends in between has promised less, not more.
    put(words, at + B.floorFlush, flushes);
    put(words, at + B.floor, floor);
    this.trail(at + B.zeroed, floor);
    this.trail(at + B.dead, floor);
  }

  /** Takes into account the flushes that are done by now. */
  private promote(at: number): void {
    const { words } = this;
    const flushed = words[this.global + FLUSHED];
    if (newer(flushed, words[at + B.floorFlush])) this.raiseDurable(at, words[at + B.floor]);
    else if (newer(flushed, words[at + B.olderFlush])) this.raiseDurable(at, words[at + B.older]);
  }

  /** Of what lies far back only that counts: it must not seem new when the numbers go round. */
  private trail(at: number, floor: number): void {
    const { words } = this;
    if (((floor - words[at]) | 0) > FAR_BACK) put(words, at, (floor - FAR_BACK) | 0);
  }

  private raiseDurable(at: number, version: number): void {
    if (newer(version, this.words[at + B.durable])) put(this.words, at + B.durable, version);
  }

  private open(request: number, first: number, blocks: number): number {
    const slot = this.slot(request);
    put(this.words, slot + S.first, first);
    put(this.words, slot + S.blocks, blocks);
    return slot + S.each;
  }

  private at(block: number): number {
    return this.table + block * BLOCK_WORDS;
  }

  private slot(request: number): number {
    return this.slots + request * this.stride;
  }

  private each(request: number, index: number): number {
    return this.slot(request) + S.each + index * SLOT_WORDS;
  }

  private blockOf(request: number, index: number): number {
    return this.at(this.words[this.slot(request) + S.first] + index);
  }
}

/** Of two numbers of 32 bits that run free. */
const newer = (a: number, b: number): boolean => ((a - b) | 0) > 0;
