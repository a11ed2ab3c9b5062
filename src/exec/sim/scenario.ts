/** What one seed runs: machine, traffic, swaps and faults, as plain data that can be made smaller. */
import type { Deck } from './deck.ts';
import { drawCards, type SimCard } from './draw-cards.ts';
import { withCrashes } from './draw-crashes.ts';
import { drawDisks, type SimDisk } from './draw-disks.ts';
import { drawSwaps, type SimSwap } from './draw-swaps.ts';
import { drawRates, type FaultRates } from './faults.ts';
import { Lots } from './lots.ts';

export interface SimScenario {
  readonly seed: number;
  readonly cards: readonly SimCard[];
  readonly disks: readonly SimDisk[];
  readonly swaps: readonly SimSwap[];
  readonly rates: FaultRates;
  /** Between two strikes lie so many accesses, on average. */
  readonly strikeEvery: number;
  /** Of eight turns, those that are the CPU's. */
  readonly cpuTurns: number;
  /** Frames in one step of a card or a link, commands in one of a disk. */
  readonly budget: number;
  /** Packet buffers beyond those that the cards start with; undefined: as many as the swaps can come to need. */
  readonly spareBuffers?: number;
  /** The CPU dies at this one of the strikes in it, its successor at the next of these, counted anew, and so on. */
  readonly crashAt?: readonly number[];
}

/** Of ten machines, those with cards alone, with disks alone, and with both. */
const KINDS = [
  'cards',
  'cards',
  'cards',
  'cards',
  'cards',
  'disks',
  'disks',
  'disks',
  'disks',
  'both',
] as const;

export function drawScenario(seed: number, deck: Deck): SimScenario {
  const kind = kindOf(seed, deck);
  const lots = new Lots(seed, 1);
  const cards = kind === 'disks' ? [] : drawCards(lots, deck);
  const disks = kind === 'cards' ? [] : drawDisks(lots, deck, kind === 'both');
  const scenario = {
    seed,
    cards,
    disks,
    swaps: deck.swaps ? drawSwaps(lots, deck, cards, disks) : [],
    rates: drawRates(lots, deck.faults, kind),
    strikeEvery: lots.pick([8, 16, 32, 64, 128, 256]),
    cpuTurns: lots.between(1, 6),
    budget: lots.pick([1, 2, 4, 8, 16, 32]),
    ...(cards.length > 0 && lots.chance(200) ? { spareBuffers: lots.pick([0, 8, 16, 64]) } : {}),
  };
  return withCrashes(new Lots(seed, 4), scenario, deck);
}

function kindOf(seed: number, { drivers, diskDrivers }: Deck): (typeof KINDS)[number] {
  if (diskDrivers.length === 0) return 'cards';
  return drivers.length === 0 ? 'disks' : new Lots(seed, 3).pick(KINDS);
}
