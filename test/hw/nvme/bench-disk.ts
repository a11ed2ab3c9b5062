/** A machine of nothing but a disk, and a driver that is no more than its queues and doorbells. */
import { DmaAllocator, dmaTableBytes } from '../../../src/hw/dma.ts';
import { Iommu, iommuBytes } from '../../../src/hw/iommu.ts';
import { Memory, MemoryMap, PAGE_BYTES, type Region } from '../../../src/hw/memory.ts';
import { CPU_IRQS, CPU_PORT_BYTES, CpuPort, InterruptFabric } from '../../../src/hw/msix.ts';
import { layoutBell } from '../../../src/hw/nic/layout.ts';
import { NvmeController, type NvmeOptions } from '../../../src/hw/nvme/controller.ts';
import {
  ACQ,
  ACQ_HIGH,
  ADMIN,
  AQA,
  AQA_ACQS_SHIFT,
  ASQ,
  ASQ_HIGH,
  BLOCK_BYTES,
  CC,
  CC_EN,
  CC_IOCQES_SHIFT,
  CC_IOSQES_SHIFT,
  CDW12_FUA,
  CQ_INTERRUPTS,
  CQ_VECTOR_SHIFT,
  CQE,
  CQE_BYTES,
  CQE_PHASE,
  CQE_SHIFT,
  CQE_STATUS_SHIFT,
  CQE_WORDS,
  CSTS,
  CSTS_RDY,
  cqHead,
  NVM,
  QUEUE_CONTIGUOUS,
  QUEUE_SIZE_SHIFT,
  SQ_CQID_SHIFT,
  SQE,
  SQE_BYTES,
  SQE_SHIFT,
  SQE_WORDS,
  STATUS,
  STATUS_CODE_MASK,
  STATUS_DNR,
  type StatusName,
  sqTail,
  VECTORS,
} from '../../../src/hw/nvme/datasheet.ts';
import { layoutNvme } from '../../../src/hw/nvme/layout.ts';
import { type Media, MemoryMedia } from '../../../src/hw/nvme/media.ts';
import { NvmePort } from '../../../src/hw/nvme/port.ts';
import { FakeClock } from '../bench-card.ts';

export const DEVICE = 3;
/** CC of a driver that does all right. */
export const GOOD_CC = CC_EN | (SQE_SHIFT << CC_IOSQES_SHIFT) | (CQE_SHIFT << CC_IOCQES_SHIFT);
const MOST_BYTES = 64 * 1024 * 1024;
/** Steps in which a command with nothing in its way is done. */
const PATIENCE = 100;

/** Fields of a submission queue entry; what is not named is zero, but for the identifier and the namespace. */
export interface Command {
  readonly opcode: number;
  readonly cid?: number;
  readonly fuse?: number;
  readonly psdt?: number;
  readonly nsid?: number;
  readonly prp1?: number;
  readonly prp1High?: number;
  readonly prp2?: number;
  readonly prp2High?: number;
  readonly cdw10?: number;
  readonly cdw11?: number;
  readonly cdw12?: number;
  readonly cdw13?: number;
}

export interface Completion {
  readonly cid: number;
  readonly status: StatusName | number;
  /** Do Not Retry. */
  readonly final: boolean;
  readonly result: number;
  readonly queue: number;
  readonly head: number;
}

const NAMES = new Map<number, StatusName>(
  Object.entries(STATUS).map(([name, code]) => [code, name as StatusName]),
);

/** One submission queue and its completion queue, as a driver keeps them. */
export class QueuePair {
  readonly bench: DiskBench;
  readonly id: number;
  readonly entries: number;
  readonly sq: Region;
  readonly cq: Region;
  tail = 0;
  head = 0;
  private phase = CQE_PHASE;
  private nextCid = 0;

  constructor(bench: DiskBench, id: number, entries: number) {
    this.bench = bench;
    this.id = id;
    this.entries = entries;
    this.sq = bench.allocate(entries * SQE_BYTES);
    this.cq = bench.allocate(entries * CQE_BYTES);
  }

  /** Writes an entry and leaves the doorbell alone. Returns its identifier. */
  put(command: Command): number {
    const cid = command.cid ?? this.nextCid++ & 0xffff;
    const entry = new Int32Array(SQE_WORDS);
    entry[SQE.cdw0] = command.opcode | ((command.fuse ?? 0) << 8) | ((command.psdt ?? 0) << 14) | (cid << 16);
    entry[SQE.nsid] = command.nsid ?? (this.id === 0 ? 0 : 1);
    entry[SQE.prp1] = command.prp1 ?? 0;
    entry[SQE.prp1High] = command.prp1High ?? 0;
    entry[SQE.prp2] = command.prp2 ?? 0;
    entry[SQE.prp2High] = command.prp2High ?? 0;
    entry[SQE.cdw10] = command.cdw10 ?? 0;
    entry[SQE.cdw11] = command.cdw11 ?? 0;
    entry[SQE.cdw12] = command.cdw12 ?? 0;
    entry[SQE.cdw13] = command.cdw13 ?? 0;
    this.bench.memory.words.set(entry, (this.sq.address >>> 2) + this.tail * SQE_WORDS);
    this.tail = (this.tail + 1) % this.entries;
    return cid;
  }

  ring(): void {
    this.bench.port.write32(sqTail(this.id), this.tail);
  }

  submit(command: Command): number {
    const cid = this.put(command);
    this.ring();
    return cid;
  }

  /** The next completion if it is there; the head doorbell stays as it is. */
  peek(): Completion | undefined {
    const { words } = this.bench.memory;
    const at = (this.cq.address >>> 2) + this.head * CQE_WORDS;
    const last = words[at + CQE.status];
    if ((last & CQE_PHASE) !== this.phase) return undefined;
    this.head = (this.head + 1) % this.entries;
    if (this.head === 0) this.phase ^= CQE_PHASE;
    const field = last >>> CQE_STATUS_SHIFT;
    return {
      cid: last & 0xffff,
      status: NAMES.get(field & STATUS_CODE_MASK) ?? field & STATUS_CODE_MASK,
      final: (field & STATUS_DNR) !== 0,
      result: words[at + CQE.result] >>> 0,
      queue: words[at + CQE.head] >>> 16,
      head: words[at + CQE.head] & 0xffff,
    };
  }

  free(): void {
    this.bench.port.write32(cqHead(this.id), this.head);
  }

  /** All completions that are there, and their slots given back. */
  take(): Completion[] {
    const found: Completion[] = [];
    for (let next = this.peek(); next !== undefined; next = this.peek()) found.push(next);
    if (found.length > 0) this.free();
    return found;
  }

  /** Submits one command, and steps until it is completed. Nothing else may be outstanding. */
  run(command: Command): Completion {
    this.submit(command);
    for (let step = 0; step < PATIENCE; step++) {
      this.bench.step();
      const [completion] = this.take();
      if (completion !== undefined) return completion;
    }
    throw new Error(`the command ${command.opcode} of queue ${this.id} was not completed`);
  }

  /** Runs a command and says how it ended. */
  status(command: Command): StatusName | number {
    return this.run(command).status;
  }
}

export interface BenchOptions extends NvmeOptions {
  readonly blocks?: number;
  readonly media?: Media;
  readonly dmaBytes?: number;
}

export class DiskBench {
  readonly memory: Memory;
  readonly clock = new FakeClock();
  readonly cpu: CpuPort;
  readonly dma: DmaAllocator;
  readonly iommu: Iommu;
  readonly port: NvmePort;
  readonly disk: NvmeController;
  readonly media: Media;
  admin: QueuePair;
  /** Where `read` and `write` have their data: as much as one command moves. */
  readonly buffer: Region;
  private readonly list: Region;

  constructor({ blocks = 4096, media, dmaBytes = 4 << 20, ...options }: BenchOptions = {}) {
    const map = new MemoryMap();
    const cpu = map.take(CPU_PORT_BYTES);
    const bell = layoutBell(map);
    const iommu = map.take(iommuBytes(MOST_BYTES));
    const table = map.take(dmaTableBytes(dmaBytes));
    const layout = layoutNvme(map, 'nvme0', DEVICE, iommu, bell);
    const pool = map.take(dmaBytes, PAGE_BYTES);
    this.memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.cpu = new CpuPort(this.memory, cpu);
    this.dma = new DmaAllocator(this.memory, table, pool);
    this.media = media ?? new MemoryMedia(blocks);
    const fabric = new InterruptFabric([this.cpu], this.clock);
    this.disk = new NvmeController(this.memory, layout, fabric, this.media, options);
    this.port = new NvmePort(this.memory, layout, this.clock);
    this.iommu = new Iommu(this.memory, iommu);
    this.buffer = this.allocate(32 * PAGE_BYTES);
    this.list = this.allocate(PAGE_BYTES);
    this.admin = new QueuePair(this, 0, 32);
  }

  /** DMA memory that the disk may touch. */
  allocate(bytes: number): Region {
    const region = this.dma.allocate(bytes, 'test');
    this.port.map(region);
    return region;
  }

  get nowUs(): number {
    return this.clock.us;
  }

  step(budget = 256): number {
    return this.disk.step(this.nowUs, budget);
  }

  after(us: number): void {
    this.clock.us += us;
    this.step();
  }

  /** Lets time pass up to the disk's own timers until it has none, at most `most` of them. */
  settle(most = 1000): void {
    this.step();
    for (let i = 0; i < most && this.disk.nextTimerUs() < Number.POSITIVE_INFINITY; i++)
      this.after(Math.max(0, this.disk.nextTimerUs() - this.nowUs));
  }

  /** Admin queue, CC.EN, CSTS.RDY, and vectors unmasked: vector n raises line n. */
  start(): this {
    this.enable();
    this.settle();
    if ((this.port.read32(CSTS) & CSTS_RDY) === 0) throw new Error('the disk did not become ready');
    for (let vector = 0; vector < VECTORS; vector++) this.port.connectVector(vector, 0, vector);
    return this;
  }

  /** A fresh admin queue pair, and CC with EN. */
  enable(configuration = GOOD_CC): void {
    const { port } = this;
    this.admin = new QueuePair(this, 0, this.admin.entries);
    port.write32(AQA, (this.admin.entries - 1) | ((this.admin.entries - 1) << AQA_ACQS_SHIFT));
    port.write32(ASQ, this.admin.sq.address);
    port.write32(ASQ_HIGH, 0);
    port.write32(ACQ, this.admin.cq.address);
    port.write32(ACQ_HIGH, 0);
    port.write32(CC, configuration);
  }

  /** Makes an I/O queue pair, with vector and completion queue of its own number. */
  makeQueue(id = 1, { entries = 16, interrupts = true } = {}): QueuePair {
    const pair = new QueuePair(this, id, entries);
    this.expectSuccess(createCq(pair, { interrupts }));
    this.expectSuccess(createSq(pair));
    return pair;
  }

  private expectSuccess(command: Command): void {
    const status = this.admin.status(command);
    if (status !== 'success') throw new Error(`an admin command ended with ${status}`);
  }

  /** Interrupt lines raised since the last call, lowest first. */
  interrupts(): number[] {
    const lines: number[] = [];
    this.cpu.takeSummary();
    for (let line = 0; line < CPU_IRQS; line++) if (this.cpu.isPending(line)) lines.push(line);
    for (let group = 0; group < CPU_IRQS / 32; group++) this.cpu.takeGroup(group);
    return lines;
  }

  /** PRP entries for so many bytes of a region of whole pages. */
  prps(region: Region, bytes: number): { prp1: number; prp2: number } {
    const { address } = region;
    if (bytes <= 2 * PAGE_BYTES)
      return { prp1: address, prp2: bytes > PAGE_BYTES ? address + PAGE_BYTES : 0 };
    for (let page = 1; page * PAGE_BYTES < bytes; page++)
      this.memory.words.set([address + page * PAGE_BYTES, 0], (this.list.address >>> 2) + (page - 1) * 2);
    return { prp1: address, prp2: this.list.address };
  }

  /** A Read or Write of blocks to or from the buffer. */
  transfer(opcode: number, block: number, count: number, flags = 0): Command {
    const prps = this.prps(this.buffer, count * BLOCK_BYTES);
    return { opcode, ...prps, cdw10: block, cdw12: (count - 1) | flags };
  }

  /** Puts data in the buffer and makes the command that writes them. */
  writing(block: number, data: Uint8Array, fua = false): Command {
    this.memory.bytes.set(data, this.buffer.address);
    return this.transfer(NVM.write, block, data.length / BLOCK_BYTES, fua ? CDW12_FUA : 0);
  }

  /** Reads blocks through a queue. */
  read(queue: QueuePair, block: number, count: number): Uint8Array {
    this.memory.bytes.fill(0xee, this.buffer.address, this.buffer.address + count * BLOCK_BYTES);
    const status = queue.status(this.transfer(NVM.read, block, count));
    if (status !== 'success') throw new Error(`Read ended with ${status}`);
    return this.memory.bytes.slice(this.buffer.address, this.buffer.address + count * BLOCK_BYTES);
  }

  /** What the media holds, past the controller. */
  stored(block: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * BLOCK_BYTES);
    this.media.read(block, count, bytes, 0);
    return bytes;
  }
}

export function createCq(pair: QueuePair, { interrupts = true, vector = pair.id } = {}): Command {
  return {
    opcode: ADMIN.createCq,
    prp1: pair.cq.address,
    cdw10: pair.id | ((pair.entries - 1) << QUEUE_SIZE_SHIFT),
    cdw11: QUEUE_CONTIGUOUS | (interrupts ? CQ_INTERRUPTS : 0) | (vector << CQ_VECTOR_SHIFT),
  };
}

export function createSq(pair: QueuePair, completion = pair.id): Command {
  return {
    opcode: ADMIN.createSq,
    prp1: pair.sq.address,
    cdw10: pair.id | ((pair.entries - 1) << QUEUE_SIZE_SHIFT),
    cdw11: QUEUE_CONTIGUOUS | (completion << SQ_CQID_SHIFT),
  };
}

/** Blocks that say whose they are in every word: the block's offset in the write, and a mark. */
export function blocksOf(mark: number, count: number): Uint8Array {
  const words = new Uint32Array((count * BLOCK_BYTES) / 4);
  for (let word = 0; word < words.length; word++) words[word] = (mark << 16) ^ word;
  return new Uint8Array(words.buffer);
}
