/** State of the submission and completion queues (4.1): where they lie, how far they are, and their doorbells. */
import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import { put, store } from '../shared.ts';
import {
  CQE,
  CQE_PHASE,
  CQE_STATUS_SHIFT,
  CQE_WORDS,
  cqHead,
  QUEUES,
  SQE_WORDS,
  sqTail,
  UNRUNG,
} from './datasheet.ts';
import type { Events } from './events.ts';

export class SubmissionQueues {
  readonly exists = new Uint8Array(QUEUES);
  /** The completion queue of each. */
  readonly completion = new Uint8Array(QUEUES);
  /** Where the next command is fetched from: what a completion reports as SQHD. */
  readonly head = new Int32Array(QUEUES);
  /** One more than the highest that exists. */
  end = 0;
  private readonly registers: RegisterFile;
  private readonly events: Events;
  /** First word, entries, last valid tail, and the doorbell as last looked at. */
  private readonly base = new Int32Array(QUEUES);
  private readonly size = new Int32Array(QUEUES);
  private readonly tail = new Int32Array(QUEUES);
  private readonly rung = new Float64Array(QUEUES);

  constructor(registers: RegisterFile, events: Events) {
    this.registers = registers;
    this.events = events;
  }

  open(queue: number, address: number, entries: number, completion: number): void {
    this.base[queue] = address >>> 2;
    this.size[queue] = entries;
    this.completion[queue] = completion;
    this.head[queue] = this.tail[queue] = 0;
    this.rung[queue] = UNRUNG;
    this.exists[queue] = 1;
    this.end = Math.max(this.end, queue + 1);
  }

  close(queue: number): void {
    this.exists[queue] = 0;
    this.registers.set(sqTail(queue), UNRUNG);
    while (this.end > 0 && this.exists[this.end - 1] === 0) this.end--;
  }

  /** Is there a command to fetch? */
  offers(queue: number): boolean {
    if (this.holds(queue)) return true;
    this.look(queue);
    return this.holds(queue);
  }

  /** Are there commands that were seen and not fetched? */
  holds(queue: number): boolean {
    return this.head[queue] !== this.tail[queue];
  }

  /** Takes over the tail from the doorbell. The load pairs with the driver's store, which publishes the entries. */
  look(queue: number): void {
    const value = this.registers.get(sqTail(queue));
    if (value === this.rung[queue]) return;
    this.rung[queue] = value;
    const size = this.size[queue];
    const held = this.distance(queue, this.head[queue], this.tail[queue]);
    const added = this.distance(queue, this.tail[queue], value);
    if (value < size && held + added < size) this.tail[queue] = value;
    else this.refuse(queue, value);
  }

  /** Has the doorbell been written since it was last looked at? */
  isRung(queue: number): boolean {
    return this.registers.get(sqTail(queue)) !== this.rung[queue];
  }

  /** Word index of the entry at the head. */
  entry(queue: number): number {
    return this.base[queue] + this.head[queue] * SQE_WORDS;
  }

  advance(queue: number): void {
    const next = this.head[queue] + 1;
    this.head[queue] = next === this.size[queue] ? 0 : next;
  }

  /** The doorbell is as if not rung: the same value may come again, and then be a good one. */
  private refuse(queue: number, value: number): void {
    this.events.invalidValue(queue);
    this.registers.replace(sqTail(queue), value, UNRUNG);
    this.rung[queue] = UNRUNG;
  }

  private distance(queue: number, from: number, to: number): number {
    return to < from ? to - from + this.size[queue] : to - from;
  }
}

export class CompletionQueues {
  readonly exists = new Uint8Array(QUEUES);
  readonly vector = new Uint8Array(QUEUES);
  readonly interrupts = new Uint8Array(QUEUES);
  /** Submission queues that complete here. */
  readonly users = new Int32Array(QUEUES);
  /** One more than the highest that exists. */
  end = 0;
  private readonly memory: Memory;
  private readonly registers: RegisterFile;
  private readonly events: Events;
  private readonly base = new Int32Array(QUEUES);
  private readonly size = new Int32Array(QUEUES);
  /** Where the driver has read up to, as its doorbell says, and where the next entry goes. */
  private readonly head = new Int32Array(QUEUES);
  private readonly tail = new Int32Array(QUEUES);
  private readonly phase = new Int32Array(QUEUES);
  private readonly rung = new Float64Array(QUEUES);

  constructor(memory: Memory, registers: RegisterFile, events: Events) {
    this.memory = memory;
    this.registers = registers;
    this.events = events;
  }

  open(queue: number, address: number, entries: number, vector: number, interrupts: boolean): void {
    this.base[queue] = address >>> 2;
    this.size[queue] = entries;
    this.head[queue] = this.tail[queue] = 0;
    this.phase[queue] = CQE_PHASE;
    this.vector[queue] = vector;
    this.interrupts[queue] = interrupts ? 1 : 0;
    this.users[queue] = 0;
    this.rung[queue] = UNRUNG;
    this.exists[queue] = 1;
    this.end = Math.max(this.end, queue + 1);
  }

  close(queue: number): void {
    this.exists[queue] = 0;
    this.registers.set(cqHead(queue), UNRUNG);
    while (this.end > 0 && this.exists[this.end - 1] === 0) this.end--;
  }

  isFull(queue: number): boolean {
    if (this.next(queue) !== this.head[queue]) return false;
    this.look(queue);
    return this.next(queue) === this.head[queue];
  }

  /** Takes over the head from the doorbell. */
  look(queue: number): void {
    const value = this.registers.get(cqHead(queue));
    if (value === this.rung[queue]) return;
    this.rung[queue] = value;
    const read = this.distance(queue, this.head[queue], value);
    const posted = this.distance(queue, this.head[queue], this.tail[queue]);
    if (value < this.size[queue] && read <= posted) this.head[queue] = value;
    else this.refuse(queue, value);
  }

  isRung(queue: number): boolean {
    return this.registers.get(cqHead(queue)) !== this.rung[queue];
  }

  /** Byte address of the next entry, signed. */
  slotAddress(queue: number): number {
    return (this.base[queue] + this.tail[queue] * CQE_WORDS) << 2;
  }

  /** Posts an entry; there must be room. `source`: SQ identifier and head, as in the entry. */
  post(queue: number, result: number, source: number, cid: number, status: number): void {
    const { words } = this.memory;
    const at = this.base[queue] + this.tail[queue] * CQE_WORDS;
    put(words, at + CQE.result, result);
    put(words, at + CQE.reserved, 0);
    put(words, at + CQE.head, source);
    // The phase tag publishes the entry, and the data that the command moved, to the driver.
    store(words, at + CQE.status, cid | this.phase[queue] | (status << CQE_STATUS_SHIFT));
    this.tail[queue] = this.next(queue);
    if (this.tail[queue] === 0) this.phase[queue] ^= CQE_PHASE;
  }

  private next(queue: number): number {
    const next = this.tail[queue] + 1;
    return next === this.size[queue] ? 0 : next;
  }

  /** The doorbell is as if not rung: the same value may come again, and then be a good one. */
  private refuse(queue: number, value: number): void {
    this.events.invalidValue(queue);
    this.registers.replace(cqHead(queue), value, UNRUNG);
    this.rung[queue] = UNRUNG;
  }

  private distance(queue: number, from: number, to: number): number {
    return to < from ? to - from + this.size[queue] : to - from;
  }
}

/**
 * Doorbells of queues that do not exist hold UNRUNG until somebody writes them, which is an error. Looks at one queue's,
 * and puts UNRUNG back. Returns how many were written.
 */
export function checkAbsent(
  registers: RegisterFile,
  events: Events,
  submission: SubmissionQueues,
  completion: CompletionQueues,
  queue: number,
): number {
  let written = 0;
  if (submission.exists[queue] === 0) written += checkDoorbell(registers, events, sqTail(queue), queue);
  if (completion.exists[queue] === 0) written += checkDoorbell(registers, events, cqHead(queue), queue);
  return written;
}

function checkDoorbell(registers: RegisterFile, events: Events, offset: number, queue: number): number {
  if (registers.get(offset) === UNRUNG) return 0;
  events.invalidRegister(queue);
  registers.set(offset, UNRUNG);
  return 1;
}
