/** One swap in progress: runs a plan's steps, times its phases, and undoes what was done if a step fails. */
import type { NicDriver, NicDriverDefinition } from '../drivers/contract.ts';
import type { Parameters } from '../drivers/parameters.ts';
import { ACTIONS, handBack } from './actions.ts';
import type { NewRing } from './move.ts';
import { type Method, type Phase, type Plan, planSwap, Refusal } from './plan.ts';
import { type Patience, Probation } from './probation.ts';
import { newRecord, type SwapRecord } from './record.ts';
import { situationOf } from './situation.ts';
import { reasonOf, SERVE, type Slices } from './slices.ts';
import { type Mediator, POLL_BUDGET, type Slot } from './slot.ts';
import { StallMeter } from './stall.ts';

export interface SwapRequest {
  readonly id: number;
  readonly to: NicDriverDefinition;
  readonly parameters: Parameters;
  readonly method: Method;
}

/** The old driver could not take its place again: the card is without service. */
export class SwapBackFailed extends Error {
  constructor(device: string, driver: string, cause: unknown) {
    super(`${device}: driver ${driver} could not take its place again: ${reasonOf(cause)}`, { cause });
    this.name = 'SwapBackFailed';
  }
}

/** Services of the CPU that a swap needs. */
export interface SwapHost {
  /** With drivers on probation. */
  readonly patience: Patience;
  /** When the CPU was last woken from sleep, in microseconds. */
  lastWokenUs(): number;
  /** Buffers that all cards but this one may hold. */
  buffersOfOthers(slot: Slot): number;
  /** A digest of what a swap on this slot must not change. */
  neighbours(slot: Slot): number;
  isolationBroken(slot: Slot, record: SwapRecord): void;
}

export class Exchange implements Mediator {
  readonly slot: Slot;
  readonly host: SwapHost;
  readonly request: SwapRequest;
  readonly record: SwapRecord;
  readonly old: {
    readonly driver: NicDriver;
    readonly definition: NicDriverDefinition;
    readonly parameters: Parameters;
    readonly keptBuffers: number;
  };
  readonly snapshot: Int32Array;
  readonly newRings: NewRing[] = [];
  readonly probation: Probation;
  next: NicDriver | undefined;
  done = false;
  private readonly slices: Slices;
  private readonly meter: StallMeter;
  private readonly undos: (() => Slices | void)[] = [];
  private planned: Plan | undefined;
  private phase: Phase = 'negotiate';
  private servingNew = false;

  constructor(slot: Slot, host: SwapHost, request: SwapRequest) {
    const { clock, state } = slot.environment;
    const now = clock.nowUs();
    this.slot = slot;
    this.host = host;
    this.request = request;
    this.old = {
      driver: slot.driver,
      definition: slot.definition,
      parameters: slot.parameters,
      keptBuffers: slot.keptBuffers,
    };
    this.snapshot = new Int32Array(state.region.bytes / 4);
    this.probation = new Probation(slot, host.patience);
    this.meter = new StallMeter(clock);
    this.record = newRecord(
      slot.name,
      slot.definition.name,
      request.to.name,
      request.id,
      request.method,
      now,
    );
    this.meter.open();
    this.slices = this.run();
  }

  /** May a further request for this card wait, or is it refused? */
  get waitable(): boolean {
    return this.phase === 'probation' || this.phase === 'move' || this.phase === 'retire';
  }

  poll(): number {
    const slice = this.nextSlice();
    const served = slice.done === true || slice.value === SERVE ? this.serve() : 0;
    const { state } = this.slot.environment;
    const waits = served === 0 && (state.workWaits() || state.completionWaits());
    if (this.phase === 'probation') this.probation.observe(served, waits);
    this.meter.observe(served, waits, this.host.lastWokenUs());
    if (slice.done === true) {
      this.record.stallUs = this.meter.close(waits);
      this.record.endedUs = this.slot.environment.clock.nowUs();
      this.done = true;
    }
    return served;
  }

  get plan(): Plan {
    if (this.planned === undefined) throw new Error('there is no plan before negotiation');
    return this.planned;
  }

  get driverToCome(): NicDriver {
    if (this.next === undefined) throw new Error('the new driver is not made yet');
    return this.next;
  }

  /** Whatever a slice does, it must leave the other cards alone. */
  private nextSlice(): IteratorResult<boolean, void> {
    const before = this.host.neighbours(this.slot);
    const slice = this.slices.next();
    if (this.host.neighbours(this.slot) !== before) this.host.isolationBroken(this.slot, this.record);
    return slice;
  }

  serveNew(on: boolean): void {
    this.servingNew = on;
  }

  driverFailed(error: unknown): boolean {
    if (this.servingNew) this.probation.fail(error);
    return this.servingNew;
  }

  /** A driver on probation may fail: that ends the swap, not the run. */
  private serve(): number {
    if (!this.servingNew) return this.slot.driver.poll(POLL_BUDGET);
    try {
      return this.slot.driver.poll(POLL_BUDGET);
    } catch (error) {
      this.probation.fail(error);
      return 0;
    }
  }

  private *run(): Slices {
    try {
      const plan = planSwap(situationOf(this.slot, this.request));
      this.planned = plan;
      this.record.notes.push(...plan.notes);
      yield* this.perform(plan);
      this.leave();
      this.record.outcome = 'done';
    } catch (error) {
      yield* this.rollBack(error);
    }
  }

  private *perform(plan: Plan): Slices {
    for (const step of plan.steps) {
      if (step.phase !== this.phase) this.enter(step.phase);
      if (step.phase === 'retire') this.undos.length = 0; // from here on nothing is undone
      const action = ACTIONS[step.kind];
      // The undo is known before the step runs: a step that fails halfway is undone too.
      if (action.undo !== undefined) this.undos.push(() => action.undo?.(this));
      const slices = action.run(this);
      if (slices !== undefined) yield* slices;
      if (step.phase === 'probation') this.settle();
    }
  }

  /** The new driver has proved itself. While queues move, the old one could still take all of it over as it then is. */
  private settle(): void {
    this.undos.length = 0;
    this.undos.push(
      () => this.old.driver.activate(),
      () => handBack(this),
    );
    this.servingNew = false;
  }

  private *rollBack(error: unknown): Slices {
    const failedIn = this.phase;
    const touched = failedIn !== 'negotiate' && failedIn !== 'prepare';
    this.leave();
    this.record.outcome = touched ? 'rolledBack' : 'refused';
    this.record.reason = error instanceof Refusal ? error.message : reasonOf(error);
    this.record.phase = failedIn;
    this.servingNew = false;
    try {
      for (let undo = this.undos.pop(); undo !== undefined; undo = this.undos.pop()) {
        const slices = undo();
        if (slices !== undefined) yield* slices;
      }
    } catch (cause) {
      throw new SwapBackFailed(this.slot.name, this.old.definition.name, cause);
    }
  }

  private enter(phase: Phase): void {
    this.leave();
    this.phase = phase;
    this.record.phase = phase;
    this.record.phaseStartUs[phase] = this.slot.environment.clock.nowUs();
  }

  private leave(): void {
    const now = this.slot.environment.clock.nowUs();
    const began = this.record.phaseStartUs[this.phase] ?? now;
    this.record.phaseUs[this.phase] = now - began;
    const quiesced = this.record.phaseStartUs.quiesce;
    if (this.phase === 'commit' && quiesced !== undefined) this.record.criticalSectionUs = now - quiesced;
  }
}
