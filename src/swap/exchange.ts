/** One swap in progress: runs a plan's steps, times its phases, and undoes what was done if a step fails. */
import type { Parameters } from '../drivers/parameters.ts';
import { actionsOf, UNDONE_LATE } from './common-actions.ts';
import type { Conversion } from './conversion.ts';
import type { Action, DeviceTypes, NicTypes } from './device.ts';
import type { SwapHost } from './host.ts';
import { type Method, PHASES, type Plan, type Step } from './plan.ts';
import { Probation } from './probation.ts';
import { newRecord, type SwapRecord } from './record.ts';
import { reasonOf, SERVE, type Slices } from './slices.ts';
import type { Mediator, Slot } from './slot.ts';
import { StallMeter } from './stall.ts';

const QUIESCE = PHASES.indexOf('quiesce');
const COMMIT = PHASES.indexOf('commit');

export interface SwapRequest<T extends DeviceTypes = NicTypes> {
  readonly id: number;
  readonly to: T['definition'];
  readonly parameters: Parameters;
  readonly method: Method;
}

/** The old driver could not take its place again: the device is without service. */
export class SwapBackFailed extends Error {
  constructor(device: string, driver: string, cause: unknown) {
    super(`${device}: driver ${driver} could not take its place again: ${reasonOf(cause)}`, { cause });
    this.name = 'SwapBackFailed';
  }
}

/** What a slice says that has nothing to do. */
const SERVED = { done: false, value: SERVE } as const;

export class Exchange<T extends DeviceTypes = NicTypes> implements Mediator {
  readonly slot: Slot<T>;
  readonly host: SwapHost;
  readonly request: SwapRequest<T>;
  readonly record: SwapRecord;
  readonly old: {
    readonly driver: T['driver'];
    readonly definition: T['definition'];
    readonly parameters: Parameters;
    readonly keptBuffers: number;
  };
  readonly newRings: T['newRing'][] = [];
  readonly withdrawn: T['withdrawn'][] = [];
  readonly probation: Probation;
  next: T['driver'] | undefined;
  /** Of words that the drivers have in different formats; undefined where they have them in the same, or there is nothing to take back. */
  conversion: Conversion | undefined;
  done = false;
  private readonly slices: Slices;
  private readonly meter: StallMeter;
  private planned: Plan | undefined;
  private actions: readonly Action<T>[] = [];
  /** The phase under way, by its place in PHASES. */
  private phaseNumber = 0;
  /** The step under way, by its place in the plan: all up to it are undone if it fails, itself too. */
  private at = 0;
  private waiting = false;
  private proved = false;
  private servingNew = false;
  private holding = false;
  /** The last slice is done. */
  private sliced = false;

  constructor(slot: Slot<T>, host: SwapHost, request: SwapRequest<T>) {
    const now = slot.environment.clock.nowUs();
    this.slot = slot;
    this.host = host;
    this.request = request;
    this.old = {
      driver: slot.driver,
      definition: slot.definition,
      parameters: slot.parameters,
      keptBuffers: slot.keptBuffers,
    };
    this.probation = new Probation(slot, host.patience);
    this.meter = new StallMeter(now);
    this.record = newRecord(
      slot.name,
      slot.definition.name,
      request.to.name,
      request.id,
      request.method,
      now,
    );
    this.slices = this.run();
  }

  /** May a further request for this device wait, or is it refused? */
  get waitable(): boolean {
    const { phase } = this.record;
    return phase === 'probation' || phase === 'move' || phase === 'retire';
  }

  before(): boolean {
    const slice = this.waiting && !this.probation.over ? SERVED : this.slices.next();
    this.host.lookAround(this.slot);
    this.sliced = slice.done === true;
    return this.sliced || slice.value === SERVE;
  }

  after(served: number): void {
    const { state, clock } = this.slot.environment;
    const ready = served === 0 && (state.workWaits() || state.completionWaits());
    if (this.record.phase === 'probation') this.probation.observe(served, ready);
    if (served > 0 && this.withdrawn.length === 0) this.holding = false;
    const waits = ready || (served === 0 && this.holding);
    const now = clock.nowUs();
    this.meter.observe(served, waits, now, this.host.lastWokenUs());
    if (!this.sliced) return;
    this.record.stallUs = this.meter.close(waits, now);
    this.record.endedUs = now;
    this.done = true;
  }

  get plan(): Plan {
    if (this.planned === undefined) throw new Error('there is no plan before negotiation');
    return this.planned;
  }

  get driverToCome(): T['driver'] {
    if (this.next === undefined) throw new Error('the new driver is not made yet');
    return this.next;
  }

  serveNew(on: boolean): void {
    this.servingNew = on;
  }

  /** Work waits for the swap itself, whatever the rings say: until all of it is given back, and some is served. */
  hold(on: boolean): void {
    this.holding = on;
  }

  /** A driver on probation may fail: that ends the swap, not the run. */
  driverFailed(error: unknown): boolean {
    if (this.servingNew) this.probation.fail(error);
    return this.servingNew;
  }

  private *run(): Slices {
    try {
      const plan = this.slot.kind.plan(this.slot, this.request);
      this.planned = plan;
      this.actions = actionsOf(plan.steps, this.slot.kind);
      for (const note of plan.notes) this.record.notes.push(note);
      while (this.at < plan.steps.length) {
        const slices = this.goOn(plan);
        if (slices !== undefined) yield* slices;
        this.at++;
      }
      this.leave();
      this.record.outcome = 'done';
    } catch (error) {
      yield* this.rollBack(error);
    }
    // Whatever a slice did to another device is seen before the swap has ended.
    for (let look = 1; look < this.host.neighbours; look++) yield SERVE;
  }

  /** Steps up to one that has slices of its own, or the last: the pause is one call, without a generator in it. */
  private goOn(plan: Plan): Slices | void {
    for (const last = plan.steps.length - 1; ; this.at++) {
      const step = plan.steps[this.at];
      if (step.phaseNumber !== this.phaseNumber) this.enter(step);
      const slices = this.actions[this.at].run(this);
      if (slices !== undefined || this.at === last) return slices;
    }
  }

  /** For an understudy that stands behind the pause: that once more, and none of what comes after it. */
  playPause(): void {
    this.at = this.plan.steps.findIndex(({ kind }) => kind === 'quiesce');
    this.goOn(this.plan);
  }

  /** Until probation is over there is nothing to do but to serve: no slice is asked for at each poll. */
  waitForVerdict(on: boolean): void {
    this.waiting = on;
  }

  /** The new driver has proved itself. While queues move, the old one could still take all of it over as it then is. */
  prove(): void {
    this.proved = true;
    this.waiting = false;
    this.servingNew = false;
  }

  private *rollBack(error: unknown): Slices {
    const { record } = this;
    const failedIn = record.phase;
    const touched = failedIn !== 'negotiate' && failedIn !== 'prepare';
    this.leave();
    record.outcome = touched ? 'rolledBack' : 'refused';
    record.reason = reasonOf(error);
    this.waiting = false;
    this.servingNew = false;
    if (this.planned === undefined || failedIn === 'retire') return; // nothing to undo, or nothing undone any more
    try {
      for (let at = this.at; at >= 0; at--) {
        const { kind } = this.planned.steps[at];
        const slices = this.proved && !UNDONE_LATE.has(kind) ? undefined : this.actions[at].undo?.(this);
        if (slices !== undefined) yield* slices;
      }
    } catch (cause) {
      throw new SwapBackFailed(this.slot.name, this.old.definition.name, cause);
    }
  }

  private enter(step: Step): void {
    const now = this.leave();
    this.phaseNumber = step.phaseNumber;
    this.record.phase = step.phase;
    this.record.phaseStartUs[step.phaseNumber] = now;
  }

  /** Returns when. */
  private leave(): number {
    const { record, phaseNumber } = this;
    const now = this.slot.environment.clock.nowUs();
    record.phaseUs[phaseNumber] = now - record.phaseStartUs[phaseNumber];
    if (phaseNumber === COMMIT) record.criticalSectionUs = now - record.phaseStartUs[QUIESCE];
    return now;
  }
}
