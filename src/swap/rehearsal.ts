/** Runs the code of swaps on a scratch card, between all drivers, so that the first real one is as short as the next. */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import { STATE_FORMAT } from '../drivers/nic/state.ts';
import type { Clock } from '../hw/clock.ts';
import { SwapDesk } from './desk.ts';
import { Exchange } from './exchange.ts';
import { SwapHost } from './host.ts';
import { NIC_KIND } from './nic-kind.ts';
import { buffersFor } from './plan.ts';
import { PATIENCE } from './probation.ts';
import { defaultsOf, onScratch, SCRATCH_SLOTS, ScratchCard } from './scratch.ts';
import { pollMediated, Slot } from './slot.ts';
import type { SwapRound } from './timetable.ts';
import { Understudy } from './understudy.ts';
import { isWarm, warmIfFit } from './warm.ts';

/** On each of two cards: the compiler is not to take for granted what holds for the only object of a class. */
const SWAPS = 3000;
/** A swap and its control window take a few dozen; a driver that does not come to an end is left to the real swaps. */
const POLLS_AT_MOST = 100 * SWAPS;
const FRAMES_PER_POLL = 4;
/** Always due, and no whole number: times are none in earnest. */
const INTERVAL_US = 0.25;
/** One in so many finds nothing. */
const EMPTY_POLL = 4;

/**
 * Swaps a scratch card around all pairs of drivers. Those that fail here will be told of by a real swap. To be done
 * before a CPU is made: what is made then is from the start what the compiler has seen objects become. Returns who
 * plays the pauses of that CPU's swaps through before they come. Comes to no further end when it is `needed` elsewhere.
 */
export function rehearse(
  definitions: readonly NicDriverDefinition[],
  clock: Clock,
  needed: () => boolean = notNeeded,
): Understudy {
  for (const definition of definitions)
    for (const _ of warmIfFit(definition, clock)) if (needed()) return new Understudy();
  const fit = definitions.filter(isWarm);
  const understudy = new Understudy();
  if (fit.length === 0) return understudy;
  try {
    swapAround(fit, {}, understudy, clock, needed);
    if (!needed()) teach(understudy, fit, clock);
    swapAround(fit, givenTo(fit), understudy, clock, needed);
  } catch {
    // Nothing depends on a rehearsal: swaps are slower until the compiler knows them.
  }
  return understudy;
}

/** For those who have time. */
export function notNeeded(): boolean {
  return false;
}

/** Objects are of the classes and shapes that they have in earnest: code compiled for others would not be used. */
function swapAround(
  definitions: readonly NicDriverDefinition[],
  vary: SwapRound['vary'],
  understudy: Understudy,
  clock: Clock,
  needed: () => boolean,
): void {
  const card = new ScratchCard(clock);
  const slot = scratchSlot(card, definitions[0]);
  card.slot = slot;
  const host = new SwapHost([slot], card.bell, PATIENCE, () => undefined, understudy);
  const named = new Map(definitions.map((definition) => [definition.name, definition]));
  const drivers = { nic: named, nvme: new Map() };
  const round = { intervalUs: INTERVAL_US, method: 'inplace', vary } as const;
  const desk = new SwapDesk(host, [slot], drivers, [], round, 1, () => undefined);
  desk.start(clock.nowUs());
  for (let poll = 0; poll < POLLS_AT_MOST && desk.scheduled < SWAPS && !needed(); poll++) {
    card.complete(poll % EMPTY_POLL === 0 ? 0 : FRAMES_PER_POLL);
    slot.driver.interrupt(0);
    desk.poll(slot);
    desk.tick(clock.nowUs());
  }
}

/** A swap of each pair, up to its probation. */
function teach(understudy: Understudy, definitions: readonly NicDriverDefinition[], clock: Clock): void {
  const card = new ScratchCard(clock);
  for (const from of definitions)
    for (const to of definitions) {
      const slot = scratchSlot(card, from);
      card.slot = slot;
      const host = new SwapHost([slot], card.bell, PATIENCE, () => undefined);
      const exchange = new Exchange(slot, host, { id: 0, to, parameters: firstsOf(to), method: 'inplace' });
      while (exchange.record.phase !== 'probation' && !exchange.done) pollMediated(slot, exchange);
      if (!exchange.done) understudy.learn(exchange);
    }
}

function firstsOf(definition: NicDriverDefinition): Record<string, number> {
  return Object.fromEntries(Object.entries(givenTo([definition])).map(([name, [first]]) => [name, first]));
}

/** Values as they are anyway, by name, where all drivers take them: requests with parameters are rehearsed as well. */
function givenTo(definitions: readonly NicDriverDefinition[]): Record<string, readonly number[]> {
  const given = { rxBuffers: [SCRATCH_SLOTS - 1], txRing: [SCRATCH_SLOTS] };
  const taken = Object.entries(given).filter(([name]) =>
    definitions.every(({ parameters }) => parameters.some((spec) => spec.name === name)),
  );
  return Object.fromEntries(taken);
}

function scratchSlot({ environment }: ScratchCard, definition: NicDriverDefinition): Slot {
  const parameters = onScratch(defaultsOf(definition));
  const driver = definition.create(environment, parameters);
  driver.importState(STATE_FORMAT);
  driver.activate();
  const slot = new Slot(0, NIC_KIND, environment, definition, parameters, driver);
  slot.buffers = slot.keptBuffers = buffersFor(parameters, environment.queues);
  return slot;
}
