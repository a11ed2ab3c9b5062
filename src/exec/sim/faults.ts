/** What goes wrong in a scenario, and how often. Plain data, drawn from the seed. */
import { PHASES, type Phase } from '../../swap/plan.ts';
import type { Lots } from './lots.ts';

/** Each with what it does, for help and for reports. */
export const FAULTS = {
  lateWriteBack: 'finished descriptors are written back in a later step, the queues in any order',
  delayedInterrupt: 'an interrupt message arrives late, and behind later ones',
  spuriousInterrupt: 'a vector fires and nothing has happened',
  pauseStorm: 'the link partner sends PAUSE, and takes it back, again and again',
  silence: 'the link is silent for a while, and makes up for it in a burst',
  linkFlap: 'the cable is pulled and plugged in again',
  shortBudget: 'card, link and driver may do one frame at a time',
  stalledCpu: 'the CPU stands still in the middle of its step while the cards go on',
  failingAllocation: 'there is no DMA memory, or no buffer, when a swap asks for it',
  throwingDriver: 'a driver throws before a call, in the middle of it, or after it',
  stuckDriver: 'a new driver makes no progress',
  swapDuringSwap: 'another swap of the same card is asked for',
  reset: 'the swap resets the card',
} as const;
export type Fault = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly Fault[];

/** Of a thousand: descriptors runs held back, messages delayed, scheduling points at which it happens. */
export interface FaultRates {
  readonly lateWriteBack: number;
  readonly delayedInterrupt: number;
  readonly spuriousInterrupt: number;
  readonly pauseStorm: number;
  readonly silence: number;
  readonly linkFlap: number;
  readonly shortBudget: number;
  readonly stalledCpu: number;
}

const MOST: FaultRates = {
  lateWriteBack: 700,
  delayedInterrupt: 400,
  spuriousInterrupt: 30,
  pauseStorm: 15,
  silence: 15,
  linkFlap: 4,
  shortBudget: 900,
  stalledCpu: 25,
};
export type AmbientFault = keyof FaultRates;
export const AMBIENT = Object.keys(MOST) as readonly AmbientFault[];

/** About a third of the allowed ones, each at a rate of its own. */
export function drawRates(lots: Lots, allowed: ReadonlySet<Fault>): FaultRates {
  const rates: Record<AmbientFault, number> = { ...MOST };
  for (const fault of AMBIENT)
    rates[fault] = lots.chance(330) && allowed.has(fault) ? lots.between(1, MOST[fault]) : 0;
  return rates;
}

/** One fault, laid in wait for a phase of a swap. */
export interface Ambush {
  readonly phase: Phase;
  readonly fault: Fault;
}

const EVERYWHERE: readonly Phase[] = PHASES;
const YIELDING: readonly Phase[] = ['negotiate', 'prepare', 'probation', 'move', 'retire'];

/** Where a fault cannot strike, and why: the cells that coverage does not ask for. */
const REACH: Readonly<Record<Fault, { readonly phases: readonly Phase[]; readonly why: string }>> = {
  lateWriteBack: { phases: EVERYWHERE, why: '' },
  delayedInterrupt: { phases: EVERYWHERE, why: '' },
  spuriousInterrupt: { phases: EVERYWHERE, why: '' },
  pauseStorm: { phases: EVERYWHERE, why: '' },
  silence: { phases: EVERYWHERE, why: '' },
  linkFlap: { phases: EVERYWHERE, why: '' },
  shortBudget: { phases: EVERYWHERE, why: '' },
  stalledCpu: { phases: EVERYWHERE, why: '' },
  failingAllocation: { phases: ['prepare'], why: 'nothing is allocated in other phases' },
  throwingDriver: {
    phases: ['prepare', 'quiesce', 'transfer', 'commit', 'probation', 'move', 'retire'],
    why: 'no driver is called',
  },
  stuckDriver: { phases: ['probation'], why: 'a driver is watched on probation' },
  swapDuringSwap: { phases: YIELDING, why: 'the phase is over before the CPU takes another request' },
  reset: {
    phases: PHASES.filter((phase) => phase !== 'move'),
    why: 'after a reset no queue needs to be moved',
  },
};

export function canStrike(fault: Fault, phase: Phase): boolean {
  return REACH[fault].phases.includes(phase);
}

/** Why a cell of the coverage table stays empty. */
export function whyNot(fault: Fault): string {
  return REACH[fault].why;
}
