import { BlockBooks, layoutBlockBooks } from '../../check/blocks/books.ts';
import { BlockModel, modelBytes } from '../../check/blocks/model.ts';
import { type CheckedRequest, Verification } from '../../check/blocks/verification.ts';
import type { DiskDriver } from '../../drivers/nvme/contract.ts';
import { OP, PENDING, REQUEST, REQUEST_FUA, type RequestTable } from '../../drivers/nvme/requests.ts';
import { align, type Memory, type MemoryMap, PAGE_BYTES, type Region } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';
import type { PassingClient } from '../client.ts';
import { CHOICES_BYTES, Choices } from './choices.ts';
import { LatencyHistogram, layoutLatency } from './latency.ts';
import { WorkloadError, type WorkloadOptions } from './options.ts';

const SECTOR_SHIFT = 9;
/** The client's words of a request: who has it; as a double, when it was submitted. */
const OWNER = REQUEST.client;
/** The first block under test. */
const FIRST = REQUEST.client + 1;
const SINCE_US = REQUEST.client + 2;
/** Nobody has it; the workload, and offers it to the driver; the driver. */
const FREE = 0;
const PREPARED = 1;
const SUBMITTED = 2;
/** With the number of a batch above these bits: done with that batch, so nobody's once the books have closed it. */
const DONE = 3;
const BATCH_SHIFT = 2;

/** Where a workload keeps what must outlive its CPU: plain data. All of it must be zero at first. */
export interface WorkloadLayout {
  readonly choices: Region;
  readonly model: Region;
  readonly books: Region;
  readonly latency: Region;
}

export function layoutWorkload(map: MemoryMap, options: WorkloadOptions): WorkloadLayout {
  const { verify, bs, verifyInterval, area, iodepth } = options;
  const each = bs / verifyInterval;
  return {
    choices: map.take(CHOICES_BYTES),
    model: map.take(verify ? modelBytes(area * each, iodepth, each) : 0),
    books: layoutBlockBooks(map),
    latency: layoutLatency(map),
  };
}

/** DMA memory for the data: a slot of whole pages for each request. */
export function workloadDataBytes({ bs, iodepth }: WorkloadOptions): number {
  return iodepth * align(bs, PAGE_BYTES);
}

/**
 * An application above a disk's driver: it keeps `iodepth` requests outstanding, those numbered from 0, and checks what
 * they bring. One on the same memory, on another CPU, goes on where it stopped.
 */
export class Workload implements PassingClient {
  readonly books: BlockBooks;
  readonly latency: LatencyHistogram;
  readonly mayFail = false;
  private readonly memory: Memory;
  private readonly options: WorkloadOptions;
  private readonly requests: RequestTable;
  private readonly data: number;
  private readonly slotBytes: number;
  /** Logical blocks of a request, and blocks under test. */
  private readonly sectors: number;
  private readonly blocks: number;
  private readonly choices: Choices;
  private readonly verification: Verification | undefined;
  /** What `CheckedRequest` needs of the request in hand. */
  private readonly checked: CheckedRequest = { request: 0, op: 0, first: 0, blocks: 0, fua: false, data: 0 };
  private readonly free: Int32Array;
  private freeCount = 0;
  /** Prepared and not yet taken by a driver. */
  private readonly batch: Int32Array;
  private prepared = 0;
  /** The queue whose turn it is. */
  private queue = 0;

  /** `data`: page-aligned memory that the disk may touch, of at least `workloadDataBytes`. */
  constructor(
    memory: Memory,
    layout: WorkloadLayout,
    requests: RequestTable,
    data: Region,
    options: WorkloadOptions,
  ) {
    const { iodepth, bs } = options;
    if (requests.count < iodepth || data.bytes < workloadDataBytes(options))
      throw new WorkloadError(
        `iodepth=${iodepth} with bs=${bs} needs ${iodepth} requests and ${workloadDataBytes(options)} bytes of data; ` +
          `there are ${requests.count} and ${data.bytes}: make the tables larger or ask for less`,
      );
    this.memory = memory;
    this.options = options;
    this.requests = requests;
    this.data = data.address;
    this.slotBytes = align(bs, PAGE_BYTES);
    this.sectors = bs >>> SECTOR_SHIFT;
    this.blocks = bs / options.verifyInterval;
    this.books = new BlockBooks(memory, layout.books);
    this.latency = new LatencyHistogram(memory, layout.latency);
    this.choices = new Choices(memory, layout.choices, options);
    this.verification = options.verify ? verificationOf(memory, layout, this.books, options) : undefined;
    this.free = new Int32Array(iodepth);
    this.batch = new Int32Array(iodepth);
    this.reread();
  }

  /** Whose each request is, its own words say. */
  reread(): void {
    this.freeCount = this.prepared = 0;
    for (let request = this.options.iodepth - 1; request >= 0; request--) {
      const owner = this.owner(request);
      if (owner === FREE) this.free[this.freeCount++] = request;
      else if (owner === PREPARED) this.batch[this.prepared++] = request;
    }
  }

  /** Requests that a driver has. */
  get outstanding(): number {
    return this.options.iodepth - this.freeCount - this.prepared;
  }

  /** Everything that was to be asked for is done. */
  get finished(): boolean {
    return this.freeCount === this.options.iodepth && !this.choices.more;
  }

  /** Is there a request that a driver could be given? */
  get offers(): boolean {
    return this.prepared > 0 || (this.freeCount > 0 && this.choices.more);
  }

  /** No more requests, but for a `recheck` that has begun. */
  end(): void {
    this.choices.end();
  }

  /** Next the whole area is read once, also after `end`. Without verification there is nothing to hold it against. */
  recheck(): void {
    if (this.verification !== undefined) this.choices.beginPass();
  }

  /** Hot path. Submits what the driver has room for; returns the number of requests. */
  step(driver: Pick<DiskDriver, 'room' | 'submit'>, nowUs: number): number {
    let submitted = 0;
    const { choices } = this;
    for (let turn = this.options.queues; turn > 0 && this.offers; turn--) {
      const { queue } = this;
      this.queue = queue + 1 === this.options.queues ? 0 : queue + 1;
      const room = driver.room(queue);
      while (this.prepared < room && this.freeCount > 0 && choices.more) this.prepare();
      if (room > 0) submitted += this.offer(driver, queue, nowUs);
    }
    return submitted;
  }

  /** Hot path. A driver hands back requests that are done; as `DiskEnvironment.complete`. */
  completed(queue: number, requests: Int32Array, count: number, nowUs: number): void {
    const { checked, verification, latency } = this;
    const { words, doubles } = this.memory;
    const mark = this.mark;
    let done = 0;
    let failed = 0;
    let read = 0;
    let written = 0;
    for (let i = 0; i < count; i++) {
      const request = requests[i];
      if (!this.isDone(request)) {
        this.duplicated(request, queue, nowUs);
        continue;
      }
      done++;
      const at = this.requests.at(request);
      this.take(request, at);
      if (words[at + REQUEST.status] !== 0) {
        failed++;
        verification?.dropped(checked);
      } else {
        if (checked.op === OP.read) read++;
        else if (checked.op === OP.write) written++;
        verification?.done(checked, queue, nowUs);
      }
      latency.count(nowUs - doubles[(at + SINCE_US) >>> 1]);
      put(words, at + OWNER, mark);
      this.free[this.freeCount++] = request;
    }
    if (done > 0) this.books.close(done, failed, read * this.options.bs, written * this.options.bs);
  }

  /** The books have not closed the batch that was under way, so none of it is done: only of latencies some are counted twice. */
  takeBack(): void {
    const { choices, options, mark } = this;
    const { words } = this.memory;
    for (let request = 0; request < options.iodepth; request++) {
      const at = this.requests.at(request);
      if (words[at + OWNER] === mark) put(words, at + OWNER, SUBMITTED);
    }
    const { underWay } = choices;
    if (underWay >= 0 && this.owner(underWay) === FREE) choices.takeBack();
    else choices.took();
    this.verification?.recount(this.writes());
  }

  waits(request: number): boolean {
    return request < this.options.iodepth && this.owner(request) === SUBMITTED;
  }

  settle(nowUs: number): void {
    const { requests, options } = this;
    const unheard: number[] = [];
    for (let request = 0; request < options.iodepth; request++) {
      if (this.owner(request) !== SUBMITTED) continue;
      if (requests.status(request) !== PENDING) unheard.push(request);
      else if (requests.isUntaken(request)) put(this.memory.words, requests.at(request) + OWNER, PREPARED);
    }
    this.reread();
    this.books.resume(this.outstanding);
    this.completed(0, Int32Array.from(unheard), unheard.length, nowUs);
  }

  /** The power was cut: no request survives, and no driver. Next the whole area is read, against what was promised. */
  powerCut(): void {
    this.takeBack();
    this.reread();
    this.books.resume(this.outstanding);
    for (let request = 0; request < this.options.iodepth; request++) {
      const owner = this.owner(request);
      if (owner === SUBMITTED) this.books.count('cut');
      if (owner !== FREE) this.drop(request);
    }
    this.prepared = 0;
    this.verification?.cut();
    if (this.verification !== undefined) this.choices.beginPass();
  }

  /** The driver has stopped and the disk is shut down: what was acknowledged survives a power cut. */
  shutDown(): void {
    this.verification?.shutDown();
  }

  /** Nothing will complete any more: what is outstanding is lost. */
  giveUp(nowUs: number): void {
    this.books.settleOffer();
    for (let request = 0; request < this.options.iodepth; request++) {
      const owner = this.owner(request);
      if (owner === SUBMITTED) {
        this.books.count('lost');
        this.books.note('lost', -1, request, this.firstBlock(request), 0, 0, nowUs);
      }
      if (owner !== FREE) this.drop(request);
    }
    this.prepared = 0;
  }

  private prepare(): void {
    const { choices, checked, sectors } = this;
    const { words } = this.memory;
    const request = this.free[--this.freeCount];
    choices.begin(request);
    choices.next();
    const { op, block, flags } = choices;
    const data = op === OP.read || op === OP.write ? this.data + request * this.slotBytes : 0;
    this.requests.prepare(request, op, block * sectors, op === OP.flush ? 0 : sectors, data, flags);
    const at = this.requests.at(request);
    put(words, at + FIRST, block * this.blocks);
    this.take(request, at);
    this.verification?.submit(checked);
    put(words, at + OWNER, PREPARED);
    choices.took();
    this.batch[this.prepared++] = request;
  }

  /** Offers what is prepared. A driver may hand requests back before it returns: they are its own before it is asked. */
  private offer(driver: Pick<DiskDriver, 'submit'>, queue: number, nowUs: number): number {
    const { batch, requests } = this;
    const { words, doubles } = this.memory;
    const offered = this.prepared;
    for (let i = 0; i < offered; i++) {
      const at = requests.at(batch[i]);
      doubles[(at + SINCE_US) >>> 1] = nowUs;
      put(words, at + OWNER, SUBMITTED);
    }
    this.prepared = 0;
    this.books.offers(offered);
    const taken = this.submit(driver, queue, offered);
    this.books.took(taken);
    for (let i = taken; i < offered; i++) {
      put(words, requests.at(batch[i]) + OWNER, PREPARED);
      batch[this.prepared++] = batch[i];
    }
    return taken;
  }

  /** What a driver that throws has not taken is offered again, to whoever drives then. */
  private submit(driver: Pick<DiskDriver, 'submit'>, queue: number, offered: number): number {
    const { batch, requests } = this;
    try {
      return driver.submit(queue, batch, offered);
    } catch (error) {
      this.prepared = requests.keepUntaken(batch, offered);
      for (let i = 0; i < this.prepared; i++) put(this.memory.words, requests.at(batch[i]) + OWNER, PREPARED);
      this.books.took(offered - this.prepared);
      throw error;
    }
  }

  /** Was the request the driver's, and is it done? */
  private isDone(request: number): boolean {
    if (request < 0 || request >= this.free.length) return false;
    return this.owner(request) === SUBMITTED && this.requests.status(request) !== PENDING;
  }

  private duplicated(request: number, queue: number, nowUs: number): void {
    const known = request >= 0 && request < this.options.iodepth;
    this.books.count('duplicated');
    this.books.note('duplicated', queue, request, known ? this.firstBlock(request) : -1, 0, 0, nowUs);
  }

  /** Gets a request into hand, as `checked`. */
  private take(request: number, at: number): void {
    const { checked } = this;
    const { words } = this.memory;
    checked.request = request;
    checked.op = words[at + REQUEST.op];
    checked.first = words[at + FIRST];
    checked.blocks = this.blocks;
    checked.fua = (words[at + REQUEST.flags] & REQUEST_FUA) !== 0;
    checked.data = words[at + REQUEST.data];
  }

  private firstBlock(request: number): number {
    return this.memory.words[this.requests.at(request) + FIRST];
  }

  private drop(request: number): void {
    this.take(request, this.requests.at(request));
    this.verification?.dropped(this.checked);
    this.release(request);
  }

  private release(request: number): void {
    put(this.memory.words, this.requests.at(request) + OWNER, FREE);
    this.free[this.freeCount++] = request;
  }

  /** Of a batch that the books have closed. */
  private owner(request: number): number {
    const owner = this.memory.words[this.requests.at(request) + OWNER];
    return (owner & DONE) === DONE ? FREE : owner;
  }

  /** OWNER of what is done with the batch under way. */
  private get mark(): number {
    return (this.books.batch << BATCH_SHIFT) | DONE;
  }

  /** Requests that change blocks, and are not done. */
  private *writes(): Generator<number> {
    for (let request = 0; request < this.options.iodepth; request++) {
      const op = this.memory.words[this.requests.at(request) + REQUEST.op];
      if (this.owner(request) !== FREE && op !== OP.read && op !== OP.flush) yield request;
    }
  }
}

function verificationOf(
  memory: Memory,
  layout: WorkloadLayout,
  books: BlockBooks,
  { bs, verifyInterval, area, wholeOneIn }: WorkloadOptions,
): Verification {
  const each = bs / verifyInterval;
  const model = new BlockModel(memory, layout.model, area * each, each);
  return new Verification(memory, model, books, verifyInterval, wholeOneIn);
}
