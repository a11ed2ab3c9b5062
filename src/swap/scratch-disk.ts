/** A disk's memory with no disk behind it: queues on which code is run before it meets a real one. */
import { makeAdminQueue } from '../drivers/nvme/admin-queue.ts';
import type { DiskDriver, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { makeQueues, recordPair } from '../drivers/nvme/queue-memory.ts';
import { OP, RequestTable, requestBytes } from '../drivers/nvme/requests.ts';
import { DISK_STATE_BYTES, DiskState, PAIR, phaseAt } from '../drivers/nvme/state.ts';
import { Bell } from '../hw/bell.ts';
import type { Clock } from '../hw/clock.ts';
import { DmaAllocator, dmaTableBytes } from '../hw/dma.ts';
import { iommuBytes } from '../hw/iommu.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../hw/memory.ts';
import { layoutBell } from '../hw/nic/layout.ts';
import { CDW0_CID_SHIFT, CQE, CQE_WORDS, SQE_WORDS } from '../hw/nvme/datasheet.ts';
import { layoutNvme } from '../hw/nvme/layout.ts';
import { NvmePort } from '../hw/nvme/port.ts';
import { store } from '../hw/shared.ts';

export const SCRATCH_DEPTH = 32;
const DMA_BYTES = 16 * 1024 * 1024;
const BLOCKS = 1 << 16;
const PAGE_BLOCKS = 8;
const KINDS = [OP.write, OP.read, OP.write, OP.read, OP.write, OP.flush] as const;

export class ScratchDisk {
  readonly environment: DiskEnvironment;
  /** Of the thread that would be its CPU: nobody rings it. */
  readonly bell: Bell;
  /** Who takes requests: looked up at each batch, as it may change with any poll. */
  slot: { readonly driver: DiskDriver; deliveries: number } | undefined;
  private readonly data: number;
  private readonly free: number[] = Array.from({ length: SCRATCH_DEPTH }, (_, request) => request);
  private readonly batch = new Int32Array(SCRATCH_DEPTH);
  private asked = 0;
  /** Positions in the queues, as a disk would have them. */
  private served = 0;
  private adminServed = 0;

  constructor(clock: Clock) {
    const map = new MemoryMap();
    const iommu = map.take(iommuBytes(2 * DMA_BYTES));
    const bell = layoutBell(map);
    const layout = layoutNvme(map, 'scratch', 0, iommu, bell);
    const table = map.take(dmaTableBytes(DMA_BYTES));
    const requests = map.take(requestBytes(SCRATCH_DEPTH));
    const data = map.take(SCRATCH_DEPTH * PAGE_BYTES, PAGE_BYTES);
    const pages = map.take(DMA_BYTES, PAGE_BYTES);
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.bell = new Bell(memory, bell);
    this.data = data.address;
    const dma = new DmaAllocator(memory, table, pages);
    this.environment = {
      port: new NvmePort(memory, layout, clock),
      memory,
      dma,
      state: new DiskState(memory, dma.allocate(DISK_STATE_BYTES, 'a scratch state block')),
      requests: new RequestTable(memory, requests),
      clock,
      queues: 1,
      complete: (_queue, batch, count) => this.takeBack(batch, count),
    };
    const { state } = this.environment;
    state.format(0, 1);
    state.setHeader('blocks', BLOCKS);
    state.setHeader('transferBlocks', 32 * PAGE_BLOCKS);
    makeAdminQueue(this.environment);
    recordPair(this.environment, 1, 0, makeQueues(this.environment, SCRATCH_DEPTH));
  }

  /** What client and disk would do: so many requests more, and all that the disk was told of is done. */
  turn(most: number): void {
    this.ask(most);
    const { state, memory } = this.environment;
    const record = state.pair(1);
    const { words } = memory;
    const [sq, cq, slots] = [words[record + PAIR.sq], words[record + PAIR.cq], words[record + PAIR.slots]];
    for (; this.served !== words[record + PAIR.tailRung]; this.served++)
      this.post(sq, cq, slots, this.served);
    const adminSlots = state.header('adminSlots');
    for (; this.adminServed !== state.header('adminTail'); this.adminServed++)
      this.post(state.header('adminSq'), state.header('adminCq'), adminSlots, this.adminServed);
  }

  private ask(most: number): void {
    const { slot, batch, free } = this;
    if (slot === undefined) return;
    const count = Math.min(most, free.length, slot.driver.room(0));
    for (let i = 0; i < count; i++) batch[i] = this.prepare(free.pop() ?? 0);
    const taken = slot.driver.submit(0, batch, count);
    for (let i = taken; i < count; i++) free.push(batch[i]);
  }

  private prepare(request: number): number {
    const op = KINDS[this.asked % KINDS.length];
    const block = (this.asked++ * 7 * PAGE_BLOCKS) % (BLOCKS - PAGE_BLOCKS);
    const data = this.data + request * PAGE_BYTES;
    const flush = op === OP.flush;
    this.environment.requests.prepare(request, op, block, flush ? 0 : PAGE_BLOCKS, data, 0);
    return request;
  }

  /** Entries of both queues are as far as each other: every command is done in its turn. */
  private post(sq: number, cq: number, slots: number, position: number): void {
    const { words } = this.environment.memory;
    const cid = words[sq + (position & (slots - 1)) * SQE_WORDS] >>> CDW0_CID_SHIFT;
    store(words, cq + (position & (slots - 1)) * CQE_WORDS + CQE.status, cid | phaseAt(position, slots));
  }

  private takeBack(batch: Int32Array, count: number): void {
    if (this.slot !== undefined) this.slot.deliveries++;
    for (let i = 0; i < count; i++) this.free.push(batch[i]);
  }
}
