import type { Burst } from '../drivers/burst.ts';
import { BUFFER_SHIFT, type BufferPool } from '../drivers/pool.ts';
import type { Verifier } from '../hw/link/verifier.ts';
import type { Memory, Region } from '../hw/memory.ts';

/** Frames as an application receives them, checked where they lie; those of several buffers are put together first. */
export class DeliveryCheck {
  readonly verifier: Verifier;
  private readonly memory: Memory;
  private readonly pool: BufferPool;
  private readonly staging: number;

  constructor(memory: Memory, pool: BufferPool, staging: Region, verifier: Verifier) {
    this.memory = memory;
    this.pool = pool;
    this.staging = staging.address;
    this.verifier = verifier;
  }

  /** The first `segments` of a burst, whole frames, in the order in which the driver gave them. */
  burst(burst: Burst, segments: number, queue: number): void {
    const { verifier, pool } = this;
    if (burst.frames === burst.segments)
      verifier.run(burst.buffers, burst.lengths, segments, pool.base, BUFFER_SHIFT, queue);
    else this.parts(burst, segments, queue);
    verifier.publish();
  }

  /** Some of the frames lie in several buffers. */
  private parts(burst: Burst, segments: number, queue: number): void {
    for (let i = 0; i < segments; i++) {
      if (burst.ends[i] !== 0)
        this.verifier.frame(this.pool.address(burst.buffers[i]), burst.lengths[i], queue);
      else i = this.gathered(burst, i, queue);
    }
  }

  /** A frame in several buffers, beginning at segment `first`. Returns its last segment. */
  private gathered(burst: Burst, first: number, queue: number): number {
    let length = 0;
    for (let i = first; ; i++) {
      const from = this.pool.address(burst.buffers[i]);
      this.memory.bytes.copyWithin(this.staging + length, from, from + burst.lengths[i]);
      length += burst.lengths[i];
      if (burst.ends[i] === 0) continue;
      this.verifier.frame(this.staging, length, queue);
      return i;
    }
  }
}
