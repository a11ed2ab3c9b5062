/** When the CPU dies or leaves, by lots of their own: all else of a scenario is as it would be without, but for some transmit rings. */

import { PHASES } from '../../swap/plan.ts';
import type { Deck } from './deck.ts';
import type { SimCard } from './draw-cards.ts';
import type { SimSwap } from './draw-swaps.ts';
import { canStrike, type FaultRates, MOST } from './faults.ts';
import type { Lots } from './lots.ts';
import type { SimScenario } from './scenario.ts';

/** Of a thousand scenarios, and of a thousand swaps. */
const SHARE = 330;
const SHARE_OF_HANDOVERS = 250;
const OF_SWAPS = 250;
/** Of a thousand scenarios with crashes. */
const TIGHT = 400;
const MANY_FRAMES = 16;
/** Of a thousand scenarios with crashes in which no frame may be lost: alike frames that are lost are not told from others. */
const CAPTURED = 400;

export function withCrashes(lots: Lots, scenario: SimScenario, deck: Deck): SimScenario {
  const { faults } = deck;
  const crashes = faults.has('crash');
  const swaps = scenario.swaps.map((swap) =>
    crashes && lots.chance(OF_SWAPS) ? ambushed(lots, swap) : swap,
  );
  const crash = crashes && lots.chance(SHARE) ? lots.between(1, MOST.crash) : 0;
  const tight = crash > 0 && lots.chance(TIGHT);
  const cards = tight ? scenario.cards.map((card) => tightened(card, deck)) : scenario.cards;
  const handover =
    faults.has('handover') && lots.chance(SHARE_OF_HANDOVERS) ? lots.between(1, MOST.handover) : 0;
  const rates: FaultRates = { ...scenario.rates, crash, handover };
  const captured = crash > 0 && losesNothing(scenario) && lots.chance(CAPTURED);
  return { ...scenario, cards: captured ? cards.map(asCaptured) : cards, swaps, rates };
}

/** One burst fills the transmit ring: if its doorbell was lost, no other follows that tells the card of it too. */
function tightened(card: SimCard, { drivers }: Deck): SimCard {
  const specs = drivers.find(({ name }) => name === card.driver)?.parameters ?? [];
  const parameters = { ...card.parameters };
  for (const { name, min, max } of specs) {
    if (name === 'txRing') parameters[name] = min;
    if (name === 'burst') parameters[name] = Math.min(max, MANY_FRAMES);
  }
  return { ...card, parameters, gapsUs: [] };
}

function losesNothing({ cards, swaps }: SimScenario): boolean {
  return cards.every(({ lossless }) => lossless) && swaps.every(({ method }) => method !== 'reset');
}

/** Then the checks have no numbers to go by when a successor takes back what was noted of a burst. */
function asCaptured(card: SimCard): SimCard {
  return { ...card, captured: true };
}

function ambushed(lots: Lots, swap: SimSwap): SimSwap {
  const phase = lots.pick(PHASES.filter((possible) => canStrike('crash', possible, 'nic')));
  return { ...swap, ambushes: [...swap.ambushes, { phase, fault: 'crash' }] };
}
