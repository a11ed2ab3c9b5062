import { type Method, PHASES, type Phase } from './plan.ts';

/** Not a number: a phase that did not come. */
const NONE = Number.NaN;

export type Outcome = 'done' | 'refused' | 'rolledBack';

/** What became of one swap. Times in microseconds of the machine's clock. */
export interface SwapRecord {
  readonly id: number;
  readonly device: string;
  readonly from: string;
  readonly to: string;
  readonly method: Method;
  outcome: Outcome;
  /** The phase it ended in, and why if it was not simply done. */
  phase: Phase;
  reason: string;
  readonly acceptedUs: number;
  endedUs: number;
  criticalSectionUs: number;
  stallUs: number;
  /**
   * Stall of an equal window with nothing swapped, or of the one before the swap, under the old driver, if it was longer;
   * undefined when the run ended before it.
   */
  controlStallUs: number | undefined;
  /** Beginning and length of each phase, in the order of PHASES; NaN where it was not entered, or not left. */
  readonly phaseStartUs: number[];
  readonly phaseUs: number[];
  /** Frames thrown away on purpose, by a reset. */
  discarded: number;
  /** Frames accepted for transmission and never sent, likewise. */
  discardedTransmit: number;
  /** Requests that a reset took from a disk's queues: submitted again, and ended with an error. */
  resubmitted: number;
  aborted: number;
  readonly notes: string[];
}

/** A swap just accepted, or refused at once if nothing more is written into it. */
export function newRecord(
  device: string,
  from: string,
  to: string,
  id: number,
  method: Method,
  nowUs: number,
): SwapRecord {
  return {
    id,
    device,
    from,
    to,
    method,
    outcome: 'refused',
    phase: 'negotiate',
    reason: '',
    acceptedUs: nowUs,
    endedUs: nowUs,
    criticalSectionUs: 0,
    stallUs: 0,
    controlStallUs: undefined,
    // Literals, one number for each phase: all records are alike, and a swap that writes into them allocates nothing.
    phaseStartUs: [nowUs, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
    phaseUs: [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
    discarded: 0,
    discardedTransmit: 0,
    resubmitted: 0,
    aborted: 0,
    notes: [],
  };
}

/** When a phase began, or undefined for one that was not entered. */
export function phaseBeganUs(record: SwapRecord, phase: Phase): number | undefined {
  return known(record.phaseStartUs[PHASES.indexOf(phase)]);
}

/** How long a phase took, or undefined. */
export function phaseTookUs(record: SwapRecord, phase: Phase): number | undefined {
  return known(record.phaseUs[PHASES.indexOf(phase)]);
}

function known(us: number): number | undefined {
  return Number.isNaN(us) ? undefined : us;
}

/** One line for a recording or a log. */
export function describeSwap(record: SwapRecord): string {
  const what = `swap ${record.id}: ${record.device} ${record.from} -> ${record.to} (${record.method})`;
  if (record.outcome !== 'done') return `${what} ${record.outcome} in ${record.phase}: ${record.reason}`;
  return `${what} done, critical section ${record.criticalSectionUs.toFixed(1)} us, stall ${record.stallUs.toFixed(1)} us`;
}
