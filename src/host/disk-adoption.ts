/** How a CPU takes disks over from another one, by shared words alone; as adoption.ts says of cards. */
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import { CommandWalk } from '../drivers/nvme/slot-walk.ts';
import { DISK_STATE_BYTES, DiskState } from '../drivers/nvme/state.ts';
import { StateError } from '../drivers/state-block.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import type { Memory } from '../hw/memory.ts';
import type { Assigned, Assignment } from '../swap/assignment.ts';
import type { DiskTypes } from '../swap/disk-kind.ts';
import type { Slot } from '../swap/slot.ts';
import { AdoptionError, assignedNow } from './adoption.ts';
import type { DiskLayout } from './machine.ts';

const CIDS_AT_ONCE = 1024;

/** Who drives a disk, with what, and where its state block lies. */
export interface ServedDisk extends Assigned<DiskDriverDefinition> {
  readonly state: DiskState;
}

/** As far as that is told: nothing is looked at that changes while it is served. Throws AdoptionError. */
export function servedDisk(
  { name }: DiskLayout,
  { memory, dma }: { readonly memory: Memory; readonly dma: DmaAllocator },
  assignment: Assignment<DiskDriverDefinition>,
): ServedDisk {
  const { region, ...assigned } = assignedNow(name, assignment, DISK_STATE_BYTES, dma);
  return { ...assigned, state: new DiskState(memory, region) };
}

/** Of a disk whose CPU is no more: header, records and every command are looked at before anything is done by them. Throws AdoptionError. */
export function surveyDisk({ name, environment: { port, requests, state } }: Slot<DiskTypes>): void {
  try {
    state.validate(port.device);
    const walk = new CommandWalk(state, requests);
    while (!walk.advance(CIDS_AT_ONCE));
  } catch (cause) {
    if (cause instanceof StateError) throw new AdoptionError(name, cause.message, { cause });
    throw cause;
  }
}
