/** The lazy disk driver: polls while completions keep coming, sleeps when none have come for a while. */
import { DISK_FORMAT, type DiskDriverDefinition, QUEUE_PARAMETERS, QueuePairDriver } from 'ringswap';

class LazyDiskDriver extends QueuePairDriver {
  /** Empty polls in a row. */
  #empty = 0;
  /** Vectors are unmasked, and the queues are left alone until one fires. */
  #asleep = false;

  /** Begins awake, and tells the disk of what its predecessor did not. */
  activate(): void {
    this.ringDoorbells();
    this.#wake();
  }

  poll(budget: number): number {
    if (this.#asleep) return 0;
    let requests = 0;
    for (const pair of this.pairs) requests += this.serve(pair, budget);
    if (requests > 0) this.#empty = 0;
    else if (++this.#empty >= this.parameters.patience) this.#sleep();
    return requests;
  }

  interrupt(): void {
    if (this.#asleep) this.#wake();
  }

  idle(): boolean {
    return this.#asleep;
  }

  /** A queue pair has come, is retiring or has gone: look. */
  override queuesChanged(): void {
    super.queuesChanged();
    this.#wake();
  }

  #wake(): void {
    this.maskVectors();
    this.#empty = 0;
    this.#asleep = false;
  }

  #sleep(): void {
    this.#asleep = true;
    this.unmaskVectors();
    // A completion that came before the unmasking may have raised no interrupt: look once more before leaving.
    if (this.environment.state.workWaits()) this.#wake();
  }
}

export default {
  name: 'lazy-disk',
  version: '1.0.0',
  device: 'nvme',
  description:
    'polls while completions keep coming, sleeps until an interrupt when none have come for a while',
  exports: [DISK_FORMAT],
  imports: [DISK_FORMAT],
  parameters: [
    ...QUEUE_PARAMETERS,
    {
      name: 'patience',
      description: 'empty polls in a row after which it sleeps',
      unit: 'polls',
      min: 1,
      max: 1_000_000,
      default: 1000,
    },
  ],
  create: (environment, parameters) => new LazyDiskDriver(environment, parameters),
} satisfies DiskDriverDefinition;
