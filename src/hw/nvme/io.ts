import type { Memory } from '../memory.ts';
import type { WriteCache } from './cache.ts';
import { type CommandTable, LATER } from './commands.ts';
import type { DataBuffer } from './data-buffer.ts';
import {
  ALL_NAMESPACES,
  BLOCK_BYTES,
  BLOCK_SHIFT,
  CDW0_OPCODE_MASK,
  CDW12_BLOCKS_MASK,
  CDW12_FUA,
  DSM_DEALLOCATE,
  DSM_MOST_RANGES,
  DSM_RANGE_BYTES,
  DSM_RANGES_MASK,
  MAX_TRANSFER_BLOCKS,
  MAX_TRANSFER_BYTES,
  NAMESPACE,
  NVM,
  SQE,
  STATUS,
} from './datasheet.ts';
import { MediaError, type MediaOp } from './media.ts';
import { PagedBytes } from './paged-bytes.ts';
import type { DiskParts, Hooks } from './parts.ts';

/** Zeros are made in slices of so many blocks, one a step; a multiple of what a power failure does not tear. */
const SLICE_BLOCKS = 2048;
const MOST_BLOCKS = CDW12_BLOCKS_MASK + 1;
const ALL = ALL_NAMESPACES | 0;
const RANGE_WORDS = DSM_RANGE_BYTES / 4;
/** Words of a Dataset Management range (6.7.1.1). */
const RANGE_COUNT = 1;
const RANGE_BLOCK = 2;

/** What the SMART log tells of the commands done. */
export interface IoCounts {
  reads: number;
  writes: number;
  blocksRead: number;
  blocksWritten: number;
  mediaErrors: number;
}

/** The commands of I/O queues (6). Each is executed to a status field, or to LATER. */
export class IoCommands {
  readonly counts: IoCounts = { reads: 0, writes: 0, blocksRead: 0, blocksWritten: 0, mediaErrors: 0 };
  private readonly memory: Memory;
  private readonly commands: CommandTable;
  private readonly data: DataBuffer;
  private readonly cache: WriteCache;
  private readonly hooks: Hooks;
  /** For blocks that lie across two segments of the driver's buffer, and for what is compared. */
  private readonly staging = new PagedBytes(new Uint8Array(MAX_TRANSFER_BYTES));
  private readonly ranges = new Int32Array(DSM_MOST_RANGES * RANGE_WORDS);

  constructor(parts: DiskParts) {
    this.memory = parts.memory;
    this.commands = parts.commands;
    this.data = parts.data;
    this.cache = parts.cache;
    this.hooks = parts.hooks;
  }

  execute(slot: number): number {
    try {
      return this.dispatch(slot);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      return this.failed(this.opOf(slot) === 'read' ? STATUS.unrecoveredRead : STATUS.writeFault);
    }
  }

  /** What the media does for a command, for the model of its time. */
  opOf(slot: number): MediaOp {
    const opcode = this.commands.words[this.commands.at(slot)] & CDW0_OPCODE_MASK;
    if (opcode === NVM.flush) return 'flush';
    return opcode === NVM.read || opcode === NVM.compare ? 'read' : 'write';
  }

  /** Bytes that a command moves, as far as its kind and length say. */
  bytesOf(slot: number): number {
    const { words } = this.commands;
    const at = this.commands.at(slot);
    const opcode = words[at] & CDW0_OPCODE_MASK;
    const moves = opcode === NVM.read || opcode === NVM.write || opcode === NVM.compare;
    return moves ? blockCount(words, at) * BLOCK_BYTES : 0;
  }

  private dispatch(slot: number): number {
    const { words } = this.commands;
    const at = this.commands.at(slot);
    switch (words[at] & CDW0_OPCODE_MASK) {
      case NVM.read:
        return this.read(words, at);
      case NVM.write:
        return this.write(words, at);
      case NVM.flush:
        return this.flush(words[at + SQE.nsid]);
      case NVM.compare:
        return this.compare(words, at);
      case NVM.writeZeroes:
        return this.writeZeroes(slot, words, at);
      case NVM.datasetManagement:
        return this.manageDataset(slot, words, at);
      default:
        return STATUS.invalidOpcode;
    }
  }

  private read(words: Int32Array, at: number): number {
    const count = blockCount(words, at);
    const status = this.prepare(words, at, count, 'read');
    if (status !== STATUS.success) return status;
    this.counts.reads++;
    this.counts.blocksRead += count;
    this.load(words[at + SQE.cdw10] >>> 0, count);
    return STATUS.success;
  }

  private write(words: Int32Array, at: number): number {
    const count = blockCount(words, at);
    const status = this.prepare(words, at, count, 'write');
    if (status !== STATUS.success) return status;
    const block = words[at + SQE.cdw10] >>> 0;
    this.counts.writes++;
    this.counts.blocksWritten += count;
    if ((words[at + SQE.cdw12] & CDW12_FUA) === 0 && this.cache.takes(count)) this.store(block, count);
    else this.storeThrough(block, count);
    return STATUS.success;
  }

  private flush(nsid: number): number {
    if (nsid !== NAMESPACE && nsid !== ALL) return STATUS.invalidNamespace;
    const status = this.mediaStatus('flush', 0, 0);
    if (status !== STATUS.success) return status;
    this.cache.flush();
    return STATUS.success;
  }

  private compare(words: Int32Array, at: number): number {
    const count = blockCount(words, at);
    const status = this.prepare(words, at, count, 'read');
    if (status !== STATUS.success) return status;
    this.cache.read(words[at + SQE.cdw10] >>> 0, count, this.staging.bytes, 0);
    return this.data.equals(this.staging.words) ? STATUS.success : STATUS.compareFailure;
  }

  private writeZeroes(slot: number, words: Int32Array, at: number): number {
    const count = blockCount(words, at);
    const block = words[at + SQE.cdw10] >>> 0;
    const status = this.check(words, at, count, MOST_BLOCKS) || this.mediaStatus('write', block, count);
    if (status !== STATUS.success) return status;
    const { progress } = this.commands;
    const part = Math.min(count - progress[slot], SLICE_BLOCKS);
    this.cache.zero(block + progress[slot], part);
    progress[slot] += part;
    if (progress[slot] < count) return LATER;
    this.syncZeros((words[at + SQE.cdw12] & CDW12_FUA) !== 0);
    return STATUS.success;
  }

  /** Deallocated blocks read as zeros. The other attributes are hints that this disk has no use for. */
  private manageDataset(slot: number, words: Int32Array, at: number): number {
    if (words[at + SQE.nsid] !== NAMESPACE) return STATUS.invalidNamespace;
    if ((words[at + SQE.cdw11] & DSM_DEALLOCATE) === 0) return STATUS.success;
    const count = (words[at + SQE.cdw10] & DSM_RANGES_MASK) + 1;
    const status = this.data.resolve(words, at, count * DSM_RANGE_BYTES);
    if (status !== STATUS.success) return status;
    this.data.gather(this.ranges);
    return this.checkRanges(count) || this.deallocate(slot, count);
  }

  private checkRanges(count: number): number {
    const { ranges } = this;
    for (let range = 0; range < count * RANGE_WORDS; range += RANGE_WORDS) {
      const end = (ranges[range + RANGE_BLOCK] >>> 0) + (ranges[range + RANGE_COUNT] >>> 0);
      if (ranges[range + RANGE_BLOCK + 1] !== 0 || end > this.cache.blocks) return STATUS.lbaOutOfRange;
    }
    return STATUS.success;
  }

  /** One slice, over as many ranges as it takes. */
  private deallocate(slot: number, count: number): number {
    const { ranges } = this;
    const { progress } = this.commands;
    let skip = progress[slot];
    let room = SLICE_BLOCKS;
    for (let range = 0; range < count * RANGE_WORDS; range += RANGE_WORDS) {
      const block = ranges[range + RANGE_BLOCK] >>> 0;
      const blocks = ranges[range + RANGE_COUNT] >>> 0;
      const from = Math.min(skip, blocks);
      skip -= from;
      if (from === blocks) continue;
      if (room === 0) return LATER;
      const part = Math.min(blocks - from, room);
      const status = this.mediaStatus('write', block + from, part);
      if (status !== STATUS.success) return status;
      this.cache.zero(block + from, part);
      progress[slot] += part;
      room -= part;
      if (from + part < blocks) return LATER;
    }
    this.syncZeros(false);
    return STATUS.success;
  }

  private syncZeros(fua: boolean): void {
    if (fua || !this.cache.enabled) this.cache.sync();
  }

  /** All that can be wrong with a command that moves data. On success the segments of its buffer stand. */
  private prepare(words: Int32Array, at: number, count: number, op: MediaOp): number {
    return (
      this.check(words, at, count, MAX_TRANSFER_BLOCKS) ||
      this.data.resolve(words, at, count * BLOCK_BYTES) ||
      this.mediaStatus(op, words[at + SQE.cdw10] >>> 0, count)
    );
  }

  private check(words: Int32Array, at: number, count: number, most: number): number {
    if (words[at + SQE.nsid] !== NAMESPACE) return STATUS.invalidNamespace;
    if (count > most) return STATUS.invalidField;
    const end = (words[at + SQE.cdw10] >>> 0) + count;
    return words[at + SQE.cdw11] !== 0 || end > this.cache.blocks ? STATUS.lbaOutOfRange : STATUS.success;
  }

  private mediaStatus(op: MediaOp, block: number, count: number): number {
    const status = this.hooks.failsMedia(op, block, count);
    return status === STATUS.success ? status : this.failed(status);
  }

  private failed(status: number): number {
    this.counts.mediaErrors++;
    return status;
  }

  private load(block: number, count: number): void {
    const { data, cache, staging } = this;
    if (!data.inBlocks) {
      cache.read(block, count, staging.bytes, 0);
      data.scatter(staging.words);
      return;
    }
    let from = block;
    for (let i = 0; i < data.count; i++) {
      const blocks = data.lengths[i] >>> BLOCK_SHIFT;
      cache.read(from, blocks, this.memory.bytes, data.addresses[i]);
      from += blocks;
    }
  }

  private store(block: number, count: number): void {
    const { data, cache, staging } = this;
    cache.begin(block, count);
    if (!data.inBlocks) {
      data.gather(staging.words);
      cache.append(staging.bytes, 0, count);
      return;
    }
    for (let i = 0; i < data.count; i++)
      cache.append(this.memory.bytes, data.addresses[i], data.lengths[i] >>> BLOCK_SHIFT);
  }

  private storeThrough(block: number, count: number): void {
    const { data, cache, staging } = this;
    if (!data.inBlocks) {
      data.gather(staging.words);
      cache.writeThrough(block, count, staging.bytes, 0);
    } else {
      let to = block;
      for (let i = 0; i < data.count; i++) {
        const blocks = data.lengths[i] >>> BLOCK_SHIFT;
        cache.writeThrough(to, blocks, this.memory.bytes, data.addresses[i]);
        to += blocks;
      }
    }
    cache.sync();
  }
}

function blockCount(words: Int32Array, at: number): number {
  return (words[at + SQE.cdw12] & CDW12_BLOCKS_MASK) + 1;
}
