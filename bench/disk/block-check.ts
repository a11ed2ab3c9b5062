/** What a loop written by hand looks at in each block that it reads. */
import { BlockBooks } from '../../src/check/blocks/books.ts';
import { BLOCK_OK, BlockChecker, fillBlock } from '../../src/check/blocks/header.ts';
import { BlockModel } from '../../src/check/blocks/model.ts';
import { type CheckedRequest, Verification } from '../../src/check/blocks/verification.ts';
import { OP } from '../../src/drivers/nvme/requests.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { WHOLE_ONE_IN } from '../ledger.ts';
import { BLOCK_BYTES, type WorkloadPlaces } from './machine.ts';

/** `cid`: the command that moves the block; `address`: of its data. */
export interface BlockCheck {
  /** Before a block is written, and when it is. */
  fill(cid: number, block: number, address: number): void;
  filled(cid: number, block: number, address: number): void;
  /** Before a block is read. */
  asks(cid: number, block: number, address: number): void;
  /** 0 if the block is as it was written, 1 if not. */
  wrong(cid: number, block: number, address: number): number;
}

/** The header, with the version, and of each logical block the words that the ledger looks at. */
class HeaderCheck implements BlockCheck {
  private readonly memory: Memory;
  private readonly checker: BlockChecker;

  constructor(memory: Memory) {
    this.memory = memory;
    this.checker = new BlockChecker(memory, WHOLE_ONE_IN);
  }

  fill(_: number, block: number, address: number): void {
    fillBlock(this.memory, address, BLOCK_BYTES, block, 1);
  }

  filled(): void {}

  asks(): void {}

  wrong(_: number, block: number, address: number): number {
    const { checker } = this;
    return checker.check(address, BLOCK_BYTES, block) === BLOCK_OK && checker.version === 1 ? 0 : 1;
  }
}

/** All that the ledger does with a block, and its model of what each may hold: what that costs a loop written by hand. */
class LedgerCheck implements BlockCheck {
  private readonly verification: Verification;
  private readonly books: BlockBooks;
  private readonly checked: CheckedRequest = {
    request: 0,
    op: OP.read,
    first: 0,
    blocks: 1,
    fua: false,
    data: 0,
  };

  constructor(memory: Memory, { options, regions }: WorkloadPlaces) {
    const model = new BlockModel(memory, regions.model, options.area, 1);
    this.books = new BlockBooks(memory, regions.books);
    this.verification = new Verification(memory, model, this.books, BLOCK_BYTES, WHOLE_ONE_IN);
  }

  fill(cid: number, block: number, address: number): void {
    this.verification.submit(this.take(cid, OP.write, block, address));
  }

  filled(cid: number, block: number, address: number): void {
    this.verification.done(this.take(cid, OP.write, block, address), 0, 0);
  }

  asks(cid: number, block: number, address: number): void {
    this.verification.submit(this.take(cid, OP.read, block, address));
  }

  wrong(cid: number, block: number, address: number): number {
    this.verification.done(this.take(cid, OP.read, block, address), 0, 0);
    return 0; // the books have it
  }

  private take(cid: number, op: number, block: number, address: number): CheckedRequest {
    const { checked } = this;
    checked.request = cid;
    checked.op = op;
    checked.first = block;
    checked.data = address;
    return checked;
  }
}

export function blockCheck(memory: Memory, places: WorkloadPlaces, wholeLedger: boolean): BlockCheck {
  return wholeLedger ? new LedgerCheck(memory, places) : new HeaderCheck(memory);
}
