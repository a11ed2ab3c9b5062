/** The batching driver: moderated interrupts, large bursts, and doorbells held back until they are worth it. */
import type { Burst } from '../burst.ts';
import type { NicDriverDefinition, NicEnvironment } from '../contract.ts';
import type { Parameters } from '../parameters.ts';
import { InterruptDriver } from './interrupt.ts';
import { burstParameter, RING_PARAMETERS } from './ring-parameters.ts';
import { STATE_FORMAT } from './state.ts';

class BatchingDriver extends InterruptDriver {
  private readonly txBatch: number;
  private readonly holdPolls: number;
  /** Polls since the oldest doorbell was held back. */
  private held = 0;

  constructor(environment: NicEnvironment, parameters: Parameters) {
    super(environment, parameters);
    this.txBatch = parameters.txBatch;
    this.holdPolls = parameters.holdPolls;
  }

  override transmit(queue: number, burst: Burst, segments: number, source: number, position: number): void {
    const ring = this.tx[queue];
    ring.enqueue(burst, segments, source, position);
    if (ring.unrung >= this.txBatch) ring.ringDoorbell();
  }

  override poll(budget: number): number {
    const frames = super.poll(budget);
    this.held = this.holdsDoorbells() ? this.held + 1 : 0;
    if (this.held >= this.holdPolls) {
      this.held = 0;
      for (const ring of this.tx) ring.ringDoorbell();
    }
    return frames;
  }

  /** A held doorbell is work: the CPU must come back for it. */
  override idle(): boolean {
    return super.idle() && !this.holdsDoorbells();
  }

  private holdsDoorbells(): boolean {
    for (const ring of this.tx) if (ring.unrung > 0) return true;
    return false;
  }
}

export const batching: NicDriverDefinition = {
  name: 'batching',
  version: '1.0.0',
  device: 'nic',
  description:
    'moderated interrupts, large bursts, doorbells held back: most work for each interrupt, more latency',
  exports: [STATE_FORMAT],
  imports: [STATE_FORMAT],
  parameters: [
    ...RING_PARAMETERS,
    burstParameter(256),
    {
      name: 'coalesceUs',
      description: 'least time between two interrupts of a queue (EITR)',
      unit: 'us',
      min: 0,
      max: 1022,
      default: 100,
    },
    {
      name: 'txBatch',
      description: 'transmit descriptors collected before the doorbell is rung',
      unit: 'descriptors',
      min: 1,
      max: 256,
      default: 64,
    },
    {
      name: 'holdPolls',
      description: 'polls after which a held doorbell is rung all the same',
      unit: 'polls',
      min: 1,
      max: 1024,
      default: 8,
    },
  ],
  create: (environment, parameters) => new BatchingDriver(environment, parameters),
};
