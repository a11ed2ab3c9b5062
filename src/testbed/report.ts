import type { SwapMethod } from './scenario.ts';

/** `schemas/report.schema.json` is the same contract for other languages. Times in microseconds. */
export interface Report {
  readonly version: 1;
  readonly verdict: 'pass' | 'fail';
  readonly violations: readonly ViolationReport[];
  /** What the ledger looked at: invariants checked, frames verified whole. */
  readonly covered: CoverageReport;
  readonly devices: Readonly<Record<string, DeviceReport>>;
  readonly swaps: SwapsReport;
  readonly throughput: ThroughputReport;
  readonly durationMs: number;
  readonly seed: number;
  /** True when the run was ended by the user (Ctrl-C) before its time. */
  readonly interrupted: boolean;
  readonly host: { readonly node: string; readonly cpu: string; readonly cores: number };
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

export interface DeviceReport {
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
  readonly criticalSectionUs: Quantiles;
  readonly stallUs: Quantiles;
  readonly controlStallUs: Quantiles;
  readonly phasesUs: Readonly<Record<string, Quantiles>>;
  readonly byPair: readonly PairReport[];
  /** Refused and rolled back ones, and the done ones that left a remark: the first hundred, with reasons. */
  readonly notes: readonly SwapNote[];
}

export interface PairReport {
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
