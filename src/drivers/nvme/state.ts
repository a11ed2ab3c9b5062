/**
 * The state block of a disk: everything that a driver's successor needs, as plain words in DMA memory.
 *
 * Header, with the admin queue; then one record for each I/O queue pair, by its queue identifier. Positions in queues run
 * freely and are masked on use; which phase tag is new at a position follows from it (4.6). Doorbells cannot be read back
 * and completions carry a command identifier alone, so next to each pair lies a shadow: for each CID the requests of its
 * command, and behind them a stack of the CIDs that are free. A shadow is written before the doorbell that makes its
 * command the disk's.
 */
import { type Memory, PAGE_BYTES, type Region } from '../../hw/memory.ts';
import {
  CQE,
  CQE_PHASE,
  CQE_WORDS,
  IO_QUEUES,
  MAX_ADMIN_ENTRIES,
  MAX_ENTRIES,
  SQE_WORDS,
} from '../../hw/nvme/datasheet.ts';
import { load, store } from '../../hw/shared.ts';
import { lowestBit, mixed, OWN_BYTES, OwnWords, StateError } from '../state-block.ts';

export const DISK_FORMAT = 'ringswap.nvme.2';
const STATE_MAGIC = 0x52534431;

const HEADER_WORDS = 32;
export const RECORD_WORDS = 16;
/** Words of the header and of a record that have a meaning. */
const USED_HEADER = 17;
const USED_WORDS = 13;
/** Queue identifiers of I/O queues begin at 1. */
const EVERY_QUEUE = ((1 << IO_QUEUES) - 1) << 1;
const RECORDS_END = HEADER_WORDS + IO_QUEUES * RECORD_WORDS;
export const DISK_STATE_BYTES = RECORDS_END * 4 + OWN_BYTES;

export const H = {
  magic: 0,
  bytes: 1,
  device: 2,
  /** Queues of the client. */
  queues: 3,
  /** Bits of the I/O queue pairs that exist, by queue identifier. */
  active: 4,
  adoptions: 5,
  /** Word indices of the admin queues, byte address of their data page; positions as in a record. */
  adminSq: 6,
  adminCq: 7,
  adminData: 8,
  adminSlots: 9,
  adminTail: 10,
  adminHead: 11,
  /** Blocks of the namespace, unsigned, and blocks that one command may move. */
  blocks: 12,
  transferBlocks: 13,
  /** Byte address and length of what a driver keeps beyond this format, or 0. */
  extension: 14,
  extensionBytes: 15,
  /** An I/O queue pair that the disk was told to make, or is being told, and that is not active yet; or 0. */
  making: 16,
} as const;

export const PAIR = {
  /** Word indices. Both queues are of `slots` entries, a power of two. */
  sq: 0,
  cq: 1,
  slots: 2,
  /** Commands outstanding at most: CIDs are below it. */
  depth: 3,
  shadow: 4,
  /** Byte address: a page for the PRP list of each CID. */
  lists: 5,
  /** SQ tail: entries written, and of them those that the disk was told of. */
  tail: 6,
  tailRung: 7,
  /** CQ head: the commit point. One atomic store of it says that the requests were handed over. And as the disk was told. */
  head: 8,
  headRung: 9,
  /** CIDs on the stack. */
  free: 10,
  /** Which of the client's queues it serves. */
  logical: 11,
  /** It takes no more commands, and goes when those that it has are done. */
  retiring: 12,
} as const;

/**
 * `first` of a command's requests, chained by REQUEST.next; NOBODY, or up to OWN a driver's own. `count`: how many; 0 of a CID that is
 * free, and then the others stay as they were: of a completion that is not committed they tell what it was for. `at`: position of
 * the command's entry, stored before `count`, so that one at the tail or beyond was never enqueued. `last` of several requests.
 */
export const SHADOW = { first: 0, count: 1, last: 2, at: 3 } as const;
export const SHADOW_WORDS = 4;
/** `first` of a command whose end nobody waits for. */
export const NOBODY = -1;
export const OWN = -2;

/** Words of shadow and stack for so many CIDs. */
export function shadowWords(depth: number): number {
  return depth * (SHADOW_WORDS + 1);
}

/** Word index of the stack of free CIDs. */
export function stackOf(shadow: number, depth: number): number {
  return shadow + depth * SHADOW_WORDS;
}

/** The phase tag of what is new at a position: inverted with each pass through the queue, at first 1 (4.6). */
export function phaseAt(position: number, slots: number): number {
  return (position & slots) === 0 ? CQE_PHASE : 0;
}

export class DiskState {
  readonly memory: Memory;
  readonly region: Region;
  /** Of whoever drives. */
  readonly own: OwnWords;
  private readonly base: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.region = region;
    this.base = region.address >>> 2;
    this.own = new OwnWords(memory.words, this.base + RECORDS_END);
  }

  /** Word index of the record of an I/O queue pair, from 1. */
  pair(queue: number): number {
    return this.base + HEADER_WORDS + (queue - 1) * RECORD_WORDS;
  }

  header(field: keyof typeof H): number {
    return load(this.memory.words, this.base + H[field]);
  }

  setHeader(field: keyof typeof H, value: number): void {
    store(this.memory.words, this.base + H[field], value);
  }

  /** Its queues have a new driver. */
  countAdoption(): void {
    this.setHeader('adoptions', (this.header('adoptions') + 1) | 0);
  }

  format(device: number, queues: number): void {
    this.memory.words.fill(0, this.base, this.base + DISK_STATE_BYTES / 4);
    this.setHeader('bytes', DISK_STATE_BYTES);
    this.setHeader('device', device);
    this.setHeader('queues', queues);
    this.setHeader('magic', STATE_MAGIC);
  }

  /** Bits of the I/O queue pairs that exist. */
  get active(): number {
    return this.word(H.active) & EVERY_QUEUE;
  }

  /** In the pause: the fixed header and the records of active pairs, no shadow. Throws StateError. */
  validate(device: number): void {
    this.validateShape(device);
    for (let left = this.active; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      this.validateCounts(queue, this.pair(queue));
    }
  }

  /** The same but for what is counted: of a block whose CPU ended in the middle of anything. Throws StateError. */
  validateShape(device: number): void {
    if (this.word(H.magic) !== STATE_MAGIC) throw new StateError('no magic number');
    if (this.word(H.bytes) !== DISK_STATE_BYTES)
      throw new StateError(`${this.word(H.bytes)} bytes, not ${DISK_STATE_BYTES}`);
    if (this.word(H.device) !== device)
      throw new StateError(`of device ${this.word(H.device)}, not ${device}`);
    this.own.validate();
    const queues = this.word(H.queues);
    if (queues < 1 || queues > IO_QUEUES) throw new StateError(`${queues} queues, not 1 to ${IO_QUEUES}`);
    this.validateAdmin();
    this.validateExtension();
    let served = 0;
    for (let left = this.active; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      this.validateMemory(queue, this.pair(queue));
      served |= this.validateService(queue, this.pair(queue), served);
    }
    if (served !== (1 << queues) - 1)
      throw new StateError(`no queue pair takes commands of queue ${lowestBit(~served)}`);
  }

  /** Copies header and records of active pairs; `restore` puts them back. No allocation: used in the pause. */
  save(copy: Int32Array): void {
    transfer(copy, this.memory.words, 0, this.base, this.active);
  }

  restore(copy: Int32Array): void {
    transfer(this.memory.words, copy, this.base, 0, copy[H.active] & EVERY_QUEUE);
  }

  /** Does a completion lie in a queue? By the phase tags alone, whoever drives. */
  workWaits(): boolean {
    for (let left = this.active; left !== 0; left &= left - 1)
      if (this.completed(lowestBit(left))) return true;
    return false;
  }

  /** The same of one queue pair. */
  completed(queue: number): boolean {
    const { words } = this.memory;
    const record = this.pair(queue);
    const slots = words[record + PAIR.slots];
    const head = words[record + PAIR.head];
    const entry = words[record + PAIR.cq] + (head & (slots - 1)) * CQE_WORDS;
    return (load(words, entry + CQE.status) & CQE_PHASE) === phaseAt(head, slots);
  }

  /** A disk has no other work for a driver than `workWaits` tells of. */
  completionWaits(): boolean {
    return false;
  }

  /** A digest of what a swap of another device must leave alone: which queue pairs a disk has, where, and for whom. */
  shape(): number {
    const { words } = this.memory;
    let hash = 0;
    for (let word = H.magic; word <= H.adminSlots; word++) hash = mixed(hash, words[this.base + word]);
    for (let left = this.active; left !== 0; left &= left - 1) {
      const record = this.pair(lowestBit(left));
      for (let word = PAIR.sq; word <= PAIR.lists; word++) hash = mixed(hash, words[record + word]);
      hash = mixed(hash, words[record + PAIR.logical]);
    }
    return hash;
  }

  /** Visits every command that is outstanding: its first request, NOBODY or what a driver's own is marked with, and how many. */
  forEachCommand(visit: (first: number, count: number, queue: number, cid: number) => void): void {
    const { words } = this.memory;
    for (let left = this.active; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      const record = this.pair(queue);
      const depth = words[record + PAIR.depth];
      for (let cid = 0; cid < depth; cid++) {
        const shadow = words[record + PAIR.shadow] + cid * SHADOW_WORDS;
        if (words[shadow + SHADOW.count] === 0) continue;
        visit(words[shadow + SHADOW.first], words[shadow + SHADOW.count], queue, cid);
      }
    }
  }

  private validateAdmin(): void {
    const slots = this.word(H.adminSlots);
    const waiting = (this.word(H.adminTail) - this.word(H.adminHead)) | 0;
    if (!isSize(slots, MAX_ADMIN_ENTRIES)) throw new StateError(`admin queue: ${slots} slots`);
    if (waiting < 0 || waiting >= slots)
      throw new StateError(`admin queue: ${waiting} commands in flight on ${slots} slots`);
    if (
      !this.holdsPages(this.word(H.adminSq) * 4, slots * SQE_WORDS) ||
      !this.holdsPages(this.word(H.adminCq) * 4, slots * CQE_WORDS) ||
      !this.holdsPages(this.word(H.adminData) >>> 0, PAGE_BYTES / 4)
    )
      throw new StateError('admin queue: outside the memory');
  }

  private validateExtension(): void {
    const address = this.word(H.extension) >>> 0;
    if (address !== 0 && !this.holdsPages(address, (this.word(H.extensionBytes) >>> 0) / 4))
      throw new StateError('an extension outside the memory');
  }

  private validateMemory(queue: number, record: number): void {
    const { words } = this.memory;
    const slots = words[record + PAIR.slots];
    const depth = words[record + PAIR.depth];
    const problem = !isSize(slots, MAX_ENTRIES)
      ? `${slots} slots`
      : depth < 1 || depth >= slots
        ? `a depth of ${depth} on ${slots} slots`
        : this.queueFits(record, slots, depth)
          ? undefined
          : 'a queue outside the memory';
    if (problem !== undefined) throw new StateError(`queue pair ${queue}: ${problem}`);
  }

  private validateCounts(queue: number, record: number): void {
    const { words } = this.memory;
    const slots = words[record + PAIR.slots];
    const depth = words[record + PAIR.depth];
    const free = words[record + PAIR.free];
    const tail = words[record + PAIR.tail];
    const head = words[record + PAIR.head];
    const outstanding = (tail - head) | 0;
    const untold = (tail - words[record + PAIR.tailRung]) | 0;
    const unacknowledged = (head - words[record + PAIR.headRung]) | 0;
    const problem =
      free < 0 || free > depth
        ? `${free} free CIDs of ${depth}`
        : outstanding !== depth - free
          ? `${outstanding} commands in flight, but ${free} free CIDs of ${depth}`
          : untold < 0 || untold > outstanding
            ? `${untold} commands untold of ${outstanding}`
            : unacknowledged < 0 || unacknowledged >= slots
              ? `${unacknowledged} completions not acknowledged on ${slots} slots`
              : undefined;
    if (problem !== undefined) throw new StateError(`queue pair ${queue}: ${problem}`);
  }

  private queueFits(record: number, slots: number, depth: number): boolean {
    const { words } = this.memory;
    return (
      this.holdsPages(words[record + PAIR.sq] * 4, slots * SQE_WORDS) &&
      this.holdsPages(words[record + PAIR.cq] * 4, slots * CQE_WORDS) &&
      this.holdsPages(words[record + PAIR.shadow] * 4, shadowWords(depth)) &&
      this.holdsPages(words[record + PAIR.lists] >>> 0, (depth * PAGE_BYTES) / 4)
    );
  }

  /** Returns the bit of the client's queue whose commands the pair takes, 0 if it is retiring. */
  private validateService(queue: number, record: number, served: number): number {
    const { words } = this.memory;
    const logical = words[record + PAIR.logical];
    const queues = this.word(H.queues);
    if (logical < 0 || logical >= queues)
      throw new StateError(`queue pair ${queue}: serves queue ${logical} of ${queues}`);
    if (words[record + PAIR.retiring] !== 0) return 0;
    if ((served & (1 << logical)) !== 0)
      throw new StateError(`queue pair ${queue}: queue ${logical} has a queue pair already`);
    return 1 << logical;
  }

  /** By the number of a field: in the pause no name is looked up. Whoever validates has the block to itself. */
  private word(field: number): number {
    return this.memory.words[this.base + field];
  }

  /** Does so much lie in the memory, from the beginning of a page? */
  private holdsPages(address: number, count: number): boolean {
    return (
      address > 0 &&
      address % PAGE_BYTES === 0 &&
      address / 4 + count <= this.memory.words.length &&
      count > 0
    );
  }
}

/** Header and records of the pairs whose bits are set, between a block and its copy. */
function transfer(to: Int32Array, from: Int32Array, toBase: number, fromBase: number, active: number): void {
  for (let word = 0; word < USED_HEADER; word++) to[toBase + word] = from[fromBase + word];
  for (let left = active; left !== 0; left &= left - 1) {
    const record = HEADER_WORDS + (lowestBit(left) - 1) * RECORD_WORDS;
    for (let word = record; word < record + USED_WORDS; word++) to[toBase + word] = from[fromBase + word];
  }
}

function isSize(slots: number, most: number): boolean {
  return slots >= 2 && slots <= most && (slots & (slots - 1)) === 0;
}
