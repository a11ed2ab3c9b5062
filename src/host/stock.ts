/** What a CPU that takes over finds of buffers and DMA memory: whose each is, the state blocks say, and nobody else is asked. */
import type { NicEnvironment } from '../drivers/contract.ts';
import { memoryInUse } from '../drivers/nic/ring-memory.ts';
import type { DiskEnvironment } from '../drivers/nvme/contract.ts';
import { memoryOfDisk } from '../drivers/nvme/queue-memory.ts';
import type { BufferPool } from '../drivers/pool.ts';
import { DmaAllocator } from '../hw/dma.ts';
import { gapsBetween, type Region } from '../hw/memory.ts';
import type { DiskTypes } from '../swap/disk-kind.ts';
import type { Slot } from '../swap/slot.ts';

/** The memory belongs to another CPU, which may allocate at the same moment. */
export class NotYetOurs extends Error {
  constructor(what: string) {
    super(`no memory for ${what} before the devices are taken over: it is made in the pause`);
    this.name = 'NotYetOurs';
  }
}

/** Of a CPU that is made while another one serves: until it is opened, nothing is allocated. */
export class LateAllocator extends DmaAllocator {
  private opened = false;

  open(): void {
    this.opened = true;
  }

  override allocate(bytes: number, what: string): Region {
    if (!this.opened) throw new NotYetOurs(what);
    return super.allocate(bytes, what);
  }
}

/**
 * Pool and allocator follow from rings and queues: what lies in none was on its way, or a swap's that ended with its CPU. A
 * device may touch its rings, and nothing else of the DMA pages. Throws StateError.
 */
export function takeStock(
  cards: readonly Slot[],
  disks: readonly Slot<DiskTypes>[],
  pool: BufferPool,
  dma: DmaAllocator,
): void {
  pool.takeStock((claim) => {
    for (const { environment } of cards) environment.state.forEachBuffer(claim);
  });
  const ofCards = cards.flatMap(({ environment }) => keptByCard(environment, dma));
  dma.freeAllBut([...ofCards, ...disks.flatMap(({ environment }) => keptByDisk(environment, dma))]);
}

function keptByCard(environment: NicEnvironment, dma: DmaAllocator): Region[] {
  const { rings, shadows } = memoryInUse(environment);
  for (const gap of gapsBetween(dma.region, rings)) environment.port.unmap(gap);
  return [environment.state.region, ...rings, ...shadows];
}

function keptByDisk(environment: DiskEnvironment, dma: DmaAllocator): Region[] {
  const { touched, own } = memoryOfDisk(environment);
  for (const gap of gapsBetween(dma.region, touched)) environment.port.unmap(gap);
  return [...touched, ...own];
}
