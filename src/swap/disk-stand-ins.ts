/** What stands in the slot of a disk for a while in place of its driver: the client is given no room. */
import type { DiskDriver } from '../drivers/nvme/contract.ts';
import { STILL } from './held.ts';

/** While the disk is being reset there are no queues. */
export const HELD_DISK: DiskDriver = {
  ...STILL,
  queuesChanged: () => undefined,
  room: () => 0,
  submit: () => 0,
  configure: () => STILL.start(),
};

/** Stands before a driver that is to take no more requests: it says that it has no room, and is itself in all else. */
export class FullDisk implements DiskDriver {
  private readonly driver: DiskDriver;

  constructor(driver: DiskDriver) {
    this.driver = driver;
  }

  queuesChanged(): void {
    this.driver.queuesChanged();
  }

  room(): number {
    return 0;
  }

  submit(): number {
    return 0;
  }

  configure(): Generator<void> {
    return this.driver.configure();
  }

  start(): Generator<void> {
    return this.driver.start();
  }

  stop(): Generator<void> {
    return this.driver.stop();
  }

  exportState(format: string): void {
    this.driver.exportState(format);
  }

  importState(format: string): void {
    this.driver.importState(format);
  }

  activate(): void {
    this.driver.activate();
  }

  quiesce(): void {
    this.driver.quiesce();
  }

  poll(budget: number): number {
    return this.driver.poll(budget);
  }

  interrupt(vector: number): void {
    this.driver.interrupt(vector);
  }

  idle(): boolean {
    return this.driver.idle();
  }

  release(): void {
    this.driver.release();
  }
}
