/** Runs a driver's code on a scratch card before it meets a real one, so that the compiler knows it by then. */
import type { NicDriver, NicDriverDefinition } from '../drivers/contract.ts';
import { STATE_BYTES, STATE_FORMAT } from '../drivers/nic/state.ts';
import type { Parameters } from '../drivers/parameters.ts';
import type { Clock } from '../hw/clock.ts';
import { defaultsOf, onScratch, ScratchCard } from './scratch.ts';

const POLLS = 3000;
const FRAMES_PER_POLL = 64;
const POLLS_PER_SLICE = 8;
const POLLS_PER_HANDOVER = 2;

const warm = new WeakSet<NicDriverDefinition>();

export function isWarm(definition: NicDriverDefinition): boolean {
  return warm.has(definition);
}

/** Each code path is compiled before the first frame; the applications are warm soon enough by themselves. */
export function* warmIfFit(definition: NicDriverDefinition, clock: Clock): Generator<void> {
  if (isWarm(definition)) return;
  try {
    yield* warmUp(definition, defaultsOf(definition), clock);
  } catch {
    // Not fit to be warmed: whoever swaps to it will see the same error, and the swap is refused with it.
  }
}

/**
 * Receives and sends some ten thousand frames on rings that no card is behind, and hands them over every few
 * polls from one driver of this kind to another. The clock is the one that it will be used with: compiled code holds for
 * clocks of one kind. Throws what the driver throws.
 */
export function* warmUp(
  definition: NicDriverDefinition,
  parameters: Parameters,
  clock: Clock,
): Generator<void> {
  const scratch = new ScratchCard(clock);
  yield;
  const small = onScratch(parameters);
  const { exports, imports } = definition;
  const format = exports.find((known) => imports.includes(known)) ?? STATE_FORMAT;
  let driver = definition.create(scratch.environment, small);
  let successor = definition.create(scratch.environment, small);
  driver.importState(STATE_FORMAT); // as from a driver that has nothing of its own
  const copy = new Int32Array(STATE_BYTES / 4);
  for (let poll = 0; poll < POLLS; poll++) {
    if (poll % POLLS_PER_HANDOVER === 0) {
      handOver(scratch, driver, successor, format, copy);
      [driver, successor] = [successor, driver];
    }
    scratch.complete(FRAMES_PER_POLL);
    driver.interrupt(0);
    driver.poll(FRAMES_PER_POLL);
    if (poll % POLLS_PER_SLICE === 0) yield;
  }
  driver.quiesce();
  warm.add(definition);
}

/** What a swap does in its pause. */
function handOver(
  scratch: ScratchCard,
  from: NicDriver,
  to: NicDriver,
  format: string,
  copy: Int32Array,
): void {
  const { state } = scratch.environment;
  from.quiesce();
  state.save(copy);
  state.own.moveTo(0, format);
  from.exportState(format);
  state.validate(0);
  to.importState(format);
  scratch.slot = { driver: to, deliveries: 0 };
  to.activate();
}
