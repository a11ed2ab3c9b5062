import type { ThreadedMachine } from '../exec/threads/machine.ts';
import type { SwapEnded, SwapOrder } from '../exec/threads/messages.ts';
import { newRecord } from '../swap/record.ts';
import type { DriverBook } from './drivers.ts';
import { UsageError } from './errors.ts';
import type { Report } from './report.ts';
import { EventFeed, eventOf, type RunEvent, resultOf, type SwapResult } from './run-events.ts';
import { RunningDevice } from './running-device.ts';
import { type RunStatus, StatusBook } from './status.ts';
import { didYouMean } from './suggest.ts';

type Order = Omit<SwapOrder, 'ticket'>;

/** A swap that has not ended. */
interface Pending {
  readonly order: Order;
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
      ...cards.map(({ name, index }) => new RunningDevice(name, 'card', index, drivers.cards, ask)),
      ...disks.map(({ name, index }) => new RunningDevice(name, 'disk', index, drivers.disks, ask)),
    ];
    machine.onSwapEnded((ended) => this.swapEnded(ended));
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
    if (this.over) return Promise.resolve(this.cutOff(order));
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

  private end(): void {
    this.over = true;
    this.feed.end();
    for (const { order, resolve } of this.pending.values()) resolve(this.cutOff(order));
    this.pending.clear();
  }

  private cutOff({ slot, to, method }: Order): SwapResult {
    const { name } = this.devices[slot];
    const record = newRecord(name, this.book.driverOf(name), to, 0, method, this.machine.clock.nowUs());
    return { ...resultOf(record), outcome: 'cutOff', reason: 'the run ended before it did' };
  }
}

function found(name: string, devices: readonly RunningDevice[], noun: string): RunningDevice {
  const device = devices.find((candidate) => candidate.name === name);
  if (device !== undefined) return device;
  const names = devices.map((candidate) => candidate.name);
  const others = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw new UsageError(`there is no ${noun} ${name}${didYouMean(name, names)}; ${others}`);
}
