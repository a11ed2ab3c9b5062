import type { SwapMethod } from './scenario.ts';

/** `schemas/report.schema.json` is the same contract for other languages. Times in microseconds. */
export interface Report {
  readonly version: 1;
  readonly verdict: 'pass' | 'fail';
  readonly violations: readonly ViolationReport[];
  /** What the ledger looked at: invariants checked, frames verified whole. */
  readonly covered: CoverageReport;
  readonly devices: Readonly<Record<string, DeviceReport>>;
  /** Drivers that came from files, in the order in which they were loaded; left out where there were none. */
  readonly ownDrivers?: readonly OwnDriverReport[];
  readonly swaps: SwapsReport;
  /** Of a run whose devices have passed from one CPU to another; left out of all others. */
  readonly passages?: PassagesReport;
  readonly throughput: ThroughputReport;
  readonly durationMs: number;
  readonly seed: number;
  /** True when the run was ended by the user (Ctrl-C) before its time. */
  readonly interrupted: boolean;
  readonly host: { readonly node: string; readonly cpu: string; readonly cores: number };
}

export interface OwnDriverReport {
  /** As it is called in this report. */
  readonly name: string;
  readonly version: string;
  /** The path by which it was named. */
  readonly file: string;
}

export interface ViolationReport {
  /** Which invariant: `delivery`, `order`, `damage`, `conservation`, `transmit`, `lossless`, `buffers`, `interrupts`, `isolation`, `driver`. */
  readonly invariant: string;
  readonly device: string;
  readonly queue?: number;
  readonly flow?: number;
  readonly sequence?: number;
  /** The swap in whose time it fell, and its phase then. */
  readonly swap?: number;
  readonly phase?: string;
  readonly message: string;
}

export interface CoverageReport {
  readonly framesChecked: number;
  readonly bytesChecked: number;
  /** Part of the frames whose whole payload was compared, 0 to 1. */
  readonly wholePayloadShare: number;
  readonly buffersAccounted: number;
  readonly invariants: readonly string[];
}

export type DeviceReport = CardReport | DiskReport;

export interface DiskReport {
  readonly kind: 'disk';
  readonly driver: string;
  /** Requests handed to a driver, and handed back, those that failed too. */
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  /** Requests never handed back, and handed back twice. */
  readonly lost: number;
  readonly duplicated: number;
  /** Blocks that were not what was written; after a power cut, not what was promised. */
  readonly corrupt: number;
  readonly brokenPromises: number;
  /** Requests a second, and 10^6 bytes a second. */
  readonly iops: number;
  readonly mbps: number;
  /** From the driver to the workload, submission to completion. */
  readonly latencyUs: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  };
}

export interface CardReport {
  readonly kind: 'card';
  readonly driver: string;
  readonly app: string;
  /** Frames the link sent towards the card. */
  readonly offered: number;
  /** Frames the application received. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly damaged: number;
  /** Frames the device or the link dropped, by reason; each has its counter. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Frames that came back on the cable. */
  readonly transmitted: number;
  /** Frames skipped in the capture before the start, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Link losses that fell inside a swap, by its phase; `none`: outside any swap. */
  readonly lossesByPhase: Readonly<Record<string, number>>;
  /** DMA accesses outside the card's windows: counted, never carried out. */
  readonly dmaFaults: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface SwapsReport {
  /** Swaps done. */
  readonly count: number;
  readonly scheduled: number;
  readonly refused: number;
  readonly rolledBack: number;
  /** Requests to disks that resets took from their queues: submitted again, and ended with an error. */
  readonly resubmitted: number;
  readonly aborted: number;
  /** Of the last hundred thousand swaps; so are pairs. */
  readonly criticalSectionUs: Quantiles;
  readonly stallUs: Quantiles;
  readonly controlStallUs: Quantiles;
  readonly phasesUs: Readonly<Record<string, Quantiles>>;
  readonly byPair: readonly PairReport[];
  /** Refused and rolled back ones, and the done ones that left a remark: the first hundred, with reasons. */
  readonly notes: readonly SwapNote[];
}

/** How the devices, all of them, came from one CPU to another. */
export interface PassagesReport {
  /** Those that were asked for, and those after a CPU that had ended. */
  readonly handovers: PassageTimes;
  readonly recoveries: PassageTimes;
  /** Of recoveries, the first hundred. */
  readonly notes: readonly RecoveryNote[];
}

/** From the last step of the CPU before, or from when its end was seen: until the devices were taken over, and until one was served. */
export interface PassageTimes {
  readonly count: number;
  readonly adoptionUs: Quantiles;
  readonly pauseUs: Quantiles;
}

export interface RecoveryNote {
  /** When the end was seen, since the start of traffic. */
  readonly atMs: number;
  /** Numbers of the CPUs. */
  readonly from: number;
  readonly to: number;
  /** It was ended on request, a driver let it hang, or it failed. */
  readonly cause: 'killed' | 'hang' | 'failure';
  readonly reason: string;
  readonly pauseUs: number;
  /** The driver of this device had ended too many CPUs, and the one before it serves again. */
  readonly returned?: { readonly device: string; readonly from: string; readonly to: string };
  /** Devices that were reset, as what lay in memory of them did not hold together: why. Their drops say what that cost. */
  readonly resets?: readonly { readonly device: string; readonly reason: string }[];
}

export interface PairReport {
  /** What was swapped: drivers of cards and of disks have names in common. */
  readonly kind: 'card' | 'disk';
  readonly from: string;
  readonly to: string;
  readonly method: SwapMethod;
  readonly count: number;
  readonly criticalSectionUs: Quantiles;
  readonly stallUs: Quantiles;
  readonly controlStallUs: Quantiles;
}

export interface SwapNote {
  readonly swap: number;
  readonly device: string;
  readonly from: string;
  readonly to: string;
  readonly outcome: 'done' | 'refused' | 'rolledBack';
  readonly phase: string;
  readonly reason: string;
}

export interface ThroughputReport {
  readonly mpps: number;
  readonly gbps: number;
  /** Million frames per second over the run, in equal slices, and the number of swaps done in each. */
  readonly timeline: readonly { readonly mpps: number; readonly swaps: number }[];
}

/** The cards of a report, by name. */
export function cardsOf({ devices }: Report): [name: string, card: CardReport][] {
  return Object.entries(devices).flatMap(([name, device]) =>
    device.kind === 'card' ? [[name, device]] : [],
  );
}

/** Its disks. */
export function disksOf({ devices }: Report): [name: string, disk: DiskReport][] {
  return Object.entries(devices).flatMap(([name, device]) =>
    device.kind === 'disk' ? [[name, device]] : [],
  );
}

/** One of its cards. Throws RangeError if it has none of that name. */
export function cardOf(report: Report, name: string): CardReport {
  const device = report.devices[name];
  if (device?.kind === 'card') return device;
  throw new RangeError(
    `the report has no card ${name}; its devices are ${Object.keys(report.devices).join(', ')}`,
  );
}

/** One of its disks. Throws RangeError if it has none of that name. */
export function diskOf(report: Report, name: string): DiskReport {
  const device = report.devices[name];
  if (device?.kind === 'disk') return device;
  throw new RangeError(
    `the report has no disk ${name}; its devices are ${Object.keys(report.devices).join(', ')}`,
  );
}
