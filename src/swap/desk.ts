/** Where a CPU's swaps are asked for: begins them, lets them wait or refuses them, and keeps the records. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { nextRandom } from '../hw/link/frames.ts';
import { ControlWindow } from './control-window.ts';
import type { DeviceTypes } from './device.ts';
import { Exchange, type SwapRequest } from './exchange.ts';
import type { SwapHost } from './host.ts';
import { RecordKeeper } from './keeper.ts';
import { METHODS } from './plan.ts';
import { newRecord, type SwapRecord } from './record.ts';
import { type AnySlot, type Mediator, POLL_BUDGET, pollMediated } from './slot.ts';
import { ownRound, RoundRobin, type SwapRound, type TimedSwap } from './timetable.ts';

type Request = SwapRequest<DeviceTypes>;
/** Drivers of one kind of device by their names; another kind may have others of the same names. */
export type Drivers = Readonly<Record<DriverDeclaration['device'], Map<string, DriverDeclaration>>>;

/** What one slot has going on besides service. */
interface Lane {
  readonly slot: AnySlot;
  readonly waiting: Request[];
  readonly round: RoundRobin | undefined;
  roundDueUs: number;
  exchange: Exchange<DeviceTypes> | undefined;
  control: ControlWindow | undefined;
  /** A done swap whose control window is still to come. */
  uncontrolled: SwapRecord | undefined;
  controlDueUs: number;
  /** What a window showed under the driver that serves now, and under the one before it. */
  stallUs: number | undefined;
  oldStallUs: number | undefined;
}

export class SwapDesk {
  private readonly keeper = new RecordKeeper();
  /** Swaps asked for so far. */
  scheduled = 0;
  private readonly host: SwapHost;
  private readonly drivers: Drivers;
  private readonly lanes: readonly Lane[];
  private readonly timed: TimedSwap[];
  private readonly intervalUs: number;
  private readonly finished: (record: SwapRecord, slot: AnySlot) => void;
  private random: number;
  private startUs = Number.POSITIVE_INFINITY;
  /** As `nextDueUs` said after the last change: before that a tick finds nothing to do. A field, so that looking allocates nothing. */
  dueUs = Number.POSITIVE_INFINITY;
  private closed = false;

  constructor(
    host: SwapHost,
    slots: readonly AnySlot[],
    drivers: Drivers,
    timed: readonly TimedSwap[],
    round: SwapRound | undefined,
    seed: number,
    finished: (record: SwapRecord, slot: AnySlot) => void,
  ) {
    this.host = host;
    this.drivers = drivers;
    this.timed = [...timed].sort((a, b) => a.atUs - b.atUs);
    this.intervalUs = round?.intervalUs ?? Number.POSITIVE_INFINITY;
    this.random = seed | 1;
    this.finished = finished;
    this.lanes = slots.map((slot, i) => ({
      slot,
      waiting: [],
      round:
        round === undefined
          ? undefined
          : new RoundRobin(
              ownRound(round, [...drivers[slot.definition.device].values()]),
              startingWith(slot.definition, drivers),
            ),
      // Devices take turns within the interval.
      roundDueUs: this.intervalUs * (1 + i / slots.length),
      exchange: undefined,
      control: undefined,
      uncontrolled: undefined,
      controlDueUs: 0,
      stallUs: undefined,
      oldStallUs: undefined,
    }));
  }

  /** A driver that may be asked for from now on. Rounds go on without it. */
  know(definition: DriverDeclaration): void {
    this.drivers[definition.device].set(definition.name, definition);
  }

  get records(): readonly SwapRecord[] {
    return this.keeper.records;
  }

  /** Swaps done of which there is no record any more. */
  get unkept(): number {
    return this.keeper.unkept;
  }

  /** Times in the timetable count from now. */
  start(nowUs: number): void {
    this.startUs = nowUs;
    this.dueUs = this.nextDueUs();
  }

  /** No more swaps; those under way go on to their end. */
  close(): void {
    this.closed = true;
    for (const lane of this.lanes) lane.waiting.length = 0;
    this.dueUs = this.nextDueUs();
  }

  /** What the record of the swap will be called that is asked for next. */
  get nextId(): number {
    return this.scheduled + 1;
  }

  get busy(): boolean {
    return this.lanes.some((lane) => lane.slot.mediator !== null);
  }

  /** Numbers of the swaps that have begun and not ended. */
  underWay(): number[] {
    return this.lanes.flatMap(({ exchange }) => (exchange === undefined ? [] : [exchange.request.id]));
  }

  /** After a poll of a slot that a swap or a window has in hand. What has ended is put down at once. Returns what was moved. */
  after(slot: AnySlot, mediator: Mediator, served: number): number {
    mediator.after(served);
    if (mediator.done) this.tick(slot.environment.clock.nowUs());
    return served;
  }

  /** A poll of a slot, for those who are not in a hurry. */
  poll(slot: AnySlot): number {
    const { mediator } = slot;
    if (mediator === null) return slot.driver.poll(POLL_BUDGET);
    const served = pollMediated(slot, mediator);
    if (mediator.done) this.tick(slot.environment.clock.nowUs());
    return served;
  }

  /** When something is due next, in microseconds of the machine's clock, or infinity. */
  nextDueUs(): number {
    if (this.closed) return Number.POSITIVE_INFINITY;
    let due = this.timed[0]?.atUs ?? Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      due = Math.min(due, lane.roundDueUs);
      if (lane.uncontrolled !== undefined) due = Math.min(due, lane.controlDueUs - this.startUs);
    }
    return this.startUs + due;
  }

  /** Looks what is due and what has ended. Called every few polls. */
  tick(nowUs: number): void {
    for (
      let swap = this.timed[0];
      swap !== undefined && nowUs >= this.startUs + swap.atUs;
      swap = this.timed[0]
    ) {
      this.timed.shift();
      if (!this.closed) this.ask(swap.slot, swap.to, swap.parameters, swap.method);
    }
    for (const lane of this.lanes) {
      const { mediator } = lane.slot;
      if (mediator === null || mediator.done) this.tend(lane, nowUs);
    }
    this.dueUs = this.nextDueUs();
  }

  /**
   * Asks for a swap now. The record says what becomes of it. A method told by another thread is a copy of the word, which
   * code compiled for the word itself does not take.
   */
  ask(slotIndex: number, to: string, parameters: Request['parameters'], method: Request['method']): void {
    const lane = this.lanes[slotIndex];
    const definition = this.drivers[lane.slot.definition.device].get(to);
    const id = ++this.scheduled;
    if (definition === undefined) {
      const known = [...this.drivers[lane.slot.definition.device].keys()];
      const reason = `there is no driver ${to}; there are ${known.join(', ')}`;
      return this.refuse(lane.slot, id, to, method, reason);
    }
    const request = { id, to: definition, parameters, method: METHODS[METHODS.indexOf(method)] };
    const { exchange } = lane;
    if (exchange !== undefined && !exchange.waitable)
      return this.refuse(
        lane.slot,
        id,
        to,
        method,
        `swap ${exchange.request.id} of ${lane.slot.name} is under way`,
      );
    lane.waiting.push(request);
    this.tend(lane, lane.slot.environment.clock.nowUs());
  }

  private tend(lane: Lane, nowUs: number): void {
    const { slot, exchange, control } = lane;
    if (exchange?.done === true) this.endSwap(lane, exchange, nowUs);
    if (control?.done === true) this.endControl(lane, control);
    if (slot.mediator !== null || this.closed) return;
    const request = lane.waiting.shift();
    if (request !== undefined) this.begin(lane, request);
    else if (lane.uncontrolled !== undefined) this.beginControl(lane, lane.uncontrolled, nowUs);
    else if (nowUs >= this.startUs + lane.roundDueUs) this.beginRound(lane, nowUs);
  }

  private begin(lane: Lane, request: Request): void {
    lane.uncontrolled = undefined; // a measurement that has not begun is given up for a request
    lane.exchange = new Exchange<DeviceTypes>(lane.slot, this.host, request);
    lane.slot.mediator = lane.exchange;
  }

  private endSwap(lane: Lane, exchange: Exchange<DeviceTypes>, nowUs: number): void {
    const { record, slot } = exchange;
    lane.exchange = undefined;
    slot.mediator = null;
    this.keeper.keep(record);
    this.finished(record, slot);
    if (record.outcome !== 'done') return;
    this.random = nextRandom(this.random);
    const share = (this.random >>> 0) / 4294967296;
    lane.oldStallUs = lane.stallUs;
    lane.stallUs = undefined;
    lane.uncontrolled = record;
    lane.controlDueUs = nowUs + (0.25 + share) * (record.endedUs - record.acceptedUs);
  }

  private beginControl(lane: Lane, record: SwapRecord, nowUs: number): void {
    if (nowUs < lane.controlDueUs) return;
    lane.control = new ControlWindow(lane.slot, this.host, record.endedUs - record.acceptedUs);
    lane.slot.mediator = lane.control;
  }

  /** Both drivers serve in the course of a swap: what either shows without one is no stall of the swap's. */
  private endControl(lane: Lane, control: ControlWindow): void {
    const { stallUs } = control;
    lane.stallUs = stallUs;
    if (lane.uncontrolled !== undefined)
      lane.uncontrolled.controlStallUs = Math.max(stallUs, lane.oldStallUs ?? 0);
    lane.uncontrolled = undefined;
    lane.control = undefined;
    lane.slot.mediator = null;
  }

  private beginRound(lane: Lane, nowUs: number): void {
    const swap = lane.round?.next();
    if (swap === undefined) return;
    // A slow machine falls behind; it does not swap twice at once to make up for it.
    lane.roundDueUs = Math.max(lane.roundDueUs + this.intervalUs, nowUs - this.startUs);
    this.ask(lane.slot.index, swap.to, swap.parameters, swap.method);
  }

  private refuse(slot: AnySlot, id: number, to: string, method: Request['method'], reason: string): void {
    const now = slot.environment.clock.nowUs();
    const record = newRecord(slot.name, slot.definition.name, to, id, method, now);
    record.reason = reason;
    this.keeper.keep(record);
    this.finished(record, slot);
  }
}

function startingWith({ name: first, device }: DriverDeclaration, drivers: Drivers): string[] {
  return [first, ...[...drivers[device].keys()].filter((name) => name !== first)];
}
