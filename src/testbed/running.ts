import { DISK_DRIVERS } from '../drivers/index.ts';
import { NoStandby, type Relief } from '../exec/threads/cpus.ts';
import type { ThreadedMachine } from '../exec/threads/machine.ts';
import type { SwapEnded, SwapOrder } from '../exec/threads/messages.ts';
import { newRecord } from '../swap/record.ts';
import type { DriverBook } from './drivers.ts';
import { UsageError } from './errors.ts';
import type { Report } from './report.ts';
import {
  EventFeed,
  eventOf,
  type HandoverResult,
  handoverOf,
  type RunEvent,
  reliefEvent,
  resultOf,
  type SwapResult,
} from './run-events.ts';
import { type KnownDrivers, RunningDevice } from './running-device.ts';
import { type RunStatus, StatusBook } from './status.ts';
import { didYouMean } from './suggest.ts';

type Order = Omit<SwapOrder, 'ticket'>;

/** A swap that has not ended. */
interface Pending {
  readonly order: Order;
  readonly resolve: (result: SwapResult) => void;
}

const DRIVERS_OF_DISKS: KnownDrivers = {
  all: DISK_DRIVERS,
  lookUp: (name) => DISK_DRIVERS.find((definition) => definition.name === name),
};

/** A machine with traffic under way. */
export class RunningMachine {
  readonly devices: readonly RunningDevice[];
  /** The report, once the run has ended: by itself, by `stop`, or by the signal it was started with. */
  readonly finished: Promise<Report>;
  private readonly machine: ThreadedMachine;
  private readonly book: StatusBook;
  private readonly startedUs: number;
  private readonly feed = new EventFeed();
  private readonly ending = new AbortController();
  /** By ticket. */
  private readonly pending = new Map<number, Pending>();
  private tickets = 0;
  private over = false;

  /** `conclude` begins the traffic, ends it at the signal, and makes the report. */
  constructor(
    machine: ThreadedMachine,
    drivers: DriverBook,
    conclude: (signal: AbortSignal) => Promise<Report>,
  ) {
    this.machine = machine;
    this.startedUs = machine.clock.nowUs();
    this.book = new StatusBook(machine);
    const ask = (order: Order) => this.ask(order);
    const { cards, disks } = machine.layout;
    this.devices = [
      ...cards.map(({ name, index }) => new RunningDevice(name, 'card', index, drivers, ask)),
      ...disks.map(({ name, index }) => new RunningDevice(name, 'disk', index, DRIVERS_OF_DISKS, ask)),
    ];
    machine.onSwapEnded((ended) => this.swapEnded(ended));
    machine.onRelief((relief) => this.wasRelieved(relief));
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
   * All devices pass to the CPU that stands by, in the middle of traffic; the one that served stands by from then on. A swap that is under way
   * ends first. Rejects with UsageError where no CPU stands by.
   */
  async handOver(): Promise<HandoverResult> {
    try {
      return handoverOf(await this.machine.handOver());
    } catch (error) {
      if (error instanceof NoStandby) throw new UsageError(`${error.message}; start the run with standby`);
      throw error;
    }
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

  private ask(order: Order): Promise<SwapResult> {
    if (this.over) return Promise.resolve(this.cutOff(order, 'the run ended before it did'));
    const ticket = ++this.tickets;
    return new Promise((resolve) => {
      this.pending.set(ticket, { order, resolve });
      this.machine.order({ ticket, ...order });
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

  private wasRelieved(relief: Relief): void {
    this.feed.push(reliefEvent(relief, this.startedUs));
    if (relief.reason !== undefined) this.cutOffAll('the CPU that it was asked of ended before it did');
  }

  private end(): void {
    this.over = true;
    this.feed.end();
    this.cutOffAll('the run ended before it did');
  }

  private cutOffAll(reason: string): void {
    for (const { order, resolve } of this.pending.values()) resolve(this.cutOff(order, reason));
    this.pending.clear();
  }

  private cutOff({ slot, to, method }: Order, reason: string): SwapResult {
    const { name } = this.devices[slot];
    const record = newRecord(name, this.book.driverOf(name), to, 0, method, this.machine.clock.nowUs());
    return { ...resultOf(record), outcome: 'cutOff', reason };
  }
}

function found(name: string, devices: readonly RunningDevice[], noun: string): RunningDevice {
  const device = devices.find((candidate) => candidate.name === name);
  if (device !== undefined) return device;
  const names = devices.map((candidate) => candidate.name);
  const others = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw new UsageError(`there is no ${noun} ${name}${didYouMean(name, names)}; ${others}`);
}
