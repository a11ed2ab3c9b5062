/**
 * What a CPU that is no more had begun with a device and not ended. A queue that moved does so to the end. A device that was being
 * reset is reset once more, and its driver starts with nothing but the words of its own. Whoever ends meanwhile leaves the
 * same behind.
 */
import { createPairs, disable, enable } from '../drivers/nvme/bring-up.ts';
import { DISK_FORMAT } from '../drivers/nvme/state.ts';
import type { DiskTypes } from '../swap/disk-kind.ts';
import { retirePairs } from '../swap/disk-move.ts';
import { moveOn } from '../swap/move.ts';
import type { Slices } from '../swap/slices.ts';
import type { AnySlot, Slot } from '../swap/slot.ts';
import { takeDown } from '../swap/take-down.ts';
import { formatOf } from './adoption.ts';
import type { PassingClient } from './client.ts';

/** What is in its rings is settled, and thrown away here, counted. */
export function* restartCard(slot: Slot): Generator<void> {
  const { assignment, driver, environment, losses } = slot;
  const { own } = environment.state;
  yield* takeDown(slot);
  own.use(1 - assignment.bank); // starting clears what is in use
  yield* driver.start();
  own.use(assignment.bank);
  losses.mend();
}

/**
 * The disk forgets its commands. None of them is lost: of all requests that the client waits for it is told that no driver has
 * them, whatever the disk had done about them. What a driver keeps beyond its queues stays.
 */
export function* forgetCommands(
  { name, definition, environment, losses }: Slot<DiskTypes>,
  client: PassingClient,
): Generator<void> {
  const { requests, state } = environment;
  yield* disable(environment);
  client.takeBack();
  losses.settleEnded(client.books.read('failed'));
  for (let request = 0; request < requests.count; request++) {
    requests.offer(request);
    if (client.waits(request)) requests.undo(request);
  }
  if (formatOf(name, definition) === DISK_FORMAT) state.setHeader('extension', 0); // of a driver that did not come
  // Their memory is free when stock is taken.
  for (const field of ['active', 'adminSlots', 'making'] as const) state.setHeader(field, 0);
}

/** When it is known what of the memory is free: queues as at a cold start. The driver is not made yet. */
export function* makeQueuesAnew({ environment, losses, parameters }: Slot<DiskTypes>): Generator<void> {
  yield* enable(environment);
  yield* createPairs(environment, parameters.queueDepth);
  losses.mend();
}

/** The devices serve meanwhile, one after another, and the others when that is done. `serve`: one step. */
export function* finishMoves(
  cards: readonly Slot[],
  disks: readonly Slot<DiskTypes>[],
  serve: (slot: AnySlot) => void,
): Generator<void> {
  for (const slot of cards) yield* serving(slot, moveOn(slot), serve);
  for (const slot of disks) yield* serving(slot, retirePairs(slot), serve);
}

function* serving(slot: AnySlot, slices: Slices, serve: (slot: AnySlot) => void): Generator<void> {
  for (const _ of slices) {
    serve(slot);
    yield;
  }
}
