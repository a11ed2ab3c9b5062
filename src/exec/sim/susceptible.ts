/** Where a fault may strike: in which calls of a driver, at what kind of point, and what it takes to survive it. */
import type { Phase } from '../../swap/plan.ts';
import type { Fault } from './faults.ts';
import type { DriverCall } from './watched-driver.ts';

/** Calls in which a driver may throw and the swap goes back, by phase. */
export const SURVIVABLE: Readonly<Partial<Record<Phase, readonly DriverCall[]>>> = {
  prepare: ['create', 'configure'],
  quiesce: ['quiesce', 'setReceiveBuffers'],
  transfer: ['exportState', 'importState', 'start'],
  commit: ['activate'],
  move: ['queuesChanged'],
  retire: ['release'],
};
export const LASTING: ReadonlySet<Phase> = new Set(['prepare', 'probation', 'move']);
/** Calls of the driver that is to leave; all others are of the one that is to come. */
export const OF_OLD: ReadonlySet<DriverCall> = new Set([
  'quiesce',
  'settle',
  'setReceiveBuffers',
  'exportState',
  'release',
]);
/** Calls that may end at any of their accesses. */
export const CUT_SHORT: ReadonlySet<DriverCall> = new Set([
  'quiesce',
  'exportState',
  'importState',
  'activate',
]);
/** Calls that come once a swap: a strike is due while they last. */
export const BRIEF: ReadonlySet<DriverCall> = new Set([
  'quiesce',
  'exportState',
  'importState',
  'activate',
  'release',
  'queuesChanged',
]);

/** Faults that come at scheduling points by themselves. */
export const STRIKES: ReadonlySet<Fault> = new Set<Fault>([
  'spuriousInterrupt',
  'pauseStorm',
  'silence',
  'linkFlap',
  'stalledCpu',
  'powerCut',
  'crash',
]);
/** Faults that are steps of the devices themselves. */
export const OF_DEVICES: ReadonlySet<Fault> = new Set<Fault>(['pauseStorm', 'linkFlap', 'stalledCpu']);
/** Faults that strike in a call or a request, not at a scheduling point. */
export const CALLED: ReadonlySet<Fault> = new Set<Fault>([
  'failingAllocation',
  'throwingDriver',
  'stuckDriver',
  'swapDuringSwap',
]);
/** Faults of links: a disk has none. */
export const OF_LINKS: ReadonlySet<Fault> = new Set<Fault>(['pauseStorm', 'silence', 'linkFlap']);
