/** Seeded reads, writes, flushes, zeroes and discards on a disk, as many at a time as told, and what they must come to. */
import { OP, type Op, REQUEST_FUA } from '../../../src/drivers/nvme/requests.ts';
import { nextRandom } from '../../../src/hw/link/frames.ts';
import { STATUS } from '../../../src/hw/nvme/datasheet.ts';
import type { DiskBench } from './bench.ts';

/** Blocks of a request, and looks for something to submit in a turn, at most. */
const MOST_BLOCKS = 40;
const TRIES = 8;

export interface WorkloadOptions {
  readonly seed?: number;
  /** Blocks that are used, from 0. Few: much overlaps in time, but never two requests that are in flight. */
  readonly span?: number;
  readonly atOnce?: number;
  readonly queues?: number;
  /** Zeroes and discards as well. */
  readonly zeroes?: boolean;
}

interface Pending {
  readonly op: Op;
  readonly block: number;
  readonly blocks: number;
  readonly version: number;
  readonly fua: boolean;
  /** Of a flush: what was acknowledged when it was submitted. */
  readonly acknowledged?: Int32Array;
}

export class Workload {
  readonly bench: DiskBench;
  /** By request, how often it was submitted. */
  private readonly submissions = new Map<number, number>();
  /** Requests, with their data, that may be used again. */
  private readonly idle: number[] = [];
  readonly mistakes: string[] = [];
  /** By block: the version last acknowledged, and the least that a power cut must leave. */
  readonly acknowledged: Int32Array;
  readonly promised: Int32Array;
  /** Requests that a reset has ended: no reads, no writes. */
  aborted = 0;
  /** By block: zeroes may be what it holds, as a reset has ended what would have made them. */
  private readonly perhapsZero: Uint8Array;
  private readonly pending = new Map<number, Pending>();
  private readonly busy: Uint8Array;
  private readonly options: Required<WorkloadOptions>;
  private random: number;
  private version = 0;

  constructor(bench: DiskBench, options: WorkloadOptions = {}) {
    this.bench = bench;
    this.options = { seed: 1, span: 512, atOnce: 32, queues: 1, zeroes: true, ...options };
    this.random = this.options.seed;
    this.acknowledged = new Int32Array(this.options.span);
    this.promised = new Int32Array(this.options.span);
    this.perhapsZero = new Uint8Array(this.options.span);
    this.busy = new Uint8Array(this.options.span);
    bench.onComplete = (_, request) => this.complete(request);
  }

  get inFlight(): number {
    return this.pending.size;
  }

  /** Keeps the disk busy for so many turns. */
  run(turns: number): void {
    for (let turn = 0; turn < turns; turn++) {
      this.fill();
      this.bench.turn();
    }
  }

  drain(): void {
    this.bench.until('the last requests', () => this.pending.size === 0);
  }

  /** Requests that were not handed back as often as they were submitted, and how often they were. */
  notOnce(): [number, number][] {
    const left = new Map(this.submissions);
    for (const { request } of this.bench.handed) left.set(request, (left.get(request) ?? 0) - 1);
    return [...left].filter(([request, count]) => count !== 0 && this.submissions.has(request));
  }

  get submitted(): number {
    let count = 0;
    for (const times of this.submissions.values()) count += times;
    return count;
  }

  /** Reads all blocks with the driver; lists those that are not as last acknowledged. */
  differences(): number[] {
    const { span } = this.options;
    const wrong: number[] = [];
    for (let block = 0; block < span; block += 64)
      this.bench.read(block, Math.min(64, span - block)).forEach((version, nth) => {
        if (!this.mayHold(block + nth, version)) wrong.push(block + nth);
      });
    return wrong;
  }

  private fill(): void {
    const { atOnce, queues } = this.options;
    for (let tries = 0; this.pending.size < atOnce && tries < TRIES; tries++) {
      const queue = this.below(queues);
      if (this.bench.driver.room(queue) === 0) return;
      const next = this.choose();
      if (next === undefined) continue;
      const request = this.prepare(next);
      this.lock(next, 1);
      this.pending.set(request, next);
      this.submissions.set(request, (this.submissions.get(request) ?? 0) + 1);
      if (this.bench.driver.submit(queue, Int32Array.of(request), 1) !== 1)
        throw new Error('there was room, but the request was not taken');
    }
  }

  /** Undefined if it would overlap a request in flight. */
  private choose(): Pending | undefined {
    const kind = this.below(100);
    if (kind < 4)
      return {
        op: OP.flush,
        block: 0,
        blocks: 0,
        version: 0,
        fua: false,
        acknowledged: this.acknowledged.slice(),
      };
    const whole = this.below(3) > 0;
    const blocks = whole ? 8 * (1 + this.below(4)) : 1 + this.below(MOST_BLOCKS);
    const room = this.options.span - blocks;
    const block = whole ? 8 * this.below(Math.floor(room / 8) + 1) : this.below(room + 1);
    for (let at = block; at < block + blocks; at++) if (this.busy[at] !== 0) return undefined;
    if (kind < 45) return { op: OP.read, block, blocks, version: 0, fua: false };
    if (kind < 92 || !this.options.zeroes)
      return { op: OP.write, block, blocks, version: ++this.version, fua: kind % 8 === 0 };
    return { op: kind < 96 ? OP.writeZeroes : OP.discard, block, blocks, version: 0, fua: false };
  }

  private prepare({ op, block, blocks, version, fua }: Pending): number {
    const { bench } = this;
    const request = this.idle.pop() ?? bench.reserve(MOST_BLOCKS);
    bench.requests.prepare(request, op, block, blocks, bench.dataOf(request), fua ? REQUEST_FUA : 0);
    if (op === OP.write) bench.stamp(request, block, blocks, version);
    return request;
  }

  private complete(request: number): void {
    const done = this.pending.get(request);
    if (done === undefined) return; // handed back twice, or no request of this workload
    this.pending.delete(request);
    this.idle.push(request);
    this.lock(done, 0);
    const status = this.bench.requests.status(request);
    if (status === STATUS.abortedSqDeletion && done.op !== OP.read && done.op !== OP.write)
      return this.abort(done);
    if (status !== 0) this.mistakes.push(`request ${request} has status 0x${status.toString(16)}`);
    if (done.op === OP.read) this.check(request, done);
    else if (done.acknowledged !== undefined) this.keep(done.acknowledged);
    else this.acknowledge(done);
  }

  private abort({ block, blocks }: Pending): void {
    this.aborted++;
    this.perhapsZero.fill(1, block, block + blocks);
  }

  private acknowledge({ block, blocks, version, fua }: Pending): void {
    this.acknowledged.fill(version, block, block + blocks);
    this.perhapsZero.fill(0, block, block + blocks);
    if (fua) this.promised.fill(version, block, block + blocks);
  }

  private keep(acknowledged: Int32Array): void {
    for (const [block, version] of acknowledged.entries())
      this.promised[block] = Math.max(this.promised[block], version);
  }

  private check(request: number, { block, blocks }: Pending): void {
    this.bench.versionsIn(request, block, blocks).forEach((version, nth) => {
      const last = this.acknowledged[block + nth];
      if (!this.mayHold(block + nth, version))
        this.mistakes.push(`block ${block + nth} reads as ${version}, not ${last}`);
    });
  }

  private mayHold(block: number, version: number): boolean {
    return version === this.acknowledged[block] || (version === 0 && this.perhapsZero[block] === 1);
  }

  private lock({ block, blocks }: Pending, value: number): void {
    this.busy.fill(value, block, block + blocks);
  }

  private below(end: number): number {
    this.random = nextRandom(this.random);
    return (this.random >>> 0) % end;
  }
}
