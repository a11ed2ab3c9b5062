import { PAGE_BYTES } from '../memory.ts';
import { LATER } from './commands.ts';
import type { Completer } from './completer.ts';
import {
  ABORT_CID_SHIFT,
  ACL,
  ADMIN,
  CDW0_OPCODE_MASK,
  CNS,
  CQ_INTERRUPTS,
  CQ_VECTOR_SHIFT,
  CQE_BYTES,
  LOG,
  LOG_DWORDS_SHIFT,
  LOG_PAGE_MASK,
  LOG_RETAIN_EVENT,
  MAX_ENTRIES,
  MAX_TRANSFER_BYTES,
  NAMESPACE,
  NOT_ABORTED,
  QUEUE_CONTIGUOUS,
  QUEUE_ID_MASK,
  QUEUE_SIZE_SHIFT,
  QUEUES,
  SQ_CQID_SHIFT,
  SQE,
  SQE_BYTES,
  STATUS,
  VECTORS,
} from './datasheet.ts';
import type { Features } from './features.ts';
import { identifyActive, identifyController, identifyDescriptors, identifyNamespace } from './identify.ts';
import type { IoCounts } from './io.ts';
import { firmwareLog, smartLog } from './logs.ts';
import { MediaError } from './media.ts';
import type { DiskParts } from './parts.ts';
import { checkAbsent } from './queues.ts';

/** Identifiers from here on stand for no single namespace. */
const LAST_NSID = 0xfffffffd;
const CNS_MASK = 0xff;

/** Admin commands (5). Each is executed to a status field, to LATER, or to PARKED. */
export class AdminCommands {
  private readonly parts: DiskParts;
  private readonly features: Features;
  private readonly completer: Completer;
  private readonly counts: IoCounts;

  constructor(parts: DiskParts, features: Features, completer: Completer, counts: IoCounts) {
    this.parts = parts;
    this.features = features;
    this.completer = completer;
    this.counts = counts;
  }

  execute(slot: number): number {
    try {
      return this.dispatch(slot);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      return STATUS.internalError; // a cache that was to be switched off could not be written out
    }
  }

  /** Status with which a command is refused as soon as it is fetched; success: it may be executed. */
  accepts(slot: number): number {
    const { commands } = this.parts;
    if (this.opcodeOf(slot) !== ADMIN.abort) return STATUS.success;
    let aborts = 0;
    commands.eachWaiting(0, (other) => {
      if (this.opcodeOf(other) === ADMIN.abort) aborts++;
    });
    return aborts > ACL + 1 ? STATUS.abortLimitExceeded : STATUS.success;
  }

  private dispatch(slot: number): number {
    const { words } = this.parts.commands;
    const at = this.parts.commands.at(slot);
    switch (this.opcodeOf(slot)) {
      case ADMIN.deleteSq:
        return this.deleteSq(slot, words, at);
      case ADMIN.createSq:
        return this.createSq(words, at);
      case ADMIN.getLogPage:
        return this.getLogPage(words, at);
      case ADMIN.deleteCq:
        return this.deleteCq(words[at + SQE.cdw10] & QUEUE_ID_MASK);
      case ADMIN.createCq:
        return this.createCq(words, at);
      case ADMIN.identify:
        return this.identify(words, at);
      case ADMIN.abort:
        return this.abort(slot, words[at + SQE.cdw10]);
      case ADMIN.setFeatures:
        return this.answer(slot, this.features.set(words, at, this.ioQueuesExist()));
      case ADMIN.getFeatures:
        return this.answer(slot, this.features.get(words, at));
      case ADMIN.asyncEvent:
        return this.parts.events.park(slot);
      default:
        return STATUS.invalidOpcode;
    }
  }

  private opcodeOf(slot: number): number {
    const { commands } = this.parts;
    return commands.words[commands.at(slot)] & CDW0_OPCODE_MASK;
  }

  private answer(slot: number, status: number): number {
    this.parts.commands.result[slot] = this.features.result;
    return status;
  }

  private ioQueuesExist(): boolean {
    const { submission, completion } = this.parts;
    for (let queue = 1; queue < QUEUES; queue++)
      if (submission.exists[queue] !== 0 || completion.exists[queue] !== 0) return true;
    return false;
  }

  private createCq(words: Int32Array, at: number): number {
    const { completion } = this.parts;
    const queue = words[at + SQE.cdw10] & QUEUE_ID_MASK;
    const cdw11 = words[at + SQE.cdw11];
    const vector = cdw11 >>> CQ_VECTOR_SHIFT;
    if (queue === 0 || queue > this.features.ioCompletionQueues || completion.exists[queue] !== 0)
      return STATUS.invalidQueueIdentifier;
    const status = this.checkRing(words, at, CQE_BYTES);
    if (status !== STATUS.success) return status;
    if (vector >= VECTORS) return STATUS.invalidInterruptVector;
    this.checkDoorbells(queue);
    completion.open(queue, words[at + SQE.prp1], entriesOf(words, at), vector, (cdw11 & CQ_INTERRUPTS) !== 0);
    return STATUS.success;
  }

  private createSq(words: Int32Array, at: number): number {
    const { submission, completion, commands } = this.parts;
    const queue = words[at + SQE.cdw10] & QUEUE_ID_MASK;
    const target = words[at + SQE.cdw11] >>> SQ_CQID_SHIFT;
    const taken = submission.exists[queue] !== 0 || commands.outstanding[queue] > 0;
    if (queue === 0 || queue > this.features.ioSubmissionQueues || taken)
      return STATUS.invalidQueueIdentifier;
    const status = this.checkRing(words, at, SQE_BYTES);
    if (status !== STATUS.success) return status;
    if (target === 0 || target > this.features.ioCompletionQueues) return STATUS.invalidQueueIdentifier;
    if (completion.exists[target] === 0) return STATUS.completionQueueInvalid;
    this.checkDoorbells(queue);
    submission.open(queue, words[at + SQE.prp1], entriesOf(words, at), target);
    completion.users[target]++;
    return STATUS.success;
  }

  /** Size, contiguity and place of a queue that is to be made (5.3, 5.4). */
  private checkRing(words: Int32Array, at: number, entryBytes: number): number {
    const { iommu, device, probes } = this.parts;
    const entries = entriesOf(words, at);
    const address = words[at + SQE.prp1];
    if (entries < 2 || entries > MAX_ENTRIES) return STATUS.invalidQueueSize;
    if ((words[at + SQE.cdw11] & QUEUE_CONTIGUOUS) === 0) return STATUS.invalidField; // CAP.CQR
    if ((address & (PAGE_BYTES - 1)) !== 0) return STATUS.invalidPrpOffset;
    if (words[at + SQE.prp1High] === 0 && iommu.allows(device, address, entries * entryBytes))
      return STATUS.success;
    probes.count('dmaFaults');
    return STATUS.dataTransferError;
  }

  /** Who has rung before now has rung the doorbell of no queue. */
  private checkDoorbells(queue: number): void {
    const { registers, events, submission, completion } = this.parts;
    checkAbsent(registers, events, submission, completion, queue);
  }

  /** Commands that are outstanding are completed first; while their completion queue is full, this waits. */
  private deleteSq(slot: number, words: Int32Array, at: number): number {
    const { submission, completion, commands } = this.parts;
    const queue = words[at + SQE.cdw10] & QUEUE_ID_MASK;
    if (commands.progress[slot] === 0) {
      if (queue === 0 || queue >= QUEUES || submission.exists[queue] === 0)
        return STATUS.invalidQueueIdentifier;
      submission.close(queue);
      commands.progress[slot] = submission.completion[queue];
      commands.eachWaiting(queue, (other) => this.completer.end(other, STATUS.abortedSqDeletion));
    }
    if (commands.outstanding[queue] > 0) return LATER;
    completion.users[commands.progress[slot]]--;
    return STATUS.success;
  }

  private deleteCq(queue: number): number {
    const { completion } = this.parts;
    if (queue === 0 || queue >= QUEUES || completion.exists[queue] === 0)
      return STATUS.invalidQueueIdentifier;
    if (completion.users[queue] > 0) return STATUS.invalidQueueDeletion;
    completion.close(queue);
    return STATUS.success;
  }

  /** What is not executed yet is ended; what is executed completes as it is. */
  private abort(slot: number, cdw10: number): number {
    const { commands, events } = this.parts;
    const queue = cdw10 & QUEUE_ID_MASK;
    const found = queue < QUEUES ? commands.find(queue, cdw10 >>> ABORT_CID_SHIFT) : -1;
    if (found < 0 || found === slot || commands.isDone(found)) {
      commands.result[slot] = NOT_ABORTED;
      return STATUS.success;
    }
    if (events.isParked(found)) events.cancel(found);
    this.completer.end(found, STATUS.abortRequested);
    return STATUS.success;
  }

  private identify(words: Int32Array, at: number): number {
    const { device, cache } = this.parts;
    const nsid = words[at + SQE.nsid] >>> 0;
    switch (words[at + SQE.cdw10] & CNS_MASK) {
      case CNS.controller:
        return this.send(words, at, identifyController(device, cache.present));
      case CNS.activeNamespaces:
        if (nsid > LAST_NSID) return STATUS.invalidNamespace;
        return this.send(words, at, identifyActive(nsid));
      case CNS.namespace:
        if (nsid !== NAMESPACE) return STATUS.invalidNamespace;
        return this.send(words, at, identifyNamespace(cache.blocks));
      case CNS.descriptors:
        if (nsid !== NAMESPACE) return STATUS.invalidNamespace;
        return this.send(words, at, identifyDescriptors(device));
      default:
        return STATUS.invalidField;
    }
  }

  private getLogPage(words: Int32Array, at: number): number {
    const { events } = this.parts;
    const cdw10 = words[at + SQE.cdw10];
    const identifier = cdw10 & LOG_PAGE_MASK;
    const dwords = (cdw10 >>> LOG_DWORDS_SHIFT) + (words[at + SQE.cdw11] & 0xffff) * 0x10000 + 1;
    const page = this.logPage(identifier);
    if (page === undefined) return STATUS.invalidLogPage;
    const offset = words[at + SQE.cdw12] | words[at + SQE.cdw13]; // LPA has no offsets
    const perNamespace = words[at + SQE.nsid] === NAMESPACE; // nor pages of one namespace
    if (offset !== 0 || perNamespace || dwords * 4 > MAX_TRANSFER_BYTES) return STATUS.invalidField;
    const wanted = new Uint8Array(dwords * 4);
    wanted.set(page.subarray(0, wanted.length));
    const status = this.send(words, at, wanted);
    if (status === STATUS.success && identifier === LOG.error && (cdw10 & LOG_RETAIN_EVENT) === 0)
      events.logRead();
    return status;
  }

  private logPage(identifier: number): Uint8Array | undefined {
    const { errors } = this.parts;
    if (identifier === LOG.error) return errors.page();
    if (identifier === LOG.smart) return smartLog(this.counts, errors.total);
    return identifier === LOG.firmware ? firmwareLog() : undefined;
  }

  /** To the driver's buffer, all of it. */
  private send(words: Int32Array, at: number, page: Uint8Array): number {
    const { data } = this.parts;
    const status = data.resolve(words, at, page.length);
    if (status === STATUS.success) data.scatter(new Int32Array(page.buffer));
    return status;
  }
}

function entriesOf(words: Int32Array, at: number): number {
  return (words[at + SQE.cdw10] >>> QUEUE_SIZE_SHIFT) + 1;
}
