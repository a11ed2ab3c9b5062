/**
 * What the built-in drivers have in common: rings, cold start, export and import. They differ in when they
 * look and how much they take, and that is all that their own files say.
 */
import { EIMC, EIMS, EITR_INTERVAL_SHIFT, EITR_UNIT_US, eitr, QUEUES } from '../../hw/nic/datasheet.ts';
import type { Burst } from '../burst.ts';
import type { NicDriver, NicEnvironment } from '../contract.ts';
import type { Parameters } from '../parameters.ts';
import { lowestBit } from '../state-block.ts';
import {
  bringUp,
  disableReceiveQueue,
  disableTransmitQueue,
  enableReceiveQueue,
  enableTransmitQueue,
  openReceiver,
} from './bring-up.ts';
import { Intake } from './intake.ts';
import {
  forgetReceive,
  forgetTransmit,
  freeRing,
  makeRing,
  recordReceive,
  recordTransmit,
  ringOf,
} from './ring-memory.ts';
import { RxRing } from './rx-ring.ts';
import { TxRing } from './tx-ring.ts';

export abstract class RingDriver implements NicDriver {
  protected readonly environment: NicEnvironment;
  protected readonly parameters: Parameters;
  protected readonly intake: Intake;
  protected rx: RxRing[] = [];
  protected tx: TxRing[] = [];
  /** Frames taken from a ring at a time. */
  protected readonly burstFrames: number;
  /** EITR of the vectors in use, or -1 for a driver that leaves it alone. */
  private eitr = -1;

  constructor(environment: NicEnvironment, parameters: Parameters) {
    this.environment = environment;
    this.parameters = parameters;
    this.burstFrames = parameters.burst;
    const refillBurst = Math.min(parameters.refillBurst ?? parameters.burst, parameters.rxBuffers);
    this.intake = new Intake(environment, parameters.burst, refillBurst);
    // Made here, while preparing: importing state in the pause allocates nothing.
    this.makeRings();
  }

  abstract activate(): void;
  abstract poll(budget: number): number;
  abstract interrupt(vector: number): void;
  abstract idle(): boolean;

  *start(): Generator<void> {
    const { environment, parameters } = this;
    const { port, state, queues, statistics } = environment;
    state.format(port.device, queues);
    yield* bringUp(port, queues);
    for (let queue = 0; queue < queues; queue++) {
      const rx = makeRing(environment, 'rx', parameters.rxRing);
      recordReceive(environment, queue, queue, rx, parameters.rxBuffers);
      yield* enableReceiveQueue(port, queue, rx.ring.address, rx.slots);
      const tx = makeRing(environment, 'tx', parameters.txRing);
      recordTransmit(environment, queue, tx);
      yield* enableTransmitQueue(port, queue, tx.ring.address, tx.slots);
    }
    statistics.restart();
    this.makeRings();
    this.adoptRings();
    for (const ring of this.rx) ring.refill();
    yield* openReceiver(port);
  }

  *stop(): Generator<void> {
    const { environment } = this;
    for (const ring of this.rx) {
      yield* disableReceiveQueue(environment.port, ring.queue);
      ring.strip();
      freeRing(environment, ringOf(environment, 'rx', ring.queue));
      forgetReceive(environment, ring.queue);
    }
    for (const ring of this.tx) {
      yield* disableTransmitQueue(environment.port, ring.queue);
      ring.strip();
      freeRing(environment, ringOf(environment, 'tx', ring.queue));
      forgetTransmit(environment, ring.queue);
    }
    this.release();
  }

  /** The rings publish their state with every burst: what is left are descriptors not yet told to the card. */
  exportState(): void {
    this.ringDoorbells();
  }

  importState(): void {
    this.adoptRings();
    for (const ring of this.rx) ring.setTarget(this.parameters.rxBuffers);
    this.environment.state.countAdoption();
  }

  quiesce(): void {
    this.environment.port.write32(EIMC, this.vectorBits());
    this.ringDoorbells();
  }

  /** Nothing is held back any more. */
  protected ringDoorbells(): void {
    for (const ring of this.tx) ring.ringDoorbell();
  }

  room(queue: number): number {
    const ring = this.tx[queue];
    if (ring.free < this.burstFrames) ring.reclaim();
    return ring.free;
  }

  transmit(queue: number, burst: Burst, segments: number, source: number, position: number): void {
    const ring = this.tx[queue];
    ring.enqueue(burst, segments, source, position);
    ring.ringDoorbell();
  }

  release(): void {
    this.rx = [];
    this.tx = [];
  }

  queuesChanged(): void {
    const { environment, rx } = this;
    const rings: RxRing[] = [];
    for (let left = environment.state.receiving; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      const known = rx.find((ring) => ring.queue === queue);
      known?.reread();
      rings.push(known ?? this.newRing(queue));
    }
    this.rx = rings;
  }

  setReceiveBuffers(count: number): void {
    for (const ring of this.rx) ring.setTarget(count);
  }

  /** A burst from one ring to the application. Returns frames delivered. */
  protected receive(ring: RxRing, budget: number): number {
    return this.intake.receive(ring, budget);
  }

  /** Mask bits of the vectors in use: vector i serves queue i. */
  protected vectorBits(): number {
    return (1 << QUEUES) - 1;
  }

  protected unmask(bits: number): void {
    this.environment.port.write32(EIMS, bits);
  }

  protected mask(bits: number): void {
    this.environment.port.write32(EIMC, bits);
  }

  /**
   * At most one interrupt a vector in this time (EITR, 7.3.2.1.1); 0 for as many as there are causes. Holds for
   * the vectors in use, and for those of rings that come later.
   */
  protected moderate(intervalUs: number): void {
    this.eitr = Math.ceil(intervalUs / EITR_UNIT_US) << EITR_INTERVAL_SHIFT;
    const { state } = this.environment;
    for (let left = state.receiving | state.sending; left !== 0; left &= left - 1)
      this.setInterval(lowestBit(left));
  }

  private setInterval(vector: number): void {
    if (this.eitr >= 0) this.environment.port.write32(eitr(vector), this.eitr);
  }

  /** Arrays that grow by one are all of one kind to the compiler, which those of `map` are not. */
  private makeRings(): void {
    const { environment } = this;
    const { state } = environment;
    const rx: RxRing[] = [];
    const tx: TxRing[] = [];
    for (let left = state.receiving; left !== 0; left &= left - 1)
      rx.push(new RxRing(environment, lowestBit(left)));
    for (let left = state.sending; left !== 0; left &= left - 1)
      tx.push(new TxRing(environment, lowestBit(left)));
    this.rx = rx;
    this.tx = tx;
  }

  /** A ring that was made while this driver serves: its queue has been routed and enabled. */
  private newRing(queue: number): RxRing {
    const ring = new RxRing(this.environment, queue);
    this.setInterval(queue);
    ring.adopt();
    ring.refill();
    return ring;
  }

  private adoptRings(): void {
    const { state } = this.environment;
    // As when the driver was made, unless it takes over once more.
    if (queueBits(this.rx) !== state.receiving || queueBits(this.tx) !== state.sending) this.makeRings();
    for (const ring of this.rx) ring.adopt();
    for (const ring of this.tx) ring.adopt();
  }
}

function queueBits(rings: readonly { readonly queue: number }[]): number {
  let bits = 0;
  for (const ring of rings) bits |= 1 << ring.queue;
  return bits;
}
