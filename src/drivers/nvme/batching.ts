/** The batching driver: requests wait in a plug, where neighbours become one command, and one doorbell tells of all. */
import { QUEUES } from '../../hw/nvme/datasheet.ts';
import type { Parameters } from '../parameters.ts';
import { coalesce } from './bring-up.ts';
import type { DiskDriverDefinition, DiskEnvironment } from './contract.ts';
import { InterruptDriver } from './interrupt.ts';
import { MOST_MERGED } from './queue-pair.ts';
import { QUEUE_PARAMETERS } from './queue-parameters.ts';
import { DISK_FORMAT } from './state.ts';

/**
 * The plug is the end of the submission queue of which the disk was not told yet: its commands may still grow, and a
 * successor finds them where it finds all others.
 */
class BatchingDriver extends InterruptDriver {
  private readonly batch: number;
  private readonly mostMerged: number;
  private readonly holdUs: number;
  /** By queue pair: since when its oldest command waits in the plug. */
  private readonly heldSinceUs = new Float64Array(QUEUES);

  constructor(environment: DiskEnvironment, parameters: Parameters) {
    super(environment, parameters);
    this.batch = parameters.batch;
    this.mostMerged = Math.min(parameters.batch, MOST_MERGED);
    this.holdUs = parameters.holdUs;
  }

  override submit(queue: number, requests: Int32Array, count: number): number {
    const pair = this.serving[queue];
    const nowUs = this.environment.clock.nowUs();
    let taken = 0;
    for (; taken < count; taken++) {
      if (!pair.merge(requests[taken], this.mostMerged)) {
        if (pair.free === 0) break;
        if (pair.untold === 0) this.heldSinceUs[pair.queue] = nowUs;
        pair.enqueue(requests[taken]);
      }
      if (pair.untold >= this.batch) pair.ringDoorbell();
    }
    if (pair.free === 0) pair.ringDoorbell(); // nothing more can join
    return taken;
  }

  override poll(budget: number): number {
    const count = super.poll(budget);
    if (this.holds()) this.ringOverdue();
    return count;
  }

  /** A held command is work: the CPU must come back for it. */
  override idle(): boolean {
    return super.idle() && !this.holds();
  }

  override configure(): Generator<void> {
    return coalesce(this.environment, this.batch, this.holdUs);
  }

  private holds(): boolean {
    for (const pair of this.pairs) if (pair.untold > 0) return true;
    return false;
  }

  private ringOverdue(): void {
    const nowUs = this.environment.clock.nowUs();
    for (const pair of this.pairs)
      if (nowUs - this.heldSinceUs[pair.queue] >= this.holdUs) pair.ringDoorbell();
  }
}

export const batching: DiskDriverDefinition = {
  name: 'batching',
  version: '1.0.0',
  device: 'nvme',
  description:
    'neighbouring requests merged, one doorbell for a batch, moderated interrupts: most work for each command',
  exports: [DISK_FORMAT],
  imports: [DISK_FORMAT],
  parameters: [
    ...QUEUE_PARAMETERS,
    {
      name: 'batch',
      description: 'requests collected before the doorbell is rung, and merged into one command, at most',
      unit: 'requests',
      min: 1,
      max: 256,
      default: 32,
    },
    {
      name: 'holdUs',
      description: 'longest wait of a request for others to join it',
      unit: 'us',
      min: 0,
      max: 10_000,
      default: 50,
    },
  ],
  create: (environment, parameters) => new BatchingDriver(environment, parameters),
};
