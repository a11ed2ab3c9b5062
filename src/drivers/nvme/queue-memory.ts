/** Queue pairs in DMA memory: both queues, the shadow, the PRP lists, and their record in the state block. */
import { align, PAGE_BYTES, type Region } from '../../hw/memory.ts';
import { CQE_BYTES, SQE_BYTES } from '../../hw/nvme/datasheet.ts';
import { put, store } from '../../hw/shared.ts';
import { lowestBit } from '../state-block.ts';
import { adminMemory } from './admin-queue.ts';
import type { DiskEnvironment } from './contract.ts';
import { PAIR, SHADOW, SHADOW_WORDS, shadowWords, stackOf } from './state.ts';

export interface QueueMemory {
  readonly sq: Region;
  readonly cq: Region;
  readonly shadow: Region;
  readonly lists: Region;
  readonly slots: number;
  readonly depth: number;
}

/** Entries of both queues: a power of two, as a full queue has one less than its size (4.1.2). */
function slotsFor(depth: number): number {
  return 2 ** Math.ceil(Math.log2(depth + 1));
}

/** Allocates and maps; throws DmaExhausted with nothing left behind. */
export function makeQueues(environment: DiskEnvironment, depth: number): QueueMemory {
  const slots = slotsFor(depth);
  const made: Region[] = [];
  const allocate = (bytes: number, what: string): Region => {
    const region = environment.dma.allocate(bytes, what);
    made.push(region);
    return region;
  };
  try {
    const sq = allocate(slots * SQE_BYTES, `a submission queue of ${slots} entries`);
    const cq = allocate(slots * CQE_BYTES, `a completion queue of ${slots} entries`);
    const shadow = allocate(shadowWords(depth) * 4, 'the shadow of a queue pair');
    const lists = allocate(depth * PAGE_BYTES, `the PRP lists of ${depth} commands`);
    for (const window of [sq, cq, lists]) environment.port.map(window);
    return { sq, cq, shadow, lists, slots, depth };
  } catch (error) {
    for (const region of made) environment.dma.free(region);
    throw error;
  }
}

export function freeQueues(environment: DiskEnvironment, memory: QueueMemory): void {
  for (const window of [memory.sq, memory.cq, memory.lists]) environment.port.unmap(window);
  for (const region of [memory.sq, memory.cq, memory.shadow, memory.lists]) environment.dma.free(region);
}

/** DMA memory of a disk: what it may touch, and what is its driver's alone. */
export function memoryOfDisk(environment: DiskEnvironment): {
  readonly touched: Region[];
  readonly own: Region[];
} {
  const { state } = environment;
  const touched: Region[] = [];
  const own: Region[] = [state.region];
  for (let left = state.active; left !== 0; left &= left - 1) {
    const { sq, cq, lists, shadow } = queuesOf(environment, lowestBit(left));
    touched.push(sq, cq, lists);
    own.push(shadow);
  }
  touched.push(...adminMemory(state));
  const extension = state.header('extension') >>> 0;
  if (extension !== 0) touched.push({ address: extension, bytes: state.header('extensionBytes') >>> 0 });
  return { touched, own };
}

/** What was made for a pair, found again in its record. */
function queuesOf(environment: DiskEnvironment, queue: number): QueueMemory {
  const { words } = environment.memory;
  const record = environment.state.pair(queue);
  const slots = words[record + PAIR.slots];
  const depth = words[record + PAIR.depth];
  return {
    sq: pages(words[record + PAIR.sq] * 4, slots * SQE_BYTES),
    cq: pages(words[record + PAIR.cq] * 4, slots * CQE_BYTES),
    shadow: pages(words[record + PAIR.shadow] * 4, shadowWords(depth) * 4),
    lists: pages(words[record + PAIR.lists] >>> 0, depth * PAGE_BYTES),
    slots,
    depth,
  };
}

/** The pair is there for the client's queue `logical`: empty, every CID free. It serves it, unless it is `retiring`. */
export function recordPair(
  environment: DiskEnvironment,
  queue: number,
  logical: number,
  memory: QueueMemory,
  retiring = false,
): void {
  const { state } = environment;
  const { words } = environment.memory;
  const record = state.pair(queue);
  const shadow = memory.shadow.address >>> 2;
  const stack = stackOf(shadow, memory.depth);
  for (let cid = 0; cid < memory.depth; cid++) {
    put(words, shadow + cid * SHADOW_WORDS + SHADOW.count, 0);
    put(words, stack + cid, memory.depth - 1 - cid); // the lowest is taken first
  }
  put(words, record + PAIR.sq, memory.sq.address >>> 2);
  put(words, record + PAIR.cq, memory.cq.address >>> 2);
  put(words, record + PAIR.slots, memory.slots);
  put(words, record + PAIR.depth, memory.depth);
  put(words, record + PAIR.shadow, shadow);
  put(words, record + PAIR.lists, memory.lists.address);
  put(words, record + PAIR.tail, 0);
  put(words, record + PAIR.tailRung, 0);
  put(words, record + PAIR.headRung, 0);
  put(words, record + PAIR.free, memory.depth);
  put(words, record + PAIR.logical, logical);
  put(words, record + PAIR.retiring, retiring ? 1 : 0);
  store(words, record + PAIR.head, 0);
  state.setHeader('active', state.header('active') | (1 << queue));
}

/** The disk has forgotten the pair. It goes from the state block, then its memory is freed. */
export function dropPair(environment: DiskEnvironment, queue: number): void {
  const { state } = environment;
  const memory = queuesOf(environment, queue);
  state.setHeader('active', state.header('active') & ~(1 << queue));
  freeQueues(environment, memory);
}

function pages(address: number, bytes: number): Region {
  return { address, bytes: align(bytes, PAGE_BYTES) };
}
