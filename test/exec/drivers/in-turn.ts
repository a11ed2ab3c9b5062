// A driver of disks that polls, one queue pair at each poll, and holds doorbells back for some polls.
import { DISK_FORMAT, type DiskDriverDefinition, QUEUE_PARAMETERS, QueuePairDriver } from 'ringswap';
import { spec } from './spec.ts';

class InTurnDriver extends QueuePairDriver {
  #turn = 0;

  activate(): void {
    this.maskVectors();
    this.ringDoorbells();
  }

  override submit(queue: number, requests: Int32Array, count: number): number {
    const pair = this.serving[queue];
    const taken = Math.min(count, pair.free);
    pair.enqueueAll(requests, taken);
    return taken;
  }

  poll(budget: number): number {
    if (++this.#turn % this.parameters.every === 0) this.ringDoorbells();
    return this.serve(this.pairs[this.#turn % this.pairs.length], budget);
  }

  interrupt(): void {}

  idle(): boolean {
    return false;
  }
}

export default {
  name: 'in-turn',
  version: '1.2.3',
  device: 'nvme',
  description: 'one queue pair a poll, in turn',
  exports: [DISK_FORMAT],
  imports: [DISK_FORMAT],
  parameters: [...QUEUE_PARAMETERS, spec('every', 'polls from doorbell to doorbell', 'polls')],
  create: (environment, parameters) => new InTurnDriver(environment, parameters),
} satisfies DiskDriverDefinition;
