/** What state blocks of all devices have in common. */
import { load, put } from '../hw/shared.ts';

/** An adopted block does not hold together. */
export class StateError extends Error {
  constructor(reason: string) {
    super(`state block refused: ${reason}`);
    this.name = 'StateError';
  }
}

/** Number of the lowest bit that is set: of the next queue, where bits stand for queues. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Adds a word to a digest. */
export function mixed(hash: number, word: number): number {
  return ((hash << 5) | (hash >>> 27)) ^ Math.imul(word + 1, 0x9e3779b1);
}

/** Words that a driver may have for itself. */
export const OWN_WORDS = 128;
const FORMAT = 0;
const USED = 1;
const FIRST = 2;
const BANK_WORDS = FIRST + OWN_WORDS;
export const OWN_BYTES = 2 * BANK_WORDS * 4;

/**
 * What a driver keeps beyond the layout that all drivers of a device know: words that have a meaning for those who speak its
 * format. There are two banks of them. Whoever serves has one; a swap writes the other one. Which of them holds, for a CPU that
 * takes over, is told by the device's assignment.
 */
export class OwnWords {
  private readonly words: Int32Array;
  private readonly base: number;
  private bank = 0;
  /** Word index of the bank. */
  private at: number;

  constructor(words: Int32Array, base: number) {
    this.words = words;
    this.base = this.at = base;
  }

  /** Of one that was never set: 0. */
  get(index: number): number {
    return index < this.used ? this.words[this.at + FIRST + index] : 0;
  }

  /** Published by whatever the driver stores next. Throws StateError where there is no such word. */
  set(index: number, value: number): void {
    if (!(index >= 0 && index < OWN_WORDS))
      throw new StateError(`there is no word ${index} of a driver's own, but ${OWN_WORDS}`);
    const { words, at, used } = this;
    for (let word = used; word < index; word++) put(words, at + FIRST + word, 0);
    put(words, at + FIRST + index, value);
    if (index >= used) put(words, at + USED, index + 1);
  }

  /** All are 0, and in this format from now on. */
  begin(format: string): void {
    put(this.words, this.at + USED, 0);
    this.declare(format);
  }

  /** All are 0, and in no format: until it is declared, a CPU that takes over finds none. */
  clear(): void {
    put(this.words, this.at + FORMAT, 0);
    put(this.words, this.at + USED, 0);
  }

  /** What has been set is in this format. */
  declare(format: string): void {
    put(this.words, this.at + FORMAT, formatId(format));
  }

  isIn(format: string): boolean {
    return load(this.words, this.at + FORMAT) === formatId(format);
  }

  /** From now on they are in this bank. */
  use(bank: number): void {
    this.bank = bank;
    this.at = this.base + bank * BANK_WORDS;
  }

  get inUse(): number {
    return this.bank;
  }

  /** There is nothing in this bank, which nobody has: so that a pause that moves there finds it in the cache. */
  empty(bank: number, format: string): void {
    const at = this.base + bank * BANK_WORDS;
    put(this.words, at + USED, 0);
    put(this.words, at + FORMAT, formatId(format));
  }

  /** Has one been set? */
  get any(): boolean {
    return this.used > 0;
  }

  /** The same, and takes along what is there, if it is in this format: of another one, nothing. */
  moveTo(bank: number, format: string): void {
    const { words, at: from, used } = this;
    const carried = used > 0 && this.isIn(format) ? used : 0;
    if (bank !== this.bank) {
      this.use(bank);
      for (let word = FIRST; word < FIRST + carried; word++) put(words, this.at + word, words[from + word]);
    }
    put(words, this.at + USED, carried);
    put(words, this.at + FORMAT, formatId(format));
  }

  /** Those that were never set are 0. */
  copyTo(copy: Int32Array): void {
    for (let index = 0; index < OWN_WORDS; index++) copy[index] = this.get(index);
  }

  /** All of them, in this format. */
  copyFrom(copy: Int32Array, format: string): void {
    this.begin(format);
    let end = OWN_WORDS;
    while (end > 0 && copy[end - 1] === 0) end--;
    for (let index = 0; index < end; index++) this.set(index, copy[index]);
  }

  /** Throws StateError. */
  validate(): void {
    const { used } = this;
    if (used < 0 || used > OWN_WORDS)
      throw new StateError(`bank ${this.bank}: ${used} words of a driver's own`);
  }

  private get used(): number {
    return this.words[this.at + USED];
  }
}

/** The last one: a pause asks for that of its plan, which was asked for right before. */
let lastFormat = '';
let lastId = 0;

/** A format's name as a word (FNV-1a); 0 is that of none. */
function formatId(format: string): number {
  if (format === lastFormat) return lastId;
  let hash = 0x811c9dc5;
  for (let i = 0; i < format.length; i++) hash = Math.imul(hash ^ format.charCodeAt(i), 0x01000193);
  lastFormat = format;
  lastId = hash;
  return hash;
}
