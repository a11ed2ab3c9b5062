/** What a live cell's threads are told, and what they answer. */

import type { Parameters } from '../../src/drivers/parameters.ts';
import type { Occupancy } from '../../src/exec/threads/idle.ts';
import type { CpuResult, ThreadMessage } from '../../src/exec/threads/messages.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import type { Pace } from '../../src/hw/link/pacer.ts';
import type { Loss } from '../../src/hw/link/partner.ts';
import type { Anomaly } from '../../src/hw/link/verifier.ts';
import type { Method } from '../../src/swap/plan.ts';
import type { GaugedSwap } from '../gauged-swaps.ts';
import { Lines } from '../pace.ts';

/** Swaps of one card while a trial lasts: each of these in turn, at this interval. */
export interface SwapSeries {
  readonly slot: number;
  readonly everyUs: number;
  readonly method: Method;
  readonly swaps: readonly { readonly to: string; readonly parameters: Parameters }[];
}

/** Both threads have been sent a trial, and begin when it reaches them: milliseconds apart. */
export const SENT = 0;
/** By the CPU: it serves, frames may come. */
export const GOING = 1;
/** By the hardware: the lead is over, in which both threads have found a core. */
export const LED = 2;
/** By the CPU: what came so far is forgotten, the load may come. */
export const COUNTING = 3;
/** By the hardware: all frames have been offered. */
export const OFFERED = 4;
/** By the hardware: all that could be taken has been. */
export const TAKEN = 5;
/** By the CPU: swaps that were under way have ended, for which it needed the card. */
export const SERVED = 6;

const LINES_OFFSET = 128;

export function endingBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(LINES_OFFSET + Lines.BYTES);
}

/** Written by the hardware before it says LED and OFFERED, fetched by the CPU when it sees that. */
export function linesOf(ending: SharedArrayBuffer): Lines {
  return new Lines(ending, LINES_OFFSET);
}

export interface LiveStart {
  readonly buffer: SharedArrayBuffer;
  /** The word by which both threads begin and end a trial: SENT, GOING, LED and so on; behind it lines, see `linesOf`. */
  readonly ending: SharedArrayBuffer;
  readonly stamps: SharedArrayBuffer;
  readonly histogram: SharedArrayBuffer;
  readonly layout: MachineLayout;
  readonly originUs: number;
  /** Swaps are to come: the CPU rehearses them, as the product's does. */
  readonly swaps: boolean;
}

export interface TrialLoad {
  readonly pace: Pace;
  readonly durationUs: number;
}

export type LiveCommand =
  | { readonly kind: 'trial'; readonly load: TrialLoad; readonly swaps: SwapSeries | undefined }
  | { readonly kind: 'end' };

export interface HardwareTrial {
  readonly occupancy: Occupancy;
  /** Of each card. */
  readonly losses: readonly (readonly Loss[])[];
  readonly seconds: number;
  /** Frames of the lead, of all cards. */
  readonly leadFrames: number;
  /** By how much the link was behind its pace, at the most. */
  readonly lateUs: number;
}

export interface CpuTrial {
  readonly occupancy: Occupancy;
  readonly swaps: readonly GaugedSwap[];
}

export interface HardwareBooks {
  readonly anomalies: readonly (readonly Anomaly[])[];
}

export type HardwareAnswer =
  | ThreadMessage<HardwareBooks>
  | { readonly kind: 'trial'; readonly trial: HardwareTrial };
export type CpuAnswer = ThreadMessage<CpuResult> | { readonly kind: 'trial'; readonly trial: CpuTrial };
