/** Commands that were fetched and are not completed: a fixed table, and the order in which they are due. */
import { CDW0_CID_SHIFT, QUEUES, SQE, SQE_WORDS, STATUS } from './datasheet.ts';

/** A submission queue is not read further while so many of its commands are outstanding. */
export const MOST_OUTSTANDING = 1024;
const SLOTS = QUEUES * MOST_OUTSTANDING;
const CIDS_SHIFT = 16;

/** What a command is executed to, beside a status field: not yet, look again; or not before some event. */
export const LATER = -1;
export const PARKED = -2;

const FREE = 0;
const WAITING = 1;
const DONE = 2;

export class CommandTable {
  /** The entries as fetched: the driver may use its slots again at once. */
  readonly words = new Int32Array(SLOTS * SQE_WORDS);
  /** For each slot: its submission queue, and when it is done, what to answer. */
  readonly queue = new Uint8Array(SLOTS);
  readonly status = new Int32Array(SLOTS);
  readonly result = new Int32Array(SLOTS);
  /** How far a command is that is executed in slices. */
  readonly progress = new Float64Array(SLOTS);
  /** For each submission queue. */
  readonly outstanding = new Int32Array(QUEUES);
  private readonly state = new Uint8Array(SLOTS);
  private readonly free = new Int32Array(SLOTS);
  private freeCount = 0;
  /** Slot plus one of each command identifier of each queue. */
  private readonly slots = new Uint16Array(QUEUES << CIDS_SHIFT);

  constructor() {
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.free[this.freeCount++] = slot;
  }

  /** Word index of a slot's entry. */
  at(slot: number): number {
    return slot * SQE_WORDS;
  }

  cid(slot: number): number {
    return this.words[this.at(slot) + SQE.cdw0] >>> CDW0_CID_SHIFT;
  }

  /** Takes over an entry. One whose identifier is outstanding in its queue is done already, with that error. */
  take(queue: number, source: Int32Array, from: number): number {
    this.freeCount--;
    const slot = this.free[this.freeCount];
    const at = this.at(slot);
    for (let word = 0; word < SQE_WORDS; word++) this.words[at + word] = source[from + word];
    this.queue[slot] = queue;
    this.state[slot] = WAITING;
    this.result[slot] = 0;
    this.progress[slot] = 0;
    this.outstanding[queue]++;
    const name = (queue << CIDS_SHIFT) | this.cid(slot);
    if (this.slots[name] === 0) this.slots[name] = slot + 1;
    else this.finish(slot, STATUS.commandIdConflict);
    return slot;
  }

  /** It is executed; its completion may be posted. */
  finish(slot: number, status: number): void {
    this.state[slot] = DONE;
    this.status[slot] = status;
  }

  isDone(slot: number): boolean {
    return this.state[slot] === DONE;
  }

  release(slot: number): void {
    const queue = this.queue[slot];
    const name = (queue << CIDS_SHIFT) | this.cid(slot);
    if (this.slots[name] === slot + 1) this.slots[name] = 0;
    this.state[slot] = FREE;
    this.outstanding[queue]--;
    this.free[this.freeCount++] = slot;
  }

  /** Slot of an outstanding command, or -1. */
  find(queue: number, cid: number): number {
    return this.slots[(queue << CIDS_SHIFT) | cid] - 1;
  }

  /** Calls back for each command of a queue that is not executed yet. Rare: looks at the whole table. */
  eachWaiting(queue: number, visit: (slot: number) => void): void {
    for (let slot = 0; slot < SLOTS; slot++)
      if (this.state[slot] === WAITING && this.queue[slot] === queue) visit(slot);
  }

  /** All of them vanish. */
  reset(): void {
    for (let slot = 0; slot < SLOTS; slot++) if (this.state[slot] !== FREE) this.release(slot);
  }
}

/** Slots in the order in which they are due. What is due and cannot go on stays in front. */
export class Schedule {
  count = 0;
  private readonly slots = new Int32Array(SLOTS);
  private readonly dueUs = new Float64Array(SLOTS);
  /** Place of the walk that is under way. */
  private cursor = 0;

  /** Behind all that is due at the same time or earlier. */
  insert(slot: number, dueUs: number): void {
    let place = this.count++;
    for (; place > 0 && this.dueUs[place - 1] > dueUs; place--) {
      this.slots[place] = this.slots[place - 1];
      this.dueUs[place] = this.dueUs[place - 1];
    }
    this.slots[place] = slot;
    this.dueUs[place] = dueUs;
    if (place < this.cursor) this.cursor++;
  }

  /** Takes a slot out if it is there; also in the middle of a walk. */
  remove(slot: number): void {
    for (let place = 0; place < this.count; place++) {
      if (this.slots[place] !== slot) continue;
      this.slots.copyWithin(place, place + 1, this.count);
      this.dueUs.copyWithin(place, place + 1, this.count);
      this.count--;
      if (place < this.cursor) this.cursor--;
      return;
    }
  }

  /** Begins a walk over what is due. */
  rewind(): void {
    this.cursor = 0;
  }

  /** The next slot of the walk, or -1 at its end. */
  next(nowUs: number): number {
    if (this.cursor >= this.count || this.dueUs[this.cursor] > nowUs) return -1;
    return this.slots[this.cursor++];
  }

  /** The slot at a place from the front, if it is due; else -1. Disturbs no walk. */
  dueAt(place: number, nowUs: number): number {
    return place < this.count && this.dueUs[place] <= nowUs ? this.slots[place] : -1;
  }

  /** When the first is due of those that were not at `sinceUs`, or infinity. */
  nextUs(sinceUs: number): number {
    for (let place = 0; place < this.count; place++)
      if (this.dueUs[place] > sinceUs) return this.dueUs[place];
    return Number.POSITIVE_INFINITY;
  }

  reset(): void {
    this.count = 0;
    this.cursor = 0;
  }
}
