/** The polling driver: vectors masked for good, completion queues looked at in turn. */
import type { DiskDriverDefinition } from './contract.ts';
import { QueuePairDriver } from './disk-driver.ts';
import { QUEUE_PARAMETERS } from './queue-parameters.ts';
import { DISK_FORMAT } from './state.ts';

class PollingDriver extends QueuePairDriver {
  /** Nothing to look at once more: the next poll looks. */
  activate(): void {
    this.maskVectors();
    this.ringDoorbells();
  }

  /** The vectors are masked as it is. */
  override quiesce(): void {
    this.ringDoorbells();
  }

  override queuesChanged(): void {
    super.queuesChanged();
    this.maskVectors();
  }

  poll(budget: number): number {
    let count = 0;
    for (const pair of this.pairs) count += this.serve(pair, budget);
    return count;
  }

  interrupt(): void {
    // One that was on its way when the vectors were masked: its work is found by polling.
  }

  idle(): boolean {
    return false;
  }
}

export const polling: DiskDriverDefinition = {
  name: 'polling',
  version: '1.0.0',
  device: 'nvme',
  description:
    'looks at the completion queues without end, interrupts masked: least latency, a CPU of its own',
  exports: [DISK_FORMAT],
  imports: [DISK_FORMAT],
  parameters: QUEUE_PARAMETERS,
  create: (environment, parameters) => new PollingDriver(environment, parameters),
};
