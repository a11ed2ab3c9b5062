// Wrong: goes to sleep with its vectors masked, so that no interrupt comes.
import { DISK_FORMAT, type DiskDriverDefinition, QUEUE_PARAMETERS, QueuePairDriver } from 'ringswap';

class SleepsMasked extends QueuePairDriver {
  #told = true;

  activate(): void {
    this.ringDoorbells();
    this.#told = true;
  }

  poll(budget: number): number {
    if (!this.#told) return 0;
    this.maskVectors();
    let requests = 0;
    for (const pair of this.pairs) requests += this.serve(pair, budget);
    if (requests === 0) this.#told = false;
    return requests;
  }

  interrupt(): void {
    this.#told = true;
  }

  idle(): boolean {
    return !this.#told;
  }
}

export default {
  name: 'sleeps-masked',
  version: '1.0.0',
  device: 'nvme',
  description: 'sleeps with its vectors masked',
  exports: [DISK_FORMAT],
  imports: [DISK_FORMAT],
  parameters: QUEUE_PARAMETERS,
  create: (environment, parameters) => new SleepsMasked(environment, parameters),
} satisfies DiskDriverDefinition;
