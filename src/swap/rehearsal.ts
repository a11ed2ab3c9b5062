/** Runs the code of swaps on a scratch card, between all drivers, so that the first real one is as short as the next. */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import type { Clock } from '../hw/clock.ts';
import { SwapDesk } from './desk.ts';
import type { SwapHost } from './exchange.ts';
import { buffersFor } from './plan.ts';
import { PATIENCE } from './probation.ts';
import { defaultsOf, onScratch, ScratchCard } from './scratch.ts';
import { Slot } from './slot.ts';
import { RoundRobin } from './timetable.ts';

const SWAPS = 6000;
/** A swap takes a few dozen; a driver that does not come to an end with its swaps is left to the real ones. */
const POLLS_AT_MOST = 100 * SWAPS;
const POLLS_PER_SLICE = 64;
const FRAMES_PER_POLL = 4;

/** Swaps a scratch card around all pairs of drivers, in slices. Those that fail here will be told of by a real swap. */
export function* rehearse(definitions: readonly NicDriverDefinition[], clock: Clock): Generator<void> {
  if (definitions.length === 0) return;
  try {
    yield* swapAround(definitions, clock);
  } catch {
    // Nothing depends on a rehearsal: swaps are slower until the compiler knows them.
  }
}

function* swapAround(definitions: readonly NicDriverDefinition[], clock: Clock): Generator<void> {
  const card = new ScratchCard(clock);
  const slot = scratchSlot(card, definitions[0]);
  const drivers = new Map(definitions.map((definition) => [definition.name, definition]));
  const desk = new SwapDesk(HOST, [slot], drivers, [], undefined, 1, () => undefined);
  const round = new RoundRobin({ intervalUs: 0, method: 'inplace', vary: {} }, [...drivers.keys()]);
  for (let poll = 0; poll < POLLS_AT_MOST && desk.scheduled < SWAPS; poll++) {
    if (slot.mediator === null) desk.ask(0, round.next().to, {}, 'inplace');
    card.driver = slot.driver;
    card.complete(FRAMES_PER_POLL);
    slot.driver.interrupt(0);
    slot.mediator?.poll();
    desk.tick(clock.nowUs());
    if (poll % POLLS_PER_SLICE === 0) yield;
  }
}

const HOST: SwapHost = {
  patience: PATIENCE,
  lastWokenUs: () => 0,
  buffersOfOthers: () => 0,
  isWarm: () => true,
  *warm() {},
  lookAround: () => undefined,
  neighbours: 0,
};

function scratchSlot({ environment }: ScratchCard, definition: NicDriverDefinition): Slot {
  const parameters = onScratch(defaultsOf(definition));
  const driver = definition.create(environment, parameters);
  driver.importState(definition.imports[0] ?? '');
  driver.activate();
  const slot = new Slot(0, environment, definition, parameters, driver);
  slot.buffers = slot.keptBuffers = buffersFor(parameters, environment.queues);
  return slot;
}
