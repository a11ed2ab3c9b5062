/** The admin queue pair: one command at a time, in slices. It lies in the state block, so a successor goes on with it. */
import type { Clock } from '../../hw/clock.ts';
import { PAGE_BYTES, type Region } from '../../hw/memory.ts';
import {
  CDW0_CID_SHIFT,
  CQE,
  CQE_PHASE,
  CQE_STATUS_SHIFT,
  CQE_WORDS,
  cqHead,
  SQE,
  SQE_BYTES,
  SQE_WORDS,
  sqTail,
} from '../../hw/nvme/datasheet.ts';
import { load, put } from '../../hw/shared.ts';
import type { DiskEnvironment } from './contract.ts';
import { type DiskState, phaseAt } from './state.ts';

/** Entries of both admin queues: a page of commands. */
const SLOTS = PAGE_BYTES / SQE_BYTES;
/** Pages: submission queue, completion queue, data. */
const ADMIN_BYTES = 3 * PAGE_BYTES;
/** No admin command that is used here takes long. */
const ADMIN_LIMIT_US = 10_000_000;

/** No CID: whose answer is not awaited. */
const NOBODYS = -1;

/** The disk does not answer as the specification says. */
export class BringUpError extends Error {
  constructor(disk: string, what: string) {
    super(`${disk}: ${what} did not come about; the disk does not answer`);
    this.name = 'BringUpError';
  }
}

/** The disk refused an admin command. `status` is the status field of its completion (4.6.1). */
export class AdminError extends Error {
  readonly status: number;

  constructor(disk: string, command: string, status: number) {
    super(`${disk}: ${command} failed with status 0x${status.toString(16)}`);
    this.name = 'AdminError';
    this.status = status;
  }
}

/** What differs between admin commands; the rest of the entry is zero. */
export interface AdminCommand {
  readonly name: string;
  readonly opcode: number;
  readonly nsid?: number;
  readonly prp1?: number;
  readonly cdw10?: number;
  readonly cdw11?: number;
}

/** Waits a slice at a time, for so long by the clock. Throws BringUpError. */
export function* until(
  disk: string,
  what: string,
  clock: Clock,
  limitUs: number,
  holds: () => boolean,
): Generator<void> {
  const deadlineUs = clock.nowUs() + limitUs;
  while (!holds()) {
    if (clock.nowUs() > deadlineUs) throw new BringUpError(disk, what);
    yield;
  }
}

/** Allocates and maps both queues and a data page, and notes them in the state block. Throws DmaExhausted. */
export function makeAdminQueue({ dma, port, state }: DiskEnvironment): void {
  const region = dma.allocate(ADMIN_BYTES, 'the admin queue');
  port.map(region);
  state.setHeader('adminSq', region.address >>> 2);
  state.setHeader('adminCq', (region.address + PAGE_BYTES) >>> 2);
  state.setHeader('adminData', region.address + 2 * PAGE_BYTES);
  state.setHeader('adminTail', 0);
  state.setHeader('adminHead', 0);
  state.setHeader('adminSlots', SLOTS);
}

export function freeAdminQueue({ dma, port, state }: DiskEnvironment): void {
  for (const region of adminMemory(state)) {
    port.unmap(region);
    dma.free(region);
  }
  state.setHeader('adminSlots', 0);
}

/** Both queues and the data page, in one piece; nothing of a disk that has none. */
export function adminMemory(state: DiskState): Region[] {
  if (state.header('adminSlots') === 0) return [];
  return [{ address: state.header('adminSq') * 4, bytes: ADMIN_BYTES }];
}

/** Submits a command and waits for its end, in slices. Returns word 0 of the completion. Throws AdminError, BringUpError. */
export function* runAdmin(environment: DiskEnvironment, command: AdminCommand): Generator<void, number> {
  const { clock, port } = environment;
  const cid = submit(environment, command);
  let answer: Answer | undefined;
  yield* until(port.name, command.name, clock, ADMIN_LIMIT_US, () => {
    answer = takeAnswer(environment, cid);
    return answer !== undefined;
  });
  if (answer === undefined) throw new BringUpError(port.name, command.name);
  if (answer.status !== 0) throw new AdminError(port.name, command.name, answer.status);
  return answer.result;
}

/**
 * Of a CPU that is no more: what it has submitted is told, as it may have ended before its doorbell, and comes to its end. Throws
 * BringUpError.
 */
export function* endAdminCommands(environment: DiskEnvironment): Generator<void> {
  const { clock, port, state } = environment;
  const mask = state.header('adminSlots') - 1;
  port.write32(sqTail(0), state.header('adminTail') & mask);
  port.write32(cqHead(0), state.header('adminHead') & mask);
  yield* until(port.name, 'the end of admin commands', clock, ADMIN_LIMIT_US, () => {
    takeAnswer(environment, NOBODYS);
    return state.header('adminHead') === state.header('adminTail');
  });
}

interface Answer {
  readonly status: number;
  readonly result: number;
}

/** Returns the CID. */
function submit({ memory, port, state }: DiskEnvironment, command: AdminCommand): number {
  const { words } = memory;
  const tail = state.header('adminTail');
  const mask = state.header('adminSlots') - 1;
  const cid = tail & 0xffff;
  const entry = state.header('adminSq') + (tail & mask) * SQE_WORDS;
  for (let word = 0; word < SQE_WORDS; word++) put(words, entry + word, 0);
  put(words, entry + SQE.cdw0, (cid << CDW0_CID_SHIFT) | command.opcode);
  put(words, entry + SQE.nsid, command.nsid ?? 0);
  put(words, entry + SQE.prp1, command.prp1 ?? 0);
  put(words, entry + SQE.cdw10, command.cdw10 ?? 0);
  put(words, entry + SQE.cdw11, command.cdw11 ?? 0);
  state.setHeader('adminTail', (tail + 1) | 0);
  port.write32(sqTail(0), (tail + 1) & mask); // publishes the entry to the disk
  return cid;
}

/** Takes completions up to that of a command. Others belong to commands for whose end nobody waited. */
function takeAnswer({ memory, port, state }: DiskEnvironment, cid: number): Answer | undefined {
  const { words } = memory;
  const slots = state.header('adminSlots');
  for (;;) {
    const head = state.header('adminHead');
    const entry = state.header('adminCq') + (head & (slots - 1)) * CQE_WORDS;
    const status = load(words, entry + CQE.status);
    if ((status & CQE_PHASE) !== phaseAt(head, slots)) return undefined;
    const answer = { status: status >>> CQE_STATUS_SHIFT, result: words[entry + CQE.result] };
    state.setHeader('adminHead', (head + 1) | 0);
    port.write32(cqHead(0), (head + 1) & (slots - 1));
    if ((status & 0xffff) === cid) return answer;
  }
}
