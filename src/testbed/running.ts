import type { OwnModule } from '../exec/modules/own-module.ts';
import type { ThreadedMachine } from '../exec/threads/machine.ts';
import type { DriverLoaded, SwapEnded, SwapOrder } from '../exec/threads/messages.ts';
import { NoStandby, type Relief } from '../exec/threads/relief.ts';
import { newRecord } from '../swap/record.ts';
import { isVersionOf } from './book.ts';
import { DriverFiles } from './driver-files.ts';
import type { Device, DriverBook } from './drivers.ts';
import { UsageError } from './errors.ts';
import type { Report } from './report.ts';
import {
  EventFeed,
  eventOf,
  type HandoverResult,
  handoverOf,
  type RunEvent,
  reliefEvents,
  resultOf,
  type SwapResult,
} from './run-events.ts';
import { checkedMethod, RunningDevice } from './running-device.ts';
import { type RunStatus, StatusBook } from './status.ts';
import { didYouMean } from './suggest.ts';
import { type Upgradable, Upgrade, type UpgradeOptions, type UpgradeResult } from './upgrade.ts';

type Order = Omit<SwapOrder, 'ticket' | 'kind'>;

/** A swap that has not ended. */
interface Pending {
  readonly order: Order;
  /** Who drove the device when it was asked for. */
  readonly from: string;
  readonly resolve: (result: SwapResult) => void;
}

/** A machine with traffic under way. */
export class RunningMachine {
  readonly devices: readonly RunningDevice[];
  /** The report, once the run has ended: by itself, by `stop`, or by the signal it was started with. */
  readonly finished: Promise<Report>;
  private readonly machine: ThreadedMachine;
  private readonly book: StatusBook;
  private readonly startedUs: number;
  private readonly feed = new EventFeed();
  private readonly files: DriverFiles;
  private readonly ending = new AbortController();
  private readonly over = new AbortController();
  /** By ticket. */
  private readonly pending = new Map<number, Pending>();
  private readonly loading = new Map<number, (loaded: DriverLoaded | undefined) => void>();
  private tickets = 0;

  /** `conclude` begins the traffic, ends it at the signal, and makes the report. */
  constructor(
    machine: ThreadedMachine,
    drivers: DriverBook,
    conclude: (signal: AbortSignal) => Promise<Report>,
  ) {
    this.machine = machine;
    this.startedUs = machine.clock.nowUs();
    this.book = new StatusBook(machine);
    this.files = new DriverFiles(drivers, (module) => this.load(module), this.over.signal);
    const { files } = this;
    const ask = (order: Order) => this.ask(order);
    const { cards, disks } = machine.layout;
    this.devices = [
      ...cards.map(({ name, index }) => new RunningDevice(name, 'card', index, drivers, files, ask)),
      ...disks.map(({ name, index }) => new RunningDevice(name, 'disk', index, drivers, files, ask)),
    ];
    machine.onSwapEnded((ended) => this.swapEnded(ended));
    machine.onRelief((relief) => this.wasRelieved(relief));
    machine.onLoaded((loaded) => this.loaded(loaded));
    this.finished = conclude(this.ending.signal).finally(() => this.end());
    this.finished.catch(() => undefined); // whoever stops the run, or waits for its end, is told
  }

  /** A card or a disk. Throws UsageError. */
  device(name: string): RunningDevice {
    return found(name, this.devices, 'device');
  }

  /** Throws UsageError. */
  nic(name: string): RunningDevice {
    return found(name, this.ofKind('card'), 'card');
  }

  /** Throws UsageError. */
  disk(name: string): RunningDevice {
    return found(name, this.ofKind('disk'), 'disk');
  }

  /**
   * Every device that a driver drives, in whatever version, goes to that of a file, one after another; parameters that both have
   * keep their values. Rejects with UsageError when nothing is driven by it, and as `swap` does, before the first swap.
   */
  async upgrade(driver: string, file: string, options: UpgradeOptions = {}): Promise<UpgradeResult> {
    checkedMethod(options.method ?? 'inplace', `upgrade of ${driver}`);
    this.drivenBy(driver); // before a file is tried for nothing
    const to = await this.files.load(file);
    if (to !== undefined) {
      const behind = this.drivenBy(driver, to.device).filter((one) => one.driver !== to.name);
      return new Upgrade(behind, to, options, (device) => this.book.driverOf(device)).run();
    }
    const swaps = await Promise.all(this.drivenBy(driver).map(({ device }) => device.swap(file)));
    return { to: file, outcome: 'some', swaps, takenBack: [] };
  }

  /**
   * All devices pass to the CPU that stands by, in the middle of traffic; the one that served stands by from then on. A swap that is under way
   * ends first. Rejects with UsageError where no CPU stands by, and when the run is over.
   */
  async handOver(): Promise<HandoverResult> {
    try {
      return handoverOf(await this.machine.handOver());
    } catch (error) {
      if (error instanceof NoStandby) throw new UsageError(error.message);
      throw error;
    }
  }

  /** Resolves when a CPU stands by: after one has ended, when its devices were taken over and a new thread has taken its place. */
  standsBy(): Promise<void> {
    return this.machine.standsBy();
  }

  /** Ends the thread of the CPU that serves, wherever it is: as a crash would. The one that stands by takes the devices over. */
  killCpu(): Promise<void> {
    return this.machine.killCpu();
  }

  status(): RunStatus {
    return this.book.read();
  }

  /** What happens from now on, in its order, until the run has ended. */
  events(): AsyncIterableIterator<RunEvent> {
    return this.feed.listen();
  }

  /** Ends the traffic; what is on its way is served first. */
  stop(): Promise<Report> {
    this.ending.abort();
    return this.finished;
  }

  private ofKind(kind: RunningDevice['kind']): readonly RunningDevice[] {
    return this.devices.filter((device) => device.kind === kind);
  }

  /** Devices that some version of a driver drives, of one kind or of any. Throws UsageError if there is none. */
  private drivenBy(driver: string, wanted?: Device): Upgradable[] {
    const all = this.devices.map((device) => ({ device, ...this.book.drivenBy(device.name) }));
    const found = all.filter(
      (one) => isVersionOf(one.driver, driver) && (wanted === undefined || one.device.device === wanted),
    );
    if (found.length > 0) return found;
    const drivers = all.map(({ device: { name, kind }, driver: by }) => `${kind} ${name} by ${by}`);
    const what = wanted === undefined ? 'nothing' : wanted === 'nic' ? 'no card' : 'no disk';
    throw new UsageError(`upgrade of ${driver}: it drives ${what}; driven are ${drivers.join(', ')}`);
  }

  private ask(order: Order): Promise<SwapResult> {
    if (this.over.signal.aborted)
      return Promise.resolve(this.cutOff(order, this.driverOf(order), 'the run ended before it did'));
    const ticket = ++this.tickets;
    return new Promise((resolve) => {
      this.pending.set(ticket, { order, from: this.driverOf(order), resolve });
      this.machine.order({ kind: 'swap', ticket, ...order });
    });
  }

  private swapEnded(ended: SwapEnded): void {
    const { record, ticket } = ended;
    this.book.swapEnded(ended);
    this.feed.push(eventOf(record, this.startedUs));
    if (ticket === undefined) return;
    this.pending.get(ticket)?.resolve(resultOf(record));
    this.pending.delete(ticket);
  }

  private async load(module: OwnModule): Promise<string | undefined> {
    if (this.over.signal.aborted) return undefined;
    const ticket = ++this.tickets;
    const loaded = await new Promise<DriverLoaded | undefined>((resolve) => {
      this.loading.set(ticket, resolve);
      this.machine.order({ kind: 'load', ticket, module });
    });
    if (loaded === undefined) return undefined; // the run has ended
    const { failure, stillUs } = loaded;
    const atMs = (this.machine.clock.nowUs() - this.startedUs) / 1000;
    if (failure === undefined) this.feed.push({ kind: 'load', atMs, driver: module.name, stillUs });
    return failure;
  }

  private loaded(loaded: DriverLoaded): void {
    this.loading.get(loaded.ticket)?.(loaded);
    this.loading.delete(loaded.ticket);
  }

  private wasRelieved(relief: Relief): void {
    this.book.relieved(relief);
    for (const event of reliefEvents(relief, this.startedUs)) this.feed.push(event);
    if (relief.cause === 'handover') return;
    this.cutOffAll('the CPU that it was asked of ended before it did', new Set(relief.held));
  }

  private end(): void {
    this.over.abort();
    this.feed.end();
    this.cutOffAll('the run ended before it did');
  }

  /** All swaps but some. */
  private cutOffAll(reason: string, except: ReadonlySet<number> = new Set()): void {
    for (const [ticket, { order, from, resolve }] of this.pending) {
      if (except.has(ticket)) continue;
      resolve(this.cutOff(order, from, reason));
      this.pending.delete(ticket);
    }
    for (const resolve of this.loading.values()) resolve(undefined);
    this.loading.clear();
  }

  private cutOff(order: Order, from: string, reason: string): SwapResult {
    const { slot, to, method } = order;
    const { name } = this.devices[slot];
    const record = newRecord(name, from, to, 0, method, this.machine.clock.nowUs());
    const now = this.driverOf(order);
    const notes = now !== from && now === to ? [`it had been made by then: ${to} drives ${name}`] : [];
    return { ...resultOf(record), outcome: 'cutOff', reason, notes };
  }

  private driverOf({ slot }: Order): string {
    return this.book.driverOf(this.devices[slot].name);
  }
}

function found(name: string, devices: readonly RunningDevice[], noun: string): RunningDevice {
  const device = devices.find((candidate) => candidate.name === name);
  if (device !== undefined) return device;
  const names = devices.map((candidate) => candidate.name);
  const others = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw new UsageError(`there is no ${noun} ${name}${didYouMean(name, names)}; ${others}`);
}
