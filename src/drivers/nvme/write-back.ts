/**
 * What the buffered driver does with a request: answers it from the buffer, or sends it to the disk once the buffer holds
 * nothing of its blocks any more.
 *
 * Requests that are not done are concurrent and may take any order, so those that wait may pass each other. Of the commands
 * in flight none overlap of which one changes blocks and another is the buffer's own.
 */
import { PAGE_BYTES, PAGE_SHIFT } from '../../hw/memory.ts';
import { BLOCK_SHIFT, NVM } from '../../hw/nvme/datasheet.ts';
import { copy } from '../../hw/shared.ts';
import { ChangesInFlight } from './changes-in-flight.ts';
import type { DiskEnvironment } from './contract.ts';
import type { QueuePair } from './queue-pair.ts';
import { OP, REQUEST, REQUEST_FUA } from './requests.ts';
import { SLOT, type WriteBuffer } from './write-buffer.ts';

/** Blocks of a page, and as a shift. */
const PAGE_BLOCK_SHIFT = PAGE_SHIFT - BLOCK_SHIFT;
const PAGE_BLOCKS = 1 << PAGE_BLOCK_SHIFT;

/** What became of a request: one of these, or the status with which it is done. */
export const WAITS = -1;
export const STARTED = -2;

export class WriteBack {
  readonly buffer: WriteBuffer;
  readonly changes: ChangesInFlight;
  /** The pair of each of the client's queues. */
  serving: readonly QueuePair[] = [];
  /** Takes no more data into the buffer, and writes out all that there is. */
  aside = false;
  /** Data that the disk does not take are given up, not kept. */
  givingUp = false;
  private readonly environment: DiskEnvironment;
  private readonly readAhead: number;
  /** A write waits for a slot. */
  private short = false;
  /** By slot: status with which its writing out has failed since the waiting requests were looked at. */
  private readonly failures: Map<number, number> = new Map();
  /** By queue: the block behind the last read. */
  private readonly readTo: Float64Array;

  constructor(environment: DiskEnvironment, buffer: WriteBuffer, readAhead: number) {
    this.environment = environment;
    this.buffer = buffer;
    this.readAhead = readAhead;
    this.changes = new ChangesInFlight(environment.requests);
    this.readTo = new Float64Array(environment.queues).fill(-1);
  }

  /** Nothing dirty, nothing of its own in flight. */
  get clean(): boolean {
    const { buffer } = this;
    return buffer.count(SLOT.dirty) + buffer.count(SLOT.writing) + buffer.count(SLOT.reading) === 0;
  }

  /** A slot was written out, or read ahead: if that was not known before. */
  finished(slot: number, status: number): void {
    const { buffer } = this;
    if (!isInFlight(buffer.state(slot))) return;
    if (status === 0) {
      buffer.setState(slot, SLOT.clean);
    } else if (this.givingUp || buffer.state(slot) === SLOT.reading) {
      buffer.drop(slot);
    } else {
      buffer.setState(slot, SLOT.dirty);
      this.failures.set(slot, status);
    }
  }

  /**
   * Of a buffer that was taken over: a command is in flight for a slot. False if its end was known before. The CPU before may have
   * ended between a command and its slot's state.
   */
  takeCommand(slot: number): boolean {
    const { buffer } = this;
    if (buffer.state(slot) === SLOT.dirty) buffer.setState(slot, SLOT.writing);
    return isInFlight(buffer.state(slot));
  }

  /**
   * And `commands` of them are in flight: if that is not all that the buffer tells of, the disk was reset, or that CPU ended before
   * it sent one. What is to be written out and has none is dirty as before, reading ahead without one is over.
   */
  forgetOthers(commands: number, hasCommand: (slot: number) => boolean): void {
    const { buffer } = this;
    if (buffer.count(SLOT.writing) + buffer.count(SLOT.reading) === commands) return;
    for (let slot = 0; slot < buffer.slots; slot++) {
      if (hasCommand(slot)) continue;
      if (buffer.state(slot) === SLOT.writing) buffer.setState(slot, SLOT.dirty);
      else if (buffer.state(slot) === SLOT.reading) buffer.drop(slot);
    }
  }

  /** Looks at a waiting request. `version`: of the last write that came before it. Returns WAITS, STARTED or a status. */
  begin(queue: number, request: number, version: number): number {
    const { memory, requests } = this.environment;
    const { words } = memory;
    const at = requests.at(request);
    const block = words[at + REQUEST.block] >>> 0;
    const end = block + (words[at + REQUEST.blocks] >>> 0);
    const data = words[at + REQUEST.data] >>> 0;
    switch (words[at + REQUEST.op]) {
      case OP.flush:
        return this.flush(queue, request, version);
      case OP.read:
        return this.read(queue, request, block, end, data);
      case OP.write:
        return this.fits(block, end, words[at + REQUEST.flags])
          ? this.absorb(block, end, data)
          : this.pass(queue, request, block, end);
      default:
        return this.pass(queue, request, block, end);
    }
  }

  /** All waiting requests were looked at: writes out what is too much. Half of the slots may stay dirty. */
  writeOutExcess(): void {
    const { buffer } = this;
    const most = this.aside ? 0 : this.short ? buffer.slots >>> 2 : buffer.slots >>> 1;
    let excess = buffer.count(SLOT.dirty) - most;
    for (let slot = 0; slot < buffer.slots && excess > 0; slot++) {
      if (buffer.state(slot) !== SLOT.dirty) continue;
      this.writeOut(slot);
      excess--;
    }
    this.short = false;
    this.failures.clear(); // who waited for them has heard; the next one to wait tries again
  }

  dropClean(): void {
    const { buffer } = this;
    if (buffer.count(SLOT.clean) === 0) return;
    for (let slot = 0; slot < buffer.slots; slot++) if (buffer.state(slot) === SLOT.clean) buffer.drop(slot);
  }

  /** Is it a write that the buffer takes? Whole pages of the disk, and no more than it has room for. */
  private fits(block: number, end: number, flags: number): boolean {
    return (
      !this.aside &&
      (flags & REQUEST_FUA) === 0 &&
      (block | end) % PAGE_BLOCKS === 0 &&
      end <= this.environment.state.header('blocks') >>> 0 &&
      (end - block) >>> PAGE_BLOCK_SHIFT <= this.buffer.slots >>> 1
    );
  }

  /** All that was done when it came is written out, then the disk is flushed. */
  private flush(queue: number, request: number, version: number): number {
    const { buffer } = this;
    let owed = false;
    for (let slot = 0; slot < buffer.slots; slot++) {
      if (!buffer.owes(slot, version)) continue;
      const failure = this.failures.get(slot);
      if (failure !== undefined) return failure;
      this.writeOut(slot);
      owed = true;
    }
    return owed ? WAITS : this.send(queue, request);
  }

  private read(queue: number, request: number, block: number, end: number, data: number): number {
    if (!this.holds(block, end)) {
      const outcome = this.pass(queue, request, block, end);
      if (outcome === STARTED) this.followRead(queue, block, end);
      return outcome;
    }
    const { buffer } = this;
    for (let at = block; at < end; ) {
      const within = at % PAGE_BLOCKS;
      const blocks = Math.min(PAGE_BLOCKS - within, end - at);
      const from = buffer.address(buffer.find(at >>> PAGE_BLOCK_SHIFT)) + (within << BLOCK_SHIFT);
      copy(this.environment.memory, data + ((at - block) << BLOCK_SHIFT), from, blocks << BLOCK_SHIFT);
      at += blocks;
    }
    this.followRead(queue, block, end);
    return 0;
  }

  /** Does the buffer hold the data of all these blocks? */
  private holds(block: number, end: number): boolean {
    const { buffer } = this;
    const last = (end - 1) >>> PAGE_BLOCK_SHIFT;
    for (let page = block >>> PAGE_BLOCK_SHIFT; page <= last; page++) {
      const slot = buffer.find(page);
      if (slot < 0 || buffer.state(slot) === SLOT.reading) return false;
    }
    return true;
  }

  /** A write is done when all of its pages lie in the buffer. */
  private absorb(block: number, end: number, data: number): number {
    const { buffer } = this;
    if (this.changes.overlaps(block, end)) return WAITS;
    const first = block >>> PAGE_BLOCK_SHIFT;
    const pages = (end - block) >>> PAGE_BLOCK_SHIFT;
    for (let nth = 0; nth < pages; nth++) {
      const slot = buffer.find(first + nth);
      if (slot >= 0 && isInFlight(buffer.state(slot))) return WAITS;
    }
    if (buffer.claimable < pages) {
      this.short = true;
      return WAITS;
    }
    for (let nth = 0; nth < pages; nth++) buffer.write(first + nth, data + nth * PAGE_BYTES);
    return 0;
  }

  /** To the disk itself, once the buffer holds nothing of these blocks. */
  private pass(queue: number, request: number, block: number, end: number): number {
    const outcome = this.clear(block >>> PAGE_BLOCK_SHIFT, Math.max(block, end - 1) >>> PAGE_BLOCK_SHIFT);
    return outcome === STARTED ? this.send(queue, request) : outcome;
  }

  private send(queue: number, request: number): number {
    const pair = this.serving[queue];
    if (pair.free === 0) return WAITS;
    pair.enqueue(request);
    this.changes.add(request);
    return STARTED;
  }

  /** STARTED if the pages are not in the buffer any more; WAITS, having begun to write them out; or how that failed. */
  private clear(first: number, last: number): number {
    const { buffer } = this;
    let outcome = STARTED;
    if (last - first < buffer.slots) {
      for (let page = first; page <= last; page++)
        outcome = Math.max(outcome, this.clearSlot(buffer.find(page)));
      return outcome;
    }
    for (let slot = 0; slot < buffer.slots; slot++) {
      const page = buffer.page(slot);
      if (page >= first && page <= last) outcome = Math.max(outcome, this.clearSlot(slot));
    }
    return outcome;
  }

  private clearSlot(slot: number): number {
    const { buffer } = this;
    if (slot < 0) return STARTED;
    const state = buffer.state(slot);
    if (state === SLOT.empty) return STARTED;
    if (isInFlight(state)) return WAITS;
    if (state === SLOT.clean) {
      buffer.drop(slot);
      return STARTED;
    }
    const failure = this.failures.get(slot);
    if (failure !== undefined) return failure;
    this.writeOut(slot);
    return WAITS;
  }

  /** Begins to write out a slot, if that is not under way and there is a free CID. */
  private writeOut(slot: number): void {
    const { buffer } = this;
    const pair = this.serving[slot % this.serving.length];
    if (buffer.state(slot) !== SLOT.dirty || pair.free === 0) return;
    pair.enqueueOwn(slot, NVM.write, buffer.page(slot) * PAGE_BLOCKS, PAGE_BLOCKS, buffer.address(slot));
    buffer.setState(slot, SLOT.writing);
  }

  /** Behind a read that follows the one before, the next pages are read into the buffer. */
  private followRead(queue: number, block: number, end: number): void {
    const sequential = this.readTo[queue] === block;
    this.readTo[queue] = end;
    if (!sequential || this.aside) return;
    const { buffer } = this;
    const pages = (this.environment.state.header('blocks') >>> 0) >>> PAGE_BLOCK_SHIFT;
    const first = Math.ceil(end / PAGE_BLOCKS);
    const stop = Math.min(first + this.readAhead, pages);
    const pair = this.serving[queue];
    for (let page = first; page < stop; page++) {
      const begins = page * PAGE_BLOCKS;
      if (buffer.find(page) >= 0 || this.changes.overlaps(begins, begins + PAGE_BLOCKS)) continue;
      if (pair.free === 0 || buffer.claimable === 0) return;
      const slot = buffer.reserve(page);
      pair.enqueueOwn(slot, NVM.read, begins, PAGE_BLOCKS, buffer.address(slot));
    }
  }
}

function isInFlight(state: number): boolean {
  return state === SLOT.reading || state === SLOT.writing;
}
