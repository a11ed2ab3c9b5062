import type { InterruptUnit } from './coalescing.ts';
import { type CommandTable, Schedule } from './commands.ts';
import { CQE_BYTES, STATUS, STATUS_CODE_MASK, STATUS_DNR } from './datasheet.ts';
import type { DiskParts } from './parts.ts';

const QUEUE_SHIFT = 16;
/** Failures that the same command need not meet again. Errors of the media (type 2) are such too. */
const PASSING: ReadonlySet<number> = new Set([
  STATUS.dataTransferError,
  STATUS.powerLoss,
  STATUS.internalError,
  STATUS.abortRequested,
  STATUS.abortedSqDeletion,
  STATUS.abortLimitExceeded,
  STATUS.asyncEventLimitExceeded,
]);
const FIRST_MEDIA_STATUS = 2 << 8;

/** How commands end: their completions are posted, or kept in the schedule while that cannot be. */
export class Completer {
  readonly schedule = new Schedule();
  /** The controller can go on no more: an entry would lie outside its windows of memory. */
  failed = false;
  /** Completions posted for I/O queues, since the engine last counted them. */
  posted = 0;
  private readonly parts: DiskParts;
  private readonly commands: CommandTable;
  private readonly interrupts: InterruptUnit;

  constructor(parts: DiskParts, interrupts: InterruptUnit) {
    this.parts = parts;
    this.commands = parts.commands;
    this.interrupts = interrupts;
  }

  /** Posts the completion of a command that is done, and frees its slot. False: not now. */
  post(slot: number): boolean {
    const { parts, commands } = this;
    const { completion, submission } = parts;
    const queue = commands.queue[slot];
    const target = submission.completion[queue];
    if (completion.isFull(target) || parts.hooks.holdsBack(queue)) return false;
    if (!parts.iommu.allows(parts.device, completion.slotAddress(target), CQE_BYTES)) {
      this.fail();
      return false;
    }
    const status = commands.status[slot];
    if (status !== STATUS.success) this.logError(slot, queue, status);
    const source = submission.head[queue] | (queue << QUEUE_SHIFT);
    completion.post(target, commands.result[slot], source, commands.cid(slot), reported(status));
    if (target === 0) this.interrupts.postedAdmin();
    else if (completion.interrupts[target] !== 0) this.interrupts.posted(completion.vector[target]);
    if (queue !== 0) this.posted++;
    commands.release(slot);
    return true;
  }

  /** Ends a command that was not executed, wherever it waits. */
  end(slot: number, status: number): void {
    this.commands.finish(slot, status);
    this.schedule.remove(slot);
    if (!this.post(slot)) this.schedule.insert(slot, 0);
  }

  /** Entries of a queue cannot be read or written: Controller Fatal Status (9.5). */
  fail(): void {
    this.parts.probes.count('dmaFaults');
    this.failed = true;
  }

  reset(): void {
    this.schedule.reset();
    this.failed = false;
  }

  private logError(slot: number, queue: number, status: number): void {
    const { commands } = this;
    this.parts.errors.record(queue, commands.cid(slot), status, commands.words, commands.at(slot));
  }
}

/** With Do Not Retry where the same command would fail again. */
function reported(status: number): number {
  const code = status & STATUS_CODE_MASK;
  const repeats = code !== STATUS.success && code < FIRST_MEDIA_STATUS && !PASSING.has(code);
  return repeats ? status | STATUS_DNR : status;
}
