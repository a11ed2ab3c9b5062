import type { Burst } from '../drivers/burst.ts';
import { BUFFER_SHIFT, type BufferPool } from '../drivers/pool.ts';
import type { UndoLog } from '../hw/link/undo.ts';
import type { Verifier } from '../hw/link/verifier.ts';
import type { Memory, Region } from '../hw/memory.ts';

/**
 * Frames as an application receives them, checked where they lie; those of several buffers are put together first.
 *
 * A burst is checked before its ring's `consumed` is stored. Who ends in between has checked what will be delivered once
 * more, so counts are put aside first, with the name of the burst behind them, and its successor takes back what was
 * noted of it (`revert`). The journal needs no end: it speaks of the burst at which the ring stands, and with `consumed` the
 * ring has gone on.
 */
export class DeliveryCheck {
  readonly verifier: Verifier;
  private readonly memory: Memory;
  private readonly pool: BufferPool;
  private readonly staging: number;
  private readonly journal: number;
  private readonly undo: UndoLog;

  /** `undo`: that of the verifier's checker. */
  constructor(
    memory: Memory,
    pool: BufferPool,
    staging: Region,
    journal: Region,
    undo: UndoLog,
    verifier: Verifier,
  ) {
    this.memory = memory;
    this.pool = pool;
    this.staging = staging.address;
    this.journal = journal.address >>> 2;
    this.undo = undo;
    this.verifier = verifier;
  }

  /** The first `segments` of a burst, whole frames, in the order in which the driver gave them. */
  burst(burst: Burst, segments: number, queue: number): void {
    const { verifier, pool } = this;
    this.undo.begin();
    verifier.save(this.journal, burst.ring, burst.position);
    if (burst.frames === burst.segments)
      verifier.run(burst.buffers, burst.lengths, segments, pool.base, BUFFER_SHIFT, queue);
    else this.parts(burst, segments, queue);
    verifier.publish();
  }

  /** Made while another CPU served, which serves no more. */
  reread(): void {
    this.undo.reread();
    this.verifier.reread();
  }

  /**
   * This burst is the first in its ring, and a CPU that is no more may have checked it, whole or in part. What was noted
   * of it is taken back; to do so twice is as good as once.
   */
  revert(burst: Burst): void {
    const { verifier, journal } = this;
    if (!verifier.savedBefore(journal, burst.ring, burst.position)) return;
    this.undo.takeBack();
    for (let i = 0; i < burst.segments; i++)
      if (i === 0 || burst.ends[i - 1] !== 0) verifier.revert(this.pool.address(burst.buffers[i]));
    verifier.restore(journal);
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
