/** What a CPU's thread has beside its CPU: modules, orders, and others to tell. */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../drivers/index.ts';
import { Control } from '../../host/control.ts';
import { Cpu } from '../../host/cpu.ts';
import type { CpuPlan } from '../../host/cpu-plan.ts';
import { Tenure } from '../../host/tenure.ts';
import { MonotonicClock } from '../../hw/clock.ts';
import { Memory } from '../../hw/memory.ts';
import { rehearseDisks } from '../../swap/disk-rehearsal.ts';
import { describeSwap, type SwapRecord } from '../../swap/record.ts';
import { rehearse } from '../../swap/rehearsal.ts';
import { reasonOf } from '../../swap/slices.ts';
import type { AnySlot } from '../../swap/slot.ts';
import { warmIfFit } from '../../swap/warm.ts';
import { loadApplication } from '../modules/application-module.ts';
import type { Bundle } from '../modules/bundle.ts';
import { type DriverDefinition, isOfCards, isOfDisks, loadDriver } from '../modules/driver-module.ts';
import { type OwnModule, renamed } from '../modules/own-module.ts';
import { conclude, tourOf } from './conclude.ts';
import { HandoverRehearsal } from './handover-rehearsal.ts';
import { spinsFor } from './idle.ts';
import { type KnownDrivers, knownAs } from './known-drivers.ts';
import type { CpuResult, CpuStart, LoadOrder, StandbyOrder, ThreadMessage } from './messages.ts';
import { Orders } from './orders.ts';
import { type Began, type Pause, Service } from './serve.ts';

/** What is to be told is not kept back longer for the next CPU to serve first. */
const SUCCESSION_MS = 20;
/** Milliseconds, mostly: as long as nothing else runs on this core, its caches keep what was practised. */
const LOOKS_BETWEEN_PRACTICE = 200_000;

type Modules = Required<Pick<CpuPlan, 'drivers' | 'diskDrivers' | 'applications'>>;

export function post(message: ThreadMessage<CpuResult>): void {
  parentPort?.postMessage(message);
}

/** What is to take the devices over. */
interface Successor {
  readonly cpu: Cpu;
  readonly service: Service;
}

/** An import on the CPU that serves, which makes steps meanwhile. */
interface Loading {
  readonly order: LoadOrder;
  stillUs: number;
  over: boolean;
  failure: string | undefined;
}

export class CpuThread {
  private readonly start: CpuStart;
  private modules: Modules;
  private understudy: CpuPlan['understudy'];
  private rehearsed = false;
  private readonly memory: Memory;
  private readonly clock: MonotonicClock;
  private readonly control: Control;
  private readonly tenure: Tenure;
  private readonly orders: Orders | undefined;
  private readonly rehearsal: HandoverRehearsal;

  private constructor(start: CpuStart, memory: Memory, clock: MonotonicClock, modules: Modules) {
    this.start = start;
    this.modules = modules;
    this.memory = memory;
    this.clock = clock;
    this.control = new Control(memory, start.layout.control);
    this.tenure = new Tenure(memory, start.layout.tenure);
    this.rehearsal = new HandoverRehearsal(start.layout.cards, clock);
    this.orders =
      start.orders === undefined ? undefined : new Orders(start.orders, this.control, start.number);
  }

  /** All that it will need is loaded, and has been practised, if there is time for that. */
  static async prepare(start: CpuStart): Promise<CpuThread> {
    const memory = new Memory(start.buffer);
    const clock = new MonotonicClock(start.originUs);
    const thread = new CpuThread(start, memory, clock, await loadModules(start));
    if (start.begins !== 'atOnce') thread.rehearse();
    return thread;
  }

  /** Swaps and handovers, once. A thread to which the devices come meanwhile serves them first: swaps take longer then. */
  rehearse(): void {
    const { start, tenure, modules, clock } = this;
    const needed = (): boolean => start.begins !== 'serving' && tenure.needs(start.number);
    if (this.rehearsed || needed()) return;
    if (start.timed.length > 0 || start.round !== undefined || start.orders !== undefined) {
      this.understudy = rehearse(modules.drivers, clock, needed);
      if (start.layout.disks.length > 0) rehearseDisks(modules.diskDrivers, clock, this.understudy, needed);
    }
    if (start.relieved) this.rehearsal.rehearse(modules, needed);
    this.rehearsed = !needed();
  }

  /** Serves from the machine's beginning. */
  async begin(): Promise<void> {
    const { timed, round } = this.start;
    const cpu = this.makeCpu({ timed, round, adopts: undefined });
    for (const _ of cpu.boot());
    this.tellReady();
    const service = this.serviceOf(cpu);
    await this.serve(cpu, service, service.run());
  }

  tellReady(): void {
    post({ kind: 'ready', drivers: this.known });
  }

  /** While it does not serve. */
  async follow(order: StandbyOrder): Promise<void> {
    if (order.kind === 'load') this.tellLoaded(order, await this.load(order, undefined), 0);
    else await this.standReady();
  }

  /** Awake until the devices are passed to it, so that nobody has to be woken in the pause; or until it is not called any more. */
  private async standReady(): Promise<void> {
    const { tenure } = this;
    const { number } = this.start;
    this.rehearse();
    let prepared = tenure.holder === number ? undefined : this.prepareSuccessor();
    if (prepared !== undefined) this.rehearsal.prepareFor(prepared.cpu, () => tenure.needs(number));
    this.practise(prepared?.cpu.disks);
    this.orders?.stay(); // nobody orders anything of it before it serves
    post({ kind: 'awake' });
    while (tenure.holder !== number) {
      if (!tenure.isCalled(number)) return;
      // Not where a driver was swapped meanwhile.
      if (prepared?.cpu.fits() === false) prepared = this.prepareSuccessor();
      else if (!this.looksForChange(LOOKS_BETWEEN_PRACTICE)) {
        this.practise(prepared?.cpu.disks);
        prepared?.cpu.foresee();
        tenure.answer(); // whether it was asked or not: now its caches have what it will need
      }
    }
    const next = tenure.settled && prepared?.cpu.fits() === true ? prepared : this.makeSuccessor('atOnce');
    const { cpu, service } = next;
    await this.serve(cpu, service, service.succeed());
  }

  /** `began`: as for Service. */
  private serviceOf(cpu: Cpu, began?: Began): Service {
    const { control, tenure, clock, orders, start } = this;
    const spins = spinsFor(start.layout);
    return new Service(cpu, { control, tenure, clock, spins, orders, relieved: start.relieved }, began);
  }

  /** `first`: why it stands still for the first time. */
  private async serve(cpu: Cpu, service: Service, first: Pause): Promise<void> {
    const { orders, start, clock } = this;
    let loading: Loading | undefined;
    let pause = first;
    for (; pause === 'loading'; pause = service.run()) {
      const order = orders?.takeLoad();
      if (order !== undefined) loading = this.beginLoading(order, cpu);
      const leftUs = clock.nowUs();
      await turn(); // in which an import goes on
      if (loading !== undefined) loading = this.goOnLoading(loading, clock.nowUs() - leftUs);
    }
    const { served, timetable } = service;
    if (pause === 'left') {
      this.tenure.awaitService(SUCCESSION_MS);
      post({ kind: 'left', tour: tourOf(cpu, served.occupancy), timetable });
    } else
      post({
        kind: 'finished',
        result: conclude(cpu, this.memory, start.layout, start.wantsDump, served),
      });
  }

  private beginLoading(order: LoadOrder, cpu: Cpu): Loading {
    const loading: Loading = { order, stillUs: 0, over: false, failure: undefined };
    void this.load(order, cpu).then((failure) => {
      loading.failure = failure;
      loading.over = true;
    });
    return loading;
  }

  /** The CPU has made no step for so long. Undefined when the import is over. */
  private goOnLoading(loading: Loading, stillUs: number): Loading | undefined {
    loading.stillUs = Math.max(loading.stillUs, stillUs);
    if (!loading.over) return loading;
    if (this.orders !== undefined) this.orders.loading = false;
    this.tellLoaded(loading.order, loading.failure, loading.stillUs);
    return undefined;
  }

  /** Resolves to why it cannot be loaded, or to undefined. Where nobody waits for this thread, a card's driver is warmed too. */
  private async load({ module }: LoadOrder, serving: Cpu | undefined): Promise<string | undefined> {
    try {
      const definition = await named(module, loadDriver);
      this.modules = withDriver(this.modules, definition);
      if (serving !== undefined) serving.desk.know(definition);
      else if (definition.device === 'nic') for (const _ of warmIfFit(definition, this.clock));
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  private tellLoaded({ ticket }: LoadOrder, failure: string | undefined, stillUs: number): void {
    post({ kind: 'loaded', loaded: { ticket, failure, stillUs }, drivers: this.known });
  }

  private get known(): KnownDrivers {
    const { drivers, diskDrivers } = this.modules;
    return { nic: drivers.map(knownAs), nvme: diskDrivers.map(knownAs) };
  }

  /** So many times: have the devices been passed to this CPU, or is it called no more? Not when it is to say whether it is ready. */
  private looksForChange(looks: number): boolean {
    const { tenure } = this;
    const { number } = this.start;
    for (let look = 0; look < looks; look++) {
      if (tenure.holder === number || !tenure.isCalled(number)) return true;
      if (!tenure.answered) return false;
    }
    return false;
  }

  /** All that can be made while another CPU still serves. Undefined where that is not possible: then it is made in the pause. */
  private prepareSuccessor(): Successor | undefined {
    try {
      return this.makeSuccessor('later');
    } catch {
      return undefined; // whatever stands in its way is said when it is made in earnest
    }
  }

  private makeSuccessor(adopts: 'atOnce' | 'later'): Successor {
    const cpu = this.makeCpu({ timed: [], round: undefined, adopts });
    const service = this.serviceOf(cpu, (adoptedUs, servedUs) => {
      this.tenure.served(adoptedUs, servedUs);
      const driven = cpu.devices.map(({ definition: { name }, parameters }) => ({
        driver: name,
        parameters,
      }));
      post({ kind: 'took', driven, resets: cpu.resets });
    });
    return { cpu, service };
  }

  /** What is to be done in the pause, on scratch devices: the caches are to have its code. */
  private practise(disks: Cpu['disks'] = []): void {
    this.rehearsal.play();
    for (const { slot } of disks) this.understudy?.play(slot.definition, slot.definition);
  }

  private makeCpu({
    adopts,
    ...more
  }: Pick<CpuPlan, 'timed' | 'round'> & { readonly adopts: CpuPlan['adopts'] }): Cpu {
    return new Cpu(this.memory, this.start.layout, this.clock, {
      ...this.modules,
      ...more,
      ...(adopts === undefined ? {} : { adopts }),
      number: this.start.number,
      understudy: this.understudy,
      swapEnded: (record, slot, handsOver) => this.swapEnded(record, slot, handsOver),
    });
  }

  private swapEnded(record: SwapRecord, { definition, parameters }: AnySlot, handsOver: boolean): void {
    const { control, start, orders } = this;
    if (record.outcome === 'done') control.countSwaps(control.swapsDone + 1);
    start.annotations?.postMessage(describeSwap(record));
    if (orders === undefined) return;
    const ticket = orders.ticketOf(record);
    const ended = { record, ticket, driver: definition.name, parameters, handsOver };
    post({ kind: 'swapEnded', ended });
  }
}

async function loadModules(start: CpuStart): Promise<Modules> {
  const own = await Promise.all(start.driverModules.map((module) => named(module, loadDriver)));
  return {
    drivers: [...NIC_DRIVERS, ...own.filter(isOfCards)],
    diskDrivers: [...DISK_DRIVERS, ...own.filter(isOfDisks)],
    applications: await Promise.all(start.applicationModules.map((module) => named(module, loadApplication))),
  };
}

/** Behind the others: drivers are known by their places, to all CPUs alike. */
function withDriver(modules: Modules, definition: DriverDefinition): Modules {
  return isOfCards(definition)
    ? { ...modules, drivers: [...modules.drivers, definition] }
    : { ...modules, diskDrivers: [...modules.diskDrivers, definition] };
}

async function named<D extends { readonly name: string }>(
  { bundle, name }: OwnModule,
  load: (bundle: Bundle) => Promise<D>,
): Promise<D> {
  return renamed(await load(bundle), name);
}
