/** A card's memory with no card behind it: rings on which code is run before it meets a real one. */
import type { Burst } from '../drivers/burst.ts';
import type { NicDriver, NicDriverDefinition, NicEnvironment } from '../drivers/contract.ts';
import { makeRing, recordReceive, recordTransmit } from '../drivers/nic/ring-memory.ts';
import { NicState, RX, STATE_BYTES, TX } from '../drivers/nic/state.ts';
import { layoutStatistics, NicStatistics } from '../drivers/nic/statistics.ts';
import type { Parameters } from '../drivers/parameters.ts';
import { BUFFER_BYTES, BufferPool, poolTableBytes } from '../drivers/pool.ts';
import { Bell } from '../hw/bell.ts';
import type { Clock } from '../hw/clock.ts';
import { DmaAllocator, dmaTableBytes } from '../hw/dma.ts';
import { iommuBytes } from '../hw/iommu.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../hw/memory.ts';
import {
  DESCRIPTOR_WORDS,
  RX_DD,
  RX_EOP,
  RX_LENGTH_WORD,
  RX_STATUS_WORD,
  TX_DD,
  TX_STATUS_WORD,
} from '../hw/nic/datasheet.ts';
import { layoutBell, layoutNic } from '../hw/nic/layout.ts';
import { NicPort } from '../hw/nic/port.ts';
import { store } from '../hw/shared.ts';

/** So many that a swap's walk over the slots takes several slices. */
export const SCRATCH_SLOTS = 256;
const BUFFERS = 3 * SCRATCH_SLOTS;
const DMA_BYTES = 32 * PAGE_BYTES;
const FRAME_BYTES = 60;

/** The driver's own defaults, on rings as short as the scratch card's. */
export function onScratch(parameters: Parameters): Parameters {
  return { ...parameters, rxRing: SCRATCH_SLOTS, rxBuffers: SCRATCH_SLOTS - 1, txRing: SCRATCH_SLOTS };
}

export function defaultsOf({ parameters }: NicDriverDefinition): Parameters {
  return Object.fromEntries(parameters.map((spec) => [spec.name, spec.default]));
}

export class ScratchCard {
  readonly environment: NicEnvironment;
  /** Of the thread that would be its CPU: nobody rings it. */
  readonly bell: Bell;
  /** Who sends back what is received: looked up at each burst, as it may change with any poll. */
  slot: { readonly driver: NicDriver; deliveries: number } | undefined;
  private written = 0;
  private sent = 0;

  constructor(clock: Clock) {
    const map = new MemoryMap();
    const iommu = map.take(iommuBytes(4 * 1024 * 1024));
    const bell = layoutBell(map);
    const layout = layoutNic(map, 'scratch', 0, iommu, bell);
    const statistics = layoutStatistics(map);
    const table = map.take(dmaTableBytes(DMA_BYTES));
    const stack = map.take(poolTableBytes(BUFFERS));
    const pages = map.take(DMA_BYTES, PAGE_BYTES);
    const arena = map.take(BUFFERS * BUFFER_BYTES, PAGE_BYTES);
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.bell = new Bell(memory, bell);
    const port = new NicPort(memory, layout, clock);
    const dma = new DmaAllocator(memory, table, pages);
    const pool = new BufferPool(memory, stack, arena, { map: () => undefined, unmap: () => undefined });
    for (const _ of pool.grow(BUFFERS, BUFFERS));
    this.environment = {
      port,
      memory,
      dma,
      pool,
      state: new NicState(memory, dma.allocate(STATE_BYTES, 'a scratch state block')),
      statistics: new NicStatistics(memory, port, statistics),
      clock,
      queues: 1,
      deliver: (queue, burst) => this.deliver(queue, burst),
    };
    this.environment.state.format(0, 1);
    recordReceive(this.environment, 0, 0, makeRing(this.environment, 'rx', SCRATCH_SLOTS), SCRATCH_SLOTS - 1);
    recordTransmit(this.environment, 0, makeRing(this.environment, 'tx', SCRATCH_SLOTS));
  }

  /** What the card would do: so many frames in posted descriptors, and all sent ones reported. */
  complete(most: number): void {
    const { memory, state } = this.environment;
    const { words } = memory;
    const rx = state.rx(0);
    for (let frames = 0; frames < most && this.written !== words[rx + RX.posted]; frames++, this.written++) {
      const descriptor = words[rx + RX.ring] + (this.written & (SCRATCH_SLOTS - 1)) * DESCRIPTOR_WORDS;
      words[descriptor + RX_LENGTH_WORD] = FRAME_BYTES;
      store(words, descriptor + RX_STATUS_WORD, RX_DD | RX_EOP);
    }
    const tx = state.tx(0);
    for (; this.sent !== words[tx + TX.posted]; this.sent++)
      store(
        words,
        words[tx + TX.ring] + (this.sent & (SCRATCH_SLOTS - 1)) * DESCRIPTOR_WORDS + TX_STATUS_WORD,
        TX_DD,
      );
  }

  /** Every other burst is sent back, the rest is dropped. */
  private deliver(queue: number, burst: Burst): number {
    const { environment, slot } = this;
    const driver = slot?.driver;
    if (slot !== undefined) slot.deliveries++;
    if (driver !== undefined && (burst.position & 1) === 0 && driver.room(queue) >= burst.segments)
      driver.transmit(queue, burst, burst.segments, queue, burst.position);
    else for (let i = 0; i < burst.segments; i++) environment.pool.put(burst.buffers[i]);
    return burst.segments;
  }
}
