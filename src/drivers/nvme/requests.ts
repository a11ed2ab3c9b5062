import type { Memory, Region } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';

/** What a request asks for. */
export const OP = { read: 1, write: 2, flush: 3, writeZeroes: 4, discard: 5 } as const;
export type Op = (typeof OP)[keyof typeof OP];
const OPS = Object.keys(OP) as readonly (keyof typeof OP)[];
/** Done only when it is on the media (FUA). */
export const REQUEST_FUA = 1;
/** `status` of a request that is not done. */
export const PENDING = -1;
/** `next` of a request that is no driver's: one that throws in `submit` has not taken it. */
export const UNTAKEN = -2;

export const REQUEST_WORDS = 16;
/** Words of a request: what the client writes, then what the driver does, then words that are the client's own. */
export const REQUEST = {
  op: 0,
  flags: 1,
  /** First block of 512 bytes, unsigned, and how many. */
  block: 2,
  blocks: 3,
  /** Byte address of the data, at the beginning of a page. */
  data: 4,
  /** PENDING, then 0 or the status field of the completion. */
  status: 5,
  /** UNTAKEN until a driver has taken it; then the request that follows in the same command, or -1. */
  next: 6,
  client: 8,
} as const;

export function requestBytes(count: number): number {
  return count * REQUEST_WORDS * 4;
}

/**
 * Requests of one disk, as words that client, driver and a driver's successor share. A request is the client's until it
 * is submitted and after it is done; a driver changes `status` and `next` alone.
 */
export class RequestTable {
  readonly count: number;
  readonly memory: Memory;
  /** Word index of the first one. */
  readonly base: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.base = region.address >>> 2;
    this.count = Math.floor(region.bytes / requestBytes(1));
  }

  /** Word index of a request. */
  at(request: number): number {
    return this.base + request * REQUEST_WORDS;
  }

  /** Client side: fills in a request and marks it as not done. */
  prepare(request: number, op: Op, block: number, blocks: number, data: number, flags: number): void {
    const { words } = this.memory;
    const at = this.at(request);
    words[at + REQUEST.op] = op;
    words[at + REQUEST.flags] = flags;
    words[at + REQUEST.block] = block;
    words[at + REQUEST.blocks] = blocks;
    words[at + REQUEST.data] = data;
    words[at + REQUEST.next] = UNTAKEN;
    put(words, at + REQUEST.status, PENDING); // published by the doorbell, with all else
  }

  /** Client side: a request that a driver had, and has no more, is about to be another's. */
  offer(request: number): void {
    put(this.memory.words, this.at(request) + REQUEST.next, UNTAKEN);
  }

  /** Has no driver taken it since it was prepared, or offered again? */
  isUntaken(request: number): boolean {
    return this.memory.words[this.at(request) + REQUEST.next] === UNTAKEN;
  }

  /** Of requests that were offered to a driver which threw, those that it has not taken move to the front. Returns how many. */
  keepUntaken(offered: Int32Array, count: number): number {
    let kept = 0;
    for (let i = 0; i < count; i++) if (this.isUntaken(offered[i])) offered[kept++] = offered[i];
    return kept;
  }

  /** For people: `write of 8 blocks from 64`. */
  describe(request: number): string {
    const { words } = this.memory;
    const at = this.at(request);
    const op = OPS.find((name) => OP[name] === words[at + REQUEST.op]) ?? 'no operation';
    const fua = (words[at + REQUEST.flags] & REQUEST_FUA) === 0 ? '' : ', FUA';
    const blocks = words[at + REQUEST.blocks] >>> 0;
    return blocks === 0 ? op : `${op} of ${blocks} blocks from ${words[at + REQUEST.block] >>> 0}${fua}`;
  }

  status(request: number): number {
    return this.memory.words[this.at(request) + REQUEST.status];
  }

  /** Of a CPU that is no more: what it had said of a request, the client has not heard. */
  undo(request: number): void {
    put(this.memory.words, this.at(request) + REQUEST.status, PENDING);
  }

  /** Driver side: the request is done. False if it was already: it is not to be handed back once more. */
  finish(request: number, status: number): boolean {
    const { words } = this.memory;
    const at = this.at(request) + REQUEST.status;
    if (words[at] !== PENDING) return false;
    put(words, at, status);
    return true;
  }
}
