/** One disk and its driver in one thread, on a clock that tests advance; every block that is written is stamped. */
import type {
  DiskDriver,
  DiskDriverDefinition,
  DiskEnvironment,
} from '../../../src/drivers/nvme/contract.ts';
import { DISK_DRIVERS } from '../../../src/drivers/nvme/index.ts';
import { OP, type Op, REQUEST, RequestTable, requestBytes } from '../../../src/drivers/nvme/requests.ts';
import { DISK_STATE_BYTES, DiskState } from '../../../src/drivers/nvme/state.ts';
import { type Parameters, resolveParameters } from '../../../src/drivers/parameters.ts';
import { BELL_BYTES } from '../../../src/hw/bell.ts';
import { DmaAllocator, dmaTableBytes } from '../../../src/hw/dma.ts';
import { iommuBytes } from '../../../src/hw/iommu.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../../../src/hw/memory.ts';
import { CPU_PORT_BYTES, CpuPort, InterruptFabric } from '../../../src/hw/msix.ts';
import { NvmeController, type NvmeOptions } from '../../../src/hw/nvme/controller.ts';
import { BLOCK_BYTES, IO_QUEUES } from '../../../src/hw/nvme/datasheet.ts';
import { layoutNvme } from '../../../src/hw/nvme/layout.ts';
import { MemoryMedia } from '../../../src/hw/nvme/media.ts';
import { NvmePort } from '../../../src/hw/nvme/port.ts';
import { FakeClock } from '../../hw/bench-card.ts';

const DEVICE = 5;
const REQUESTS = 4096;
const DMA_BYTES = 64 * 1024 * 1024;
const MOST_BYTES = 128 * 1024 * 1024;
const BLOCK_WORDS = BLOCK_BYTES / 4;
/** Turns after which a test that waits has waited in vain. */
const PATIENCE = 200_000;

export interface BenchOptions extends NvmeOptions {
  readonly queues?: number;
  readonly blocks?: number;
}

/** Commands of very different latency: they complete out of order. */
export const OUT_OF_ORDER = {
  timing: { readUs: 40, writeUs: 60, flushUs: 20, megabytesPerSecond: 4000, jitter: 1, seed: 7 },
};

export function definitionOf(name: string): DiskDriverDefinition {
  const found = DISK_DRIVERS.find((driver) => driver.name === name);
  if (found === undefined) throw new Error(`no driver ${name}`);
  return found;
}

export class DiskBench {
  readonly memory: Memory;
  readonly clock = new FakeClock();
  readonly cpu: CpuPort;
  readonly controller: NvmeController;
  readonly media: MemoryMedia;
  readonly environment: DiskEnvironment;
  readonly requests: RequestTable;
  readonly state: DiskState;
  readonly port: NvmePort;
  definition: DiskDriverDefinition;
  driver: DiskDriver;
  /** Requests handed back, in order, with the queue on which they were. */
  readonly handed: { readonly queue: number; readonly request: number }[] = [];
  /** Register writes of the driver since the disk was up. */
  readonly writes: { readonly offset: number; readonly value: number }[] = [];
  onComplete: (queue: number, request: number) => void = () => undefined;
  private readonly one = new Int32Array(1);
  private readonly finished = new Set<number>();
  private nextRequest = 0;

  constructor(name: string, parameters: Parameters = {}, options: BenchOptions = {}) {
    const queues = options.queues ?? 1;
    const map = new MemoryMap();
    const cpu = map.take(CPU_PORT_BYTES);
    const bell = map.take(BELL_BYTES);
    const iommu = map.take(iommuBytes(MOST_BYTES));
    const table = map.take(dmaTableBytes(DMA_BYTES));
    const layout = layoutNvme(map, 'nvme0', DEVICE, iommu, bell);
    const state = map.take(DISK_STATE_BYTES);
    const requests = map.take(requestBytes(REQUESTS));
    const pool = map.take(DMA_BYTES, PAGE_BYTES);
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.memory = memory;
    this.cpu = new CpuPort(memory, cpu);
    this.media = new MemoryMedia(options.blocks ?? 65_536);
    const fabric = new InterruptFabric([this.cpu], this.clock);
    this.controller = new NvmeController(memory, layout, fabric, this.media, options);
    this.port = new NvmePort(memory, layout, this.clock);
    this.state = new DiskState(memory, state);
    this.requests = new RequestTable(memory, requests);
    this.environment = {
      port: this.port,
      memory,
      dma: new DmaAllocator(memory, table, pool),
      state: this.state,
      requests: this.requests,
      clock: this.clock,
      queues,
      complete: (queue, done, count) => {
        const handed = done.slice(0, count);
        for (const request of handed) {
          this.handed.push({ queue, request });
          this.finished.add(request);
        }
        for (const request of handed) this.onComplete(queue, request);
      },
    };
    this.definition = definitionOf(name);
    this.driver = this.make(name, parameters);
  }

  /** A disk that is up, its driver active, its first looks over. */
  static started(name: string, parameters: Parameters = {}, options: BenchOptions = {}): DiskBench {
    const bench = new DiskBench(name, parameters, options);
    bench.start();
    return bench;
  }

  start(): void {
    this.run(this.driver.start());
    for (let vector = 1; vector <= IO_QUEUES; vector++) {
      this.port.connectVector(vector, 0, vector);
      this.port.maskVector(vector);
    }
    this.driver.activate();
    this.turns(10);
    const write = this.port.write32.bind(this.port);
    this.port.write32 = (offset, value) => {
      this.writes.push({ offset, value });
      write(offset, value);
    };
  }

  make(name: string, parameters: Parameters = {}): DiskDriver {
    const definition = definitionOf(name);
    return definition.create(this.environment, resolveParameters(name, definition.parameters, parameters));
  }

  /** Runs what takes its time, beside the disk. */
  run(slices: Generator<void>): void {
    for (let slice = 0; slice < PATIENCE; slice++) {
      if (slices.next().done === true) return;
      this.step();
    }
    throw new Error('it takes for ever');
  }

  /** Time passes, and the disk steps. */
  step(us = 1): void {
    this.clock.us += us;
    this.controller.step(this.clock.us, 256);
  }

  /** Hands the CPU's interrupts to the driver. */
  interrupt(): void {
    if (this.cpu.takeSummary() === 0) return;
    const lines = this.cpu.takeGroup(0);
    for (let vector = 0; vector < 32; vector++)
      if ((lines & (1 << vector)) !== 0) this.driver.interrupt(vector);
  }

  /** A turn of all: the disk, the interrupts, and the driver if it is not asleep. */
  turn(us = 1): void {
    this.step(us);
    this.interrupt();
    if (!this.driver.idle()) this.driver.poll(256);
  }

  turns(count: number): void {
    for (let i = 0; i < count; i++) this.turn();
  }

  until(what: string, holds: () => boolean): void {
    for (let turn = 0; turn < PATIENCE; turn++) {
      if (holds()) return;
      this.turn();
    }
    throw new Error(`${what}: waited in vain`);
  }

  /** As a swap does it, in its pause. The old driver is released. */
  swap(name: string, parameters: Parameters = {}, format?: string): void {
    const old = this.driver;
    const next = this.make(name, parameters);
    const definition = definitionOf(name);
    const common = format ?? this.definition.exports.find((known) => definition.imports.includes(known));
    if (common === undefined) throw new Error('no format in common');
    old.quiesce();
    old.exportState(common);
    this.state.validate(DEVICE);
    next.importState(common);
    this.driver = next;
    this.definition = definition;
    next.activate();
    old.release();
  }

  /** A request with data of its own, in memory that the disk may touch. Not submitted. */
  prepare(op: Op, block = 0, blocks = 0, flags = 0): number {
    const moves = op === OP.read || op === OP.write;
    const request = this.reserve(moves ? blocks : 0);
    this.requests.prepare(request, op, block, blocks, this.dataOf(request), flags);
    return request;
  }

  /** A write whose blocks carry their number and this version. */
  prepareWrite(block: number, blocks: number, version: number, flags = 0): number {
    const request = this.prepare(OP.write, block, blocks, flags);
    this.stamp(request, block, blocks, version);
    return request;
  }

  /** A request that is not used for anything else, and room for the data of so many blocks. */
  reserve(blocks: number): number {
    const request = this.nextRequest++;
    const data = blocks === 0 ? 0 : this.allocate(blocks * BLOCK_BYTES);
    this.memory.words[this.requests.at(request) + REQUEST.data] = data;
    return request;
  }

  dataOf(request: number): number {
    return this.memory.words[this.requests.at(request) + REQUEST.data];
  }

  stamp(request: number, block: number, blocks: number, version: number): void {
    const at = this.dataOf(request) >>> 2;
    for (let nth = 0; nth < blocks; nth++)
      stamp(this.memory.words, at + nth * BLOCK_WORDS, block + nth, version);
  }

  submit(...requests: readonly number[]): number {
    return this.driver.submit(0, Int32Array.from(requests), requests.length);
  }

  /** Submits one on a queue as soon as there is room. */
  offer(request: number, queue = 0): void {
    this.one[0] = request;
    this.until(`room for request ${request}`, () => this.driver.submit(queue, this.one, 1) === 1);
  }

  settle(...requests: readonly number[]): void {
    for (const request of requests) this.until(`request ${request}`, () => this.isDone(request));
  }

  /** To its end. Returns the status. */
  execute(request: number): number {
    this.offer(request);
    this.settle(request);
    return this.requests.status(request);
  }

  isDone(request: number): boolean {
    return this.finished.has(request);
  }

  write(block: number, blocks: number, version: number, flags = 0): number {
    return this.execute(this.prepareWrite(block, blocks, version, flags));
  }

  flush(): number {
    return this.execute(this.prepare(OP.flush));
  }

  /** Versions of blocks as the driver reads them; see `versionsAt`. */
  read(block: number, blocks: number): number[] {
    const request = this.prepare(OP.read, block, blocks);
    const status = this.execute(request);
    if (status !== 0) throw new Error(`read of block ${block}: status 0x${status.toString(16)}`);
    return this.versionsIn(request, block, blocks);
  }

  versionsIn(request: number, block: number, blocks: number): number[] {
    return versionsAt(this.memory.words, this.dataOf(request) >>> 2, block, blocks);
  }

  /** Versions of blocks on the media itself. */
  onMedia(block: number, blocks: number): number[] {
    const bytes = new Uint8Array(blocks * BLOCK_BYTES);
    this.media.read(block, blocks, bytes, 0);
    return versionsAt(new Int32Array(bytes.buffer), 0, block, blocks);
  }

  /** Values written to one register. */
  written(offset: number): number[] {
    return this.writes.filter((write) => write.offset === offset).map(({ value }) => value);
  }

  private allocate(bytes: number): number {
    const region = this.environment.dma.allocate(bytes, 'test data');
    this.port.map(region);
    return region.address;
  }
}

function stamp(words: Int32Array, at: number, block: number, version: number): void {
  for (let word = 0; word < BLOCK_WORDS; word++) words[at + word] = wordOf(block, version, word);
}

/** The version with which each block is stamped; 0 for zeros, NaN for what no write has made. */
function versionsAt(words: Int32Array, at: number, block: number, blocks: number): number[] {
  return Array.from({ length: blocks }, (_, nth) => {
    const first = at + nth * BLOCK_WORDS;
    const version = words[first + 1];
    const stamped = words
      .subarray(first, first + BLOCK_WORDS)
      .every((word, i) => word === (version === 0 ? 0 : wordOf(block + nth, version, i)));
    return stamped ? version : Number.NaN;
  });
}

function wordOf(block: number, version: number, word: number): number {
  if (word === 0) return block;
  if (word === 1) return version;
  return (Math.imul(block, 0x9e3779b1) ^ Math.imul(version, 0x85ebca6b) ^ Math.imul(word, 0xc2b2ae35)) | 0;
}
