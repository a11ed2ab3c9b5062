/** Makes a failing scenario smaller, one thing at a time, as long as it breaks the same invariant. */

import type { SimCard } from './draw-cards.ts';
import type { SimDisk } from './draw-disks.ts';
import type { SimSwap } from './draw-swaps.ts';
import { AMBIENT } from './faults.ts';
import type { SimResult } from './run.ts';
import type { SimScenario } from './scenario.ts';

/** Scenarios tried at the most. */
const TRIES = 400;

export function shrink(
  scenario: SimScenario,
  result: SimResult,
  run: (scenario: SimScenario) => SimResult,
): SimScenario {
  const invariant = result.violation?.invariant;
  let best = scenario;
  let tries = 0;
  for (let smaller = true; smaller; ) {
    smaller = false;
    for (const candidate of candidates(best)) {
      if (++tries > TRIES) return best;
      if (run(candidate).violation?.invariant !== invariant) continue;
      best = candidate;
      smaller = true;
      break;
    }
  }
  return best;
}

/** The boldest first. */
function* candidates(scenario: SimScenario): Generator<SimScenario> {
  yield* withoutSwaps(scenario);
  yield* withoutDevice(scenario);
  yield* lessToDo(scenario);
  for (const fault of AMBIENT)
    if (scenario.rates[fault] > 0) yield { ...scenario, rates: { ...scenario.rates, [fault]: 0 } };
  yield* withoutAmbushes(scenario);
  yield* simplerCards(scenario);
  yield* simplerDisks(scenario);
}

function* withoutSwaps(scenario: SimScenario): Generator<SimScenario> {
  if (scenario.swaps.length > 1) yield { ...scenario, swaps: [] };
  for (const swap of scenario.swaps)
    yield { ...scenario, swaps: scenario.swaps.filter((other) => other !== swap) };
}

/** The last disk, or the last card: numbers of the devices before it stay. */
function* withoutDevice(scenario: SimScenario): Generator<SimScenario> {
  const { cards, disks, swaps } = scenario;
  const last = cards.length + disks.length - 1;
  if (last === 0) return;
  if (disks.length > 0)
    yield {
      ...scenario,
      disks: disks.slice(0, -1),
      swaps: swaps.filter(({ device }) => device !== last),
    };
  if (cards.length > 0 && disks.length > 0)
    yield {
      ...scenario,
      cards: [],
      swaps: swaps
        .filter(({ device }) => device >= cards.length)
        .map((swap) => ({ ...swap, device: swap.device - cards.length })),
    };
  if (disks.length === 0 && !cards.some(({ app }) => app === 'forward'))
    yield {
      ...scenario,
      cards: cards.slice(0, -1),
      swaps: swaps.filter(({ device }) => device !== last),
    };
}

function* lessToDo(scenario: SimScenario): Generator<SimScenario> {
  for (const share of [0.1, 0.5, 0.8]) {
    const part = (amount: number) => Math.max(1, Math.floor(amount * share));
    const cards = scenario.cards.map((card) => ({ ...card, frames: part(card.frames) }));
    const disks = scenario.disks.map((disk) => ({ ...disk, requests: part(disk.requests) }));
    const same =
      cards.every(({ frames }, i) => frames === scenario.cards[i].frames) &&
      disks.every(({ requests }, i) => requests === scenario.disks[i].requests);
    if (same) continue;
    const sooner = (swap: SimSwap) => ({ ...swap, after: Math.floor(swap.after * share) });
    yield { ...scenario, cards, disks, swaps: scenario.swaps.map(sooner) };
    yield { ...scenario, cards, disks };
  }
}

function* withoutAmbushes(scenario: SimScenario): Generator<SimScenario> {
  for (const [i, swap] of scenario.swaps.entries())
    for (const ambush of swap.ambushes) {
      const ambushes = swap.ambushes.filter((other) => other !== ambush);
      yield { ...scenario, swaps: scenario.swaps.with(i, { ...swap, ambushes }) };
    }
}

function* simplerCards(scenario: SimScenario): Generator<SimScenario> {
  for (const [i, card] of scenario.cards.entries()) {
    const simpler = (change: Partial<SimCard>) => ({
      ...scenario,
      cards: scenario.cards.with(i, { ...card, ...change }),
    });
    if (card.gapsUs.length > 0) yield simpler({ gapsUs: [] });
    if (card.captured === true) yield simpler({ captured: false });
    if (card.sizes.length > 1) yield simpler({ sizes: card.sizes.slice(0, 1) });
    if (card.flows > 1) yield simpler({ flows: 1 });
    if (card.queues > 1 && card.app !== 'forward') yield simpler({ queues: card.queues - 1 });
  }
}

function* simplerDisks(scenario: SimScenario): Generator<SimScenario> {
  for (const [i, disk] of scenario.disks.entries()) {
    const simpler = (change: Partial<SimDisk>) => ({
      ...scenario,
      disks: scenario.disks.with(i, { ...disk, ...change }),
    });
    if (disk.mediaUs > 0) yield simpler({ mediaUs: 0 });
    if (disk.cacheBlocks > 0) yield simpler({ cacheBlocks: 0 });
    if (disk.zeroes > 0) yield simpler({ zeroes: 0 });
    if (disk.fua > 0) yield simpler({ fua: 0 });
    if (disk.flushEvery > 0) yield simpler({ flushEvery: 0 });
    if (disk.queues > 1) yield simpler({ queues: disk.queues - 1 });
    if (disk.iodepth > 1) yield simpler({ iodepth: Math.floor(disk.iodepth / 2) });
    if (disk.bs > 4096) yield simpler({ bs: 4096 });
    if (disk.area > 1) yield simpler({ area: Math.floor(disk.area / 2) });
  }
}
