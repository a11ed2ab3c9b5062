/** What goes wrong in a scenario, and how often. Plain data, drawn from the seed. */
import { PHASES, type Phase } from '../../swap/plan.ts';
import type { Lots } from './lots.ts';

/** Each with what it does, for help and for reports. */
export const FAULTS = {
  lateWriteBack:
    'finished descriptors and completions are written back in a later step, the queues in any order',
  delayedInterrupt: 'an interrupt message arrives late, and behind later ones',
  spuriousInterrupt: 'a vector fires and nothing has happened',
  pauseStorm: 'the link partner sends PAUSE, and takes it back, again and again',
  silence: 'the link is silent for a while, and makes up for it in a burst',
  linkFlap: 'the cable is pulled and plugged in again',
  shortBudget: 'card, link, disk and driver may do one frame or command at a time',
  stalledCpu: 'the CPU stands still in the middle of its step while the devices go on',
  failingAllocation: 'there is no DMA memory, or no buffer, when a swap asks for it',
  throwingDriver: 'a driver throws before a call, in the middle of it, or after it',
  stuckDriver: 'a new driver makes no progress',
  swapDuringSwap: 'another swap of the same device is asked for',
  reset: 'the swap resets the device',
  mediaError: 'the media of a disk fails a read, a write or a flush',
  powerCut: 'the power fails, at any access; then all is started anew, and what was promised is looked for',
  crash: 'the CPU dies, at any access; another one takes its devices over from memory alone',
  handover: 'the CPU leaves its devices to another one, which was made some turns before',
} as const;
export type Fault = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly Fault[];

/** What is driven: faults are of the one, of the other, or of both. */
export type DeviceClass = 'nic' | 'nvme';

/** Of a thousand: runs held back, messages delayed, commands failed, scheduling points or turns at which it happens. */
export interface FaultRates {
  readonly lateWriteBack: number;
  readonly delayedInterrupt: number;
  readonly spuriousInterrupt: number;
  readonly pauseStorm: number;
  readonly silence: number;
  readonly linkFlap: number;
  readonly shortBudget: number;
  readonly stalledCpu: number;
  readonly mediaError: number;
  readonly powerCut: number;
  readonly crash: number;
  readonly handover: number;
}

export const MOST: FaultRates = {
  lateWriteBack: 700,
  delayedInterrupt: 400,
  spuriousInterrupt: 30,
  pauseStorm: 15,
  silence: 15,
  linkFlap: 4,
  shortBudget: 900,
  stalledCpu: 25,
  mediaError: 60,
  powerCut: 6,
  crash: 30,
  handover: 4,
};
export type AmbientFault = keyof FaultRates;
export const AMBIENT = Object.keys(MOST) as readonly AmbientFault[];
export const NO_FAULTS = Object.fromEntries(AMBIENT.map((fault) => [fault, 0])) as Record<
  AmbientFault,
  number
>;

/**
 * Faults that do not come by themselves to a machine that has no device of theirs; frames would be lost with the power.
 * Crashes and handovers are drawn apart (draw-crashes.ts).
 */
const NOT_WITH: Readonly<Record<'cards' | 'disks' | 'both', readonly AmbientFault[]>> = {
  cards: ['mediaError', 'powerCut', 'crash', 'handover'],
  disks: ['pauseStorm', 'silence', 'linkFlap', 'crash', 'handover'],
  both: ['powerCut', 'crash', 'handover'],
};

/** Of a thousand scenarios. Promises are looked for after power cuts alone. */
function shareOf(fault: AmbientFault): number {
  return fault === 'powerCut' ? 500 : 330;
}

/** About a third of the allowed ones, each at a rate of its own. `devices`: what the machine has. */
export function drawRates(
  lots: Lots,
  allowed: ReadonlySet<Fault>,
  devices: 'cards' | 'disks' | 'both',
): FaultRates {
  const rates: Record<AmbientFault, number> = { ...NO_FAULTS };
  for (const fault of AMBIENT)
    if (!NOT_WITH[devices].includes(fault) && lots.chance(shareOf(fault)) && allowed.has(fault))
      rates[fault] = lots.between(1, MOST[fault]);
  return rates;
}

/** One fault, laid in wait for a phase of a swap. */
export interface Ambush {
  readonly phase: Phase;
  readonly fault: Fault;
}

const EVERYWHERE: readonly Phase[] = PHASES;
const YIELDING: readonly Phase[] = ['negotiate', 'prepare', 'probation', 'move', 'retire'];
const NOWHERE: readonly Phase[] = [];
const SURVIVED: readonly Phase[] = PHASES.filter((phase) => phase !== 'move');

interface Reach {
  readonly nic: readonly Phase[];
  readonly nvme: readonly Phase[];
  readonly why: string;
}

const ofBoth = (phases: readonly Phase[], why = ''): Reach => ({ nic: phases, nvme: phases, why });
const ofCards = (phases: readonly Phase[], why: string): Reach => ({ nic: phases, nvme: NOWHERE, why });
const ofDisks = (phases: readonly Phase[], why: string): Reach => ({ nic: NOWHERE, nvme: phases, why });

/** Where a fault cannot strike, and why: the cells that coverage does not ask for. */
const REACH: Readonly<Record<Fault, Reach>> = {
  lateWriteBack: ofBoth(EVERYWHERE),
  delayedInterrupt: ofBoth(EVERYWHERE),
  spuriousInterrupt: ofBoth(EVERYWHERE),
  pauseStorm: ofCards(EVERYWHERE, 'a disk has no link'),
  silence: ofCards(EVERYWHERE, 'a disk has no link'),
  linkFlap: ofCards(EVERYWHERE, 'a disk has no link'),
  shortBudget: ofBoth(EVERYWHERE),
  stalledCpu: ofBoth(EVERYWHERE),
  failingAllocation: ofBoth(['prepare'], 'nothing is allocated in other phases'),
  throwingDriver: ofBoth(
    ['prepare', 'quiesce', 'transfer', 'commit', 'probation', 'move', 'retire'],
    'no driver is called',
  ),
  stuckDriver: ofBoth(['probation'], 'a driver is watched on probation'),
  swapDuringSwap: ofBoth(YIELDING, 'the phase is over before the CPU takes another request'),
  reset: ofBoth(
    PHASES.filter((phase) => phase !== 'move'),
    'after a reset no queue needs to be moved',
  ),
  mediaError: ofDisks(EVERYWHERE, 'a card has no media'),
  powerCut: ofDisks(EVERYWHERE, 'frames would be lost with it, and nothing could be said of a card'),
  crash: ofBoth(SURVIVED, 'a queue that moves is not taken over by another CPU yet'),
  handover: ofBoth(NOWHERE, 'a swap that is under way comes to its end before'),
};

export function canStrike(fault: Fault, phase: Phase, device: DeviceClass): boolean {
  return REACH[fault][device].includes(phase);
}

/** Why a cell of the coverage table stays empty. */
export function whyNot(fault: Fault): string {
  return REACH[fault].why;
}
