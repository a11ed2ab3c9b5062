/** What the ledger is told of a card: read from the link, from the application's memory and from the card's counters. */
import { BlockBooks } from '../check/blocks/books.ts';
import type { CardFacts } from '../check/ledger.ts';
import { readDrops } from '../drivers/nic/statistics.ts';
import { readPartner } from '../hw/link/partner.ts';
import { type Anomaly, readTally } from '../hw/link/verifier.ts';
import type { Memory, Region } from '../hw/memory.ts';
import { PROBES, Probes } from '../hw/nic/probes.ts';
import { Losses } from '../swap/losses.ts';
import { DiskService } from './disk-service.ts';
import type { CardLayout, DiskLayout } from './machine.ts';

export interface CardCounts {
  readonly offered: number;
  readonly octets: number;
  readonly done: boolean;
  readonly delivered: ReturnType<typeof readTally>;
  readonly returned: ReturnType<typeof readTally>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly wasReset: boolean;
  /** Accepted, and thrown away by a reset. */
  readonly unsent: number;
  readonly dmaFaults: number;
}

export function countCard(memory: Memory, card: CardLayout): CardCounts {
  const { offered, octets, linkDown, done } = readPartner(memory, card.partner);
  const { missed, queues } = readDrops(memory, card.statistics);
  const probes = new Probes(memory, card.nic.probes);
  const losses = lossesOf(memory, card);
  const discardedByReset = losses.discarded('received');
  const dropped: Record<string, number> = { fifoOverflow: missed, queue: queues, linkDown, discardedByReset };
  for (const probe of PROBES)
    if (probe.startsWith('dropped.')) dropped[probe.slice('dropped.'.length)] = probes.read(probe);
  return {
    offered,
    octets,
    done,
    delivered: readTally(memory, card.deliveryTally),
    returned: readTally(memory, card.returnTally),
    dropped,
    wasReset: losses.wasReset,
    unsent: losses.discarded('accepted'),
    dmaFaults: probes.read('dmaFaults'),
  };
}

/** A disk's requests so far, for those who watch a run. */
export interface DiskCounts {
  readonly submitted: number;
  readonly completed: number;
  /** Completed without having been asked for, or not what was written. */
  readonly broken: number;
  /** Something is to come of itself: a client that asks for nothing may do so for ever. */
  readonly waits: boolean;
  /** All that was to be asked for is done, and was read once more. */
  readonly done: boolean;
}

export function countDisk(memory: Memory, disk: DiskLayout): DiskCounts {
  const books = new BlockBooks(memory, disk.client.regions.books);
  const submitted = books.read('submitted');
  const completed = books.read('completed');
  const { done } = new DiskService(memory, disk.service);
  const asks = disk.client.kind === 'workload' || submitted > completed;
  return {
    submitted,
    completed,
    waits: asks && !done,
    broken: books.read('duplicated') + books.read('corrupt') + books.read('brokenPromises'),
    done,
  };
}

/** Frames, those that came twice counted once: of what is sent, the ledger takes away the repeated ones too. */
function distinct({ delivered }: CardCounts): number {
  return delivered.frames - delivered.duplicated;
}

/** `counts` of all cards, in their order. */
export function factsOf(
  card: CardLayout,
  counts: readonly CardCounts[],
  deliveredAnomalies: readonly Anomaly[],
  returnedAnomalies: readonly Anomaly[],
): CardFacts {
  const { offered, delivered, dropped, wasReset, returned, unsent } = counts[card.index];
  return {
    name: card.name,
    lossless: card.lossless,
    offered,
    delivered,
    deliveredAnomalies,
    dropped,
    wasReset,
    returned,
    returnedAnomalies,
    accepted: card.returns === undefined ? undefined : distinct(counts[card.returns]) - unsent,
  };
}

export function lossesOf({ words }: Memory, { losses }: { readonly losses: Region }): Losses {
  return new Losses(words, losses.address >>> 2);
}
