/**
 * Power cuts. The CPU ends in the middle of what it did; a device ends between two of its steps, for what a power cut leaves
 * of a write that is half done is its media's affair. What lay in the machine's memory is gone. The workload and what it
 * knows are not: they stand for whoever was promised something, outside of the machine.
 */
import type { DiskClient } from '../../host/client.ts';
import type { Disk } from '../../host/disk.ts';
import { Workload } from '../../host/workload/workload.ts';
import type { Region } from '../../hw/memory.ts';
import { store } from '../../hw/shared.ts';
import type { SimMachine } from './machine.ts';
import { POINTS } from './points.ts';

/** No memory comes up with this in it. */
const GARBAGE = 0x5a5a5a5a;

/** Ends whatever the CPU does: each further access throws it again. */
export class PowerCut extends Error {
  constructor() {
    super('the power is gone');
    this.name = 'PowerCut';
  }
}

export class Power {
  /** The CPU has ended, and nothing that it says counts any more. */
  down = false;
  private readonly machine: SimMachine;
  private demanded = false;
  /** The workload keeps its own books: what it knows must not be cut in two. */
  private guarded = false;
  private cuts = 0;

  constructor(machine: SimMachine) {
    this.machine = machine;
  }

  /** At the next point at which it may be. */
  demand(): void {
    this.demanded = true;
  }

  /** Between two steps. */
  get due(): boolean {
    return this.demanded || this.down;
  }

  /** In a step of the CPU's. Throws PowerCut. */
  strike(): void {
    if (!this.down && (!this.demanded || this.guarded)) return;
    this.down = true;
    POINTS.guard(1, ended);
    ended();
  }

  /** No power cut while the workload is at work, but for the calls that it makes of a driver. */
  guard({ client }: Disk): void {
    const step = client.step.bind(client);
    const completed = client.completed.bind(client);
    client.step = (driver, nowUs) => this.whole(() => step(driver, nowUs));
    client.completed = (queue, requests, count, nowUs) =>
      this.whole(() => completed(queue, requests, count, nowUs));
  }

  /** A call of a driver's, from within the workload. */
  release(): void {
    this.guarded = false;
  }

  resume(): void {
    this.guarded = true;
  }

  /** The machine as it is when the power is back: nothing has started yet. `begin` makes a CPU of it. */
  restore(begin: () => void): void {
    const { layout, memory, hardware, clock, scenario } = this.machine;
    this.demanded = this.down = this.guarded = false;
    POINTS.disarm();
    for (const disk of hardware.disks) disk.powerCut(scenario.seed + ++this.cuts, clock.us);
    const clear = ({ address, bytes }: Region, value: number): void => {
      memory.words.fill(value, address >>> 2, (address + bytes) >>> 2);
    };
    for (const region of [layout.iommu, layout.cpu, layout.hardwareBell, layout.dmaTable, layout.poolTable])
      clear(region, 0);
    clear(layout.dmaPages, GARBAGE);
    begin();
    for (const disk of layout.disks) store(memory.words, disk.done.address >>> 2, 0);
    for (const workload of this.workloads()) workload.powerCut();
  }

  /** All drivers have stopped: no power cut takes anything that they have acknowledged. */
  trust(): void {
    for (const workload of this.workloads()) workload.shutDown();
  }

  private workloads(): Workload[] {
    const clients: DiskClient[] = this.machine.cpu.disks.map(({ client }) => client);
    return clients.filter((client) => client instanceof Workload);
  }

  private whole<T>(work: () => T): T {
    const before = this.guarded;
    this.guarded = true;
    try {
      return work();
    } finally {
      this.guarded = before;
    }
  }
}

function ended(): never {
  throw new PowerCut();
}
