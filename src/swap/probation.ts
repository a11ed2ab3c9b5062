import { PROBATION_BURSTS } from './plan.ts';
import type { Slot } from './slot.ts';

/** Polls with work waiting and none done, after which a driver counts as stuck. */
const STUCK_POLLS = 500_000;
/** Polls with nothing to do, after which a driver cannot be judged and is kept. */
const IDLE_POLLS = 5_000;

/** A new driver made no progress while work waited. */
export class NoProgress extends Error {
  constructor(driver: string) {
    super(`${driver} made no progress in ${STUCK_POLLS} polls with work waiting`);
    this.name = 'NoProgress';
  }
}

/** Watches a driver in its first bursts, counting polls and never time. */
export class Probation {
  private readonly slot: Slot;
  private bursts = 0;
  private stuck = 0;
  private idle = 0;
  private deliveries = 0;
  private failure: unknown;

  constructor(slot: Slot) {
    this.slot = slot;
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

  /** True when it is over and passed. Throws what the driver threw, or NoProgress. */
  passed(): boolean {
    if (this.failure !== undefined) throw this.failure;
    if (this.stuck >= STUCK_POLLS) throw new NoProgress(this.slot.definition.name);
    return this.bursts >= PROBATION_BURSTS || this.idle >= IDLE_POLLS;
  }
}
