/**
 * How a disk is brought up (7.6.1) and shut down (7.6.2), and how queue pairs come and go. All in slices, as admin commands
 * take their time: none of this belongs in the pause of a swap.
 */

import { PAGE_BYTES } from '../../hw/memory.ts';
import {
  ACQ,
  ACQ_HIGH,
  ADMIN,
  AQA,
  AQA_ACQS_SHIFT,
  ASQ,
  ASQ_HIGH,
  BLOCK_SHIFT,
  CAP,
  CAP_TO_SHIFT,
  CAP_TO_UNIT_US,
  CC,
  CC_EN,
  CC_IOCQES_SHIFT,
  CC_IOSQES_SHIFT,
  CC_SHN_NORMAL,
  CC_SHN_SHIFT,
  CNS,
  COALESCING_THRESHOLD_MASK,
  COALESCING_TIME_SHIFT,
  COALESCING_TIME_UNIT_US,
  CQ_INTERRUPTS,
  CQ_VECTOR_SHIFT,
  CQE_SHIFT,
  CSTS,
  CSTS_RDY,
  CSTS_SHST_MASK,
  CSTS_SHST_SHIFT,
  FEATURE,
  IDC,
  IDN,
  IO_QUEUES,
  NAMESPACE,
  QUEUE_CONTIGUOUS,
  QUEUE_SIZE_SHIFT,
  SHST_COMPLETE,
  SQ_CQID_SHIFT,
  SQE_SHIFT,
} from '../../hw/nvme/datasheet.ts';
import { lowestBit } from '../state-block.ts';
import {
  type AdminCommand,
  AdminError,
  BringUpError,
  endAdminCommands,
  freeAdminQueue,
  makeAdminQueue,
  runAdmin,
  until,
} from './admin-queue.ts';
import type { DiskEnvironment } from './contract.ts';
import { dropPair, freeQueues, makeQueues, type QueueMemory, recordPair } from './queue-memory.ts';
import { PAIR } from './state.ts';

/** Blocks that one page of PRP entries and the first page tell of: longer lists are chained, which no driver here does. */
const PAGE_BLOCKS = PAGE_BYTES >>> BLOCK_SHIFT;
const LIST_BLOCKS = (PAGE_BYTES / 8) * PAGE_BLOCKS;
/** An interrupt is not held back longer than this, whatever was asked for (5.21.1.8). */
const MOST_COALESCING_UNITS = 255;

/** The state block is formatted; the disk has an admin queue and no others. */
export function* bringUp(environment: DiskEnvironment): Generator<void> {
  const { port, queues, state } = environment;
  yield* disable(environment);
  state.format(port.device, queues);
  yield* enable(environment);
}

/**
 * Admin queue, Identify, number of queues, of a disk that is disabled. The state block gets what the disk says of itself; a
 * driver's extension stays.
 */
export function* enable(environment: DiskEnvironment): Generator<void> {
  const { port, state } = environment;
  makeAdminQueue(environment);
  const sizes = state.header('adminSlots') - 1;
  port.write32(AQA, (sizes << AQA_ACQS_SHIFT) | sizes);
  port.write32(ASQ, state.header('adminSq') * 4);
  port.write32(ASQ_HIGH, 0);
  port.write32(ACQ, state.header('adminCq') * 4);
  port.write32(ACQ_HIGH, 0);
  port.write32(CC, (SQE_SHIFT << CC_IOSQES_SHIFT) | (CQE_SHIFT << CC_IOCQES_SHIFT) | CC_EN);
  yield* status(environment, 'the ready state', CSTS_RDY, CSTS_RDY);
  yield* identify(environment);
  yield* askForQueues(environment);
}

/** Normal shutdown: what the disk's volatile cache holds is written. Then the admin queue is freed. */
export function* shutDown(environment: DiskEnvironment): Generator<void> {
  const { port } = environment;
  port.write32(CC, port.read32(CC) | (CC_SHN_NORMAL << CC_SHN_SHIFT));
  yield* status(
    environment,
    'the shutdown',
    CSTS_SHST_MASK << CSTS_SHST_SHIFT,
    SHST_COMPLETE << CSTS_SHST_SHIFT,
  );
  yield* disable(environment);
  freeAdminQueue(environment);
}

/**
 * Controller reset: commands and queues are no more (7.3.2), but what is in the volatile cache stays. Afterwards the disk posts
 * nothing any more.
 */
export function* disable(environment: DiskEnvironment): Generator<void> {
  environment.port.write32(CC, 0);
  yield* status(environment, 'the end of the ready state', CSTS_RDY, 0);
}

/** One for each of the client's queues. */
export function* createPairs(environment: DiskEnvironment, depth: number): Generator<void> {
  for (let queue = 0; queue < environment.queues; queue++)
    yield* createPair(environment, queue + 1, queue, depth);
}

/**
 * Makes a queue pair for one of the client's queues, with vector `queue`; a `retiring` one takes no commands yet. Nothing is left
 * behind if that fails; and if the CPU ends in the middle of it, the state block says which pair the disk may know.
 */
export function* createPair(
  environment: DiskEnvironment,
  queue: number,
  logical: number,
  depth: number,
  retiring = false,
): Generator<void> {
  const { state } = environment;
  const memory = makeQueues(environment, depth);
  state.setHeader('making', queue);
  try {
    yield* createQueues(environment, queue, memory);
  } catch (error) {
    freeQueues(environment, memory);
    state.setHeader('making', 0);
    throw error;
  }
  recordPair(environment, queue, logical, memory, retiring);
  state.setHeader('making', 0);
}

/** The submission queue first: afterwards the disk posts nothing more for it (5.6), so the rest of its commands is over. */
export function* deleteSubmissionQueue(environment: DiskEnvironment, queue: number): Generator<void> {
  yield* runAdmin(environment, deletionOfSq(queue));
}

/** Then the completion queue, whose completions have been taken; record and memory go as well. */
export function* deleteCompletionQueue(environment: DiskEnvironment, queue: number): Generator<void> {
  yield* runAdmin(environment, deletionOfCq(queue));
  dropPair(environment, queue);
}

/**
 * Of a CPU that is no more: queue pairs that a swap had made, or was making, or was about to delete, are known to the disk no
 * longer. Admin commands come to their end first.
 */
export function* dropSparePairs(environment: DiskEnvironment): Generator<void> {
  const { state } = environment;
  yield* endAdminCommands(environment);
  const making = state.header('making');
  if (making !== 0 && (state.active & (1 << making)) === 0) yield* forgetQueues(environment, making);
  state.setHeader('making', 0);
  for (let left = state.active; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    if (!isSpare(environment, queue)) continue;
    yield* forgetQueues(environment, queue);
    dropPair(environment, queue);
  }
}

/** An interrupt for so many completions, or after so long (5.21.1.8); 0 us is one for each. Holds until the next reset. */
export function* coalesce(
  environment: DiskEnvironment,
  completions: number,
  holdUs: number,
): Generator<void> {
  const threshold = Math.min(completions - 1, COALESCING_THRESHOLD_MASK);
  const units = Math.min(Math.ceil(holdUs / COALESCING_TIME_UNIT_US), MOST_COALESCING_UNITS);
  yield* runAdmin(environment, {
    name: 'Set Features (Interrupt Coalescing)',
    opcode: ADMIN.setFeatures,
    cdw10: FEATURE.interruptCoalescing,
    cdw11: threshold | (units << COALESCING_TIME_SHIFT),
  });
}

/** Waits for a field of CSTS as long as CAP.TO allows (3.1.1). */
function* status(
  { clock, port }: DiskEnvironment,
  what: string,
  mask: number,
  value: number,
): Generator<void> {
  const limitUs = Math.max(1, port.read32(CAP) >>> CAP_TO_SHIFT) * CAP_TO_UNIT_US;
  yield* until(port.name, what, clock, limitUs, () => (port.read32(CSTS) & mask) === value);
}

function* identify(environment: DiskEnvironment): Generator<void> {
  const { memory, port, state } = environment;
  const data = state.header('adminData');
  const command = { opcode: ADMIN.identify, prp1: data };
  yield* runAdmin(environment, { ...command, name: 'Identify Controller', cdw10: CNS.controller });
  const mdts = memory.bytes[data + IDC.mdts];
  const transfer = mdts === 0 ? LIST_BLOCKS : Math.min(LIST_BLOCKS, PAGE_BLOCKS * 2 ** mdts);
  state.setHeader('transferBlocks', transfer);
  yield* runAdmin(environment, {
    ...command,
    name: 'Identify Namespace',
    nsid: NAMESPACE,
    cdw10: CNS.namespace,
  });
  const format = memory.words[(data + IDN.lbaf0) >>> 2];
  if (((format >>> 16) & 0xff) !== BLOCK_SHIFT)
    throw new BringUpError(port.name, 'a namespace of 512-byte blocks');
  const high = memory.words[(data + IDN.nsze + 4) >>> 2];
  state.setHeader('blocks', high === 0 ? memory.words[(data + IDN.nsze) >>> 2] : -1); // requests reach no further
}

/** As many as there are records for: some are spare, for pairs of another depth. */
function* askForQueues(environment: DiskEnvironment): Generator<void> {
  const wanted = IO_QUEUES - 1;
  const result = yield* runAdmin(environment, {
    name: 'Set Features (Number of Queues)',
    opcode: ADMIN.setFeatures,
    cdw10: FEATURE.numberOfQueues,
    cdw11: (wanted << 16) | wanted,
  });
  const granted = Math.min(result & 0xffff, result >>> 16) + 1;
  if (granted < environment.queues)
    throw new BringUpError(environment.port.name, `queue ${granted + 1} of ${environment.queues}`);
}

function* createQueues(environment: DiskEnvironment, queue: number, memory: QueueMemory): Generator<void> {
  const size = ((memory.slots - 1) << QUEUE_SIZE_SHIFT) | queue;
  yield* runAdmin(environment, {
    name: 'Create I/O Completion Queue',
    opcode: ADMIN.createCq,
    prp1: memory.cq.address,
    cdw10: size,
    cdw11: (queue << CQ_VECTOR_SHIFT) | CQ_INTERRUPTS | QUEUE_CONTIGUOUS,
  });
  try {
    yield* runAdmin(environment, {
      name: 'Create I/O Submission Queue',
      opcode: ADMIN.createSq,
      prp1: memory.sq.address,
      cdw10: size,
      cdw11: (queue << SQ_CQID_SHIFT) | QUEUE_CONTIGUOUS,
    });
  } catch (error) {
    yield* runAdmin(environment, deletionOfCq(queue));
    throw error;
  }
}

/** It takes no commands, and has none. */
function isSpare({ state, memory: { words } }: DiskEnvironment, queue: number): boolean {
  const record = state.pair(queue);
  return words[record + PAIR.retiring] !== 0 && words[record + PAIR.tail] === words[record + PAIR.head];
}

function* forgetQueues(environment: DiskEnvironment, queue: number): Generator<void> {
  for (const command of [deletionOfSq(queue), deletionOfCq(queue)])
    try {
      yield* runAdmin(environment, command);
    } catch (error) {
      // A queue that the disk does not know, or not any more: as far as that its CPU had come.
      if (!(error instanceof AdminError)) throw error;
    }
}

function deletionOfSq(queue: number): AdminCommand {
  return { name: 'Delete I/O Submission Queue', opcode: ADMIN.deleteSq, cdw10: queue };
}

function deletionOfCq(queue: number): AdminCommand {
  return { name: 'Delete I/O Completion Queue', opcode: ADMIN.deleteCq, cdw10: queue };
}
