/** The interrupt driver: sleeps until told, takes what is there, unmasks, and looks again before it leaves. */
import { QUEUES } from '../../hw/nic/datasheet.ts';
import type { NicDriverDefinition, NicEnvironment } from '../contract.ts';
import type { Parameters } from '../parameters.ts';
import { RingDriver } from './ring-driver.ts';
import { burstParameter, RING_PARAMETERS } from './ring-parameters.ts';
import { STATE_FORMAT } from './state.ts';

/** Bits of all queues. */
const EVERY = (1 << QUEUES) - 1;

export class InterruptDriver extends RingDriver {
  private readonly coalesceUs: number;
  /** Vectors that fired (and are masked by EIAM since) and whose queues are not yet found empty. */
  private scheduled = 0;

  constructor(environment: NicEnvironment, parameters: Parameters) {
    super(environment, parameters);
    this.coalesceUs = parameters.coalesceUs;
  }

  /** All queues count as told: the first polls look at every ring, then unmask. */
  activate(): void {
    this.moderate(this.coalesceUs);
    this.scheduled = EVERY;
  }

  override quiesce(): void {
    super.quiesce();
    this.scheduled = EVERY; // if service is resumed, start from a look at every ring
  }

  override queuesChanged(): void {
    super.queuesChanged();
    this.scheduled = EVERY; // a new ring's vector is unmasked by the way out of a poll
  }

  interrupt(vector: number): void {
    this.scheduled |= 1 << vector;
  }

  poll(budget: number): number {
    if (this.scheduled === 0) return 0;
    let frames = 0;
    const looked = this.scheduled;
    for (const ring of this.tx) if ((looked & (1 << ring.queue)) !== 0) ring.reclaim();
    for (const ring of this.rx)
      if ((looked & (1 << ring.queue)) !== 0) frames += this.intake.serve(ring, budget);
    if (frames === 0) this.leave();
    return frames;
  }

  idle(): boolean {
    return this.scheduled === 0;
  }

  /**
   * Every scheduled ring was found empty. Unmask first, then look once more: a frame that came before the
   * unmasking raises no new interrupt of its own, one that comes after it does. Nor does one come from a ring
   * without buffers: who could not post them all must try again.
   */
  private leave(): void {
    const told = this.scheduled;
    for (const ring of this.rx) if (ring.deficit > 0) ring.refill();
    this.scheduled = 0;
    this.unmask(told);
    for (const ring of this.rx) if (ring.waits() || ring.deficit > 0) this.scheduled |= 1 << ring.queue;
    if (this.environment.state.completionWaits()) this.scheduled |= told;
    if (this.scheduled !== 0) this.mask(this.scheduled);
  }
}

export const interrupt: NicDriverDefinition = {
  name: 'interrupt',
  version: '1.0.0',
  device: 'nic',
  description:
    'sleeps until the card interrupts, serves the queue until it is empty: least CPU when there is little to do',
  exports: [STATE_FORMAT],
  imports: [STATE_FORMAT],
  parameters: [
    ...RING_PARAMETERS,
    burstParameter(64),
    {
      name: 'coalesceUs',
      description: 'least time between two interrupts of a queue (EITR); 0 for none',
      unit: 'us',
      min: 0,
      max: 1022,
      default: 0,
    },
  ],
  create: (environment, parameters) => new InterruptDriver(environment, parameters),
};
