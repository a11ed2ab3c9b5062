/** What the threads did with their time, as parts of it. */
import type { Occupancy } from '../../src/exec/threads/idle.ts';

/** Part of the time in which a thread had nothing to do, looking for work or not. */
export function idleShare({ workingUs, lookingUs, idleUs }: Occupancy): number {
  return (lookingUs + idleUs) / Math.max(1, workingUs + lookingUs + idleUs);
}

/** Part of the time that a thread did not leave to others: it worked, or had to look for work. */
export function busyShare({ workingUs, lookingUs, idleUs }: Occupancy): number {
  return (workingUs + lookingUs) / Math.max(1, workingUs + lookingUs + idleUs);
}
