/** A client of another thread: its requests come by one ring and go back by another. */
import { BlockBooks, layoutBlockBooks } from '../../check/blocks/books.ts';
import type { DiskDriver } from '../../drivers/nvme/contract.ts';
import { OP, PENDING, REQUEST, type RequestTable } from '../../drivers/nvme/requests.ts';
import type { Memory, MemoryMap, Region } from '../../hw/memory.ts';
import { BLOCK_BYTES } from '../../hw/nvme/datasheet.ts';
import { compareExchange, notify, store } from '../../hw/shared.ts';
import type { DiskClient } from '../client.ts';
import { LatencyHistogram, layoutLatency } from '../workload/latency.ts';
import { layoutRequestRing, RequestRing } from './request-ring.ts';

/** What a remote client may have outstanding, a power of two, and the most that one request moves. */
export interface RemoteOptions {
  readonly requests: number;
  readonly transferBytes: number;
}

/** Plain data. All of it must be zero at first. */
export interface RemoteLayout {
  readonly submissions: Region;
  readonly completions: Region;
  /** A word: the other thread waits for completions. */
  readonly waiting: Region;
  readonly books: Region;
  readonly latency: Region;
}

export const AWAKE = 0;
export const WAITING = 1;
/** The client's words of a request: does a driver have it, and as a double since when. */
const SUBMITTED = REQUEST.client;
const SINCE_US = REQUEST.client + 2;

export function layoutRemote(map: MemoryMap, { requests }: RemoteOptions): RemoteLayout {
  return {
    submissions: layoutRequestRing(map, requests),
    completions: layoutRequestRing(map, requests),
    waiting: map.take(4),
    books: layoutBlockBooks(map),
    latency: layoutLatency(map),
  };
}

export class RemoteClient implements DiskClient {
  readonly books: BlockBooks;
  readonly latency: LatencyHistogram;
  outstanding = 0;
  /** Another thread may ask for what cannot be. */
  readonly mayFail = true;
  private readonly memory: Memory;
  private readonly requests: RequestTable;
  private readonly submissions: RequestRing;
  private readonly completions: RequestRing;
  private readonly waiting: number;
  /** Taken from the ring, and not by a driver yet. */
  private readonly batch: Int32Array;
  private prepared = 0;
  private ended = false;

  constructor(memory: Memory, layout: RemoteLayout, requests: RequestTable) {
    this.memory = memory;
    this.requests = requests;
    this.books = new BlockBooks(memory, layout.books);
    this.latency = new LatencyHistogram(memory, layout.latency);
    this.submissions = new RequestRing(memory, layout.submissions);
    this.completions = new RequestRing(memory, layout.completions);
    this.waiting = layout.waiting.address >>> 2;
    this.batch = new Int32Array(requests.count);
  }

  get offers(): boolean {
    return this.prepared > 0 || this.submissions.waits;
  }

  get finished(): boolean {
    return this.ended && this.outstanding === 0 && !this.offers;
  }

  end(): void {
    this.ended = true;
  }

  step(driver: Pick<DiskDriver, 'room' | 'submit'>, nowUs: number): number {
    const room = driver.room(0);
    if (this.prepared < room) this.takeIn(room - this.prepared, nowUs);
    const offered = Math.min(this.prepared, room);
    if (offered === 0) return 0;
    const { batch } = this;
    this.outstanding += offered; // a driver may hand requests back before it returns
    this.books.offers(offered);
    try {
      const taken = driver.submit(0, batch, offered);
      batch.copyWithin(0, taken, this.prepared);
      this.took(taken, offered);
      return taken;
    } catch (error) {
      // What it has not taken is offered again, to whoever drives then.
      const left = this.requests.keepUntaken(batch, offered);
      batch.copyWithin(left, offered, this.prepared);
      this.took(offered - left, offered);
      throw error;
    }
  }

  private took(taken: number, offered: number): void {
    this.outstanding -= offered - taken;
    this.prepared -= taken;
    this.books.took(taken);
  }

  completed(queue: number, requests: Int32Array, count: number, nowUs: number): void {
    const { words, doubles } = this.memory;
    let failed = 0;
    let done = 0;
    for (let i = 0; i < count; i++) {
      const request = requests[i];
      const at = this.requests.at(request);
      if (words[at + SUBMITTED] === 0 || this.requests.status(request) === PENDING) {
        this.books.count('duplicated');
        this.books.note('duplicated', queue, request, words[at + REQUEST.block] >>> 0, 0, 0, nowUs);
        continue;
      }
      words[at + SUBMITTED] = 0;
      if (this.requests.status(request) !== 0) failed++;
      this.countBytes(at);
      this.latency.count(nowUs - doubles[(at + SINCE_US) >>> 1]);
      this.completions.push(request);
      done++;
    }
    this.outstanding -= done;
    this.books.count('failed', failed);
    this.books.count('completed', done);
    this.completions.publish();
    this.wake();
  }

  private takeIn(most: number, nowUs: number): void {
    const { words, doubles } = this.memory;
    const { batch } = this;
    const count = this.submissions.take(batch, this.prepared, most);
    for (let i = this.prepared; i < this.prepared + count; i++) {
      const at = this.requests.at(batch[i]);
      words[at + SUBMITTED] = 1;
      doubles[(at + SINCE_US) >>> 1] = nowUs;
    }
    this.prepared += count;
  }

  private countBytes(at: number): void {
    const { words } = this.memory;
    const op = words[at + REQUEST.op];
    const bytes = words[at + REQUEST.blocks] * BLOCK_BYTES;
    if (op === OP.read) this.books.count('bytesRead', bytes);
    else if (op === OP.write) this.books.count('bytesWritten', bytes);
  }

  /** The other thread has looked at the ring after it said that it waits: one of the two sees the other. */
  private wake(): void {
    const { words } = this.memory;
    if (compareExchange(words, this.waiting, WAITING, AWAKE) === WAITING) notify(words, this.waiting);
  }
}

/** The other thread: it is about to wait. To be followed by a look at the ring. */
export function announceWaiting(memory: Memory, { waiting }: RemoteLayout): void {
  store(memory.words, waiting.address >>> 2, WAITING);
}
