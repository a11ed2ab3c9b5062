/** What a driver, its slot and an application promise each other. */
import type { Clock } from '../hw/clock.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import type { Memory } from '../hw/memory.ts';
import type { NicPort } from '../hw/nic/port.ts';
import type { Burst } from './burst.ts';
import type { NicState } from './nic/state.ts';
import type { NicStatistics } from './nic/statistics.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';
import type { BufferPool } from './pool.ts';

/** What every driver declares, whatever it drives. */
export interface DriverDeclaration {
  readonly name: string;
  readonly version: string;
  readonly device: 'nic' | 'nvme';
  readonly description: string;
  /** State formats that it writes, and those that it can take over, best first. */
  readonly exports: readonly string[];
  readonly imports: readonly string[];
  /** Ways from one format to another, besides: those of both drivers of a swap are looked at. */
  readonly converters?: readonly Converter[];
  readonly parameters: readonly ParameterSpec[];
}

/** Turns the words that a driver has of its own in one format into those of another format. */
export interface Converter {
  readonly from: string;
  readonly to: string;
  /**
   * In the pause of a swap, between export and import: bounded, without waiting, and nothing is changed but the words of `to`, which are 0 at
   * first. Both are copies: what a converter that throws has done is in nobody's way.
   */
  convert(from: Int32Array, to: Int32Array): void;
}

/**
 * A driver of one device. All methods but the generators are bounded and never wait; a generator yields
 * between bounded slices. The host calls them from one thread, one at a time.
 */
export interface Driver {
  /** Cold start: brings up the device and makes its rings. The state block is fresh. */
  start(): Generator<void>;
  /** Ends service for good: queues disabled, all buffers home, rings freed. */
  stop(): Generator<void>;
  /** Writes to the state block what it holds elsewhere. */
  exportState(format: string): void;
  /** Takes over rings and what lies in them from the state block. Must not touch the device. */
  importState(format: string): void;
  /** Begins service on rings it has: sets vectors by its own rules, then looks at the rings once more. */
  activate(): void;
  /** Ends the burst and masks its vectors. What is in flight stays there. */
  quiesce(): void;
  /** Looks for work where its rules say so; at most `budget` a queue. Returns what it moved: frames, or requests. */
  poll(budget: number): number;
  /** A vector fired. */
  interrupt(vector: number): void;
  /** May the CPU sleep until an interrupt? */
  idle(): boolean;
  /** Frees what the driver holds beyond the state block. */
  release(): void;
}

/** What a driver of a network card declares. The default export of a driver module is one of these. */
export interface NicDriverDefinition extends DriverDeclaration {
  readonly device: 'nic';
  create(environment: NicEnvironment, parameters: Parameters): NicDriver;
}

/** What a driver is given: its card, memory, buffers, and whom it serves. Outlives any one driver. */
export interface NicEnvironment {
  readonly port: NicPort;
  readonly memory: Memory;
  readonly dma: DmaAllocator;
  readonly pool: BufferPool;
  /** The state block: everything that a successor needs, in DMA memory. */
  readonly state: NicState;
  /** The card's counters, added up: they clear when read, so all who read them do it here. */
  readonly statistics: NicStatistics;
  readonly clock: Clock;
  /** Queue pairs in use. */
  readonly queues: number;
  /**
   * Hands a burst to the application. Returns the number of leading segments that it takes, whole frames
   * only; the rest is offered again. The burst's arrays are the driver's and valid during the call.
   */
  deliver(queue: number, burst: Burst): number;
}

/** A driver of one card. `poll` delivers frames to the application, and takes home what was sent. */
export interface NicDriver extends Driver {
  /** Free transmit descriptors of a queue. */
  room(queue: number): number;
  /**
   * Takes the first `segments` of the burst for transmission, whole frames; the caller has asked for room.
   * Buffers come home when sent. `source` and `position` say where the first segment came from.
   */
  transmit(queue: number, burst: Burst, segments: number, source: number, position: number): void;
  /**
   * Optional: makes the driver able to move a receive queue to a ring of another length. The state block
   * has changed: a queue was added or removed, or may be read further.
   */
  queuesChanged?(): void;
  /** Optional: receive descriptors that should be posted on each ring from now on. */
  setReceiveBuffers?(count: number): void;
}

/** What runs above the drivers. State lives in shared words. */
export interface Application {
  readonly name: string;
  /** See `NicEnvironment.deliver`. */
  receive(slot: SlotView, queue: number, burst: Burst): number;
  /**
   * Optional, before the first `receive`: the CPU before this one ended, perhaps in the middle of receiving the beginning
   * of this burst, which it has not sent. The burst comes again: what was done with it is undone, however often this is
   * called.
   */
  revert?(burst: Burst): void;
}

/** A card as an application sees it: whoever drives it at the moment. */
export interface SlotView {
  readonly name: string;
  readonly index: number;
  readonly driver: NicDriver;
}
