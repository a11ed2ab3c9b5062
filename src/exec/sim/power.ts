/**
 * Power cuts. The CPU ends in the middle of what it did; a device ends between two of its steps, for what a power cut leaves
 * of a write that is half done is its media's affair. What lay in the machine's memory is gone. The workload and what it
 * knows are not: they stand for whoever was promised something, outside of the machine.
 */
import type { DiskClient } from '../../host/client.ts';
import type { Disk } from '../../host/disk.ts';
import { DiskService } from '../../host/disk-service.ts';
import { Workload } from '../../host/workload/workload.ts';
import type { Region } from '../../hw/memory.ts';
import type { SimMachine } from './machine.ts';

/** No memory comes up with this in it. */
const GARBAGE = 0x5a5a5a5a;

export class Power {
  private readonly machine: SimMachine;
  private cuts = 0;

  constructor(machine: SimMachine) {
    this.machine = machine;
  }

  /** The workload keeps its own books: no power cut while it is at work, but for the calls that it makes of a driver. */
  guard({ client }: Disk): void {
    const { cpuEnd } = this.machine;
    const step = client.step.bind(client);
    const completed = client.completed.bind(client);
    client.step = (driver, nowUs) => cpuEnd.whole(() => step(driver, nowUs));
    client.completed = (queue, requests, count, nowUs) =>
      cpuEnd.whole(() => completed(queue, requests, count, nowUs));
  }

  /** The machine as it is when the power is back: nothing has started yet. `begin` makes a CPU of it. */
  restore(begin: () => void): void {
    const { layout, memory, hardware, clock, scenario } = this.machine;
    for (const disk of hardware.disks) disk.powerCut(scenario.seed + ++this.cuts, clock.us);
    const clear = ({ address, bytes }: Region, value: number): void => {
      memory.words.fill(value, address >>> 2, (address + bytes) >>> 2);
    };
    const { iommu, cpus, hardwareBell, dmaTable, poolTable } = layout;
    for (const region of [iommu, ...cpus, hardwareBell, dmaTable, poolTable]) clear(region, 0);
    clear(layout.dmaPages, GARBAGE);
    for (const { service } of layout.disks) new DiskService(memory, service).restart();
    begin();
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
}
