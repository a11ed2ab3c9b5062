/**
 * A queue pair whose CPU ended between any two of its stores: what was in doubt is decided, so that deciding it twice is as good as
 * once, and any driver of its like can go on.
 *
 * The tail and the head decide. A command below the tail is outstanding, one at it was never enqueued. A completion at the head or beyond
 * was not handed over, whatever was done about it: its command is outstanding again, with those of its requests that the
 * client still waits for.
 */

import { PAGE_SHIFT } from '../../hw/memory.ts';
import { CQE, CQE_PHASE, CQE_WORDS, cqHead, SQE, SQE_WORDS, sqTail } from '../../hw/nvme/datasheet.ts';
import { load, put, store } from '../../hw/shared.ts';
import { StateError } from '../state-block.ts';
import { appendRequest, blocksIn, writeRequest } from './command.ts';
import type { DiskEnvironment } from './contract.ts';
import { MOST_MERGED } from './queue-pair.ts';
import { OP, PENDING, REQUEST, type RequestTable } from './requests.ts';
import { NOBODY, PAIR, phaseAt, SHADOW, SHADOW_WORDS, stackOf } from './state.ts';

const CID_MASK = 0xffff;
const LIST_SHIFT = PAGE_SHIFT - 2;

/** `waits`: does the client still wait for a request? The shape of the block is valid. Throws StateError. */
export function settlePair(
  environment: DiskEnvironment,
  queue: number,
  waits: (request: number) => boolean,
): void {
  const settlement = new Settlement(environment, queue, waits);
  settlement.dropUnqueued();
  settlement.takeBackCompletions();
  settlement.mendCommands();
  settlement.rebuildStack();
}

/**
 * The disk is told how far the queues of such a pair are, whatever the words say that it was told: a driver may have noted more than it
 * rang, and doorbells cannot be read back. All that is written, never less: a tail that went back would be a round of new commands.
 */
export function tellPair({ memory: { words }, port, state }: DiskEnvironment, queue: number): void {
  const record = state.pair(queue);
  const mask = words[record + PAIR.slots] - 1;
  const tail = words[record + PAIR.tail];
  const head = words[record + PAIR.head];
  port.write32(sqTail(queue), tail & mask);
  store(words, record + PAIR.tailRung, tail);
  port.write32(cqHead(queue), head & mask);
  store(words, record + PAIR.headRung, head);
}

class Settlement {
  private readonly words: Int32Array;
  private readonly requests: RequestTable;
  private readonly queue: number;
  private readonly waits: (request: number) => boolean;
  private readonly record: number;
  private readonly depth: number;
  private readonly mask: number;
  private readonly tail: number;
  private readonly transferBlocks: number;
  /** Requests of the command in hand. */
  private readonly chain: number[] = [];

  constructor(
    { memory, requests, state }: DiskEnvironment,
    queue: number,
    waits: (request: number) => boolean,
  ) {
    this.words = memory.words;
    this.requests = requests;
    this.queue = queue;
    this.waits = waits;
    this.record = state.pair(queue);
    this.depth = this.words[this.record + PAIR.depth];
    this.mask = this.words[this.record + PAIR.slots] - 1;
    this.tail = this.words[this.record + PAIR.tail];
    this.transferBlocks = state.header('transferBlocks');
  }

  /** Commands whose shadow was written, and the tail not yet. */
  dropUnqueued(): void {
    const { words, tail } = this;
    for (let cid = 0; cid < this.depth; cid++) {
      const shadow = this.shadowOf(cid);
      if (((words[shadow + SHADOW.at] - tail) | 0) >= 0) put(words, shadow + SHADOW.count, 0);
    }
  }

  takeBackCompletions(): void {
    const { words, record, mask } = this;
    const slots = mask + 1;
    const head = load(words, record + PAIR.head);
    for (let nth = 0; nth < slots; nth++) {
      const position = (head + nth) | 0;
      const posted = load(words, words[record + PAIR.cq] + (position & mask) * CQE_WORDS + CQE.status);
      const cid = posted & CID_MASK;
      // One that names no command is for the driver to find.
      if ((posted & CQE_PHASE) !== phaseAt(position, slots) || cid >= this.depth) return;
      this.revive(this.shadowOf(cid));
    }
  }

  /** Chains end where their counts say, and entries of which the disk may not know are what the shadows say. */
  mendCommands(): void {
    const { words, record } = this;
    for (let cid = 0; cid < this.depth; cid++) {
      const shadow = this.shadowOf(cid);
      if (words[shadow + SHADOW.count] === 0 || words[shadow + SHADOW.first] < 0) continue;
      const chain = this.chainOf(shadow);
      const last = chain[chain.length - 1];
      put(words, this.requests.at(last) + REQUEST.next, -1);
      put(words, shadow + SHADOW.last, last);
      const untold = ((words[shadow + SHADOW.at] - words[record + PAIR.tailRung]) | 0) >= 0;
      if (untold) this.mendEntry(cid, shadow, chain);
    }
  }

  /** CIDs that are free follow from the shadows. */
  rebuildStack(): void {
    const { words, record, depth } = this;
    const stack = stackOf(words[record + PAIR.shadow], depth);
    let free = 0;
    for (let cid = depth - 1; cid >= 0; cid--)
      if (words[this.shadowOf(cid) + SHADOW.count] === 0) put(words, stack + free++, cid);
    store(words, record + PAIR.free, free);
  }

  /** The command of a completion that is not committed. What the client has been told of, it is not told of once more. */
  private revive(shadow: number): void {
    const { words, requests } = this;
    if (words[shadow + SHADOW.first] < 0) {
      put(words, shadow + SHADOW.count, 1);
      return;
    }
    const wanted = this.chainOf(shadow).filter((request) => this.waits(request));
    for (const request of wanted) put(words, requests.at(request) + REQUEST.status, PENDING);
    put(words, shadow + SHADOW.first, wanted.at(0) ?? NOBODY);
    put(words, shadow + SHADOW.count, Math.max(1, wanted.length));
  }

  /** The requests of a command: as many as it counts, or if it is done as far as they are chained. Throws StateError. */
  private chainOf(shadow: number): number[] {
    const { words, requests, chain } = this;
    const count = words[shadow + SHADOW.count];
    chain.length = 0;
    for (let request = words[shadow + SHADOW.first]; request >= 0; ) {
      if (request >= requests.count || chain.length === MOST_MERGED)
        throw new StateError(`queue pair ${this.queue}: a command of request ${request} and others is none`);
      chain.push(request);
      if (chain.length === count) break;
      request = words[requests.at(request) + REQUEST.next];
    }
    return chain;
  }

  /** Its CPU ended while a request joined the command: the disk was not told of it. */
  private mendEntry(cid: number, shadow: number, chain: readonly number[]): void {
    const { words, record, requests } = this;
    const [first, ...others] = chain;
    const at = requests.at(first);
    const op = words[at + REQUEST.op];
    if (op !== OP.read && op !== OP.write) return;
    const entry = words[record + PAIR.sq] + (words[shadow + SHADOW.at] & this.mask) * SQE_WORDS;
    const blocks = chain.reduce((sum, request) => sum + words[requests.at(request) + REQUEST.blocks], 0);
    if (blocksIn(words[entry + SQE.cdw12]) === blocks) return;
    const list = (words[record + PAIR.lists] >>> 2) + (cid << LIST_SHIFT);
    writeRequest(words, entry, cid, list, first, at, this.transferBlocks);
    for (const request of others) appendRequest(words, entry, list, requests.at(request));
  }

  private shadowOf(cid: number): number {
    return this.words[this.record + PAIR.shadow] + cid * SHADOW_WORDS;
  }
}
