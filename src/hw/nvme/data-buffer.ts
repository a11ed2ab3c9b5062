import type { Iommu } from '../iommu.ts';
import { type Memory, PAGE_BYTES } from '../memory.ts';
import { BLOCK_BYTES, MAX_TRANSFER_BYTES, SQE, STATUS } from './datasheet.ts';
import type { NvmeProbes } from './probes.ts';

const OFFSET_MASK = PAGE_BYTES - 1;
const ENTRY_BYTES = 8;
/** One page more than the longest transfer has, for one that begins within a page. */
const MOST_SEGMENTS = MAX_TRANSFER_BYTES / PAGE_BYTES + 1;

/**
 * The driver's data buffer of one command: what PRP1, PRP2 and PRP lists point to (4.3), as segments of the memory that
 * the device may touch. Pages that follow one another are one segment. Addresses are signed words: what lies above two
 * gigabytes is negative, and outside every window.
 */
export class DataBuffer {
  count = 0;
  readonly addresses = new Int32Array(MOST_SEGMENTS);
  readonly lengths = new Int32Array(MOST_SEGMENTS);
  /** Every segment is a number of blocks: no block lies across two. */
  inBlocks = true;
  private readonly memory: Memory;
  private readonly iommu: Iommu;
  private readonly device: number;
  private readonly probes: NvmeProbes;

  constructor(memory: Memory, iommu: Iommu, device: number, probes: NvmeProbes) {
    this.memory = memory;
    this.iommu = iommu;
    this.device = device;
    this.probes = probes;
  }

  /** Follows the PRP entries of the command at `words[at]` for so many bytes. Returns a status; on success the segments stand. */
  resolve(words: Int32Array, at: number, bytes: number): number {
    this.count = 0;
    const first = words[at + SQE.prp1];
    if ((first & 3) !== 0) return STATUS.invalidPrpOffset;
    const offset = first & OFFSET_MASK;
    this.inBlocks = (offset & (BLOCK_BYTES - 1)) === 0;
    const inFirst = Math.min(bytes, PAGE_BYTES - offset);
    const status = this.add(first, words[at + SQE.prp1High], inFirst);
    const rest = bytes - inFirst;
    if (status !== STATUS.success || rest === 0) return status;
    const second = words[at + SQE.prp2];
    const secondHigh = words[at + SQE.prp2High];
    return rest <= PAGE_BYTES
      ? this.addPage(second, secondHigh, rest)
      : this.addList(second, secondHigh, rest);
  }

  /** From the driver's buffer. */
  gather(target: Int32Array): void {
    const { words } = this.memory;
    let to = 0;
    for (let i = 0; i < this.count; i++) {
      const from = this.addresses[i] >>> 2;
      const length = this.lengths[i] >>> 2;
      for (let word = 0; word < length; word++) target[to + word] = words[from + word];
      to += length;
    }
  }

  /** To the driver's buffer; published by the store that posts the completion. */
  scatter(source: Int32Array): void {
    const { words } = this.memory;
    let from = 0;
    for (let i = 0; i < this.count; i++) {
      const to = this.addresses[i] >>> 2;
      const length = this.lengths[i] >>> 2;
      for (let word = 0; word < length; word++) words[to + word] = source[from + word];
      from += length;
    }
  }

  /** Is the driver's buffer the same as this? */
  equals(other: Int32Array): boolean {
    const { words } = this.memory;
    let from = 0;
    for (let i = 0; i < this.count; i++) {
      const to = this.addresses[i] >>> 2;
      const length = this.lengths[i] >>> 2;
      for (let word = 0; word < length; word++) if (words[to + word] !== other[from + word]) return false;
      from += length;
    }
    return true;
  }

  /** The last entry of a list page points to the next list page, unless it is the last of all. */
  private addList(list: number, listHigh: number, bytes: number): number {
    if ((list & (ENTRY_BYTES - 1)) !== 0) return STATUS.invalidPrpOffset;
    const { words } = this.memory;
    let at = list;
    let high = listHigh;
    for (let rest = bytes; rest > 0; ) {
      if (!this.allows(at, high, ENTRY_BYTES)) return STATUS.dataTransferError;
      const entry = words[at >>> 2];
      const entryHigh = words[(at >>> 2) + 1];
      const isLastOfPage = (at & OFFSET_MASK) === PAGE_BYTES - ENTRY_BYTES;
      if (isLastOfPage && rest > PAGE_BYTES) {
        if ((entry & OFFSET_MASK) !== 0) return STATUS.invalidPrpOffset;
        at = entry;
        high = entryHigh;
        continue;
      }
      const part = Math.min(rest, PAGE_BYTES);
      const status = this.addPage(entry, entryHigh, part);
      if (status !== STATUS.success) return status;
      rest -= part;
      at += ENTRY_BYTES;
    }
    return STATUS.success;
  }

  private addPage(address: number, high: number, bytes: number): number {
    return (address & OFFSET_MASK) !== 0 ? STATUS.invalidPrpOffset : this.add(address, high, bytes);
  }

  private add(address: number, high: number, bytes: number): number {
    if (!this.allows(address, high, bytes)) return STATUS.dataTransferError;
    const last = this.count - 1;
    if (last >= 0 && this.addresses[last] + this.lengths[last] === address) {
      this.lengths[last] += bytes;
      return STATUS.success;
    }
    this.addresses[this.count] = address;
    this.lengths[this.count] = bytes;
    this.count++;
    return STATUS.success;
  }

  private allows(address: number, high: number, bytes: number): boolean {
    if (high === 0 && this.iommu.allows(this.device, address, bytes)) return true;
    this.probes.count('dmaFaults');
    return false;
  }
}
