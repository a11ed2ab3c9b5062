/** The cards of a scenario, by lot. */
import { IMIX } from '../../hw/link/frames.ts';
import type { Deck } from './deck.ts';
import { drawDriver, drawParameters } from './draw-parameters.ts';
import type { Lots } from './lots.ts';

export interface SimCard {
  readonly driver: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly app: string;
  readonly queues: number;
  /** Wire sizes, FCS included, in turn. */
  readonly sizes: readonly number[];
  readonly flows: number;
  /** Frames come as in a capture, in rounds, and some of a flow are alike: else each has a number. */
  readonly captured?: boolean;
  readonly frames: number;
  /** Gaps between frames in microseconds, in rounds; none: as fast as the link takes them. */
  readonly gapsUs: readonly number[];
  readonly lossless: boolean;
  readonly fifoKiB: number;
}

/** A frame that does not fit behind the last one costs its length twice; PAUSE leaves half of the buffer for that. */
const FIFOS_KIB = [4, 8, 8, 16, 48, 64] as const;
/** One for each entry of the redirection table, and more. */
const MANY_FLOWS = 256;
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

export function drawCards(lots: Lots, deck: Deck): SimCard[] {
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
  const definition = drawDriver(lots, deck.drivers, deck.subject, deck.course?.from);
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
