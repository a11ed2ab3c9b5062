import { PARKED } from './commands.ts';
import {
  AERL,
  EVENT_ERROR,
  EVENT_INFO_SHIFT,
  EVENT_LOG_SHIFT,
  INVALID_DOORBELL_REGISTER,
  INVALID_DOORBELL_VALUE,
  LOG,
  STATUS,
} from './datasheet.ts';
import type { ErrorLog } from './error-log.ts';
import type { NvmeProbes } from './probes.ts';

const NONE = -1;

/**
 * Asynchronous events (5.2). All that this controller reports are error events, so there is one pending and one mask:
 * a further event adds to the log page, and is reported when the driver has read the page that the first pointed to.
 */
export class Events {
  private readonly probes: NvmeProbes;
  private readonly log: ErrorLog;
  /** Slots of outstanding Asynchronous Event Requests, oldest first. */
  private readonly parked: number[] = [];
  private pending = NONE;
  private masked = false;

  constructor(probes: NvmeProbes, log: ErrorLog) {
    this.probes = probes;
    this.log = log;
  }

  /** A doorbell took a value that it cannot take. */
  invalidValue(queue: number): void {
    this.invalidDoorbell(queue, INVALID_DOORBELL_VALUE);
  }

  /** The doorbell of a queue that does not exist was written. */
  invalidRegister(queue: number): void {
    this.invalidDoorbell(queue, INVALID_DOORBELL_REGISTER);
  }

  /** What an Asynchronous Event Request is executed to. */
  park(slot: number): number {
    if (this.parked.length > AERL) return STATUS.asyncEventLimitExceeded;
    this.parked.push(slot);
    return PARKED;
  }

  /** Is there an event, and a request for it to go out with? */
  get ready(): boolean {
    return this.pending !== NONE && !this.masked && this.parked.length > 0;
  }

  /** The request that answers, when `ready`, and the result with which. The event is told, and masks others. */
  take(): { readonly slot: number; readonly result: number } | undefined {
    if (!this.ready) return undefined;
    const slot = this.parked.shift();
    if (slot === undefined) return undefined;
    const result = this.pending;
    this.pending = NONE;
    this.masked = true;
    return { slot, result };
  }

  /** A request is aborted. */
  cancel(slot: number): void {
    this.parked.splice(this.parked.indexOf(slot), 1);
  }

  isParked(slot: number): boolean {
    return this.parked.includes(slot);
  }

  /** The driver has read the log page: what happened until now is told. */
  logRead(): void {
    this.pending = NONE;
    this.masked = false;
  }

  reset(): void {
    this.parked.length = 0;
    this.logRead();
  }

  private invalidDoorbell(queue: number, information: number): void {
    this.probes.count('invalidDoorbells');
    this.log.recordQueue(queue);
    if (this.pending !== NONE) return;
    this.pending = EVENT_ERROR | (information << EVENT_INFO_SHIFT) | (LOG.error << EVENT_LOG_SHIFT);
  }
}
