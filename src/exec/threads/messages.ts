/**
 * What threads tell each other by message: to begin, what came of it, and in between what a CPU is to do and has done.
 * Everything else is words in memory.
 */
import type { MessagePort } from 'node:worker_threads';
import type { DiskFacts } from '../../check/blocks/balance.ts';
import type { BufferProblem } from '../../check/buffers.ts';
import type { Parameters } from '../../drivers/parameters.ts';
import type { DiskServed } from '../../host/disk.ts';
import type { NicDump } from '../../host/dump.ts';
import type { MachineLayout } from '../../host/machine.ts';
import type { Passage } from '../../host/tenure.ts';
import type { Reset } from '../../host/unfinished.ts';
import type { HostViolation } from '../../host/violation.ts';
import type { LatencySummary } from '../../host/workload/latency.ts';
import type { Loss } from '../../hw/link/partner.ts';
import type { Anomaly } from '../../hw/link/verifier.ts';
import type { Method } from '../../swap/plan.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { SwapRound, TimedSwap, Timetable } from '../../swap/timetable.ts';
import type { OwnModule } from '../modules/own-module.ts';
import type { Occupancy } from './idle.ts';
import type { KnownDrivers } from './known-drivers.ts';

interface ThreadStart {
  readonly buffer: SharedArrayBuffer;
  readonly layout: MachineLayout;
  readonly originUs: number;
}

export interface HardwareStart extends ThreadStart {
  readonly pcapOut: string | undefined;
  /** Time 0 of the machine's clock, in nanoseconds since 1970. */
  readonly epochNs: bigint;
  /** Comments for the recording arrive here. */
  readonly annotations: MessagePort;
}

/**
 * A CPU serves from the machine's beginning; or it stands by until the devices are passed to it: when it has practised, or, in the place of
 * one that has ended, at once, and practises while nobody needs it.
 */
export type Beginning = 'serving' | 'practised' | 'atOnce';

export interface CpuStart extends ThreadStart {
  /** Its number among the machine's CPUs. */
  readonly number: number;
  readonly begins: Beginning;
  /** There is another CPU: this one may be told to leave, and if it fails that one goes on. */
  readonly relieved: boolean;
  readonly timed: readonly TimedSwap[];
  readonly round: SwapRound | undefined;
  /** Drivers and applications beyond the built-in ones. */
  readonly driverModules: readonly OwnModule[];
  readonly applicationModules: readonly OwnModule[];
  readonly wantsDump: boolean;
  readonly annotations: MessagePort | undefined;
  /** Orders arrive here, of a machine that takes some; it also tells of its swaps as they end. */
  readonly orders: MessagePort | undefined;
}

/** What is asked of a machine while it runs. By its ticket the one who asks knows what comes of it. */
export type Order = SwapOrder | LoadOrder;

export interface SwapOrder {
  readonly kind: 'swap';
  readonly ticket: number;
  readonly slot: number;
  readonly to: string;
  readonly parameters: Parameters;
  readonly method: Method;
  /** At the next moment at which the device has nothing in hand. */
  readonly lazy: boolean;
}

/** A driver that swaps may be asked to from then on. */
export interface LoadOrder {
  readonly kind: 'load';
  readonly ticket: number;
  readonly module: OwnModule;
}

/** What a serving CPU is told. After `leave` it takes no more of them. */
export type CpuOrder =
  | Order
  | { readonly kind: 'leave'; readonly to: number }
  | { readonly kind: 'resume'; readonly timetable: Timetable };

/** What a CPU is told that does not serve: to load a driver, or to stand ready, awake, for as long as it is called. */
export type StandbyOrder = LoadOrder | { readonly kind: 'standReady' };

/** It is there; or not, and why. */
export interface DriverLoaded {
  readonly ticket: number;
  readonly failure: string | undefined;
  /** The longest time in which the CPU that serves made no step for it: 0 where another one has loaded it. */
  readonly stillUs: number;
}

/** A swap has ended, however. */
export interface SwapEnded {
  readonly record: SwapRecord;
  /** Of the order that asked for it; undefined of one of the timetable. */
  readonly ticket: number | undefined;
  /** What drives the device from now on, and with what. */
  readonly driver: string;
  readonly parameters: Parameters;
  /** All devices are to be handed over to the CPU that stands by. */
  readonly handsOver: boolean;
}

export interface HardwareResult {
  readonly anomalies: readonly (readonly Anomaly[])[];
  readonly losses: readonly (readonly Loss[])[];
  readonly occupancy: Occupancy;
}

/** What the CPU knows of one disk. */
export interface DiskResult {
  readonly driver: string;
  readonly facts: DiskFacts;
  readonly served: DiskServed;
  readonly latencyUs: LatencySummary;
}

/** What a CPU did while it served. */
export interface Tour {
  /** Of more swaps than are remembered some are only counted. */
  readonly records: readonly SwapRecord[];
  readonly unkept: number;
  readonly scheduled: number;
  readonly violations: readonly HostViolation[];
  /** By card. */
  readonly anomalies: readonly (readonly Anomaly[])[];
  readonly occupancy: Occupancy;
}

export interface CpuResult extends Tour {
  readonly bufferProblems: readonly BufferProblem[];
  readonly buffers: number;
  /** Of cards, at the end. */
  readonly drivers: readonly string[];
  readonly disks: readonly DiskResult[];
  /** When traffic began, and when the last frame was served. */
  readonly startUs: number;
  readonly endUs: number;
  readonly dump: readonly NicDump[] | undefined;
}

/** Who drives a device, and with what. */
export interface Driven {
  readonly driver: string;
  readonly parameters: Parameters;
}

/** What a CPU tells that has taken the devices over. */
export interface Taken {
  /** By device. */
  readonly driven: readonly Driven[];
  readonly resets: readonly Reset[];
}

/** All devices have come to another CPU. */
export interface Handover extends Passage {
  readonly from: number;
  readonly to: number;
}

export type ThreadMessage<R> =
  /** `drivers`: those that it knows; of a CPU. */
  | { readonly kind: 'ready'; readonly drivers: KnownDrivers }
  /** It stands ready. */
  | { readonly kind: 'awake' }
  | { readonly kind: 'left'; readonly tour: Tour; readonly timetable: Timetable }
  /** It serves what was passed to it; when, stands in memory. */
  | ({ readonly kind: 'took' } & Taken)
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly kind: 'swapEnded'; readonly ended: SwapEnded }
  | { readonly kind: 'loaded'; readonly loaded: DriverLoaded; readonly drivers: KnownDrivers }
  | { readonly kind: 'finished'; readonly result: R };

/** Anything may be thrown; what arrives at the other side is its name and words. */
export function failure(error: unknown): ThreadMessage<never> {
  if (error instanceof Error)
    return { kind: 'failed', name: error.name, message: error.message, stack: error.stack ?? '' };
  return { kind: 'failed', name: 'Error', message: String(error), stack: '' };
}
