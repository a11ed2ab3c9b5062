/** How a CPU takes disks over from another one, by shared words alone; as adoption.ts says of cards. */
import type { DiskDriverDefinition, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { REQUEST } from '../drivers/nvme/requests.ts';
import { settlePair, tellPair } from '../drivers/nvme/settlement.ts';
import { CommandWalk } from '../drivers/nvme/slot-walk.ts';
import { DISK_FORMAT, DISK_STATE_BYTES, DiskState } from '../drivers/nvme/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import type { Memory } from '../hw/memory.ts';
import type { Assigned, Assignment } from '../swap/assignment.ts';
import type { DiskTypes } from '../swap/disk-kind.ts';
import type { Slot } from '../swap/slot.ts';
import { AdoptionError, assignedNow, formatOf } from './adoption.ts';
import type { PassingClient } from './client.ts';
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

/** Of a disk whose CPU is no more: nothing of its block is believed before it was looked at. Throws StateError. */
export function surveyDisk({ environment: { port, state } }: Slot<DiskTypes>): void {
  state.validateShape(port.device);
}

/**
 * Its block is given up, for a reset that loses nothing. But what a driver keeps beyond its queues may be writes that the client
 * has been told are done: nobody can tell any more, so nobody goes on. Throws AdoptionError.
 */
export function loseDisk({ name, definition, losses }: Slot<DiskTypes>, reason: string): void {
  if (formatOf(name, definition) !== DISK_FORMAT)
    throw new AdoptionError(name, `${reason}; what ${definition.name} kept of finished writes is lost`);
  losses.lose();
}

/**
 * Which commands are outstanding is decided, and which requests are in them: of all others a driver says so itself, if it has them.
 * Then the whole block is looked at, and the disk is told of all that is written in its queues. Throws StateError.
 */
export function settleDisk({ name, definition, environment }: Slot<DiskTypes>, client: PassingClient): void {
  const { port, requests, state } = environment;
  client.takeBack();
  for (let left = state.active; left !== 0; left &= left - 1)
    settlePair(environment, lowestBit(left), (request) => client.waits(request));
  const taken = requestsIn(environment);
  for (let request = 0; request < requests.count; request++) if (!taken.has(request)) requests.offer(request);
  if (formatOf(name, definition) === DISK_FORMAT) state.setHeader('extension', 0); // of a driver that did not come
  state.validate(port.device);
  const walk = new CommandWalk(state, requests);
  while (!walk.advance(CIDS_AT_ONCE));
  for (let left = state.active; left !== 0; left &= left - 1) tellPair(environment, lowestBit(left));
}

function requestsIn({ memory: { words }, requests, state }: DiskEnvironment): Set<number> {
  const taken = new Set<number>();
  state.forEachCommand((first, count) => {
    let request = first;
    for (let left = count; left > 0 && request >= 0; left--) {
      taken.add(request);
      request = words[requests.at(request) + REQUEST.next];
    }
  });
  return taken;
}
