/** What a driver of a disk and its host promise each other, beyond what all drivers do. */
import type { Clock } from '../../hw/clock.ts';
import type { DmaAllocator } from '../../hw/dma.ts';
import type { Memory } from '../../hw/memory.ts';
import type { NvmePort } from '../../hw/nvme/port.ts';
import type { Driver, DriverDeclaration } from '../contract.ts';
import type { Parameters } from '../parameters.ts';
import type { RequestTable } from './requests.ts';
import type { DiskState } from './state.ts';

export interface DiskDriverDefinition extends DriverDeclaration {
  readonly device: 'nvme';
  create(environment: DiskEnvironment, parameters: Parameters): DiskDriver;
}

/** What a driver is given: its disk, memory, the requests, and whom it serves. Outlives any one driver. */
export interface DiskEnvironment {
  readonly port: NvmePort;
  readonly memory: Memory;
  readonly dma: DmaAllocator;
  /** The state block: everything that a successor needs, in DMA memory. */
  readonly state: DiskState;
  /** Requests lie in shared words, and are called by their number. */
  readonly requests: RequestTable;
  readonly clock: Clock;
  /** I/O queue pairs in use. */
  readonly queues: number;
  /** Hands back requests that are done: each one's `status` says how. The array is the driver's and valid during the call. */
  complete(queue: number, requests: Int32Array, count: number): void;
}

/**
 * A driver of one disk. `poll` hands completed requests back. When it imports from a CPU that ended in the middle of anything, `next` of
 * all requests that are in no command is UNTAKEN: a driver that has taken more sets it, as in `submit`.
 */
export interface DiskDriver extends Driver {
  /** The state block has changed: a queue pair was made, is retiring, or is gone. */
  queuesChanged(): void;
  /** Requests that `submit` would take on a queue. */
  room(queue: number): number;
  /**
   * Takes the first requests of the array, as many as there is room for; returns how many. Their data buffers are mapped
   * for the disk, begin on a page, and are the driver's until the request is done. Reads and writes move no more than the
   * state block's `transferBlocks`, write zeroes no more than 65536 blocks. `next` of a request that is taken is set, so that
   * whoever meets an error knows which are. Throws RequestError.
   */
  submit(queue: number, requests: Int32Array, count: number): number;
  /**
   * Tells the disk what it wants of it, by admin commands: at cold start, and before it takes over, while another driver
   * serves.
   */
  configure(): Generator<void>;
  /**
   * Optional, of a driver that keeps something of its own: it keeps nothing more from now on, until it is activated again,
   * and serves on. True once its state can be exported in other formats than its first.
   */
  settle?(): boolean;
  /**
   * Optional, of such a driver: the one before it will not come back. Until then it must be able to: nothing that was taken
   * over is given up.
   */
  proved?(): void;
}
