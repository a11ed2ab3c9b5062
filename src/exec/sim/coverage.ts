/** What a campaign went through: which fault struck in which phase of which swap under which application. */
import { PHASES, type Phase } from '../../swap/plan.ts';
import type { SwapRecord } from '../../swap/record.ts';
import { FAULT_NAMES, type Fault } from './faults.ts';

/** Situations of rings and devices, counted once for each look that finds them. */
export const CARD_SITUATIONS = [
  'receive index wrapped',
  'transmit index wrapped',
  'receive ring without a posted buffer',
  'receive ring full of frames',
  'transmit ring full',
  'transmit ring empty',
  'packet buffer wrapped',
  'PAUSE sent',
  'frames dropped on an open link',
  'cards taken over',
  'cards handed over',
  'cards handed over after a swap',
  'crash in a swap',
] as const;
export const DISK_SITUATIONS = [
  'queue pair at its depth',
  'commands held in a plug',
  'submission queue wrapped',
  'power cut in a swap',
  'disks taken over',
  'disks handed over',
  'disks handed over after a swap',
] as const;
export type Situation = (typeof CARD_SITUATIONS)[number] | (typeof DISK_SITUATIONS)[number];

/** `cutOff`: its CPU ended before it did. */
export type Outcome = SwapRecord['outcome'] | 'cutOff';

/** Plain data, so that what several threads covered can be added up. */
export interface Covered {
  /** `phase|fault|from|to|app`, and how often. */
  readonly cells: Record<string, number>;
  readonly situations: Record<string, number>;
  readonly outcomes: Record<string, number>;
}

/** What stands for the application in the cells of a disk. */
export const OF_DISKS = 'blocks';

export function nothingCovered(): Covered {
  return { cells: {}, situations: {}, outcomes: {} };
}

export function addCoverage(sum: Covered, more: Covered): void {
  for (const part of ['cells', 'situations', 'outcomes'] as const)
    for (const [key, count] of Object.entries(more[part])) sum[part][key] = (sum[part][key] ?? 0) + count;
}

export function cellKey(phase: Phase, fault: Fault, from: string, to: string, app: string): string {
  return `${phase}|${fault}|${from}|${to}|${app}`;
}

/** Faults that struck in the phases of one device's swap: a bit for each, counted when the swap has ended. */
export class SwapMarks {
  private readonly marks = new Int32Array(PHASES.length);

  mark(phase: Phase, fault: Fault): void {
    this.marks[PHASES.indexOf(phase)] |= 1 << FAULT_NAMES.indexOf(fault);
  }

  clear(): void {
    this.marks.fill(0);
  }

  /** Adds what was marked to the sum. */
  enter(sum: Covered, record: SwapRecord, app: string, outcome: Outcome): void {
    PHASES.forEach((phase, p) => {
      for (let left = this.marks[p]; left !== 0; left &= left - 1) {
        const fault = FAULT_NAMES[31 - Math.clz32(left & -left)];
        const key = cellKey(phase, fault, record.from, record.to, app);
        sum.cells[key] = (sum.cells[key] ?? 0) + 1;
      }
    });
    sum.outcomes[outcome] = (sum.outcomes[outcome] ?? 0) + 1;
  }
}
