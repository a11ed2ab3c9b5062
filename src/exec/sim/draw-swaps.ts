/** The swaps of a scenario, and the faults that lie in wait for them, by lot. */
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import type { DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import type { ParameterSpec } from '../../drivers/parameters.ts';
import { METHODS, type Method, PHASES } from '../../swap/plan.ts';
import type { Deck } from './deck.ts';
import type { SimCard } from './draw-cards.ts';
import { DISK_PARAMETERS, type SimDisk } from './draw-disks.ts';
import { drawDriver, drawParameters } from './draw-parameters.ts';
import { type Ambush, canStrike, type DeviceClass, type Fault } from './faults.ts';
import type { Lots } from './lots.ts';

export interface SimSwap {
  /** Among all devices: cards come first. */
  readonly device: number;
  /** Asked for when so many frames have been offered and requests submitted, to all devices together. */
  readonly after: number;
  readonly to: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly method: Method;
  readonly ambushes: readonly Ambush[];
}

/** Faults that end a swap, or the machine: rarer, so that most swaps come through all phases. */
const FATAL: ReadonlySet<Fault> = new Set<Fault>([
  'throwingDriver',
  'stuckDriver',
  'failingAllocation',
  'powerCut',
]);

export function drawSwaps(
  lots: Lots,
  deck: Deck,
  cards: readonly SimCard[],
  disks: readonly SimDisk[],
): SimSwap[] {
  const work = [...cards.map(({ frames }) => frames), ...disks.map(({ requests }) => requests)];
  const total = work.reduce((sum, amount) => sum + amount, 0);
  const drawOne = (device: number): SimSwap =>
    device < cards.length
      ? drawCardSwap(lots, deck, cards, device, total)
      : drawDiskSwap(lots, deck, cards.length, disks, device, total);
  const swaps =
    deck.course === undefined
      ? Array.from({ length: lots.pick([1, 2, 3, 3, 4, 5]) }, () => drawOne(lots.below(work.length)))
      : work.map((_, device) => drawOne(device));
  // Several devices at once, now and then.
  const together = work.length > 1 && lots.chance(350) ? swaps.at(0)?.after : undefined;
  const first = (swap: SimSwap) => swaps.find(({ device }) => device === swap.device) === swap;
  return swaps
    .map((swap) => (together !== undefined && first(swap) ? { ...swap, after: together } : swap))
    .sort((a, b) => a.after - b.after);
}

function drawCardSwap(
  lots: Lots,
  deck: Deck,
  cards: readonly SimCard[],
  device: number,
  total: number,
): SimSwap {
  const { course } = deck;
  const definition = drawDriver(lots, deck.drivers, deck.subject, course?.to);
  const method = course === undefined ? drawMethod(lots, deck.faults) : lots.pick(course.methods);
  const shape = course === undefined ? ['rxRing', 'rxBuffers'] : ['rxBuffers'];
  const named = ['burst', ...shape.filter(() => lots.chance(450))];
  if (method === 'reset' && lots.chance(500)) named.push('txRing');
  const after = lots.below(Math.ceil(total * 0.8));
  const drawn = drawParameters(lots, definition.parameters, named);
  return {
    device,
    after,
    to: definition.name,
    parameters: course?.moves === true ? { ...drawn, ...otherRing(lots, definition, cards[device]) } : drawn,
    method,
    ambushes: drawAmbushes(lots, deck.faults, 'nic', true),
  };
}

function drawDiskSwap(
  lots: Lots,
  deck: Deck,
  cards: number,
  disks: readonly SimDisk[],
  device: number,
  total: number,
): SimSwap {
  const { course } = deck;
  const definition = drawDriver(lots, deck.diskDrivers, deck.subject, course?.to);
  const deeper = course === undefined && lots.chance(450);
  const shape = deeper ? DISK_PARAMETERS : DISK_PARAMETERS.filter((name) => name !== 'queueDepth');
  const after = lots.below(Math.ceil(total * 0.8));
  const drawn = drawParameters(lots, definition.parameters, shape);
  const moved = course?.moves === true ? otherDepth(lots, definition, disks[device - cards]) : {};
  return {
    device,
    after,
    to: definition.name,
    parameters: { ...drawn, ...moved },
    method: course === undefined ? drawMethod(lots, deck.faults) : lots.pick(course.methods),
    ambushes: drawAmbushes(lots, deck.faults, 'nvme', cards > 0),
  };
}

function drawMethod(lots: Lots, faults: ReadonlySet<Fault>): Method {
  const resets = faults.has('reset');
  return lots.chance(720) ? 'inplace' : lots.pick(METHODS.filter((m) => resets || m !== 'reset'));
}

/** Half or twice the length that the card's rings have. */
function otherRing(lots: Lots, { parameters }: NicDriverDefinition, card: SimCard): SimSwap['parameters'] {
  const now = card.parameters.rxRing;
  return otherLength(lots, parameters, 'rxRing', now === undefined ? [] : [now / 2, now * 2]);
}

/** One more or less than the disk's queue pairs have. */
function otherDepth(lots: Lots, { parameters }: DiskDriverDefinition, disk: SimDisk): SimSwap['parameters'] {
  const now = disk.parameters.queueDepth;
  return otherLength(lots, parameters, 'queueDepth', now === undefined ? [] : [now - 1, now + 1]);
}

/** None, where the driver takes none of these. */
function otherLength(
  lots: Lots,
  parameters: readonly ParameterSpec[],
  name: string,
  lengths: readonly number[],
): SimSwap['parameters'] {
  const spec = parameters.find((known) => known.name === name);
  const fit = lengths.filter((length) => spec !== undefined && length >= spec.min && length <= spec.max);
  return fit.length === 0 ? {} : { [name]: lots.pick(fit) };
}

/** `kept`: the power does not fail, for frames would be lost with it. */
function drawAmbushes(lots: Lots, allowed: ReadonlySet<Fault>, device: DeviceClass, kept: boolean): Ambush[] {
  const all = [...allowed].filter((fault) => fault !== 'reset' && !(kept && fault === 'powerCut'));
  const ambushes: Ambush[] = [];
  for (const phase of PHASES) {
    if (!lots.chance(420)) continue;
    const possible = all.filter(
      (fault) => canStrike(fault, phase, device) && (!FATAL.has(fault) || lots.chance(700)),
    );
    if (possible.length > 0) ambushes.push({ phase, fault: lots.pick(possible) });
  }
  return ambushes;
}
