/** How a machine is doing: who drives what, and what has come of it so far. */

import type { ThreadedMachine } from '../exec/threads/machine.ts';
import type { SwapEnded } from '../exec/threads/messages.ts';
import type { Relief } from '../exec/threads/relief.ts';
import { countCard, countDisk } from '../host/books.ts';
import type { CardLayout, DiskLayout } from '../host/machine.ts';
import type { DriverParameters } from './scenario.ts';

export interface RunStatus {
  /** Since the start of traffic. */
  readonly elapsedMs: number;
  /** Swaps done. */
  readonly swaps: number;
  readonly devices: Readonly<Record<string, DeviceStatus>>;
}

export type DeviceStatus = CardStatus | DiskStatus;

/** As the last swap that has ended left it. */
interface Driven {
  readonly driver: string;
  readonly parameters: DriverParameters;
}

export interface CardStatus extends Driven {
  readonly kind: 'card';
  /** Frames, as in the report. */
  readonly offered: number;
  readonly delivered: number;
  readonly dropped: number;
  /** Million frames a second delivered since the status before, or since the start. */
  readonly mpps: number;
}

export interface DiskStatus extends Driven {
  readonly kind: 'disk';
  readonly submitted: number;
  readonly completed: number;
  /** Requests a second completed, likewise. */
  readonly iops: number;
}

export class StatusBook {
  private readonly machine: ThreadedMachine;
  private readonly startedUs: number;
  private readonly driven: Map<string, Driven>;
  /** When a status was last read, and what each device had served by then. */
  private readUs: number;
  private readonly served = new Map<string, number>();

  /** To be made when traffic begins. */
  constructor(machine: ThreadedMachine) {
    this.machine = machine;
    this.startedUs = this.readUs = machine.clock.nowUs();
    const { cards, disks } = machine.layout;
    // In the order of the machine's devices.
    this.driven = new Map(
      [...cards, ...disks].map(({ name, driver, parameters }) => [name, { driver, parameters }]),
    );
  }

  swapEnded({ record, driver, parameters }: SwapEnded): void {
    this.driven.set(record.device, { driver, parameters });
  }

  /** The CPU that has taken the devices over says who drives them: what became of the last swap may not have been told. */
  relieved({ driven }: Relief): void {
    for (const [i, name] of [...this.driven.keys()].entries()) {
      const now = driven[i];
      if (now !== undefined) this.driven.set(name, now);
    }
  }

  driverOf(device: string): string {
    return this.drivenBy(device).driver;
  }

  read(): RunStatus {
    const { layout, control, clock } = this.machine;
    const nowUs = clock.nowUs();
    const sinceUs = nowUs - this.readUs;
    this.readUs = nowUs;
    return {
      elapsedMs: (nowUs - this.startedUs) / 1000,
      swaps: control.swapsDone,
      devices: Object.fromEntries([
        ...layout.cards.map((card) => [card.name, this.cardStatus(card, sinceUs)] as const),
        ...layout.disks.map((disk) => [disk.name, this.diskStatus(disk, sinceUs)] as const),
      ]),
    };
  }

  private cardStatus(card: CardLayout, sinceUs: number): CardStatus {
    const { offered, delivered, dropped } = countCard(this.machine.memory, card);
    const { frames } = delivered;
    return {
      kind: 'card',
      ...this.drivenBy(card.name),
      offered,
      delivered: frames,
      dropped: Object.values(dropped).reduce((sum, count) => sum + count, 0),
      mpps: this.newlyServed(card.name, frames) / Math.max(1, sinceUs),
    };
  }

  private diskStatus(disk: DiskLayout, sinceUs: number): DiskStatus {
    const { submitted, completed } = countDisk(this.machine.memory, disk);
    const iops = Math.round((this.newlyServed(disk.name, completed) / Math.max(1, sinceUs)) * 1e6);
    return { kind: 'disk', ...this.drivenBy(disk.name), submitted, completed, iops };
  }

  private newlyServed(device: string, count: number): number {
    const before = this.served.get(device) ?? 0;
    this.served.set(device, count);
    return count - before;
  }

  /** Who drives a device, and with what. */
  drivenBy(device: string): Driven {
    const driven = this.driven.get(device);
    if (driven === undefined) throw new Error(`the machine has no device ${device}`);
    return driven;
  }
}
