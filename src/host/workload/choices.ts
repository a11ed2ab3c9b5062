import { OP, type Op, REQUEST_FUA } from '../../drivers/nvme/requests.ts';
import { nextRandom } from '../../hw/link/frames.ts';
import type { Memory, Region } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';
import type { WorkloadOptions } from './options.ts';

/**
 * Words of the state; `issued` is a double. `under`: one more than the request that is being made ready, or 0; behind it, what was
 * passed and issued before that one.
 */
const W = {
  random: 0,
  position: 1,
  sinceFlush: 2,
  zeroed: 3,
  passed: 4,
  ending: 5,
  issued: 6,
  under: 8,
  passedBefore: 9,
  issuedBefore: 10,
} as const;
export const CHOICES_BYTES = 48;
const LOT_SHARE = 2 ** -32;

/** What a workload asks for next. Its state lies in shared words: choices of a later CPU go on in it. */
export class Choices {
  /** What `next` chose: operation, block of `bs` bytes, and flags of the request. */
  op: Op = OP.read;
  block = 0;
  flags = 0;
  private readonly memory: Memory;
  private readonly at: number;
  private readonly options: WorkloadOptions;
  private readonly readShare: number;
  private readonly sequential: boolean;

  /** The region must be zero at first. */
  constructor(memory: Memory, region: Region, options: WorkloadOptions) {
    const { rw, seed, area, rwmixread } = options;
    this.memory = memory;
    this.at = region.address >>> 2;
    this.options = options;
    this.sequential = rw === 'read' || rw === 'write';
    this.readShare = rw === 'randrw' ? rwmixread : rw === 'read' || rw === 'randread' ? 100 : 0;
    if (memory.words[this.at + W.random] !== 0) return; // goes on
    put(memory.words, this.at + W.random, nextRandom(Math.imul(seed + 1, 0x9e3779b1)));
    put(memory.words, this.at + W.passed, area);
  }

  /** Is there anything left to ask for? */
  get more(): boolean {
    const { words } = this.memory;
    if (words[this.at + W.passed] < this.options.area) return true;
    return words[this.at + W.ending] === 0 && this.issued < this.options.requests;
  }

  /** No more requests, but for a pass that has begun. */
  end(): void {
    put(this.memory.words, this.at + W.ending, 1);
  }

  /** Next the whole area is read once, from the beginning; that counts in no share. */
  beginPass(): void {
    put(this.memory.words, this.at + W.passed, 0);
  }

  /** A request is made ready for what `next` will choose. */
  begin(request: number): void {
    const { words, doubles } = this.memory;
    const { at } = this;
    put(words, at + W.passedBefore, words[at + W.passed]);
    doubles[(at + W.issuedBefore) >>> 1] = this.issued;
    put(words, at + W.under, request + 1);
  }

  /** It is ready. */
  took(): void {
    put(this.memory.words, this.at + W.under, 0);
  }

  /** Of a CPU that is no more: the request that it was making ready, or -1. */
  get underWay(): number {
    return this.memory.words[this.at + W.under] - 1;
  }

  /** That request never came to be ready, so there is one more to be asked for. What was drawn for it is not drawn again. */
  takeBack(): void {
    const { words, doubles } = this.memory;
    const { at } = this;
    put(words, at + W.passed, words[at + W.passedBefore]);
    doubles[(at + W.issued) >>> 1] = doubles[(at + W.issuedBefore) >>> 1];
    put(words, at + W.under, 0);
  }

  next(): void {
    const { words } = this.memory;
    const passed = words[this.at + W.passed];
    if (passed < this.options.area) {
      put(words, this.at + W.passed, passed + 1);
      return this.choose(OP.read, passed, 0);
    }
    this.memory.doubles[(this.at + W.issued) >>> 1] = this.issued + 1;
    if (this.flushIsDue()) return this.choose(OP.flush, 0, 0);
    if (this.chance(this.readShare)) return this.choose(OP.read, this.place(), 0);
    this.write();
  }

  private get issued(): number {
    return this.memory.doubles[(this.at + W.issued) >>> 1];
  }

  private flushIsDue(): boolean {
    const { words } = this.memory;
    const { flushEvery } = this.options;
    if (flushEvery === 0 || words[this.at + W.sinceFlush] < flushEvery) return false;
    put(words, this.at + W.sinceFlush, 0);
    return true;
  }

  private write(): void {
    const { words } = this.memory;
    const { zeroes, fua } = this.options;
    put(words, this.at + W.sinceFlush, words[this.at + W.sinceFlush] + 1);
    const op = this.chance(zeroes) ? this.withoutData() : OP.write;
    const flags = this.chance(fua) && op !== OP.discard ? REQUEST_FUA : 0; // Dataset Management has no FUA
    this.choose(op, this.place(), flags);
  }

  private withoutData(): Op {
    const { words } = this.memory;
    const turn = words[this.at + W.zeroed] ^ 1;
    put(words, this.at + W.zeroed, turn);
    return turn === 0 ? OP.discard : OP.writeZeroes;
  }

  private choose(op: Op, block: number, flags: number): void {
    this.op = op;
    this.block = block;
    this.flags = flags;
  }

  private place(): number {
    const { area } = this.options;
    if (!this.sequential) return this.lot(area);
    const { words } = this.memory;
    const position = words[this.at + W.position];
    put(words, this.at + W.position, position + 1 === area ? 0 : position + 1);
    return position;
  }

  private chance(percent: number): boolean {
    return percent === 100 || (percent > 0 && this.lot(100) < percent);
  }

  private lot(choices: number): number {
    const { words } = this.memory;
    const random = nextRandom(words[this.at + W.random]);
    put(words, this.at + W.random, random);
    return ((random >>> 0) * LOT_SHARE * choices) | 0;
  }
}
