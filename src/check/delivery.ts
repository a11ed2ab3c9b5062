import type { Burst } from '../drivers/burst.ts';
import { BUFFER_SHIFT, type BufferPool } from '../drivers/pool.ts';
import { SAVED_WORDS, type Verifier } from '../hw/link/verifier.ts';
import type { Memory, MemoryMap, Region } from '../hw/memory.ts';
import { put } from '../hw/shared.ts';

/**
 * Words of the journal: the counts before a burst, then which burst. Positions begin anew with each ring of a queue, so the
 * first buffer tells it from one of an earlier life.
 */
const SEGMENTS = SAVED_WORDS;
const RING = SEGMENTS + 1;
const BUFFER = RING + 1;
const POSITION = BUFFER + 1;
const JOURNAL_BYTES = (POSITION + 1) * 4;

export function layoutJournal(map: MemoryMap): Region {
  return map.take(JOURNAL_BYTES);
}

/**
 * Frames as an application receives them, checked where they lie; those of several buffers are put together first.
 *
 * A burst is checked before its ring's `consumed` is stored. Who ends in between has checked what will be delivered once
 * more, so the burst is written down first, and its successor takes back what was noted of it (`revert`). The journal
 * needs no end: it speaks of the burst at which the ring stands, and with `consumed` the ring has gone on.
 */
export class DeliveryCheck {
  readonly verifier: Verifier;
  private readonly memory: Memory;
  private readonly pool: BufferPool;
  private readonly staging: number;
  private readonly journal: number;
  /** Octets of the frame last put together. */
  private gathered = 0;

  constructor(memory: Memory, pool: BufferPool, staging: Region, journal: Region, verifier: Verifier) {
    this.memory = memory;
    this.pool = pool;
    this.staging = staging.address;
    this.journal = journal.address >>> 2;
    this.verifier = verifier;
  }

  /** The first `segments` of a burst, whole frames, in the order in which the driver gave them. */
  burst(burst: Burst, segments: number, queue: number): void {
    const { verifier, pool } = this;
    this.writeDown(burst, segments);
    if (burst.frames === burst.segments)
      verifier.run(burst.buffers, burst.lengths, segments, pool.base, BUFFER_SHIFT, queue);
    else this.parts(burst, segments, queue);
    verifier.publish();
  }

  /**
   * This burst is the first in its ring, and a CPU that is no more may have checked it, whole or in part. What it noted of
   * it is taken back, from the last frame to the first; to do so twice is as good as once.
   */
  revert(burst: Burst): void {
    const { verifier, journal } = this;
    const { words } = this.memory;
    const segments = words[journal + SEGMENTS];
    if (words[journal + RING] !== burst.ring || words[journal + POSITION] !== burst.position) return;
    if (words[journal + BUFFER] !== burst.buffers[0] || segments === 0 || segments > burst.segments) return;
    for (let last = segments - 1; last >= 0; ) {
      let first = last;
      while (first > 0 && burst.ends[first - 1] === 0) first--;
      if (first === last) verifier.revert(this.pool.address(burst.buffers[first]), burst.lengths[first]);
      else {
        this.gather(burst, first);
        verifier.revert(this.staging, this.gathered);
      }
      last = first - 1;
    }
    verifier.restore(journal);
    put(words, journal + SEGMENTS, 0);
  }

  /** What was before comes first: as long as ring and position are not those of this burst, nothing is taken back. */
  private writeDown(burst: Burst, segments: number): void {
    const { journal } = this;
    const { words } = this.memory;
    this.verifier.save(journal);
    put(words, journal + SEGMENTS, segments);
    put(words, journal + RING, burst.ring);
    put(words, journal + BUFFER, burst.buffers[0]);
    put(words, journal + POSITION, burst.position);
  }

  /** Some of the frames lie in several buffers. */
  private parts(burst: Burst, segments: number, queue: number): void {
    for (let i = 0; i < segments; i++) {
      if (burst.ends[i] !== 0) {
        this.verifier.frame(this.pool.address(burst.buffers[i]), burst.lengths[i], queue);
        continue;
      }
      i = this.gather(burst, i);
      this.verifier.frame(this.staging, this.gathered, queue);
    }
  }

  /** Puts a frame in several buffers together, beginning at segment `first`. Returns its last segment. */
  private gather(burst: Burst, first: number): number {
    this.gathered = 0;
    for (let i = first; ; i++) {
      const from = this.pool.address(burst.buffers[i]);
      this.memory.bytes.copyWithin(this.staging + this.gathered, from, from + burst.lengths[i]);
      this.gathered += burst.lengths[i];
      if (burst.ends[i] !== 0) return i;
    }
  }
}
