/** What one seed runs: machine, traffic, swaps and faults, as plain data that can be made smaller. */
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import type { ParameterSpec } from '../../drivers/parameters.ts';
import { IMIX } from '../../hw/link/frames.ts';
import { METHODS, type Method, PHASES } from '../../swap/plan.ts';
import { type Ambush, canStrike, drawRates, type Fault, type FaultRates } from './faults.ts';
import { Lots } from './lots.ts';

export interface SimCard {
  readonly driver: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly app: string;
  readonly queues: number;
  /** Wire sizes, FCS included, in turn. */
  readonly sizes: readonly number[];
  readonly flows: number;
  readonly frames: number;
  /** Gaps between frames in microseconds, in rounds; none: as fast as the link takes them. */
  readonly gapsUs: readonly number[];
  readonly lossless: boolean;
  readonly fifoKiB: number;
}

export interface SimSwap {
  readonly card: number;
  /** Asked for when so many frames have been offered, on all cards together. */
  readonly afterFrames: number;
  readonly to: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly method: Method;
  readonly ambushes: readonly Ambush[];
}

export interface SimScenario {
  readonly seed: number;
  readonly cards: readonly SimCard[];
  readonly swaps: readonly SimSwap[];
  readonly rates: FaultRates;
  /** Between two strikes lie so many accesses, on average. */
  readonly strikeEvery: number;
  /** Of eight turns, those that are the CPU's. */
  readonly cpuTurns: number;
  /** Frames in one step of a card or a link. */
  readonly budget: number;
  /** Packet buffers beyond those that the cards start with; undefined: as many as the swaps can come to need. */
  readonly spareBuffers?: number;
}

/** Swaps of one kind: each card is swapped once, from one driver to another. */
export interface Course {
  readonly from: string;
  readonly to: string;
  readonly methods: readonly Method[];
  /** The receive rings get another length; else they keep theirs. */
  readonly moves: boolean;
}

/** What scenarios are drawn from. */
export interface Deck {
  readonly drivers: readonly NicDriverDefinition[];
  /** Applications that frames go to, with what each sends. */
  readonly apps: readonly { readonly name: string; readonly sends: 'nothing' | 'back' | 'on' }[];
  readonly faults: ReadonlySet<Fault>;
  /** Drivers that each scenario has to do with, in turn as old and as new one; undefined: all alike. */
  readonly subject: string | undefined;
  readonly swaps: boolean;
  /** The only swaps there are; undefined: as they come. */
  readonly course: Course | undefined;
}

/** A frame that does not fit behind the last one costs its length twice; PAUSE leaves half of the buffer for that. */
const FIFOS_KIB = [4, 8, 8, 16, 48, 64] as const;
/** One for each entry of the redirection table, and more. */
const MANY_FLOWS = 256;
const RINGS = [8, 8, 16, 32, 64] as const;
const SIZES: readonly (readonly number[])[] = [
  [64],
  [64, 65, 66, 67],
  [...IMIX],
  [64, 128, 256],
  [1518],
  [64, 1518, 300],
];
const JUMBO: readonly (readonly number[])[] = [
  [9216, 64, 64],
  [64, 2048, 2049, 2053],
  [9018, 1518, 64, 64, 64, 4000],
];

export function drawScenario(seed: number, deck: Deck): SimScenario {
  const lots = new Lots(seed, 1);
  const cards = drawCards(lots, deck);
  const frames = cards.reduce((sum, card) => sum + card.frames, 0);
  return {
    seed,
    cards,
    swaps: deck.swaps ? drawSwaps(lots, deck, cards, frames) : [],
    rates: drawRates(lots, deck.faults),
    strikeEvery: lots.pick([8, 16, 32, 64, 128, 256]),
    cpuTurns: lots.between(1, 6),
    budget: lots.pick([1, 2, 4, 8, 16, 32]),
    ...(lots.chance(200) ? { spareBuffers: lots.pick([0, 8, 16, 64]) } : {}),
  };
}

function drawCards(lots: Lots, deck: Deck): SimCard[] {
  const app = lots.pick(deck.apps);
  const pair = app.sends === 'on';
  const count = pair ? 2 : lots.pick([1, 1, 1, 2, 2, 3]);
  const queues = lots.pick([1, 1, 1, 2, 2, 3, 4, 7]);
  const total = lots.between(436, 726);
  return Array.from({ length: count }, (_, i) => {
    const other = pair || i === 0 ? app : lots.pick(deck.apps.filter(({ sends }) => sends !== 'on'));
    const own = pair || i === 0 ? queues : lots.pick([1, 1, 2]);
    return drawCard(lots, deck, other.name, own, Math.ceil(total / count));
  });
}

function drawCard(lots: Lots, deck: Deck, app: string, queues: number, frames: number): SimCard {
  const definition = drawDriver(lots, deck, deck.course?.from);
  const jumbo = lots.chance(150);
  const sizes = lots.pick(jumbo ? JUMBO : SIZES);
  return {
    driver: definition.name,
    parameters: drawParameters(lots, definition.parameters, ['rxRing', 'rxBuffers', 'txRing', 'burst']),
    app,
    queues,
    sizes,
    flows: sizes.length === 1 && lots.chance(300) ? MANY_FLOWS : lots.pick([1, 2, 4 * queues, 64]),
    frames: jumbo ? Math.ceil(frames / 2) : frames,
    gapsUs: lots.chance(400) ? [] : drawGaps(lots),
    lossless: lots.chance(850),
    fifoKiB: lots.pick(FIFOS_KIB.filter((kib) => kib * 1024 >= 5 * Math.max(...sizes))),
  };
}

/** Bursts and pauses: most frames follow at once. */
function drawGaps(lots: Lots): number[] {
  const usual = lots.pick([0, 0, 1, 3]);
  return Array.from({ length: lots.between(4, 40) }, () =>
    lots.chance(100) ? lots.pick([5, 20, 60, 300, 1500]) : usual,
  );
}

function drawDriver(lots: Lots, { drivers, subject }: Deck, fixed: string | undefined): NicDriverDefinition {
  const given = drivers.find(({ name }) => name === fixed);
  if (given !== undefined) return given;
  const own = drivers.filter(({ name }) => name === subject);
  return lots.pick(own.length > 0 && lots.chance(600) ? own : drivers);
}

/** The `named` parameters always, the others now and then; the smallest values on purpose. */
function drawParameters(
  lots: Lots,
  specs: readonly ParameterSpec[],
  named: readonly string[],
): Record<string, number> {
  const drawn: Record<string, number> = {};
  for (const spec of specs) {
    if (!named.includes(spec.name) && (spec.geometry === true || lots.chance(300))) continue;
    drawn[spec.name] = drawValue(lots, spec);
  }
  return drawn;
}

function drawValue(lots: Lots, { name, min, max, powerOfTwo }: ParameterSpec): number {
  if (powerOfTwo === true) return Math.min(max, Math.max(min, lots.pick(RINGS)));
  if (name === 'rxBuffers') return lots.chance(500) ? lots.between(min, 16) : lots.between(min, 63);
  return lots.between(min, Math.min(max, min + lots.pick([0, 1, 3, 7, 15, 31])));
}

function drawSwaps(lots: Lots, deck: Deck, cards: readonly SimCard[], frames: number): SimSwap[] {
  const swaps =
    deck.course === undefined
      ? Array.from({ length: lots.pick([1, 2, 3, 3, 4, 5]) }, () =>
          drawSwap(lots, deck, cards, lots.below(cards.length), frames),
        )
      : cards.map((_, card) => drawSwap(lots, deck, cards, card, frames));
  // Several cards at once, now and then.
  const together = cards.length > 1 && lots.chance(350) ? swaps.at(0)?.afterFrames : undefined;
  const first = (swap: SimSwap) => swaps.find(({ card }) => card === swap.card) === swap;
  return swaps
    .map((swap) => (together !== undefined && first(swap) ? { ...swap, afterFrames: together } : swap))
    .sort((a, b) => a.afterFrames - b.afterFrames);
}

function drawSwap(lots: Lots, deck: Deck, cards: readonly SimCard[], card: number, frames: number): SimSwap {
  const { course } = deck;
  const definition = drawDriver(lots, deck, course?.to);
  const method = course === undefined ? drawMethod(lots, deck.faults) : lots.pick(course.methods);
  const shape = course === undefined ? ['rxRing', 'rxBuffers'] : ['rxBuffers'];
  const named = ['burst', ...shape.filter(() => lots.chance(450))];
  if (method === 'reset' && lots.chance(500)) named.push('txRing');
  const afterFrames = lots.below(Math.ceil(frames * 0.8));
  const drawn = drawParameters(lots, definition.parameters, named);
  return {
    card,
    afterFrames,
    to: definition.name,
    parameters: course?.moves === true ? { ...drawn, ...otherRing(lots, definition, cards[card]) } : drawn,
    method,
    ambushes: drawAmbushes(lots, deck.faults),
  };
}

function drawMethod(lots: Lots, faults: ReadonlySet<Fault>): Method {
  const resets = faults.has('reset');
  return lots.chance(720) ? 'inplace' : lots.pick(METHODS.filter((m) => resets || m !== 'reset'));
}

/** Half or twice the length that the card's rings have. */
function otherRing(
  lots: Lots,
  { parameters }: NicDriverDefinition,
  card: SimCard,
): Readonly<Record<string, number>> {
  const now = card.parameters.rxRing;
  const spec = parameters.find(({ name }) => name === 'rxRing');
  if (now === undefined || spec === undefined) return {};
  const lengths = [now / 2, now * 2].filter((length) => length >= spec.min && length <= spec.max);
  return lengths.length === 0 ? {} : { rxRing: lots.pick(lengths) };
}

/** Faults laid in wait. Those that end a swap are rarer, so that most swaps come through all phases. */
function drawAmbushes(lots: Lots, allowed: ReadonlySet<Fault>): Ambush[] {
  const all = [...allowed].filter((fault) => fault !== 'reset');
  const ambushes: Ambush[] = [];
  for (const phase of PHASES) {
    if (!lots.chance(420)) continue;
    const possible = all.filter(
      (fault) => canStrike(fault, phase) && (!FATAL.has(fault) || lots.chance(700)),
    );
    if (possible.length > 0) ambushes.push({ phase, fault: lots.pick(possible) });
  }
  return ambushes;
}

const FATAL: ReadonlySet<Fault> = new Set<Fault>(['throwingDriver', 'stuckDriver', 'failingAllocation']);
