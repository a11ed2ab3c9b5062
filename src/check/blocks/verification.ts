import { OP } from '../../drivers/nvme/requests.ts';
import type { Memory } from '../../hw/memory.ts';
import type { BlockAnomalyKind, BlockBooks } from './books.ts';
import {
  BLOCK_FOREIGN,
  BLOCK_MISPLACED,
  BLOCK_OK,
  BLOCK_TORN,
  BLOCK_ZEROES,
  BlockChecker,
  fillBlock,
  spoil,
} from './header.ts';
import { type BlockModel, HELD, STALE } from './model.ts';

/** One request over blocks under test. The object is the caller's, and used again for the next one. */
export interface CheckedRequest {
  request: number;
  op: number;
  /** Blocks under test, not logical blocks. */
  first: number;
  blocks: number;
  fua: boolean;
  /** Address of the data. */
  data: number;
}

/** Fills what is written, checks what is read, and enters in the books what is wrong with it. */
export class Verification {
  private readonly memory: Memory;
  private readonly model: BlockModel;
  private readonly books: BlockBooks;
  private readonly blockBytes: number;
  private readonly checker: BlockChecker;

  /** `blockBytes`: of a block under test. `wholeOneIn`: as of BlockChecker. */
  constructor(memory: Memory, model: BlockModel, books: BlockBooks, blockBytes: number, wholeOneIn: number) {
    this.memory = memory;
    this.model = model;
    this.books = books;
    this.blockBytes = blockBytes;
    this.checker = new BlockChecker(memory, wholeOneIn);
  }

  /** Before a request is submitted. */
  submit({ request, op, first, blocks, data }: CheckedRequest): void {
    if (op === OP.flush) return this.model.submitFlush(request);
    if (op === OP.read) {
      this.model.submitRead(request, first, blocks);
      return spoil(this.memory, data, blocks * this.blockBytes);
    }
    this.model.submitWrite(request, first, blocks, op !== OP.write);
    if (op === OP.write) this.fill(request, first, blocks, data);
  }

  /** A request is done, and did not fail. */
  done(checked: CheckedRequest, queue: number, nowUs: number): void {
    const { request, op, fua } = checked;
    if (op === OP.read) this.look(checked, queue, nowUs);
    else if (op === OP.flush) this.model.flushDone(request);
    else this.model.writeDone(request, fua);
  }

  /** A request failed, or will never be done. */
  dropped({ request, op }: CheckedRequest): void {
    if (op !== OP.read && op !== OP.flush) this.model.writeDropped(request);
  }

  /** No request is outstanding, and the disk was shut down: a promise as that of a flush. */
  shutDown(): void {
    this.model.submitFlush(0);
    this.model.flushDone(0);
  }

  /** As `BlockModel.recount`. */
  recount(writes: Iterable<number>): void {
    this.model.recount(writes);
  }

  /** As `BlockModel.cut`. */
  cut(): void {
    this.model.cut();
  }

  private fill(request: number, first: number, blocks: number, data: number): void {
    const { memory, model, blockBytes } = this;
    for (let i = 0; i < blocks; i++)
      fillBlock(memory, data + i * blockBytes, blockBytes, first + i, model.version(request, i));
  }

  private look(checked: CheckedRequest, queue: number, nowUs: number): void {
    const { checker, model, blockBytes } = this;
    const { request, first, blocks, data } = checked;
    for (let i = 0; i < blocks; i++) {
      // Asked first: a look that finds no fault settles the block.
      const unsettled = model.unsettled(first + i);
      const verdict = checker.check(data + i * blockBytes, blockBytes, first + i);
      if (verdict === BLOCK_OK) {
        const held = model.readVersion(request, i, checker.version);
        if (held !== HELD) this.wrongVersion(checked, i, held, checker.version, unsettled, queue, nowUs);
      } else if (verdict === BLOCK_ZEROES) {
        const held = model.readZeroes(request, i);
        if (held !== HELD) this.wrongVersion(checked, i, held, 0, unsettled, queue, nowUs);
      } else {
        const found = verdict === BLOCK_MISPLACED ? checker.block : checker.version;
        this.note(kindOf(verdict), checked, i, found, unsettled, queue, nowUs);
      }
    }
  }

  private wrongVersion(
    checked: CheckedRequest,
    index: number,
    held: number,
    found: number,
    unsettled: boolean,
    queue: number,
    nowUs: number,
  ): void {
    const kind = held !== STALE ? 'unwritten' : unsettled ? 'forgotten' : 'stale';
    this.note(kind, checked, index, found, unsettled, queue, nowUs);
  }

  private note(
    kind: BlockAnomalyKind,
    { request, first }: CheckedRequest,
    index: number,
    found: number,
    unsettled: boolean,
    queue: number,
    nowUs: number,
  ): void {
    const expected = this.model.expected(request, index);
    this.books.count(unsettled ? 'brokenPromises' : 'corrupt');
    this.books.note(kind, queue, request, first + index, found, expected, nowUs);
  }
}

function kindOf(verdict: number): BlockAnomalyKind {
  if (verdict === BLOCK_FOREIGN) return 'foreign';
  if (verdict === BLOCK_MISPLACED) return 'misplaced';
  return verdict === BLOCK_TORN ? 'torn' : 'damaged';
}
