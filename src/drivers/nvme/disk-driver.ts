/**
 * What the built-in drivers of a disk have in common: queue pairs, cold start, export and import. They differ in when they
 * look and how much they take, and that is all that their own files say.
 */
import { STATUS } from '../../hw/nvme/datasheet.ts';
import type { Parameters } from '../parameters.ts';
import { lowestBit } from '../state-block.ts';
import {
  bringUp,
  coalesce,
  createPairs,
  deleteCompletionQueue,
  deleteSubmissionQueue,
  shutDown,
} from './bring-up.ts';
import type { DiskDriver, DiskEnvironment } from './contract.ts';
import { MOST_MERGED, QueuePair } from './queue-pair.ts';

/** Requests taken from a completion queue at a time. */
const BURST = 256;

export abstract class QueuePairDriver implements DiskDriver {
  protected readonly environment: DiskEnvironment;
  protected readonly parameters: Parameters;
  /** Every pair that exists, and the one that takes the commands of each of the client's queues. */
  protected pairs: QueuePair[] = [];
  protected serving: QueuePair[] = [];
  private readonly done = new Int32Array(BURST + MOST_MERGED);

  constructor(environment: DiskEnvironment, parameters: Parameters) {
    this.environment = environment;
    this.parameters = parameters;
    // Made here, while preparing: importing state in the pause allocates nothing.
    this.makePairs();
  }

  abstract activate(): void;
  abstract poll(budget: number): number;
  abstract interrupt(vector: number): void;
  abstract idle(): boolean;

  *start(): Generator<void> {
    const { environment, parameters } = this;
    yield* bringUp(environment);
    yield* this.configure();
    yield* createPairs(environment, parameters.queueDepth);
    this.makePairs();
    this.adoptPairs();
  }

  /** Commands that are outstanding end with the status that a deleted queue gives them, if they have not by then. */
  *stop(): Generator<void> {
    const { environment } = this;
    this.ringDoorbells();
    for (const pair of this.pairs) {
      yield* deleteSubmissionQueue(environment, pair.queue);
      while (pair.waits()) {
        this.serve(pair, BURST);
        yield;
      }
      while (this.abandon(pair)) yield;
      yield* deleteCompletionQueue(environment, pair.queue);
    }
    yield* shutDown(environment);
    this.release();
  }

  /** The pairs publish their state with every doorbell: what is left are commands not yet told to the disk. */
  exportState(_format: string): void {
    this.ringDoorbells();
  }

  importState(_format: string): void {
    this.adoptPairs();
    this.environment.state.countAdoption();
  }

  quiesce(): void {
    this.maskVectors();
    this.ringDoorbells();
  }

  queuesChanged(): void {
    this.makePairs();
    this.adoptPairs();
  }

  room(queue: number): number {
    return this.serving[queue].free;
  }

  /** One doorbell for all. */
  submit(queue: number, requests: Int32Array, count: number): number {
    const pair = this.serving[queue];
    const taken = Math.min(count, pair.free);
    pair.enqueueAll(requests, taken);
    pair.ringDoorbell();
    return taken;
  }

  release(): void {
    this.pairs = [];
    this.serving = [];
  }

  /** An interrupt for each completion, whatever the driver before wanted. */
  configure(): Generator<void> {
    return coalesce(this.environment, 1, 0);
  }

  /** Hands over what one pair has done. Returns how many requests. */
  protected serve(pair: QueuePair, budget: number): number {
    const count = pair.reap(this.done, Math.min(budget, BURST));
    if (count > 0) this.handOver(pair.logical, this.done, count);
    pair.commit();
    return count;
  }

  protected handOver(queue: number, requests: Int32Array, count: number): void {
    this.environment.complete(queue, requests, count);
  }

  /** Nothing is held back any more. */
  protected ringDoorbells(): void {
    for (const pair of this.pairs) pair.ringDoorbell();
  }

  /** Vector i serves queue pair i. */
  protected maskVectors(): void {
    for (const pair of this.pairs) this.environment.port.maskVector(pair.queue);
  }

  protected unmaskVectors(): void {
    for (const pair of this.pairs) this.environment.port.unmaskVector(pair.queue);
  }

  private abandon(pair: QueuePair): boolean {
    const count = pair.abandon(this.done, STATUS.abortedSqDeletion);
    if (count > 0) this.handOver(pair.logical, this.done, count);
    return count > 0;
  }

  private makePairs(): void {
    const { environment } = this;
    const pairs: QueuePair[] = [];
    for (let left = environment.state.active; left !== 0; left &= left - 1)
      pairs.push(this.makePair(lowestBit(left)));
    this.pairs = pairs;
  }

  protected makePair(queue: number): QueuePair {
    return new QueuePair(this.environment, queue);
  }

  private adoptPairs(): void {
    // As when the driver was made, unless it takes over once more.
    if (queueBits(this.pairs) !== this.environment.state.active) this.makePairs();
    for (const pair of this.pairs) {
      pair.adopt();
      if (!pair.retiring) this.serving[pair.logical] = pair;
    }
  }
}

function queueBits(pairs: readonly QueuePair[]): number {
  let bits = 0;
  for (const { queue } of pairs) bits |= 1 << queue;
  return bits;
}
