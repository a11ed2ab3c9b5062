/** The interrupt driver: a doorbell for each command, sleeps until told, and looks again before it leaves. */
import { IO_QUEUES } from '../../hw/nvme/datasheet.ts';
import type { DiskDriverDefinition } from './contract.ts';
import { QueuePairDriver } from './disk-driver.ts';
import { QUEUE_PARAMETERS } from './queue-parameters.ts';
import { DISK_FORMAT } from './state.ts';

/** Bits of the vectors of all I/O queue pairs; the admin queue's is nobody's here. */
const EVERY = ((1 << IO_QUEUES) - 1) << 1;

export class InterruptDriver extends QueuePairDriver {
  /** Vectors that fired and whose queues are not yet found empty. */
  private scheduled = 0;

  /** All queues count as told, after the unmasking: what came before it is seen by the first polls. */
  activate(): void {
    this.ringDoorbells();
    this.unmaskVectors();
    this.scheduled = EVERY;
  }

  override quiesce(): void {
    super.quiesce();
    this.scheduled = EVERY; // if service is resumed, start from a look at every queue
  }

  override queuesChanged(): void {
    super.queuesChanged();
    this.unmaskVectors();
    this.scheduled = EVERY;
  }

  override submit(queue: number, requests: Int32Array, count: number): number {
    const pair = this.serving[queue];
    const taken = Math.min(count, pair.free);
    for (let i = 0; i < taken; i++) {
      pair.enqueue(requests[i]);
      pair.ringDoorbell();
    }
    return taken;
  }

  interrupt(vector: number): void {
    this.scheduled |= (1 << vector) & EVERY;
  }

  /**
   * The vectors stay unmasked: a completion that comes after the last look at its queue raises an interrupt of its own,
   * one that came before it has raised none that is still to come.
   */
  poll(budget: number): number {
    const told = this.scheduled;
    if (told === 0) return 0;
    this.scheduled = 0;
    let count = 0;
    for (const pair of this.pairs) {
      if ((told & (1 << pair.queue)) === 0) continue;
      count += this.serve(pair, budget);
      if (pair.waits()) this.scheduled |= 1 << pair.queue;
    }
    return count;
  }

  idle(): boolean {
    return this.scheduled === 0;
  }
}

export const interrupt: DiskDriverDefinition = {
  name: 'interrupt',
  version: '1.0.0',
  device: 'nvme',
  description:
    'a doorbell for each command, an interrupt for each completion: least CPU when there is little to do',
  exports: [DISK_FORMAT],
  imports: [DISK_FORMAT],
  parameters: QUEUE_PARAMETERS,
  create: (environment, parameters) => new InterruptDriver(environment, parameters),
};
