/** Makes a failing scenario smaller, one thing at a time, as long as it breaks the same invariant. */
import { AMBIENT } from './faults.ts';
import type { SimResult } from './machine.ts';
import type { SimScenario, SimSwap } from './scenario.ts';

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
  if (scenario.cards.length > 1 && !scenario.cards.some(({ app }) => app === 'forward'))
    yield withoutLastCard(scenario);
  yield* fewerFrames(scenario);
  for (const fault of AMBIENT)
    if (scenario.rates[fault] > 0) yield { ...scenario, rates: { ...scenario.rates, [fault]: 0 } };
  yield* withoutAmbushes(scenario);
  yield* simplerCards(scenario);
}

function* withoutSwaps(scenario: SimScenario): Generator<SimScenario> {
  if (scenario.swaps.length > 1) yield { ...scenario, swaps: [] };
  for (const swap of scenario.swaps)
    yield { ...scenario, swaps: scenario.swaps.filter((other) => other !== swap) };
}

function withoutLastCard(scenario: SimScenario): SimScenario {
  const last = scenario.cards.length - 1;
  return {
    ...scenario,
    cards: scenario.cards.slice(0, last),
    swaps: scenario.swaps.filter(({ card }) => card !== last),
  };
}

function* fewerFrames(scenario: SimScenario): Generator<SimScenario> {
  for (const share of [0.1, 0.5, 0.8]) {
    const cards = scenario.cards.map((card) => ({
      ...card,
      frames: Math.max(1, Math.floor(card.frames * share)),
    }));
    if (cards.every(({ frames }, i) => frames === scenario.cards[i].frames)) continue;
    const scaled = (swap: SimSwap) => ({ ...swap, afterFrames: Math.floor(swap.afterFrames * share) });
    yield { ...scenario, cards, swaps: scenario.swaps.map(scaled) };
    yield { ...scenario, cards };
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
    const simpler = (change: Partial<typeof card>) => ({
      ...scenario,
      cards: scenario.cards.with(i, { ...card, ...change }),
    });
    if (card.gapsUs.length > 0) yield simpler({ gapsUs: [] });
    if (card.sizes.length > 1) yield simpler({ sizes: card.sizes.slice(0, 1) });
    if (card.flows > 1) yield simpler({ flows: 1 });
    if (card.queues > 1 && card.app !== 'forward') yield simpler({ queues: card.queues - 1 });
  }
}
