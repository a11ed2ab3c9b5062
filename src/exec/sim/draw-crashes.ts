/** When the CPU dies, by lots of their own: all else of a scenario is as it would be without. */

import { PHASES } from '../../swap/plan.ts';
import type { SimSwap } from './draw-swaps.ts';
import { canStrike, type FaultRates, MOST } from './faults.ts';
import type { Lots } from './lots.ts';
import type { SimScenario } from './scenario.ts';

/** Of a thousand scenarios, and of a thousand swaps. */
const SHARE = 330;
const OF_SWAPS = 250;

/** To machines of cards alone: nobody takes a disk over yet. */
export function withCrashes(lots: Lots, scenario: SimScenario): SimScenario {
  if (scenario.disks.length > 0) return scenario;
  const swaps = scenario.swaps.map((swap) => (lots.chance(OF_SWAPS) ? ambushed(lots, swap) : swap));
  const rates: FaultRates = {
    ...scenario.rates,
    crash: lots.chance(SHARE) ? lots.between(1, MOST.crash) : 0,
  };
  return { ...scenario, swaps, rates };
}

function ambushed(lots: Lots, swap: SimSwap): SimSwap {
  const phase = lots.pick(PHASES.filter((possible) => canStrike('crash', possible, 'nic')));
  return { ...swap, ambushes: [...swap.ambushes, { phase, fault: 'crash' }] };
}
