import { nextRandom } from '../link/frames.ts';
import { BlockIndex } from './block-index.ts';
import { AWUPF, BLOCK_BYTES } from './datasheet.ts';
import type { Media } from './media.ts';
import { copyBytes, PagedBytes } from './paged-bytes.ts';

/** The most that a power failure leaves whole: a longer command is as many units, from its first block on. */
const UNIT_BLOCKS = AWUPF + 1;
const ABSENT = -1;

/**
 * The volatile write cache, and the way of every block to and from the media. The cache is a log: each write is one or more
 * units with their own data, in the order in which they came, and is written out oldest first. So the media never gets an
 * older version after a newer one. A read sees the newest unit of each block, or the media.
 *
 * Power cut: each unit that is still in the log is kept or lost by the seed, whole; the kept ones reach the media in
 * order. A unit that overlaps an older one has left that one's data as it was, so each may be kept without the other.
 * What goes past the log (FUA, a disabled cache, zeros) first writes out the log up to the last unit that it overlaps.
 */
export class WriteCache {
  /** Is a completed write in the cache enough? */
  enabled: boolean;
  readonly present: boolean;
  /** Blocks moved and flushes since the engine last counted them. */
  blocksRead = 0;
  blocksWritten = 0;
  flushes = 0;
  private readonly media: Media;
  /** The log, a ring of blocks: the first block in use, how many are, and where the next data go. */
  private readonly capacity: number;
  private readonly log: PagedBytes;
  private used = 0;
  private next = 0;
  /** Units, a ring as well: their first block on the media, length, and place in the log. */
  private readonly unitBlock: Float64Array;
  private readonly unitCount: Uint8Array;
  private readonly unitPlace: Int32Array;
  private firstUnit = 0;
  private units = 0;
  /** Place in the log of the newest version of each cached block. */
  private readonly index: BlockIndex;

  /** `capacity`: blocks; 0: there is no cache. */
  constructor(media: Media, capacity: number) {
    this.media = media;
    this.capacity = capacity;
    this.present = this.enabled = capacity > 0;
    this.log = new PagedBytes(new Uint8Array(capacity * BLOCK_BYTES));
    this.unitBlock = new Float64Array(capacity);
    this.unitCount = new Uint8Array(capacity);
    this.unitPlace = new Int32Array(capacity);
    this.index = new BlockIndex(capacity);
  }

  /** Blocks of the media. */
  get blocks(): number {
    return this.media.blocks;
  }

  /** Would the cache take a write of so many blocks? */
  takes(count: number): boolean {
    return this.enabled && count <= this.capacity;
  }

  read(block: number, count: number, bytes: Uint8Array, address: number): void {
    if (this.used === 0) {
      this.readMedia(block, count, bytes, address);
      return;
    }
    const target = PagedBytes.of(bytes);
    for (let done = 0; done < count; ) {
      const place = this.index.get(block + done);
      const to = address + done * BLOCK_BYTES;
      const run = this.runLength(block + done, place, count - done);
      if (place === ABSENT) this.readMedia(block + done, run, bytes, to);
      else copyBytes(target, to, this.log, place * BLOCK_BYTES, run * BLOCK_BYTES);
      done += run;
    }
  }

  /** Begins a write that the cache takes: makes room and enters its units. `append` then brings all of its data. */
  begin(block: number, count: number): void {
    while (this.used + count > this.capacity) this.writeOutOldest();
    for (let done = 0; done < count; ) {
      const part = Math.min(UNIT_BLOCKS, count - done);
      this.enter(block + done, part, (this.next + done) % this.capacity);
      done += part;
    }
    this.used += count;
  }

  append(bytes: Uint8Array, address: number, count: number): void {
    const source = PagedBytes.of(bytes);
    for (let done = 0; done < count; ) {
      const part = Math.min(count - done, this.capacity - this.next);
      copyBytes(this.log, this.next * BLOCK_BYTES, source, address + done * BLOCK_BYTES, part * BLOCK_BYTES);
      this.next = (this.next + part) % this.capacity;
      done += part;
    }
  }

  /** Part of a write that goes to the media. `sync` after the last. */
  writeThrough(block: number, count: number, bytes: Uint8Array, address: number): void {
    this.displace(block, count);
    this.writeMedia(block, count, bytes, address);
  }

  /** Zeros go to the media at once. */
  zero(block: number, count: number): void {
    this.displace(block, count);
    this.media.zero(block, count);
    this.blocksWritten += count;
  }

  /** What the media was given survives a power cut. */
  sync(): void {
    this.media.flush();
  }

  flush(): void {
    while (this.units > 0) this.writeOutOldest();
    this.media.flush();
    this.flushes++;
  }

  powerCut(seed: number): void {
    let random = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995;
    while (this.units > 0) {
      random = nextRandom(random);
      if ((random & 0x10000) !== 0) this.writeOutOldest();
      else this.dropOldest();
    }
    this.media.flush();
  }

  /** Lets go of the media. A machine that ends in order loses nothing that was written. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.media.close();
    }
  }

  private enter(block: number, count: number, place: number): void {
    const unit = (this.firstUnit + this.units) % this.capacity;
    this.unitBlock[unit] = block;
    this.unitCount[unit] = count;
    this.unitPlace[unit] = place;
    this.units++;
    for (let i = 0; i < count; i++) this.index.set(block + i, (place + i) % this.capacity);
  }

  private writeOutOldest(): void {
    const unit = this.firstUnit;
    const block = this.unitBlock[unit];
    const count = this.unitCount[unit];
    const place = this.unitPlace[unit];
    const part = Math.min(count, this.capacity - place);
    this.writeMedia(block, part, this.log.bytes, place * BLOCK_BYTES);
    if (part < count) this.writeMedia(block + part, count - part, this.log.bytes, 0);
    this.dropOldest();
  }

  private dropOldest(): void {
    const unit = this.firstUnit;
    const count = this.unitCount[unit];
    for (let i = 0; i < count; i++)
      this.index.delete(this.unitBlock[unit] + i, (this.unitPlace[unit] + i) % this.capacity);
    this.firstUnit = (unit + 1) % this.capacity;
    this.units--;
    this.used -= count;
  }

  /** Writes out the log up to the last unit that overlaps these blocks. */
  private displace(block: number, count: number): void {
    let last = this.units;
    while (last > 0 && !this.overlaps((this.firstUnit + last - 1) % this.capacity, block, count)) last--;
    for (; last > 0; last--) this.writeOutOldest();
  }

  private overlaps(unit: number, block: number, count: number): boolean {
    const first = this.unitBlock[unit];
    return first < block + count && block < first + this.unitCount[unit];
  }

  /** How many blocks on from the first lie together: in the log from `place` on, or all not there. */
  private runLength(block: number, place: number, most: number): number {
    let run = 1;
    if (place === ABSENT) while (run < most && this.index.get(block + run) === ABSENT) run++;
    else while (run < most && this.index.get(block + run) === place + run) run++;
    return run;
  }

  private readMedia(block: number, count: number, bytes: Uint8Array, address: number): void {
    this.media.read(block, count, bytes, address);
    this.blocksRead += count;
  }

  private writeMedia(block: number, count: number, bytes: Uint8Array, address: number): void {
    this.media.write(block, count, bytes, address);
    this.blocksWritten += count;
  }
}
