/** How a CPU ends in the middle of what it does: before an access to shared words, or between two steps. */
import type { Memory } from '../../hw/memory.ts';
import { POINTS } from './points.ts';

export type CauseOfEnd = 'powerCut' | 'crash';

/** Ends whatever the CPU does: each further access throws it again. */
export class CpuEnded extends Error {
  constructor() {
    super('the CPU is no more');
    this.name = 'CpuEnded';
  }
}

export class CpuEnd {
  /** It has ended, and nothing that it says counts any more. */
  down = false;
  cause: CauseOfEnd | undefined;
  private readonly memory: Memory;
  /** The memory when it ended: its code may catch what ends it, and write on where nobody looks. */
  private last: Int32Array | undefined;
  /** Whoever is at work keeps books for those outside of the machine: a power cut must not cut them in two. */
  private guarded = false;
  /** Strikes in the CPU until it ends by itself; then those of its successors. */
  private strikes = 0;
  private readonly coming: number[];

  /** `crashAt`: as in a scenario. */
  constructor(memory: Memory, crashAt: readonly number[]) {
    this.memory = memory;
    this.coming = [...crashAt];
    this.strikes = this.coming.shift() ?? 0;
  }

  /** At the next point. */
  demand(cause: CauseOfEnd): void {
    this.cause ??= cause;
  }

  /** It has not ended yet, and is not to any more. */
  calm(): void {
    this.cause = undefined;
    this.strikes = 0;
  }

  /** Between two steps. */
  get due(): boolean {
    return this.down || this.cause !== undefined;
  }

  /** In a step of the CPU's. Throws CpuEnded. */
  strike(): void {
    if (--this.strikes === 0) this.demand('crash');
    if (!this.down && ((this.guarded && this.cause === 'powerCut') || !this.due)) return;
    if (!this.down) this.last = this.memory.words.slice();
    this.down = true;
    POINTS.guard(1, ended);
    ended();
  }

  /** The power does not fail in the middle of this, but for what is `released`. */
  whole<T>(work: () => T): T {
    const before = this.guarded;
    this.guarded = true;
    try {
      return work();
    } finally {
      this.guarded = before;
    }
  }

  release(): void {
    this.guarded = false;
  }

  resume(): void {
    this.guarded = true;
  }

  /** Its step has come to an end as well: the memory is as it was at its own. */
  settle(): void {
    if (this.last !== undefined) this.memory.words.set(this.last);
    this.last = undefined;
  }

  /** There is to be another one. */
  over(): void {
    this.cause = undefined;
    this.down = this.guarded = false;
    this.strikes = this.coming.shift() ?? 0;
    POINTS.disarm();
  }
}

function ended(): never {
  throw new CpuEnded();
}
