/**
 * A buffer of whole pages of the disk, as words and pages of DMA memory that a successor takes over: a directory, then the
 * data. A page of the disk, eight blocks that begin at a multiple of eight, lies in one slot at the most.
 *
 * New data never overwrites what the directory tells of: it goes to another slot, then one atomic store of that slot's entry
 * makes it the page's, then the slot that had the page before is emptied. Whoever stops in between leaves two slots for one
 * page, the later version of which is the page's.
 */
import { align, type Memory, PAGE_BYTES, PAGE_SHIFT, type Region } from '../../hw/memory.ts';
import { copy, load, put, store } from '../../hw/shared.ts';
import { StateError } from '../state-block.ts';

const BUFFER_MAGIC = 0x52534231;
/** Words of the directory: header, an entry for each slot, then what the driver keeps beside it. */
const B = { magic: 0, slots: 1, versions: 2 } as const;
const HEADER_WORDS = 16;
const ENTRY_WORDS = 4;
/** `entry`: page of the disk 31:3, state 2:0. `since`: version of the oldest write that is not on the disk. */
const ENTRY = { entry: 0, since: 1, version: 2 } as const;
const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;

/** Of a slot: `reading` and `writing` have a command in flight. */
export const SLOT = { empty: 0, reading: 1, clean: 2, dirty: 3, writing: 4 } as const;
const STATES = 5;

function directoryBytes(slots: number, besideWords: number): number {
  return align((HEADER_WORDS + slots * ENTRY_WORDS + besideWords) * 4, PAGE_BYTES);
}

export function bufferBytes(slots: number, besideWords: number): number {
  return directoryBytes(slots, besideWords) + slots * PAGE_BYTES;
}

export class WriteBuffer {
  slots = 0;
  region: Region = { address: 0, bytes: 0 };
  private readonly memory: Memory;
  private readonly words: Int32Array;
  private readonly besideWords: number;
  private base = 0;
  private data = 0;
  /** Slots by state. */
  private readonly counts = new Int32Array(STATES);
  /** Slots of pages with one hash value are chained. */
  private heads: Int32Array;
  private next: Int32Array;
  private hand = 0;

  /** `most`: slots for which adopting a buffer allocates nothing. */
  constructor(memory: Memory, besideWords: number, most: number) {
    this.memory = memory;
    this.words = memory.words;
    this.besideWords = besideWords;
    this.heads = new Int32Array(2 ** Math.ceil(Math.log2(most + 1)));
    this.next = new Int32Array(most);
  }

  /** An empty buffer. */
  format(region: Region, slots: number): void {
    const base = region.address >>> 2;
    this.words.fill(0, base, base + directoryBytes(slots, this.besideWords) / 4);
    put(this.words, base + B.slots, slots);
    store(this.words, base + B.magic, BUFFER_MAGIC);
    this.adopt(region);
  }

  /** Takes over what lies in a region. Throws StateError. */
  adopt(region: Region): void {
    const { words } = this;
    this.region = region;
    this.base = region.address >>> 2;
    this.slots = words[this.base + B.slots];
    if (load(words, this.base + B.magic) !== BUFFER_MAGIC)
      throw new StateError('write buffer: no magic number');
    if (this.slots < 1 || bufferBytes(this.slots, this.besideWords) > region.bytes)
      throw new StateError(`write buffer: ${this.slots} slots in ${region.bytes} bytes`);
    this.data = region.address + directoryBytes(this.slots, this.besideWords);
    if (this.slots > this.next.length) {
      this.heads = new Int32Array(2 ** Math.ceil(Math.log2(this.slots + 1)));
      this.next = new Int32Array(this.slots);
    }
    this.hand = 0;
    this.heads.fill(-1);
    this.counts.fill(0);
    for (let slot = 0; slot < this.slots; slot++) this.take(slot);
  }

  /** Word index of what the driver keeps beside the directory. */
  get beside(): number {
    return this.base + HEADER_WORDS + this.slots * ENTRY_WORDS;
  }

  count(state: number): number {
    return this.counts[state];
  }

  /** Slots that `claim` can give. */
  get claimable(): number {
    return this.counts[SLOT.empty] + this.counts[SLOT.clean];
  }

  /** The last version that was given to a write. */
  get version(): number {
    return this.words[this.base + B.versions];
  }

  /** The slot of a page, or -1. */
  find(page: number): number {
    const { next } = this;
    let slot = this.heads[this.hash(page)];
    while (slot >= 0 && this.page(slot) !== page) slot = next[slot];
    return slot;
  }

  state(slot: number): number {
    return this.words[this.entry(slot)] & STATE_MASK;
  }

  page(slot: number): number {
    return this.words[this.entry(slot)] >>> STATE_BITS;
  }

  address(slot: number): number {
    return this.data + (slot << PAGE_SHIFT);
  }

  /** Does the slot hold a write of this version, or of an earlier one, that is not on the disk? */
  owes(slot: number, version: number): boolean {
    const state = this.state(slot);
    if (state !== SLOT.dirty && state !== SLOT.writing) return false;
    return ((this.words[this.entry(slot) + ENTRY.since] - version) | 0) <= 0;
  }

  /** A write of a whole page is in the buffer when this returns; its old slot must not be in flight, one must be claimable. */
  write(page: number, from: number): void {
    const { words, base } = this;
    const owed = this.takeOwed(page);
    const slot = this.claim();
    copy(this.memory, this.address(slot), from, PAGE_BYTES);
    const version = (this.version + 1) | 0;
    const at = this.entry(slot);
    put(words, base + B.versions, version);
    put(words, at + ENTRY.version, version);
    // What a flush waits for it goes on waiting for, in its new place.
    put(words, at + ENTRY.since, owed >= 0 ? words[this.entry(owed) + ENTRY.since] : version);
    store(words, at, (page << STATE_BITS) | SLOT.dirty); // the write is the buffer's, for this driver and the next
    this.counts[SLOT.empty]--;
    this.counts[SLOT.dirty]++;
    if (owed >= 0) this.drop(owed);
    this.link(slot, page);
  }

  /** A slot for a page that is not in the buffer and will be read; -1 if there is none. */
  reserve(page: number): number {
    if (this.claimable === 0) return -1;
    const slot = this.claim();
    store(this.words, this.entry(slot), (page << STATE_BITS) | SLOT.reading);
    this.counts[SLOT.empty]--;
    this.counts[SLOT.reading]++;
    this.link(slot, page);
    return slot;
  }

  setState(slot: number, state: number): void {
    this.counts[this.state(slot)]--;
    this.counts[state]++;
    store(this.words, this.entry(slot), (this.page(slot) << STATE_BITS) | state);
  }

  /** The buffer no longer knows of the slot's page. */
  drop(slot: number): void {
    this.unlink(slot);
    this.setState(slot, SLOT.empty);
  }

  /** The dirty slot of a page, or -1; a clean one is dropped: the disk has what it holds. */
  private takeOwed(page: number): number {
    const slot = this.find(page);
    if (slot < 0 || this.state(slot) === SLOT.dirty) return slot;
    this.drop(slot);
    return -1;
  }

  /** An empty slot, if need be by dropping a clean one; there must be one. */
  private claim(): number {
    const wanted = this.counts[SLOT.empty] > 0 ? SLOT.empty : SLOT.clean;
    for (;;) {
      const slot = this.hand;
      this.hand = slot + 1 === this.slots ? 0 : slot + 1;
      if (this.state(slot) !== wanted) continue;
      if (wanted === SLOT.clean) this.drop(slot);
      return slot;
    }
  }

  /** One slot of an adopted directory. Of two slots for one page the later version is the page's. */
  private take(slot: number): void {
    const { words } = this;
    const state = this.state(slot);
    if (state >= STATES) throw new StateError(`write buffer, slot ${slot}: no such state as ${state}`);
    this.counts[state]++;
    if (state === SLOT.empty) return;
    const other = this.find(this.page(slot));
    if (other >= 0) {
      const later = (words[this.entry(slot) + ENTRY.version] - words[this.entry(other) + ENTRY.version]) | 0;
      if (later < 0) {
        this.setState(slot, SLOT.empty);
        return;
      }
      this.drop(other);
    }
    this.link(slot, this.page(slot));
  }

  private entry(slot: number): number {
    return this.base + HEADER_WORDS + slot * ENTRY_WORDS;
  }

  private hash(page: number): number {
    return page & (this.heads.length - 1);
  }

  private link(slot: number, page: number): void {
    const hash = this.hash(page);
    this.next[slot] = this.heads[hash];
    this.heads[hash] = slot;
  }

  private unlink(slot: number): void {
    const { heads, next } = this;
    const hash = this.hash(this.page(slot));
    if (heads[hash] === slot) {
      heads[hash] = next[slot];
      return;
    }
    let before = heads[hash];
    while (before >= 0 && next[before] !== slot) before = next[before];
    if (before >= 0) next[before] = next[slot];
  }
}
