/**
 * The CPU threads of a machine. One serves; where there is another it stands by, and the devices pass to it when it is told to
 * take them, or when the first one is seen to have ended. What an ended thread left in memory is all that there is of it.
 */
import { MessageChannel } from 'node:worker_threads';
import { Control } from '../../host/control.ts';
import { CPUS, type MachineLayout } from '../../host/machine.ts';
import { Tenure } from '../../host/tenure.ts';
import type { Clock } from '../../hw/clock.ts';
import type { Memory } from '../../hw/memory.ts';
import { CpuPort } from '../../hw/msix.ts';
import { describeSwap, type SwapRecord } from '../../swap/record.ts';
import type { Timetable } from '../../swap/timetable.ts';
import type { OwnModule } from '../modules/own-module.ts';
import type {
  CpuOrder,
  CpuResult,
  CpuStart,
  DriverLoaded,
  Handover,
  LoadOrder,
  Order,
  SwapEnded,
  Tour,
} from './messages.ts';
import { OrderPost } from './orders.ts';
import { ThreadHandle } from './thread-handle.ts';
import { combined, tourOfTheDead } from './tours.ts';
import { Watchdog } from './watchdog.ts';

/** CPUs that end one after another, none of which came to serve. */
const DEATHS_IN_A_ROW = 3;

export type CpuOptions = Omit<CpuStart, 'number' | 'standsBy' | 'relieved' | 'orders'> & {
  readonly takesOrders: boolean;
  readonly standby: boolean;
};

/** The devices have come to another CPU: it was asked for, or `reason` says why the one before ended. */
export interface Relief extends Handover {
  readonly reason: string | undefined;
}

/** There is no other CPU that could take the devices. */
export class NoStandby extends Error {
  constructor(reason: string) {
    super(`there is no CPU to hand over to: ${reason}`);
    this.name = 'NoStandby';
  }
}

/** A thread, and what it is told by while it serves. */
interface Seat {
  readonly number: number;
  readonly handle: ThreadHandle<CpuResult>;
  readonly orders: OrderPost;
  /** Of swaps on its present tour. */
  records: SwapRecord[];
  /** Why its thread was ended, where that was not from outside. */
  doom?: string;
}

export class Cpus {
  /** Rejects when nobody is left to serve. */
  readonly failed: Promise<never>;
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly clock: Clock;
  private readonly options: CpuOptions;
  private readonly control: Control;
  private readonly tenure: Tenure;
  /** By the numbers of the CPUs. */
  private readonly seats: Seat[];
  private readonly tours: Tour[] = [];
  private readonly ended: ((ended: SwapEnded) => void)[] = [];
  private readonly relieved: ((relief: Relief) => void)[] = [];
  private readonly loaded: ((loaded: DriverLoaded) => void)[] = [];
  /** Drivers beyond those of the start: whoever comes later is to know them too. */
  private readonly modules: OwnModule[] = [];
  /** Handovers and what follows a death come one after another. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Orders that come while nobody is to be told. */
  private held: CpuOrder[] | undefined;
  private deaths = 0;
  private readonly watchdog: Watchdog;
  private over = false;
  private fail: (error: unknown) => void = () => undefined;

  private constructor(memory: Memory, layout: MachineLayout, clock: Clock, options: CpuOptions) {
    this.memory = memory;
    this.layout = layout;
    this.clock = clock;
    this.options = options;
    this.control = new Control(memory, layout.control);
    this.tenure = new Tenure(memory, layout.tenure);
    this.failed = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => undefined); // raced against; nobody may be listening when it is over
    this.seats = [this.seat(this.tenure.holder, false)];
    const watched = {
      beat: () => this.control.cpuBeat,
      asleep: () => new CpuPort(memory, layout.cpus[this.tenure.holder]).bell.asleep(),
    };
    this.watchdog = new Watchdog(watched, (reason) => this.end(reason));
  }

  /** Resolves when all devices are up. Rejects with ThreadFailure. */
  static async start(
    memory: Memory,
    layout: MachineLayout,
    clock: Clock,
    options: CpuOptions,
  ): Promise<Cpus> {
    const cpus = new Cpus(memory, layout, clock, options);
    try {
      await cpus.serving.handle.ready;
      if (options.standby) await cpus.replace(other(cpus.serving.number));
      if (options.standby) cpus.watchdog.start();
      return cpus;
    } catch (error) {
      await cpus.terminate();
      throw error;
    }
  }

  /** The serving thread has ended service by itself. */
  get serviceEnded(): boolean {
    return this.serving.handle.ended;
  }

  /** As the devices have it. */
  private get serving(): Seat {
    return this.seats[this.tenure.holder];
  }

  /** To be done by whichever CPU serves by then. */
  order(order: Order): void {
    if (order.kind === 'load' && this.options.standby) void this.inTurn(() => this.load(order));
    else if (this.held === undefined) this.send(this.serving, order);
    else this.held.push(order);
  }

  onSwapEnded(listener: (ended: SwapEnded) => void): void {
    this.ended.push(listener);
  }

  onLoaded(listener: (loaded: DriverLoaded) => void): void {
    this.loaded.push(listener);
  }

  onRelief(listener: (relief: Relief) => void): void {
    this.relieved.push(listener);
  }

  /** All devices pass to the CPU that stands by, which wakes up first. Rejects with NoStandby, or ThreadFailure if a thread ends meanwhile. */
  handOver(): Promise<Handover> {
    return this.inTurn(() => this.pass());
  }

  /** Ends the serving thread wherever it is. */
  async kill(): Promise<void> {
    await this.serving.handle.terminate();
  }

  wake(): void {
    const now = this.clock.nowUs();
    for (const cpu of this.layout.cpus) new CpuPort(this.memory, cpu).bell.ring(now);
  }

  /** Ends service. */
  async finish(): Promise<CpuResult> {
    await this.turn;
    this.watchdog.stop();
    this.control.stopCpu();
    this.wake();
    for (;;) {
      const { serving } = this;
      try {
        return combined(this.tours, await serving.handle.finished);
      } catch (error) {
        await serving.handle.exited;
        await this.turn;
        if (this.serving === serving) throw error;
      }
    }
  }

  async terminate(): Promise<void> {
    this.over = true;
    this.watchdog.stop();
    await Promise.all(this.seats.map(({ handle }) => handle.terminate()));
  }

  /** A thread that hangs is ended, and then followed like any that has ended. */
  private end(reason: string): void {
    const { serving } = this;
    serving.doom = reason;
    void serving.handle.terminate();
  }

  private async pass(): Promise<Handover> {
    const { serving } = this;
    const standby = this.seats.at(other(serving.number));
    if (standby === undefined || standby === serving) throw new NoStandby('the machine has one CPU');
    this.held = [];
    try {
      await this.awaken(standby);
      const left = serving.handle.next('left');
      const took = this.taken(serving, standby);
      took.catch(() => undefined); // `left` comes first, or fails
      this.send(serving, { kind: 'leave', to: standby.number });
      const { tour, timetable } = await left;
      this.tours.push(tour);
      serving.records = [];
      const handover = await took;
      this.settle(standby, timetable);
      this.tellRelief({ ...handover, reason: undefined });
      return handover;
    } finally {
      this.release();
    }
  }

  /** Its spinning is what keeps a thread's wakeup out of the pause. */
  private async awaken(standby: Seat): Promise<void> {
    const awake = standby.handle.next('awake');
    this.tenure.call(standby.number);
    standby.handle.send({ kind: 'standReady' });
    await awake;
  }

  /** The CPU that stands by loads it, the devices pass to that one, and the other one loads it: no import pauses the traffic. */
  private async load(order: LoadOrder): Promise<void> {
    let failure: string | undefined;
    try {
      failure = await this.loadOnStandby(order);
      if (failure === undefined) {
        await this.pass();
        this.modules.push(order.module);
        failure = await this.loadOnStandby(order);
      }
    } catch (error) {
      failure = `the CPU that was to load it ended: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.tellLoaded({ ticket: order.ticket, failure });
  }

  private tellLoaded(loaded: DriverLoaded): void {
    for (const listener of this.loaded) listener(loaded);
  }

  private async loadOnStandby(order: LoadOrder): Promise<string | undefined> {
    const { handle } = this.seats[other(this.tenure.holder)];
    const loaded = handle.next('loaded');
    handle.send(order);
    return (await loaded).loaded.failure;
  }

  private async died(dead: Seat): Promise<void> {
    if (this.over || dead.handle.ended) return;
    const heir = this.seats.at(other(dead.number));
    if (heir === undefined) return this.fail(await reasonFor(dead));
    this.held ??= [];
    try {
      if (this.tenure.holder === dead.number) await this.inherit(dead, heir);
    } catch (error) {
      if (++this.deaths >= DEATHS_IN_A_ROW) this.fail(error);
    } finally {
      await this.replace(dead.number).catch((error: unknown) => this.fail(error));
      this.release();
    }
  }

  /** The dead thread's `exit` was seen: it makes no store any more, and what it has made is to be seen. */
  private async inherit(dead: Seat, heir: Seat): Promise<void> {
    const took = this.taken(dead, heir);
    this.tenure.call(heir.number);
    this.tenure.pass(heir.number, this.clock.nowUs(), false);
    heir.handle.send({ kind: 'standReady' });
    const handover = await took;
    this.deaths = 0;
    this.tours.push(tourOfTheDead(dead.records, this.layout));
    this.settle(heir, this.stillToCome());
    this.tellRelief({ ...handover, reason: (await reasonFor(dead)).message });
  }

  /** When the devices have come to a CPU, and it serves. Rejects when it ends before. */
  private async taken(from: Seat, to: Seat): Promise<Handover> {
    const failure = await to.handle.next('took').then(
      () => undefined,
      (error: unknown) => error,
    );
    const { holder, passage } = this.tenure;
    if (holder === to.number && passage !== undefined)
      return { from: from.number, to: to.number, ...passage };
    throw failure;
  }

  private settle(serving: Seat, timetable: Timetable): void {
    this.tenure.call(undefined);
    this.send(serving, { kind: 'resume', timetable });
  }

  /** Of the machine's timetable: what an ended CPU had done of it is not known but by the clock. */
  private stillToCome(): Timetable {
    const { timed, round } = this.options;
    const sinceUs = this.clock.nowUs() - this.tenure.startedUs;
    return { timed: timed.filter(({ atUs }) => atUs > sinceUs), round };
  }

  private tellRelief(relief: Relief): void {
    for (const listener of this.relieved) listener(relief);
  }

  private release(): void {
    const { held = [] } = this;
    this.held = undefined;
    for (const order of held) this.send(this.serving, order);
  }

  private send({ number, orders }: Seat, order: CpuOrder): void {
    orders.send(order);
    const { bell } = new CpuPort(this.memory, this.layout.cpus[number]);
    if (bell.asleep()) bell.ring(this.clock.nowUs());
  }

  private async replace(number: number): Promise<void> {
    if (this.over) return;
    const seat = this.seat(number, true);
    this.seats[number] = seat;
    await seat.handle.ready;
  }

  private seat(number: number, standsBy: boolean): Seat {
    const { takesOrders, standby, annotations, ...common } = this.options;
    const driverModules = [...common.driverModules, ...this.modules];
    const { port1, port2 } = new MessageChannel();
    const orders = new OrderPost(port1, this.control, number);
    const mail = takesOrders || standby ? port2 : undefined;
    // Comments of two CPUs go by way of this thread.
    const own = standby ? undefined : annotations;
    const start: CpuStart = {
      ...common,
      driverModules,
      ...{ number, standsBy, relieved: standby, orders: mail, annotations: own },
    };
    const ports = [own, mail].filter((port) => port !== undefined);
    const seat: Seat = {
      number,
      handle: new ThreadHandle<CpuResult>('cpu', start, ports),
      orders,
      records: [],
    };
    seat.handle.listen((message) => {
      if (message.kind === 'swapEnded') this.swapEnded(seat, message.ended);
      if (message.kind === 'loaded' && !standby) this.tellLoaded(message.loaded);
      if (message.kind === 'failed' && standby) void seat.handle.terminate();
    });
    if (standby) void seat.handle.exited.then(() => this.inTurn(() => this.died(seat)));
    else seat.handle.failed.catch((error: unknown) => this.fail(error));
    return seat;
  }

  private swapEnded(seat: Seat, ended: SwapEnded): void {
    seat.records.push(ended.record);
    const { standby, annotations } = this.options;
    if (standby) annotations?.postMessage(describeSwap(ended.record));
    const earlier = this.tours.reduce((sum, { scheduled }) => sum + scheduled, 0);
    const record = earlier === 0 ? ended.record : { ...ended.record, id: ended.record.id + earlier };
    for (const listener of this.ended) listener({ ...ended, record });
    // If a thread ends meanwhile, another one follows: `died` sees to that.
    if (ended.handsOver && !this.control.cpuStopped) this.handOver().catch(() => undefined);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

function other(cpu: number): number {
  return (cpu + 1) % CPUS;
}

async function reasonFor({ handle, doom }: Seat): Promise<Error> {
  if (doom !== undefined) return new Error(doom);
  return handle.failed.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}
