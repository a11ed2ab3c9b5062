/** Where everything lies in a machine's memory. Plain data, made once and told to every thread. */

import { layoutStatistics } from '../drivers/nic/statistics.ts';
import type { Parameters } from '../drivers/parameters.ts';
import { BUFFER_BYTES, poolTableBytes } from '../drivers/pool.ts';
import { dmaTableBytes } from '../hw/dma.ts';
import { iommuBytes } from '../hw/iommu.ts';
import type { Pace } from '../hw/link/pacer.ts';
import { layoutPartner } from '../hw/link/partner.ts';
import { checkerStateBytes, type Stream } from '../hw/link/stream.ts';
import { layoutTally } from '../hw/link/verifier.ts';
import { align, type MemoryMap, PAGE_BYTES, type Region } from '../hw/memory.ts';
import { CPU_IRQS, CPU_PORT_BYTES } from '../hw/msix.ts';
import { layoutBell, layoutNic, type NicLayout, STAGING_BYTES } from '../hw/nic/layout.ts';
import { layoutControl } from './control.ts';

/** A card, what its link sends, and what its CPU does with it. */
export interface CardPlan {
  readonly name: string;
  readonly queues: number;
  readonly driver: string;
  readonly parameters: Parameters;
  readonly app: string;
  readonly stream: Stream;
  readonly pace: Pace;
  readonly lossless: boolean;
  /** Frames may be lost for good reason: on an open link, or by a reset that was asked for. */
  readonly lossy: boolean;
  /** Of one delivered or returned frame in so many, a power of two, the whole payload is compared. */
  readonly wholeOneIn: number;
  readonly frames: number;
  readonly durationUs: number;
  /** Index of the card whose stream leaves by this one, if any: itself where frames go back, its peer where they go on. */
  readonly returns: number | undefined;
  /** Its frames leave, by whichever card, with destination and source exchanged. */
  readonly mirrored: boolean;
  /** Size of the card's packet buffer where it is not the usual one. */
  readonly fifoBytes?: number;
}

export interface CardLayout extends CardPlan {
  readonly index: number;
  readonly nic: NicLayout;
  readonly statistics: Region;
  readonly partner: Region;
  /** Progress of the delivery check in each flow, and its counts; likewise for what leaves the card. */
  readonly deliveryState: Region;
  readonly deliveryTally: Region;
  readonly returnState: Region | undefined;
  readonly returnTally: Region;
}

export interface MachineLayout {
  readonly bytes: number;
  readonly seed: number;
  readonly control: Region;
  readonly iommu: Region;
  readonly cpu: Region;
  readonly hardwareBell: Region;
  readonly staging: Region;
  readonly dmaTable: Region;
  readonly dmaPages: Region;
  readonly poolTable: Region;
  readonly arena: Region;
  readonly cards: readonly CardLayout[];
}

/** Lines of a card on its CPU: vector v of card c is line 16 * c + v. */
export const LINES_PER_CARD = 16;
export const MAX_CARDS = CPU_IRQS / LINES_PER_CARD;
/** State blocks and rings: the longest ones, twice each while they are exchanged. */
const DMA_BYTES_PER_CARD = 4 * 1024 * 1024;

/** `map` already holds the streams. `buffers`: packet buffers that the machine can have at the most. */
export function layoutMachine(
  map: MemoryMap,
  plans: readonly CardPlan[],
  buffers: number,
  seed: number,
  dmaBytesPerCard = DMA_BYTES_PER_CARD,
): MachineLayout {
  const dmaBytes = dmaBytesPerCard * plans.length;
  const arenaBytes = align(buffers * BUFFER_BYTES, PAGE_BYTES);
  const poolBuffers = arenaBytes / BUFFER_BYTES;
  const control = layoutControl(map);
  const cpu = map.take(CPU_PORT_BYTES);
  const hardwareBell = layoutBell(map);
  const staging = map.take(STAGING_BYTES);
  const dmaTable = map.take(dmaTableBytes(dmaBytes));
  const poolTable = map.take(poolTableBytes(poolBuffers));
  // The IOMMU table covers the whole memory: what is laid out so far, what follows, and itself.
  const roughBytes = map.bytes + dmaBytes + arenaBytes + plans.length * 2 * 1024 * 1024 + checkerBytes(plans);
  const iommu = map.take(iommuBytes(2 * roughBytes));
  const cards = plans.map((plan, index) => layoutCard(map, plan, index, plans, iommu, hardwareBell));
  const dmaPages = map.take(dmaBytes, PAGE_BYTES);
  const arena = map.take(arenaBytes, PAGE_BYTES);
  const bytes = map.bytes;
  return {
    bytes,
    seed,
    control,
    iommu,
    cpu,
    hardwareBell,
    staging,
    dmaTable,
    dmaPages,
    poolTable,
    arena,
    cards,
  };
}

function checkerBytes(plans: readonly CardPlan[]): number {
  return plans.reduce((sum, plan) => sum + 2 * checkerStateBytes(plan.stream), 0);
}

function layoutCard(
  map: MemoryMap,
  plan: CardPlan,
  index: number,
  plans: readonly CardPlan[],
  iommu: Region,
  bell: Region,
): CardLayout {
  const returning = plan.returns === undefined ? undefined : plans[plan.returns];
  return {
    ...plan,
    index,
    nic: layoutNic(map, plan.name, index, iommu, bell, plan.fifoBytes),
    statistics: layoutStatistics(map),
    partner: layoutPartner(map),
    deliveryState: map.take(checkerStateBytes(plan.stream)),
    deliveryTally: layoutTally(map),
    returnState: returning === undefined ? undefined : map.take(checkerStateBytes(returning.stream)),
    returnTally: layoutTally(map),
  };
}
