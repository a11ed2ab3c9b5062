/** Requests as submission queue entries (4.2): opcode, blocks, and the pages of their data as PRP entries (4.3). */
import { PAGE_BYTES, PAGE_SHIFT } from '../../hw/memory.ts';
import {
  BLOCK_SHIFT,
  CDW0_CID_SHIFT,
  CDW12_FUA,
  DSM_DEALLOCATE,
  NAMESPACE,
  NVM,
  SQE,
  SQE_WORDS,
} from '../../hw/nvme/datasheet.ts';
import { put } from '../../hw/shared.ts';
import { OP, REQUEST, REQUEST_FUA } from './requests.ts';

const OPCODE_MASK = 0xff;
const BLOCKS_MASK = 0xffff;
const PRP_WORDS = 2;
/** Blocks that one command may name; a discard's range has a word for them (6.7). */
const MOST_BLOCKS = BLOCKS_MASK + 1;
const PAGE_BLOCK_SHIFT = PAGE_SHIFT - BLOCK_SHIFT;
const PAGE_BLOCKS = 1 << PAGE_BLOCK_SHIFT;

/** Opcodes by what a request asks for. */
const OPCODES = opcodes();

function opcodes(): Int32Array {
  const table = new Int32Array(8).fill(-1);
  table[OP.read] = NVM.read;
  table[OP.write] = NVM.write;
  table[OP.flush] = NVM.flush;
  table[OP.writeZeroes] = NVM.writeZeroes;
  table[OP.discard] = NVM.datasetManagement;
  return table;
}

/** A request that no command can stand for: its client must split it or mend it. */
export class RequestError extends Error {
  constructor(request: number, reason: string) {
    super(`request ${request}: ${reason}`);
    this.name = 'RequestError';
  }
}

/**
 * Writes the entry of a request whose words begin at `at`; `list` is the word index of the CID's list page.
 * Throws RequestError, before it writes anything.
 */
export function writeRequest(
  words: Int32Array,
  entry: number,
  cid: number,
  list: number,
  request: number,
  at: number,
  transferBlocks: number,
): void {
  const op = words[at + REQUEST.op];
  const block = words[at + REQUEST.block];
  const blocks = words[at + REQUEST.blocks];
  if (isOnePage(op, blocks)) {
    writeEntry(
      words,
      entry,
      (cid << CDW0_CID_SHIFT) | OPCODES[op],
      words[at + REQUEST.data],
      block,
      (blocks - 1) | fuaOf(words, at),
    );
    return;
  }
  checkRequest(words, request, at, transferBlocks);
  clear(words, entry, cid, OPCODES[op]);
  if (op === OP.flush) return;
  if (op === OP.discard) {
    writeRange(words, entry, list, block, blocks);
    return;
  }
  put(words, entry + SQE.cdw10, block);
  put(words, entry + SQE.cdw12, (blocks - 1) | fuaOf(words, at));
  if (op === OP.writeZeroes) return;
  writePages(words, entry, list, 0, words[at + REQUEST.data], blocks);
}

/** A driver's own read or write, of blocks that lie in one piece from the beginning of a page. */
export function writeOwn(
  words: Int32Array,
  entry: number,
  cid: number,
  list: number,
  opcode: number,
  block: number,
  blocks: number,
  address: number,
): void {
  clear(words, entry, cid, opcode);
  put(words, entry + SQE.cdw10, block);
  put(words, entry + SQE.cdw12, blocks - 1);
  writePages(words, entry, list, 0, address, blocks);
}

/**
 * May a read or write be part of the command in an entry? It must follow it on the disk and be of its kind, and the data so
 * far must end with a page, as only the last PRP entry may tell of less than one.
 */
export function continues(words: Int32Array, entry: number, at: number, transferBlocks: number): boolean {
  const limits = words[entry + SQE.cdw12];
  const before = (limits & BLOCKS_MASK) + 1;
  return (
    (words[entry + SQE.cdw0] & OPCODE_MASK) === OPCODES[words[at + REQUEST.op]] &&
    (limits & ~BLOCKS_MASK) === fuaOf(words, at) &&
    (words[entry + SQE.cdw10] >>> 0) + before === words[at + REQUEST.block] >>> 0 &&
    before % PAGE_BLOCKS === 0 &&
    before + (words[at + REQUEST.blocks] >>> 0) <= transferBlocks
  );
}

/** Blocks of a read or write, by word 12 of its entry (6.9). */
export function blocksIn(cdw12: number): number {
  return (cdw12 & BLOCKS_MASK) + 1;
}

/** Adds to the command in an entry, of which the disk does not know yet, a request for which `continues` holds. */
export function appendRequest(words: Int32Array, entry: number, list: number, at: number): void {
  const before = (words[entry + SQE.cdw12] & BLOCKS_MASK) + 1;
  const blocks = words[at + REQUEST.blocks];
  writePages(words, entry, list, before / PAGE_BLOCKS, words[at + REQUEST.data], blocks);
  put(words, entry + SQE.cdw12, words[entry + SQE.cdw12] + blocks);
}

/** Throws RequestError where one command could not stand for the request whose words begin at `at`. */
export function checkRequest(words: Int32Array, request: number, at: number, transferBlocks: number): void {
  const op = words[at + REQUEST.op];
  const blocks = words[at + REQUEST.blocks] >>> 0;
  if (op === OP.flush) return;
  if (op !== OP.read && op !== OP.write && op !== OP.writeZeroes && op !== OP.discard)
    throw new RequestError(request, `no such operation as ${op}`);
  const most = op === OP.discard ? 0xffffffff : op === OP.writeZeroes ? MOST_BLOCKS : transferBlocks;
  if (blocks < 1 || blocks > most) throw new RequestError(request, `${blocks} blocks, not 1 to ${most}`);
}

/** Almost all requests are reads and writes of no more than this: nothing about them needs to be looked at. */
const isOnePage = (op: number, blocks: number): boolean =>
  (op === OP.read || op === OP.write) && blocks > 0 && blocks <= PAGE_BLOCKS;

/** A whole entry, each word once. */
const writeEntry = (
  words: Int32Array,
  entry: number,
  cdw0: number,
  prp1: number,
  cdw10: number,
  cdw12: number,
): void => {
  put(words, entry + SQE.cdw0, cdw0);
  put(words, entry + SQE.nsid, NAMESPACE);
  put(words, entry + 2, 0);
  put(words, entry + 3, 0);
  put(words, entry + SQE.mptr, 0);
  put(words, entry + SQE.mptr + 1, 0);
  put(words, entry + SQE.prp1, prp1);
  put(words, entry + SQE.prp1High, 0);
  put(words, entry + SQE.prp2, 0);
  put(words, entry + SQE.prp2High, 0);
  put(words, entry + SQE.cdw10, cdw10);
  put(words, entry + SQE.cdw11, 0);
  put(words, entry + SQE.cdw12, cdw12);
  put(words, entry + SQE.cdw13, 0);
  put(words, entry + SQE.cdw14, 0);
  put(words, entry + SQE.cdw15, 0);
};

function clear(words: Int32Array, entry: number, cid: number, opcode: number): void {
  for (let word = 0; word < SQE_WORDS; word++) put(words, entry + word, 0);
  put(words, entry + SQE.cdw0, (cid << CDW0_CID_SHIFT) | opcode);
  put(words, entry + SQE.nsid, NAMESPACE);
}

const fuaOf = (words: Int32Array, at: number): number =>
  (words[at + REQUEST.flags] & REQUEST_FUA) === 0 ? 0 : CDW12_FUA;

/** Dataset Management with one range, which lies in the list page: attributes, blocks, first block low and high (6.7). */
function writeRange(words: Int32Array, entry: number, list: number, block: number, blocks: number): void {
  put(words, list, 0);
  put(words, list + 1, blocks);
  put(words, list + 2, block);
  put(words, list + 3, 0);
  put(words, entry + SQE.prp1, list << 2);
  put(words, entry + SQE.cdw11, DSM_DEALLOCATE);
}

/**
 * PRP entries of the pages from `address`, behind the `before` pages that the command has: PRP1 tells of the first; PRP2
 * of the second if that is the last, else of the list, which has all but the first (4.3).
 */
function writePages(
  words: Int32Array,
  entry: number,
  list: number,
  before: number,
  address: number,
  blocks: number,
): void {
  const pages = before + ((blocks + PAGE_BLOCKS - 1) >>> PAGE_BLOCK_SHIFT);
  for (let page = before; page < pages; page++) {
    const at = page === 0 ? entry + SQE.prp1 : list + (page - 1) * PRP_WORDS;
    put(words, at, address + (page - before) * PAGE_BYTES);
    put(words, at + 1, 0);
  }
  if (pages === 2) put(words, entry + SQE.prp2, words[list]);
  if (pages > 2) put(words, entry + SQE.prp2, list << 2);
}
