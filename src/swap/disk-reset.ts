/**
 * The second control: the disk's controller is reset, and brought up again with queue pairs of the new depth. What was in flight
 * is gone with the old pairs, but none of it is lost: what the disk had completed is handed over, reads and writes are
 * submitted once more, and everything else ends with an error, once. The state block stays, and with it a driver's
 * extension, so what the old driver has buffered is the new one's.
 */
import { freeAdminQueue } from '../drivers/nvme/admin-queue.ts';
import { createPairs, disable, enable } from '../drivers/nvme/bring-up.ts';
import type { DiskDriver, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { dropPair } from '../drivers/nvme/queue-memory.ts';
import { H } from '../drivers/nvme/state.ts';
import { withdraw } from '../drivers/nvme/withdrawal.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { STATUS } from '../hw/nvme/datasheet.ts';
import type { DiskTypes } from './disk-kind.ts';
import { outstandingCommands } from './disk-move.ts';
import { FullDisk, HELD_DISK } from './disk-stand-ins.ts';
import type { Exchange } from './exchange.ts';
import { each, HOLD, SERVE, type Slices } from './slices.ts';
import type { Slot } from './slot.ts';

/** Requests submitted again in one slice, of each queue. */
const REQUESTS_PER_SLICE = 256;

/** Until the disk is no longer ready it may post completions: what has come by then is done, the rest never will be. */
export function* tearDown(exchange: Exchange<DiskTypes>): Slices {
  const { slot } = exchange;
  const { environment } = slot;
  const { state } = environment;
  slot.driver = HELD_DISK;
  slot.losses.tear();
  exchange.hold(outstandingCommands(environment) + exchange.withdrawn.length > 0);
  yield* each(disable(environment), HOLD);
  for (let left = state.active; left !== 0; left &= left - 1) {
    takeBack(exchange, lowestBit(left));
    yield HOLD;
  }
  exchange.hold(exchange.withdrawn.length > 0);
  if (state.header('adminSlots') > 0) freeAdminQueue(environment);
}

export function* coldStart({ slot, plan, driverToCome }: Exchange<DiskTypes>): Slices {
  yield* each(bringUpFor(driverToCome, slot.environment, plan.newSlots), HOLD);
  slot.losses.mend();
}

/** Serves on meanwhile, as a smaller queue takes them one after another. */
export function* resubmit(exchange: Exchange<DiskTypes>): Slices {
  const { driverToCome, probation } = exchange;
  for (const slice of submitAgain(exchange, driverToCome)) {
    yield slice;
    probation.passed(); // throws if the driver will not serve them
  }
}

/** Undo of a tear-down, wherever the new driver has come to: another one, for the old driver and its depth. */
export function* restart(exchange: Exchange<DiskTypes>): Slices {
  const { slot, old, plan } = exchange;
  const { environment, snapshot } = slot;
  const { state } = environment;
  yield* tearDown(exchange);
  yield* each(bringUpFor(old.driver, environment, old.parameters.queueDepth), HOLD);
  slot.losses.mend();
  // A new driver that came no further than to import has noted there what it keeps.
  state.setHeader('extension', snapshot[H.extension]);
  state.setHeader('extensionBytes', snapshot[H.extensionBytes]);
  old.driver.importState(plan.format);
  old.driver.activate();
  yield* submitAgain(exchange, old.driver);
  state.save(snapshot); // the undo of `export` finds what is true now
}

function takeBack({ slot, record, withdrawn }: Exchange<DiskTypes>, pair: number): void {
  const { environment } = slot;
  const { queue, moves, others } = withdraw(environment, pair);
  dropPair(environment, pair);
  if (moves.length > 0) withdrawn.push({ queue, moves });
  if (others.length > 0) abort(slot, queue, others);
  record.aborted += others.length;
}

/**
 * With the status that commands have whose submission queue is deleted, as a reset deletes them all (7.3.2): it does not say
 * that the same request would fail again.
 */
function abort({ environment, losses }: Slot<DiskTypes>, queue: number, list: readonly number[]): void {
  losses.willEnd(list.length);
  for (const request of list) environment.requests.finish(request, STATUS.abortedSqDeletion);
  environment.complete(queue, Int32Array.from(list), list.length);
  losses.haveEnded();
}

function* bringUpFor(driver: DiskDriver, environment: DiskEnvironment, depth: number): Generator<void> {
  yield* enable(environment);
  yield* createPairs(environment, depth);
  yield* driver.configure();
}

/** Those that came first are first: no others are taken until all of them are. */
function* submitAgain(exchange: Exchange<DiskTypes>, driver: DiskDriver): Slices {
  const { slot, withdrawn } = exchange;
  slot.driver = new FullDisk(driver);
  for (;;) {
    for (const { queue, moves } of withdrawn) submitSome(exchange, driver, queue, moves);
    if (withdrawn.every(({ moves }) => moves.length === 0)) break;
    yield SERVE;
  }
  withdrawn.length = 0;
  slot.driver = driver;
}

/** The first of them, as many as the driver takes: they are then no longer in the list. One that throws may have taken some. */
function submitSome(
  { slot, record }: Exchange<DiskTypes>,
  driver: DiskDriver,
  queue: number,
  moves: number[],
): void {
  const { requests } = slot.environment;
  const batch = Int32Array.from(moves.slice(0, REQUESTS_PER_SLICE));
  for (const request of batch) requests.offer(request);
  try {
    driver.submit(queue, batch, batch.length);
  } finally {
    const left = batch.filter((request) => requests.isUntaken(request));
    moves.splice(0, batch.length, ...left);
    record.resubmitted += batch.length - left.length;
  }
}
