/**
 * What a CPU that is no more had begun with a device and not ended. A queue that moved does so to the end. A device that was being
 * reset is reset once more, and its driver starts with nothing but the words of its own. So is one whose state block does not hold
 * together; then they are not believed either. Whoever ends meanwhile leaves the same behind.
 */
import { createPairs, disable, enable } from '../drivers/nvme/bring-up.ts';
import { DISK_FORMAT } from '../drivers/nvme/state.ts';
import { StateError } from '../drivers/state-block.ts';
import { readTally } from '../hw/link/verifier.ts';
import type { Memory } from '../hw/memory.ts';
import type { DiskTypes } from '../swap/disk-kind.ts';
import { retirePairs } from '../swap/disk-move.ts';
import { moveOn } from '../swap/move.ts';
import type { Slices } from '../swap/slices.ts';
import type { Slot } from '../swap/slot.ts';
import { silence, takeDown } from '../swap/take-down.ts';
import { formatOf, type HostedCard, settleCards } from './adoption.ts';
import { loseCard } from './card.ts';
import type { PassingClient } from './client.ts';
import type { CardLayout } from './machine.ts';

/** A device was reset because its state block did not hold together. */
export interface Reset {
  readonly device: string;
  readonly reason: string;
}

/**
 * What was in doubt is decided, and stock is taken. Cards whose state blocks turn out not to hold together are lost, and so is the peer
 * of such a card, as the frames of one leave by the other. These, and those that were being reset, start anew.
 */
export function* settleOrLose(
  cards: readonly HostedCard[],
  layouts: readonly CardLayout[],
  wasLost: (card: CardLayout, reason: string) => void,
  takeStock: () => void,
): Generator<void> {
  for (const card of cards)
    for (const other of cards)
      if (isLost(card) && !isLost(other) && tied(layouts, card.slot.index, other.slot.index))
        lose(other, `its frames are ${card.slot.name}’s`);
  yield* silenceCards(cards.filter(isLost), layouts);
  try {
    settleCards(cards.filter((card) => !isLost(card)));
    yield;
    takeStock();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    for (const card of cards) if (!isLost(card)) lose(card, error.message);
    yield* silenceCards(cards, layouts);
    takeStock();
  }
  for (const { slot } of cards) if (slot.losses.standing !== 'whole') yield* restartCard(slot);

  function lose({ slot }: HostedCard, reason: string): void {
    const layout = layouts[slot.index];
    loseCard(layout, slot.losses, slot.environment.state);
    slot.environment.state.own.use(slot.assignment.bank);
    wasLost(layout, reason);
  }
}

function isLost({ slot }: HostedCard): boolean {
  return slot.losses.standing === 'lost';
}

/** Do the frames of one card leave by the other? */
function tied(layouts: readonly CardLayout[], card: number, other: number): boolean {
  return layouts[card].returns === other || layouts[other].returns === card;
}

/**
 * They move no frame any more. What they had received and nobody was given, and what they were given and have not sent, is
 * thrown away: how much that is, their own counters say, and those of the applications.
 */
function* silenceCards(lost: readonly HostedCard[], layouts: readonly CardLayout[]): Generator<void> {
  for (const { slot } of lost) yield* silence(slot);
  for (const { slot } of lost) {
    const { memory, statistics } = slot.environment;
    const layout = layouts[slot.index];
    slot.losses.charge('received', Math.max(0, statistics.received - deliveredBy(memory, layout)));
    if (layout.returns === undefined) continue;
    const accepted = deliveredBy(memory, layouts[layout.returns]);
    slot.losses.charge('accepted', Math.max(0, accepted - statistics.sent));
  }
}

function deliveredBy(memory: Memory, { deliveryTally }: CardLayout): number {
  const { frames, duplicated } = readTally(memory, deliveryTally);
  return frames - duplicated;
}

/** What is in its rings was settled, and is thrown away here, counted. */
function* restartCard(slot: Slot): Generator<void> {
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
  const { port, queues, requests, state } = environment;
  yield* disable(environment);
  if (losses.standing === 'lost') state.format(port.device, queues);
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

/** `serve`: one step of all devices, as one may wait for another. */
export function* finishMoves(
  cards: readonly Slot[],
  disks: readonly Slot<DiskTypes>[],
  serve: () => void,
): Generator<void> {
  for (const slot of cards) yield* serving(moveOn(slot), serve);
  for (const slot of disks) yield* serving(retirePairs(slot), serve);
}

function* serving(slices: Slices, serve: () => void): Generator<void> {
  for (const _ of slices) {
    serve();
    yield;
  }
}
