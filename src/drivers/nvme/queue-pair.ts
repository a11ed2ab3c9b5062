/** One I/O queue pair: what all drivers share. Bound to a record of the state block. */

import { PAGE_SHIFT } from '../../hw/memory.ts';
import {
  CQE,
  CQE_PHASE,
  CQE_STATUS_SHIFT,
  CQE_WORDS,
  cqHead,
  SQE_WORDS,
  sqTail,
} from '../../hw/nvme/datasheet.ts';
import type { NvmePort } from '../../hw/nvme/port.ts';
import { load, put, store } from '../../hw/shared.ts';
import { appendRequest, continues, writeOwn, writeRequest } from './command.ts';
import type { DiskEnvironment } from './contract.ts';
import { OP, PENDING, REQUEST, REQUEST_WORDS, type RequestTable } from './requests.ts';
import { type DiskState, NOBODY, OWN, PAIR, phaseAt, SHADOW, SHADOW_WORDS, stackOf } from './state.ts';

const CID_MASK = 0xffff;
/** Words of a CID's list page, as a shift. */
const LIST_SHIFT = PAGE_SHIFT - 2;
/** Requests that one command stands for, at most. */
export const MOST_MERGED = 32;

/** A completion that belongs to no command that is outstanding, or a request that was done before. */
export class CompletionError extends Error {
  constructor(disk: string, queue: number, cid: number, reason: string) {
    super(`${disk}: queue ${queue}, command ${cid}: ${reason}`);
    this.name = 'CompletionError';
  }
}

/** Hears of the commands that a driver sent for itself. */
export interface OwnCommands {
  finished(tag: number, status: number): void;
}

export class QueuePair {
  readonly queue: number;
  logical = 0;
  retiring = false;
  /** Of a driver that sends commands for itself. */
  own: OwnCommands | null = null;
  /** Requests in commands that the disk was not told of. */
  untold = 0;
  private readonly words: Int32Array;
  private readonly port: NvmePort;
  private readonly requests: RequestTable;
  private readonly state: DiskState;
  private readonly record: number;
  private sq = 0;
  private cq = 0;
  private slots = 0;
  private mask = 0;
  private depth = 0;
  private shadow = 0;
  private stack = 0;
  /** Word index of the first list page. */
  private lists = 0;
  private tail = 0;
  private tailRung = 0;
  private head = 0;
  private headRung = 0;
  private freeCids = 0;
  private blocks = 0;
  private transferBlocks = 0;

  constructor(environment: DiskEnvironment, queue: number) {
    this.queue = queue;
    this.words = environment.memory.words;
    this.port = environment.port;
    this.requests = environment.requests;
    this.state = environment.state;
    this.record = environment.state.pair(queue);
  }

  /** Takes everything over from the state block. */
  adopt(): void {
    const { words, record, state } = this;
    this.sq = words[record + PAIR.sq];
    this.cq = words[record + PAIR.cq];
    this.slots = words[record + PAIR.slots];
    this.mask = this.slots - 1;
    this.depth = words[record + PAIR.depth];
    this.shadow = words[record + PAIR.shadow];
    this.stack = stackOf(this.shadow, this.depth);
    this.lists = words[record + PAIR.lists] >>> 2;
    this.tail = words[record + PAIR.tail];
    this.tailRung = words[record + PAIR.tailRung];
    this.head = load(words, record + PAIR.head);
    this.headRung = words[record + PAIR.headRung];
    this.freeCids = words[record + PAIR.free];
    this.logical = words[record + PAIR.logical];
    this.retiring = words[record + PAIR.retiring] !== 0;
    this.untold = this.unrung;
    this.blocks = state.header('blocks') >>> 0;
    this.transferBlocks = state.header('transferBlocks');
  }

  /** Commands that may be enqueued. */
  get free(): number {
    return this.freeCids;
  }

  /** Commands that are outstanding, told or not. */
  get inFlight(): number {
    return this.depth - this.freeCids;
  }

  /** Commands written but not yet told to the disk. */
  get unrung(): number {
    return (this.tail - this.tailRung) | 0;
  }

  /** Writes a request's command and its shadow; there must be a free CID. The doorbell comes later. Throws RequestError. */
  enqueue(request: number): void {
    const { words } = this;
    const cid = this.nextCid();
    const at = this.requests.at(request);
    writeRequest(words, this.entryAt(this.tail), cid, this.listOf(cid), request, at, this.transferBlocks);
    put(words, at + REQUEST.next, -1);
    this.note(cid, request);
  }

  /**
   * Hot path. The same for the first requests of an array, for which there must be free CIDs. Throws RequestError, when those
   * before it are enqueued.
   */
  enqueueAll(requests: Int32Array, count: number): void {
    const { words, record, sq, mask, stack, lists, shadow: shadows, transferBlocks } = this;
    const table = this.requests.base;
    const before = this.tail;
    let { tail, freeCids } = this;
    try {
      for (let i = 0; i < count; i++) {
        const request = requests[i];
        const at = table + request * REQUEST_WORDS;
        const cid = words[stack + freeCids - 1];
        const entry = sq + (tail & mask) * SQE_WORDS;
        writeRequest(words, entry, cid, lists + (cid << LIST_SHIFT), request, at, transferBlocks);
        const shadow = shadows + cid * SHADOW_WORDS;
        put(words, at + REQUEST.next, -1);
        put(words, shadow + SHADOW.first, request);
        put(words, shadow + SHADOW.at, tail);
        put(words, shadow + SHADOW.count, 1);
        freeCids = (freeCids - 1) | 0;
        tail = (tail + 1) | 0;
      }
    } finally {
      this.tail = tail;
      this.freeCids = freeCids;
      this.untold += (tail - before) | 0;
      put(words, record + PAIR.free, freeCids);
      put(words, record + PAIR.tail, tail);
    }
  }

  /** The same for a command of the driver's own, which is told of its end by `own`. */
  enqueueOwn(tag: number, opcode: number, block: number, blocks: number, address: number): void {
    const cid = this.nextCid();
    const entry = this.entryAt(this.tail);
    writeOwn(this.words, entry, cid, this.listOf(cid), opcode, block, blocks, address);
    this.note(cid, OWN - tag);
  }

  /**
   * Makes a read or write part of a command that it continues and that the disk was not told of, the latest first. A command
   * gets no more than `most` requests. False if there is none.
   */
  merge(request: number, most: number): boolean {
    const { words } = this;
    const at = this.requests.at(request);
    const op = words[at + REQUEST.op];
    if (op !== OP.read && op !== OP.write) return false;
    // What reaches beyond the disk fails, and fails alone.
    if ((words[at + REQUEST.block] >>> 0) + (words[at + REQUEST.blocks] >>> 0) > this.blocks) return false;
    for (let back = 1; back <= this.unrung; back++) {
      const entry = this.entryAt(this.tail - back);
      const cid = words[entry] >>> 16;
      const shadow = this.shadowOf(cid);
      if (words[shadow + SHADOW.count] >= most || words[shadow + SHADOW.first] < 0) continue;
      if (!continues(words, entry, at, this.transferBlocks)) continue;
      this.append(shadow, request, at);
      appendRequest(words, entry, this.listOf(cid), at);
      return true;
    }
    return false;
  }

  ringDoorbell(): void {
    if (this.tail === this.tailRung) return;
    this.port.write32(sqTail(this.queue), this.tail & this.mask); // publishes entries and shadows to disk and successor
    this.tailRung = this.tail;
    this.untold = 0;
    store(this.words, this.record + PAIR.tailRung, this.tailRung);
  }

  /** Has the disk posted a completion that is not taken? */
  waits(): boolean {
    return (this.postedAt(this.head) & CQE_PHASE) === phaseAt(this.head, this.slots);
  }

  /**
   * Finishes the requests of the completions that are there, about `budget` of them, and puts them in `done`, which must
   * have room for MOST_MERGED more than that. Returns how many. `commit` must follow, when they are handed over, and nothing is
   * enqueued before: until then the shadows tell a successor what the completions were for.
   * Throws CompletionError, once all that came before is handed over.
   */
  reap(done: Int32Array, budget: number): number {
    let count = 0;
    while (count < budget) {
      count = this.reapSingles(done, count, budget);
      if (count >= budget) break;
      const posted = this.postedAt(this.head);
      if ((posted & CQE_PHASE) !== phaseAt(this.head, this.slots)) break;
      const cid = posted & CID_MASK;
      if (!this.isOutstanding(cid)) {
        if (count > 0) break;
        throw new CompletionError(this.port.name, this.queue, cid, 'completed, but is not outstanding');
      }
      count = this.finish(cid, posted >>> CQE_STATUS_SHIFT, done, count);
      this.head = (this.head + 1) | 0;
    }
    return count;
  }

  /** Hot path. Completions of commands with one request each, up to the first that is something else. */
  private reapSingles(done: Int32Array, from: number, budget: number): number {
    const { words, cq, mask, slots, depth, shadow: shadows, stack } = this;
    const table = this.requests.base + REQUEST.status;
    let { head, freeCids } = this;
    let count = from | 0;
    while (count < budget) {
      const posted = load(words, cq + (head & mask) * CQE_WORDS + CQE.status);
      const cid = posted & CID_MASK;
      if ((posted & CQE_PHASE) !== phaseAt(head, slots) || cid >= depth) break;
      const shadow = shadows + cid * SHADOW_WORDS;
      const request = words[shadow + SHADOW.first];
      if (request < 0 || words[shadow + SHADOW.count] !== 1) break;
      const status = table + request * REQUEST_WORDS;
      if (words[status] !== PENDING) break;
      put(words, status, posted >>> CQE_STATUS_SHIFT);
      put(words, shadow + SHADOW.count, 0);
      put(words, stack + freeCids, cid);
      done[count] = request;
      count = (count + 1) | 0;
      freeCids = (freeCids + 1) | 0;
      head = (head + 1) | 0;
    }
    this.head = head;
    this.freeCids = freeCids;
    put(words, this.record + PAIR.free, freeCids); // published by the store of the head
    return count;
  }

  /** The commit point: the client has the requests that were reaped. One doorbell for all their completions. */
  commit(): void {
    const { words, record } = this;
    if (this.head === this.headRung) return;
    store(words, record + PAIR.head, this.head); // a successor begins here
    this.port.write32(cqHead(this.queue), this.head & this.mask);
    this.headRung = this.head;
    store(words, record + PAIR.headRung, this.headRung);
  }

  /** As `commit`, of a queue that the disk has forgotten: it has no doorbell. */
  commitUntold(): void {
    store(this.words, this.record + PAIR.head, this.head);
  }

  /**
   * Ends commands for which no completion will come, with this status: their queue is deleted. Some at a time: returns the
   * requests put in `done`, 0 when none is left.
   */
  abandon(done: Int32Array, status: number): number {
    let count = 0;
    for (let cid = 0; cid < this.depth && count <= done.length - MOST_MERGED; cid++)
      if (this.isOutstanding(cid)) count = this.finish(cid, status, done, count);
    return count;
  }

  /** Nobody waits for the end of a command any more that was a driver's own. */
  disown(cid: number): void {
    put(this.words, this.shadowOf(cid) + SHADOW.first, NOBODY);
  }

  private nextCid(): number {
    return this.words[this.stack + this.freeCids - 1];
  }

  /** The CID is taken for the entry at the tail: shadow, then stack and tail; the doorbell publishes them. */
  private note(cid: number, first: number): void {
    const { words, record } = this;
    const shadow = this.shadowOf(cid);
    put(words, shadow + SHADOW.first, first);
    put(words, shadow + SHADOW.at, this.tail);
    put(words, shadow + SHADOW.count, 1);
    this.freeCids--;
    this.tail = (this.tail + 1) | 0;
    this.untold++;
    put(words, record + PAIR.free, this.freeCids);
    put(words, record + PAIR.tail, this.tail);
  }

  private append(shadow: number, request: number, at: number): void {
    const { words } = this;
    const count = words[shadow + SHADOW.count];
    const last = count === 1 ? words[shadow + SHADOW.first] : words[shadow + SHADOW.last];
    put(words, at + REQUEST.next, -1);
    put(words, this.requests.at(last) + REQUEST.next, request);
    put(words, shadow + SHADOW.last, request);
    put(words, shadow + SHADOW.count, count + 1); // from here on a successor makes the entry what the shadow says
    this.untold++;
  }

  /** Every request of a command is done, and its CID free. Returns `count` and what was put in `done`. */
  private finish(cid: number, status: number, done: Int32Array, count: number): number {
    const { words, requests } = this;
    const shadow = this.shadowOf(cid);
    const first = words[shadow + SHADOW.first];
    let end = count;
    if (first >= 0) {
      let request = first;
      for (let left = words[shadow + SHADOW.count]; left > 0; left--) {
        if (!requests.finish(request, status))
          throw new CompletionError(this.port.name, this.queue, cid, `request ${request} was done before`);
        done[end++] = request;
        request = words[requests.at(request) + REQUEST.next];
      }
    }
    this.release(cid, shadow);
    if (first <= OWN) this.finishOwn(cid, OWN - first, status);
    return end;
  }

  private finishOwn(cid: number, tag: number, status: number): void {
    if (this.own === null)
      throw new CompletionError(
        this.port.name,
        this.queue,
        cid,
        'completed, but is no request of this driver',
      );
    this.own.finished(tag, status);
  }

  private release(cid: number, shadow: number): void {
    const { words } = this;
    put(words, shadow + SHADOW.count, 0);
    put(words, this.stack + this.freeCids, cid);
    this.freeCids++;
    put(words, this.record + PAIR.free, this.freeCids); // published by the store of the head
  }

  private isOutstanding(cid: number): boolean {
    return cid < this.depth && this.words[this.shadowOf(cid) + SHADOW.count] !== 0;
  }

  /** The word of the completion queue that is posted last, by which the rest may be read. */
  private postedAt(position: number): number {
    return load(this.words, this.cq + (position & this.mask) * CQE_WORDS + CQE.status);
  }

  private entryAt(position: number): number {
    return this.sq + (position & this.mask) * SQE_WORDS;
  }

  private shadowOf(cid: number): number {
    return this.shadow + cid * SHADOW_WORDS;
  }

  private listOf(cid: number): number {
    return this.lists + (cid << LIST_SHIFT);
  }
}
