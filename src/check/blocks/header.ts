/**
 * Blocks under test describe themselves, as those of fio's verify do: a header of magic, block address, version and
 * length, and behind it a pattern that follows from address and version. Its first word is the check word.
 */
import type { Memory } from '../../hw/memory.ts';

/** Words of the header. */
export const HEADER = { magic: 0, block: 1, version: 2, length: 3, check: 4 } as const;
const MAGIC = 0x4b4c4256;
/** What a buffer holds before a read: no magic, and nowhere in the pattern but by chance. */
const SPOILED = 0x5f0117ed;
/** The pattern goes up by this from word to word. */
const STEP = 0x7feb352d;
const ADDRESS_FACTOR = 0x9e3779b1;
const SEED_FACTOR = 0x85ebca6b;
/** What a disk never tears: a logical block. */
const SECTOR_WORDS = 512 / 4;

/** A block as written. */
export const BLOCK_OK = 0;
/** Nothing but zeroes: never written, or written with zeroes. */
export const BLOCK_ZEROES = 1;
/** No header of ours. */
export const BLOCK_FOREIGN = 2;
/** Another block's. */
export const BLOCK_MISPLACED = 3;
/** Logical blocks of several writes, each of them whole. */
export const BLOCK_TORN = 4;
export const BLOCK_DAMAGED = 5;

/** What the pattern would have as word 0; of the versions of one block, no two have the same. */
const seedOf = (block: number, version: number): number =>
  Math.imul(version ^ Math.imul(block + 1, ADDRESS_FACTOR), SEED_FACTOR);

const patternAt = (seed: number, word: number): number => (seed + Math.imul(word, STEP)) | 0;

/** Writes a block of `bytes`, a multiple of 512, at a word-aligned address. */
export function fillBlock(
  { words }: Memory,
  address: number,
  bytes: number,
  block: number,
  version: number,
): void {
  const at = address >>> 2;
  const end = (at + (bytes >>> 2)) | 0;
  words[at + HEADER.magic] = MAGIC;
  words[at + HEADER.block] = block;
  words[at + HEADER.version] = version;
  words[at + HEADER.length] = bytes;
  const step = STEP | 0; // here the engine sees that it is an integer, once and not for each word
  let value = patternAt(seedOf(block, version), HEADER.check);
  for (let word = (at + HEADER.check) | 0; word < end; word = (word + 1) | 0) {
    words[word] = value;
    value = (value + step) | 0;
  }
}

/** Before a read: no logical block that the read leaves out can pass for one that it brought. */
export function spoil({ words }: Memory, address: number, bytes: number): void {
  const end = (address + bytes) >>> 2;
  for (let word = address >>> 2; word < end; word += SECTOR_WORDS) words[word] = SPOILED;
}

/** Says what is wrong with a block, and which version it is. */
export class BlockChecker {
  /** Address and version in the header of the block last looked at; of zeroes and of foreign blocks, nothing. */
  block = 0;
  version = 0;
  private readonly words: Int32Array;
  private readonly lots: number;

  /**
   * `wholeOneIn`: of how many blocks one is compared whole, a power of two. Of the others the header is, and of each
   * logical block the first word and one that varies with address and version. Zeroes are always compared whole.
   */
  constructor(memory: Memory, wholeOneIn = 1) {
    this.words = memory.words;
    this.lots = wholeOneIn - 1;
  }

  /** The block of `bytes` at `address`, which should be number `block`. Returns one of BLOCK_OK and its like. */
  check(address: number, bytes: number, block: number): number {
    const { words } = this;
    const at = address >>> 2;
    const length = bytes >>> 2;
    const version = words[at + HEADER.version];
    this.block = words[at + HEADER.block];
    this.version = version;
    const seed = seedOf(block, version);
    const difference =
      (words[at + HEADER.magic] ^ MAGIC) |
      (words[at + HEADER.block] ^ block) |
      (words[at + HEADER.length] ^ bytes) |
      (words[at + HEADER.check] ^ patternAt(seed, HEADER.check));
    if (difference !== 0) return this.withoutHeader(at, length, block);
    const whole = (seed & this.lots) === 0;
    if (whole ? this.matches(at, length, seed) : this.samplesMatch(at, length, seed)) return BLOCK_OK;
    return this.inPieces(at, length) ? BLOCK_TORN : BLOCK_DAMAGED;
  }

  private matches(at: number, length: number, seed: number): boolean {
    const { words } = this;
    const end = (at + length) | 0;
    const step = STEP | 0;
    let value = patternAt(seed, HEADER.check);
    let difference = 0;
    for (let word = (at + HEADER.check) | 0; word < end; word = (word + 1) | 0) {
      difference |= words[word] ^ value;
      value = (value + step) | 0;
    }
    return difference === 0;
  }

  private samplesMatch(at: number, length: number, seed: number): boolean {
    const { words } = this;
    const place = (seed >>> 16) & (SECTOR_WORDS - 1);
    const inFirst = Math.max(place, HEADER.check);
    let difference = words[at + inFirst] ^ patternAt(seed, inFirst);
    for (let sector = SECTOR_WORDS; sector < length; sector += SECTOR_WORDS)
      difference |=
        (words[at + sector] ^ patternAt(seed, sector)) |
        (words[at + sector + place] ^ patternAt(seed, sector + place));
    return difference === 0;
  }

  /** Cold: what a block is that does not begin as it should. */
  private withoutHeader(at: number, length: number, block: number): number {
    const { words } = this;
    if (words[at + HEADER.magic] === MAGIC) {
      const other = words[at + HEADER.block];
      const theirs = patternAt(seedOf(other, words[at + HEADER.version]), HEADER.check);
      return other !== block && words[at + HEADER.check] === theirs ? BLOCK_MISPLACED : BLOCK_DAMAGED;
    }
    if (this.isZero(at, length)) return BLOCK_ZEROES;
    if (this.isZero(at, SECTOR_WORDS) && this.inPieces(at, length)) return BLOCK_TORN;
    const ours = patternAt(seedOf(block, words[at + HEADER.version]), HEADER.check);
    return words[at + HEADER.block] === block && words[at + HEADER.check] === ours
      ? BLOCK_DAMAGED
      : BLOCK_FOREIGN;
  }

  /** Cold: is each logical block whole in itself, if not of the same write as the others? */
  private inPieces(at: number, length: number): boolean {
    for (let sector = 0; sector < length; sector += SECTOR_WORDS) {
      const from = sector === 0 && !this.isZero(at, SECTOR_WORDS) ? HEADER.check : sector;
      if (!this.isSteady(at + from, at + sector + SECTOR_WORDS)) return false;
    }
    return true;
  }

  private isSteady(from: number, to: number): boolean {
    const { words } = this;
    const step = words[from] === 0 && words[from + 1] === 0 ? 0 : STEP;
    for (let word = from + 1; word < to; word++)
      if (((words[word] - words[word - 1]) | 0) !== step) return false;
    return true;
  }

  private isZero(at: number, length: number): boolean {
    const { words } = this;
    for (let word = at; word < at + length; word++) if (words[word] !== 0) return false;
    return true;
  }
}
