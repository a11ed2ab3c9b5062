/** Where everything lies in a machine's memory. Plain data, made once and told to every thread. */

import { Burst } from '../drivers/burst.ts';
import { layoutStatistics } from '../drivers/nic/statistics.ts';
import { requestBytes } from '../drivers/nvme/requests.ts';
import type { Parameters } from '../drivers/parameters.ts';
import { BUFFER_BYTES, poolTableBytes } from '../drivers/pool.ts';
import { dmaTableBytes } from '../hw/dma.ts';
import { iommuBytes } from '../hw/iommu.ts';
import type { Pace } from '../hw/link/pacer.ts';
import { layoutPartner } from '../hw/link/partner.ts';
import { checkerStateBytes, type Stream } from '../hw/link/stream.ts';
import { layoutUndo } from '../hw/link/undo.ts';
import { layoutTally, SAVED_BYTES } from '../hw/link/verifier.ts';
import { align, MemoryMap, PAGE_BYTES, type Region } from '../hw/memory.ts';
import { CPU_IRQS, CPU_PORT_BYTES } from '../hw/msix.ts';
import { layoutBell, layoutNic, type NicLayout, STAGING_BYTES } from '../hw/nic/layout.ts';
import { layoutNvme, type NvmeLayout } from '../hw/nvme/layout.ts';
import type { Timing } from '../hw/nvme/timing.ts';
import { ASSIGNMENT_BYTES } from '../swap/assignment.ts';
import { LOSSES_BYTES } from '../swap/losses.ts';
import { APPLICATION_BYTES } from './apps/applications.ts';
import { layoutControl } from './control.ts';
import { layoutDiskService } from './disk-service.ts';
import { layoutRemote, type RemoteLayout, type RemoteOptions } from './remote/remote-client.ts';
import { layoutTenure } from './tenure.ts';
import type { WorkloadOptions } from './workload/options.ts';
import { layoutWorkload, type WorkloadLayout, workloadDataBytes } from './workload/workload.ts';

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
  /** Of the burst under way: what the check, and the application, had before it. */
  readonly deliveryJournal: Region;
  readonly deliveryUndo: Region;
  readonly applicationNotes: Region;
  /** Who serves the card. */
  readonly assignment: Region;
  readonly losses: Region;
  readonly returnState: Region | undefined;
  readonly returnTally: Region;
}

/** A disk, what is on it, and what its CPU does with it. */
export interface DiskPlan {
  readonly name: string;
  /** I/O queue pairs. */
  readonly queues: number;
  readonly driver: string;
  readonly parameters: Parameters;
  /** Blocks of 512 bytes, and those of the volatile write cache, 0 for none. */
  readonly blocks: number;
  readonly cacheBlocks: number;
  /** The file that it lies in, if not in memory. */
  readonly media: string | undefined;
  /** How long the media takes; without: no time. */
  readonly timing?: Timing;
  readonly client: ClientPlan;
  readonly durationUs: number;
}

/** Who asks a disk for something: a workload of the CPU's own, or another thread. */
export type ClientPlan =
  | { readonly kind: 'workload'; readonly options: WorkloadOptions }
  | { readonly kind: 'remote'; readonly options: RemoteOptions };

export type ClientLayout =
  | { readonly kind: 'workload'; readonly options: WorkloadOptions; readonly regions: WorkloadLayout }
  | { readonly kind: 'remote'; readonly options: RemoteOptions; readonly regions: RemoteLayout };

export interface DiskLayout extends Omit<DiskPlan, 'client'> {
  /** Among all devices: cards come first. */
  readonly index: number;
  readonly nvme: NvmeLayout;
  readonly requests: Region;
  /** Pages for the data of all requests. */
  readonly data: Region;
  readonly client: ClientLayout;
  /** How far its service has come. */
  readonly service: Region;
  /** Who serves the disk. */
  readonly assignment: Region;
  readonly losses: Region;
}

export interface MachineLayout {
  readonly bytes: number;
  readonly seed: number;
  readonly control: Region;
  readonly iommu: Region;
  /** Where the interrupts of each CPU arrive, and which one serves. */
  readonly cpus: readonly Region[];
  readonly tenure: Region;
  readonly hardwareBell: Region;
  readonly staging: Region;
  readonly dmaTable: Region;
  readonly dmaPages: Region;
  readonly poolTable: Region;
  readonly arena: Region;
  readonly cards: readonly CardLayout[];
  readonly disks: readonly DiskLayout[];
}

/** One that serves, and one that may stand by. */
export const CPUS = 2;
/** Lines of a device on its CPU: vector v of device d is line 16 * d + v. */
export const LINES_PER_DEVICE = 16;
export const MAX_DEVICES = CPU_IRQS / LINES_PER_DEVICE;
/**
 * State blocks and rings: the longest ones, twice each while they are exchanged. Of a disk, queue pairs of the greatest
 * depth with their PRP lists, and what a driver buffers.
 */
const DMA_BYTES = { card: 4 * 1024 * 1024, disk: 24 * 1024 * 1024 };

/** `map` already holds the streams. `buffers`: packet buffers that the machine can have at the most. */
export function layoutMachine(
  map: MemoryMap,
  plans: readonly CardPlan[],
  buffers: number,
  seed: number,
  diskPlans: readonly DiskPlan[] = [],
  dmaBytesOf: { readonly card: number; readonly disk: number } = DMA_BYTES,
): MachineLayout {
  const dmaBytes = dmaBytesOf.card * plans.length + dmaBytesOf.disk * diskPlans.length;
  const arenaBytes = align(buffers * BUFFER_BYTES, PAGE_BYTES);
  const poolBuffers = arenaBytes / BUFFER_BYTES;
  const control = layoutControl(map);
  const cpus = Array.from({ length: CPUS }, () => map.take(CPU_PORT_BYTES));
  const tenure = layoutTenure(map);
  const hardwareBell = layoutBell(map);
  const staging = map.take(STAGING_BYTES);
  const dmaTable = map.take(dmaTableBytes(dmaBytes));
  const poolTable = map.take(poolTableBytes(poolBuffers));
  // The IOMMU table covers the whole memory: what is laid out so far, what follows, and itself.
  const roughBytes =
    map.bytes +
    dmaBytes +
    arenaBytes +
    plans.length * 2 * 1024 * 1024 +
    checkerBytes(plans) +
    diskBytes(diskPlans);
  const iommu = map.take(iommuBytes(2 * roughBytes));
  const cards = plans.map((plan, index) => layoutCard(map, plan, index, plans, iommu, hardwareBell));
  const disks = diskPlans.map((plan, i) => layoutDisk(map, plan, plans.length + i, iommu, hardwareBell));
  const dmaPages = map.take(dmaBytes, PAGE_BYTES);
  const arena = map.take(arenaBytes, PAGE_BYTES);
  const bytes = map.bytes;
  return {
    bytes,
    seed,
    control,
    iommu,
    cpus,
    tenure,
    hardwareBell,
    staging,
    dmaTable,
    dmaPages,
    poolTable,
    arena,
    cards,
    disks,
  };
}

function checkerBytes(plans: readonly CardPlan[]): number {
  return plans.reduce((sum, plan) => sum + 2 * checkerStateBytes(plan.stream), 0);
}

/** About what a disk takes beyond its DMA memory. */
function diskBytes(plans: readonly DiskPlan[]): number {
  const room = new MemoryMap();
  for (const { client } of plans) {
    layoutClient(room, client);
    room.take(dataBytesOf(client), PAGE_BYTES);
  }
  return room.bytes + plans.length * 1024 * 1024;
}

function layoutClient(map: MemoryMap, client: ClientPlan): ClientLayout {
  return client.kind === 'workload'
    ? { ...client, regions: layoutWorkload(map, client.options) }
    : { ...client, regions: layoutRemote(map, client.options) };
}

function requestsOf({ kind, options }: ClientPlan): number {
  return kind === 'workload' ? options.iodepth : options.requests;
}

function dataBytesOf({ kind, options }: ClientPlan): number {
  return kind === 'workload' ? workloadDataBytes(options) : options.requests * options.transferBytes;
}

function layoutDisk(map: MemoryMap, plan: DiskPlan, index: number, iommu: Region, bell: Region): DiskLayout {
  const { name, client } = plan;
  return {
    ...plan,
    index,
    nvme: layoutNvme(map, name, index, iommu, bell),
    requests: map.take(requestBytes(requestsOf(client))),
    data: map.take(dataBytesOf(client), PAGE_BYTES),
    client: layoutClient(map, client),
    service: layoutDiskService(map),
    assignment: map.take(ASSIGNMENT_BYTES),
    losses: map.take(LOSSES_BYTES),
  };
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
    deliveryJournal: map.take(SAVED_BYTES),
    deliveryUndo: layoutUndo(map, Burst.CAPACITY),
    applicationNotes: map.take(APPLICATION_BYTES),
    assignment: map.take(ASSIGNMENT_BYTES),
    losses: map.take(LOSSES_BYTES),
    returnState: returning === undefined ? undefined : map.take(checkerStateBytes(returning.stream)),
    returnTally: layoutTally(map),
  };
}
