/**
 * The CPU threads of a machine. One serves; where there is another it stands by, and the devices pass to it when it is told to
 * take them, or when the first one is seen to have ended, which a watchdog brings about where it hangs. What an ended thread left in
 * memory is all that there is of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Control } from '../../host/control.ts';
import type { MachineLayout } from '../../host/machine.ts';
import { Tenure } from '../../host/tenure.ts';
import { driverHangs, type HostViolation } from '../../host/violation.ts';
import type { Clock } from '../../hw/clock.ts';
import type { Memory } from '../../hw/memory.ts';
import { CpuPort } from '../../hw/msix.ts';
import { describeSwap } from '../../swap/record.ts';
import { remaining, type Timetable } from '../../swap/timetable.ts';
import type { OwnModule } from '../modules/own-module.ts';
import { GoingBack } from './going-back.ts';
import type {
  Beginning,
  CpuOrder,
  CpuResult,
  DriverLoaded,
  Handover,
  LoadOrder,
  Order,
  SwapEnded,
  Taken,
  Tour,
} from './messages.ts';
import { NoStandby, OutOfService, type Relief, type Return } from './relief.ts';
import { asError, type CpuOptions, endOf, other, type Seat, takeSeat, unfollowed } from './seat.ts';
import { combined, tourOfTheDead } from './tours.ts';
import type { Hang, Watchdog } from './watchdog.ts';
import { watchdogOf } from './watched-cpus.ts';

const NOTHING_TOLD: Taken = { driven: [], resets: [] };

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
  readonly reliefs: Relief[] = [];
  private readonly loaded: ((loaded: DriverLoaded) => void)[] = [];
  /** Drivers beyond those of the start: whoever comes later is to know them too. */
  private readonly modules: OwnModule[] = [];
  /** Handovers and what follows a death come one after another. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Orders that come while nobody is to be told. */
  private held: Order[] | undefined;
  private readonly goingBack: GoingBack;
  private readonly watchdog: Watchdog;
  /** Of drivers that let work lie, where no other CPU could go on. */
  private readonly hung: HostViolation[] = [];
  /** Service is to end: the devices stay where they are. */
  private closing = false;
  private over = false;
  /** What `failed` was rejected with. */
  private failure: unknown;
  private reject: (error: unknown) => void = () => undefined;

  private constructor(memory: Memory, layout: MachineLayout, clock: Clock, options: CpuOptions) {
    this.memory = memory;
    this.layout = layout;
    this.clock = clock;
    this.options = options;
    this.control = new Control(memory, layout.control);
    this.tenure = new Tenure(memory, layout.tenure);
    this.failed = new Promise<never>((_, reject) => {
      this.reject = reject;
    });
    this.failed.catch(() => undefined); // raced against; nobody may be listening when it is over
    this.goingBack = new GoingBack(memory, layout);
    this.seats = [this.seat(this.tenure.holder, 'serving')];
    this.watchdog = watchdogOf(memory, layout, clock, this.goingBack, (hang) => this.hangs(hang));
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
      if (options.standby) await cpus.replace(other(cpus.serving.number), 'practised');
      cpus.goingBack.look();
      cpus.watchdog.start();
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

  /** Resolves when no passage is under way, and no thread on its way into life. */
  standsBy(): Promise<void> {
    return this.inTurn(() => Promise.resolve());
  }

  /** Ends the serving thread wherever it is. */
  async kill(): Promise<void> {
    const { serving } = this;
    const atUs = this.clock.nowUs();
    serving.doom ??= { cause: 'killed', reason: 'it was ended on request', device: undefined, atUs };
    await serving.handle.terminate();
  }

  wake(): void {
    for (const cpu of this.layout.cpus) new CpuPort(this.memory, cpu).bell.ring(this.clock.nowUs());
  }

  async finish(): Promise<CpuResult> {
    this.closing = true;
    await this.turn;
    this.watchdog.stop();
    this.control.stopCpu();
    this.wake();
    for (;;) {
      const { serving } = this;
      try {
        const result = combined(this.tours, await serving.handle.finished);
        return { ...result, violations: [...this.hung, ...result.violations] };
      } catch (error) {
        await serving.handle.exited;
        await this.turn;
        if (this.serving === serving) throw this.failure ?? error;
      }
    }
  }

  async terminate(): Promise<void> {
    this.over = true;
    this.watchdog.stop();
    await Promise.all(this.seats.map(({ handle }) => handle.terminate()));
  }

  /** A thread that hangs is ended, and then followed like any that has ended. Where nobody can follow, it stays if it steps. */
  private hangs({ device, reason, steps }: Hang): void {
    const { serving } = this;
    if (serving.handle.broken) return; // why it makes no step is known
    const atUs = this.clock.nowUs();
    const whole = `${this.goingBack.whoServes(device)} hangs: ${reason}`;
    if (this.options.standby) {
      serving.doom ??= { cause: 'hang', reason: whole, device, atUs };
      void serving.handle.terminate();
    } else if (steps) this.hung.push(driverHangs(this.goingBack.nameOf(device), whole, atUs));
    else
      this.fail(
        new OutOfService(`${whole}; no other CPU stands by that could go on: mend it, or start with standby`),
      );
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.reject(error);
  }

  private async pass(): Promise<Handover> {
    if (this.closing) throw new NoStandby('the run is over');
    const { serving } = this;
    const standby = this.seats.at(other(serving.number));
    if (standby === undefined) throw new NoStandby('the machine has one CPU; start the run with standby');
    if (serving.handle.broken) throw await serving.handle.failed.catch(asError);
    this.held = [];
    try {
      await this.awaken(standby);
      const left = serving.handle.next('left');
      const took = this.taken(serving, standby);
      this.send(serving, { kind: 'leave', to: standby.number });
      const { tour, timetable } = await left;
      this.tours.push(tour);
      serving.records = [];
      const taken = await took;
      if (taken === undefined) throw await standby.handle.failed.catch(asError);
      const { handover, ...told } = taken;
      this.settle(standby, timetable);
      const why = { cause: 'handover', reason: '', toldUs: undefined, returned: undefined } as const;
      this.tellRelief({ ...handover, ...why, ...told, held: this.ticketsHeld });
      return handover;
    } finally {
      if (!this.serving.handle.broken) this.release(); // else whoever follows it takes them
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
    this.tellLoaded({ ticket: order.ticket, failure, stillUs: 0 });
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

  /** Its end was seen at this moment; another CPU may still be on its way into life. */
  private followed(dead: Seat): Promise<void> {
    const seenUs = this.clock.nowUs();
    if (this.serving === dead) this.tenure.orphan(); // who practises is needed now
    return this.inTurn(() => this.died(dead, seenUs));
  }

  private async died(dead: Seat, seenUs: number): Promise<void> {
    if (this.over || dead.handle.ended) return;
    const heir = this.seats.at(other(dead.number));
    if (heir === undefined) return this.fail(await dead.handle.failed.catch(asError));
    try {
      if (this.tenure.holder === dead.number) {
        this.held ??= [];
        if (await this.inherit(dead, heir, seenUs)) this.release();
      }
      await this.replace(dead.number, 'atOnce');
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * The dead thread's `exit` was seen: it makes no store any more, and what it has made is to be seen. False where the heir ends too:
   * its own end is dealt with next. Rejects with OutOfService.
   */
  private async inherit(dead: Seat, heir: Seat, seenUs: number): Promise<boolean> {
    const { cause, reason, toldUs, ...blame } = await endOf(dead, this.control, this.goingBack);
    const returned = cause === 'killed' ? undefined : await this.sentence({ ...blame, reason }, seenUs);
    const took = this.taken(dead, heir);
    this.watchdog.restart();
    this.tenure.call(heir.number);
    this.tenure.pass(heir.number, seenUs, false);
    heir.handle.send({ kind: 'standReady' });
    const taken = await took;
    if (taken === undefined) return false;
    this.tours.push(tourOfTheDead(dead.records, this.layout));
    // Of the timetable: what an ended CPU had done of it is not known but by the clock.
    this.settle(heir, remaining(this.options, this.clock.nowUs() - this.tenure.startedUs));
    const { handover, ...told } = taken;
    this.tellRelief({ ...handover, cause, reason, toldUs, returned, ...told, held: this.ticketsHeld });
    return true;
  }

  /** What follows from an end by fault: a driver goes back, if it was to blame too often; and the next CPU waits. */
  private async sentence(
    { device, reason, ofApplication }: { device: number; reason: string; ofApplication: boolean },
    seenUs: number,
  ): Promise<Return | undefined> {
    const returned = this.goingBack.judge(device, reason, ofApplication, seenUs);
    this.watchdog.stop();
    await sleep(this.goingBack.delayMs);
    if (!this.over) this.watchdog.start();
    return returned;
  }

  /** When the devices have come to a CPU, and it serves. Undefined when it ends before. */
  private async taken(from: Seat, to: Seat): Promise<(Taken & { readonly handover: Handover }) | undefined> {
    const { driven, resets } = await to.handle.next('took').then(
      (message): Taken => message,
      () => NOTHING_TOLD, // why it has ended is asked of its seat
    );
    const { holder, passage } = this.tenure;
    if (holder !== to.number || passage === undefined) return undefined;
    return { handover: { from: from.number, to: to.number, ...passage }, driven, resets };
  }

  private settle(serving: Seat, timetable: Timetable): void {
    this.tenure.call(undefined);
    this.send(serving, { kind: 'resume', timetable });
  }

  private tellRelief(relief: Relief): void {
    this.reliefs.push(relief);
    for (const listener of this.relieved) listener(relief);
  }

  private get ticketsHeld(): number[] {
    return this.held?.map(({ ticket }) => ticket) ?? [];
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

  private async replace(number: number, begins: Beginning): Promise<void> {
    if (this.over) return;
    const seat = this.seat(number, begins);
    this.seats[number] = seat;
    await seat.handle.ready;
  }

  private seat(number: number, begins: Beginning): Seat {
    const { options, control, modules, goingBack } = this;
    const { standby } = options;
    const seat = takeSeat(number, begins, options, modules, control);
    seat.handle.listen((message) => {
      if (message.kind === 'ready' || message.kind === 'loaded') goingBack.know(message.drivers);
      if (message.kind === 'swapEnded') this.swapEnded(seat, message.ended);
      if (message.kind === 'loaded' && !standby) this.tellLoaded(message.loaded);
      if (message.kind === 'failed' && standby) void seat.handle.terminate();
    });
    if (standby) void seat.handle.exited.then(() => this.followed(seat));
    else seat.handle.failed.catch((error: unknown) => this.fail(unfollowed(seat, error)));
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
