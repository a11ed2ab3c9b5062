import type { BlockBooks } from '../check/blocks/books.ts';
import type { DiskDriver } from '../drivers/nvme/contract.ts';
import type { LatencyHistogram } from './workload/latency.ts';

/** Who asks a disk's driver for something: a workload, or a client of another thread. */
export interface DiskClient {
  readonly books: BlockBooks;
  readonly latency: LatencyHistogram;
  /** Is there a request that a driver could be given? */
  readonly offers: boolean;
  /** May a request fail though no error was planted? */
  readonly mayFail: boolean;
  /** Requests that a driver has. */
  readonly outstanding: number;
  /** All that was to be asked for is done. */
  readonly finished: boolean;
  /** Submits what the driver has room for; returns the number of requests. */
  step(driver: Pick<DiskDriver, 'room' | 'submit'>, nowUs: number): number;
  /** A driver hands back requests that are done; as `DiskEnvironment.complete`. */
  completed(queue: number, requests: Int32Array, count: number, nowUs: number): void;
  /** Nothing more is to be asked for. */
  end(): void;
  /** Optional: after `end`, all that was written is read once more, if there is something to hold it against. */
  recheck?(): void;
}

/** A client that goes on from one CPU to another, by what lies in shared words. */
export interface PassingClient extends DiskClient {
  /** Another CPU had it until now, and has come to an end with all that it did. */
  reread(): void;
  /** Another CPU had it until now, and ended anywhere: what was begun and not committed was not begun. */
  takeBack(): void;
  /** Then: does it still wait for this request? */
  waits(request: number): boolean;
  /** And when the driver has said which requests it has: those that it has not are offered again, those that are done are heard of. */
  settle(nowUs: number): void;
}

export function passes(client: DiskClient): client is PassingClient {
  return 'takeBack' in client;
}
