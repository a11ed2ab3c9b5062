import { PROBATION_BURSTS } from './plan.ts';
import type { AnySlot } from './slot.ts';

export interface Patience {
  /** Polls with work waiting and none done, after which a driver counts as stuck. */
  readonly stuckPolls: number;
  /** Polls with nothing to do, after which a driver cannot be judged and is kept. */
  readonly idlePolls: number;
}

/** Idle ones last some milliseconds: a card that lost its core for so long is not taken for one without traffic. */
export const PATIENCE: Patience = { stuckPolls: 500_000, idlePolls: 50_000 };

/** A new driver made no progress while work waited. */
export class NoProgress extends Error {
  constructor(driver: string, polls: number) {
    super(`${driver} made no progress in ${polls} polls with work waiting`);
    this.name = 'NoProgress';
  }
}

/** Watches a driver in its first bursts, counting polls and never time. */
export class Probation {
  private readonly slot: AnySlot;
  private readonly patience: Patience;
  private bursts = 0;
  private stuck = 0;
  private idle = 0;
  private deliveries = 0;
  private failure: unknown;

  constructor(slot: AnySlot, patience: Patience) {
    this.slot = slot;
    this.patience = patience;
  }

  begin(): void {
    this.deliveries = this.slot.deliveries;
  }

  fail(error: unknown): void {
    this.failure = error;
  }

  observe(served: number, waits: boolean): void {
    const asked = this.slot.deliveries !== this.deliveries;
    this.deliveries = this.slot.deliveries;
    if (served > 0) this.bursts++;
    // An application that takes nothing, its transmit ring full, is not the driver's fault.
    if (served > 0 || asked) this.stuck = 0;
    else if (waits) this.stuck++;
    else this.idle++;
  }

  /** Passed or not: `passed` says which. */
  get over(): boolean {
    const { stuckPolls, idlePolls } = this.patience;
    const ended = this.bursts >= PROBATION_BURSTS || this.idle >= idlePolls;
    return ended || this.stuck >= stuckPolls || this.failure !== undefined;
  }

  /** True when it is over and passed. Throws what the driver threw, or NoProgress. */
  passed(): boolean {
    if (this.failure !== undefined) throw this.failure;
    if (this.stuck >= this.patience.stuckPolls) throw new NoProgress(this.slot.definition.name, this.stuck);
    return this.bursts >= PROBATION_BURSTS || this.idle >= this.patience.idlePolls;
  }
}
