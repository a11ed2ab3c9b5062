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
import { ownRound, RoundRobin, type SwapRound, type TimedSwap, type Timetable } from './timetable.ts';

type Request = SwapRequest<DeviceTypes>;
/** Drivers of one kind of device by their names; another kind may have others of the same names. */
export type Drivers = Readonly<Record<DriverDeclaration['device'], Map<string, DriverDeclaration>>>;

/** A swap that begins when its device has nothing in hand does not wait for that longer than this. */
const LAZY_US = 10_000_000;

/** A swap has ended, however. `handsOver`: all devices are to be handed over to the CPU that stands by. */
export type SwapFinished = (record: SwapRecord, slot: AnySlot, handsOver: boolean) => void;

interface Lazy {
  readonly request: Request;
  readonly untilUs: number;
}

/** What one slot has going on besides service. */
interface Lane {
  readonly slot: AnySlot;
  readonly waiting: Request[];
  lazy: Lazy | undefined;
  round: RoundRobin | undefined;
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
  private timed: TimedSwap[] = [];
  /** Swaps that have not ended, after which the devices are to be handed over. */
  private readonly handingOver = new Set<number>();
  private round: SwapRound | undefined;
  private readonly finished: SwapFinished;
  private random: number;
  private startUs = Number.POSITIVE_INFINITY;
  /** As `nextDueUs` said after the last change: before that a tick finds nothing to do. A field, so that looking allocates nothing. */
  dueUs = Number.POSITIVE_INFINITY;
  private closed = false;
  private held = false;

  constructor(
    host: SwapHost,
    slots: readonly AnySlot[],
    drivers: Drivers,
    timed: readonly TimedSwap[],
    round: SwapRound | undefined,
    seed: number,
    finished: SwapFinished,
  ) {
    this.host = host;
    this.drivers = drivers;
    this.random = seed | 1;
    this.finished = finished;
    this.lanes = slots.map((slot) => ({
      slot,
      waiting: [],
      lazy: undefined,
      round: undefined,
      roundDueUs: Number.POSITIVE_INFINITY,
      exchange: undefined,
      control: undefined,
      uncontrolled: undefined,
      controlDueUs: 0,
      stallUs: undefined,
      oldStallUs: undefined,
    }));
    this.schedule({ timed, round }, 0);
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

  /** `sinceUs`: how long there has been traffic. */
  resume(timetable: Timetable, sinceUs: number): void {
    this.schedule(timetable, sinceUs);
    this.held = false;
    this.dueUs = this.nextDueUs();
  }

  /**
   * Nothing of the timetable begins any more, and no control window; what was asked for before comes to its end, and what waits lazily
   * does so no longer. Returns what is left.
   */
  hold(): Timetable {
    this.held = true;
    for (const lane of this.lanes)
      if (lane.lazy !== undefined && lane.slot.mediator === null)
        this.beginLazily(lane, lane.lazy, Number.POSITIVE_INFINITY);
    this.dueUs = this.nextDueUs();
    return { timed: this.timed, round: this.round };
  }

  /** No more swaps; those under way go on to their end. */
  close(): void {
    this.closed = true;
    for (const lane of this.lanes) {
      lane.waiting.length = 0;
      lane.lazy = undefined;
    }
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
    if (this.closed || this.held) return Number.POSITIVE_INFINITY;
    let due = this.timed[0]?.atUs ?? Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      if (lane.lazy !== undefined) due = 0; // a look at each tick
      due = Math.min(due, lane.roundDueUs);
      if (lane.uncontrolled !== undefined) due = Math.min(due, lane.controlDueUs - this.startUs);
    }
    return this.startUs + due;
  }

  /** Looks what is due and what has ended. Called every few polls. */
  tick(nowUs: number): void {
    if (!this.closed && !this.held) this.askForTimed(nowUs);
    for (const lane of this.lanes) {
      const { mediator } = lane.slot;
      if (mediator === null || mediator.done) this.tend(lane, nowUs);
    }
    this.dueUs = this.nextDueUs();
  }

  /**
   * Asks for a swap, now or lazily. The record says what becomes of it. A method told by another thread is a copy of the word,
   * which code compiled for the word itself does not take.
   */
  ask(
    slotIndex: number,
    to: string,
    parameters: Request['parameters'],
    method: Request['method'],
    lazy = false,
  ): void {
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
    if (exchange !== undefined && !exchange.waitable && !lazy)
      return this.refuse(
        lane.slot,
        id,
        to,
        method,
        `swap ${exchange.request.id} of ${lane.slot.name} is under way`,
      );
    const nowUs = lane.slot.environment.clock.nowUs();
    this.overtake(lane, id);
    if (lazy) lane.lazy = { request, untilUs: nowUs + LAZY_US };
    else lane.waiting.push(request);
    this.tend(lane, nowUs);
    this.dueUs = this.nextDueUs();
  }

  /** What was asked for later is what is wanted. */
  private overtake(lane: Lane, by: number): void {
    const { lazy, slot } = lane;
    if (lazy === undefined) return;
    lane.lazy = undefined;
    const { id, to, method } = lazy.request;
    this.refuse(slot, id, to.name, method, `swap ${by} of ${slot.name} was asked for while it waited`);
  }

  private askForTimed(nowUs: number): void {
    for (
      let swap = this.timed[0];
      swap !== undefined && nowUs >= this.startUs + swap.atUs;
      swap = this.timed[0]
    ) {
      this.timed.shift();
      if (swap.handsOver === true) this.handingOver.add(this.nextId);
      this.ask(swap.slot, swap.to, swap.parameters, swap.method);
    }
  }

  private schedule({ timed, round }: Timetable, sinceUs: number): void {
    this.timed = [...timed].sort((a, b) => a.atUs - b.atUs);
    this.round = round;
    if (round === undefined) return;
    this.lanes.forEach((lane, i) => {
      const { definition } = lane.slot;
      const own = ownRound(round, [...this.drivers[definition.device].values()]);
      lane.round = new RoundRobin(own, startingWith(definition, this.drivers));
      // Devices take turns within the interval.
      lane.roundDueUs = sinceUs + round.intervalUs * (1 + i / this.lanes.length);
    });
  }

  private tend(lane: Lane, nowUs: number): void {
    const { slot, exchange, control } = lane;
    if (exchange?.done === true) this.endSwap(lane, exchange, nowUs);
    if (control?.done === true) this.endControl(lane, control);
    if (slot.mediator !== null || this.closed) return;
    const request = lane.waiting.shift();
    if (request !== undefined) this.begin(lane, request);
    else if (lane.lazy !== undefined) this.beginLazily(lane, lane.lazy, nowUs);
    else if (this.held) return;
    else if (lane.uncontrolled !== undefined) this.beginControl(lane, lane.uncontrolled, nowUs);
    else if (nowUs >= this.startUs + lane.roundDueUs) this.beginRound(lane, nowUs);
  }

  private begin(lane: Lane, request: Request): Exchange<DeviceTypes> {
    lane.uncontrolled = undefined; // a measurement that has not begun is given up for a request
    const exchange = new Exchange<DeviceTypes>(lane.slot, this.host, request);
    lane.exchange = lane.slot.mediator = exchange;
    return exchange;
  }

  /** Also with something in hand when it has waited too long, or the CPU is to leave. */
  private beginLazily(lane: Lane, { request, untilUs }: Lazy, nowUs: number): void {
    const { kind, environment } = lane.slot;
    const idle = kind.idle(environment);
    if (!idle && nowUs < untilUs) return;
    lane.lazy = undefined;
    const { record } = this.begin(lane, request);
    if (!idle) record.notes.push(`${record.device} was not idle once until then`);
  }

  private endSwap(lane: Lane, exchange: Exchange<DeviceTypes>, nowUs: number): void {
    const { record, slot } = exchange;
    lane.exchange = undefined;
    slot.mediator = null;
    this.end(record, slot);
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
    const { round } = this;
    const swap = lane.round?.next();
    if (round === undefined || swap === undefined) return;
    // A slow machine falls behind; it does not swap twice at once to make up for it.
    lane.roundDueUs = Math.max(lane.roundDueUs + round.intervalUs, nowUs - this.startUs);
    this.ask(lane.slot.index, swap.to, swap.parameters, swap.method);
  }

  private refuse(slot: AnySlot, id: number, to: string, method: Request['method'], reason: string): void {
    const now = slot.environment.clock.nowUs();
    const record = newRecord(slot.name, slot.definition.name, to, id, method, now);
    record.reason = reason;
    this.end(record, slot);
  }

  private end(record: SwapRecord, slot: AnySlot): void {
    this.keeper.keep(record);
    const handsOver = this.handingOver.delete(record.id) && record.outcome === 'done';
    this.finished(record, slot, handsOver);
  }
}

function startingWith({ name: first, device }: DriverDeclaration, drivers: Drivers): string[] {
  return [first, ...[...drivers[device].keys()].filter((name) => name !== first)];
}
