/** Runs a driver's code on a scratch card before it meets a real one, so that the compiler knows it by then. */
import type { Burst } from '../drivers/burst.ts';
import type { NicDriver, NicDriverDefinition, NicEnvironment } from '../drivers/contract.ts';
import { makeRing, recordReceive, recordTransmit } from '../drivers/nic/ring-memory.ts';
import { NicState, RX, STATE_BYTES, TX } from '../drivers/nic/state.ts';
import { layoutStatistics, NicStatistics } from '../drivers/nic/statistics.ts';
import type { Parameters } from '../drivers/parameters.ts';
import { BUFFER_BYTES, BufferPool, poolTableBytes } from '../drivers/pool.ts';
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

const SLOTS = 64;
const BUFFERS = 4 * SLOTS;
const DMA_BYTES = 32 * PAGE_BYTES;
const FRAME_BYTES = 60;
const POLLS = 3000;
const POLLS_PER_SLICE = 8;
const POLLS_PER_HANDOVER = 2;

const warm = new WeakSet<NicDriverDefinition>();

export function isWarm(definition: NicDriverDefinition): boolean {
  return warm.has(definition);
}

/**
 * Receives and sends some ten thousand frames on rings that no card is behind, and hands them over every few
 * polls from one driver of this kind to another. Throws what the driver throws.
 */
export function* warmUp(definition: NicDriverDefinition, parameters: Parameters): Generator<void> {
  const scratch = new ScratchCard();
  yield;
  const small = { ...parameters, rxRing: SLOTS, rxBuffers: SLOTS - 1, txRing: SLOTS };
  const format = definition.imports[0] ?? '';
  let driver = definition.create(scratch.environment, small);
  let successor = definition.create(scratch.environment, small);
  const copy = new Int32Array(STATE_BYTES / 4);
  for (let poll = 0; poll < POLLS; poll++) {
    if (poll % POLLS_PER_HANDOVER === 0) {
      handOver(scratch, driver, successor, format, copy);
      [driver, successor] = [successor, driver];
    }
    scratch.complete();
    driver.interrupt(0);
    driver.poll(SLOTS);
    if (poll % POLLS_PER_SLICE === 0) yield;
  }
  driver.quiesce();
  warm.add(definition);
}

/** What a swap does in its pause. */
function handOver(
  scratch: ScratchCard,
  from: NicDriver,
  to: NicDriver,
  format: string,
  copy: Int32Array,
): void {
  const { state } = scratch.environment;
  from.quiesce();
  state.save(copy);
  from.exportState(format);
  state.validate(0);
  to.importState(format);
  scratch.driver = to;
  to.activate();
}

class ScratchCard {
  readonly environment: NicEnvironment;
  driver: NicDriver | undefined;
  private written = 0;
  private sent = 0;

  constructor() {
    const map = new MemoryMap();
    const iommu = map.take(iommuBytes(4 * 1024 * 1024));
    const layout = layoutNic(map, 'scratch', 0, iommu, layoutBell(map));
    const statistics = layoutStatistics(map);
    const table = map.take(dmaTableBytes(DMA_BYTES));
    const stack = map.take(poolTableBytes(BUFFERS));
    const pages = map.take(DMA_BYTES, PAGE_BYTES);
    const arena = map.take(BUFFERS * BUFFER_BYTES, PAGE_BYTES);
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    const clock = { nowUs: () => 0 };
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
    recordReceive(this.environment, 0, 0, makeRing(this.environment, 'rx', SLOTS), SLOTS - 1);
    recordTransmit(this.environment, 0, makeRing(this.environment, 'tx', SLOTS));
  }

  /** What the card would do: frames in all posted descriptors, all sent ones reported. */
  complete(): void {
    const { memory, state } = this.environment;
    const { words } = memory;
    const rx = state.rx(0);
    for (; this.written !== words[rx + RX.posted]; this.written++) {
      const descriptor = words[rx + RX.ring] + (this.written & (SLOTS - 1)) * DESCRIPTOR_WORDS;
      words[descriptor + RX_LENGTH_WORD] = FRAME_BYTES;
      store(words, descriptor + RX_STATUS_WORD, RX_DD | RX_EOP);
    }
    const tx = state.tx(0);
    for (; this.sent !== words[tx + TX.posted]; this.sent++)
      store(
        words,
        words[tx + TX.ring] + (this.sent & (SLOTS - 1)) * DESCRIPTOR_WORDS + TX_STATUS_WORD,
        TX_DD,
      );
  }

  /** Every other burst is sent back, the rest is dropped. */
  private deliver(queue: number, burst: Burst): number {
    const { driver, environment } = this;
    if (driver !== undefined && (burst.position & 1) === 0 && driver.room(queue) >= burst.segments)
      driver.transmit(queue, burst, burst.segments, queue, burst.position);
    else for (let i = 0; i < burst.segments; i++) environment.pool.put(burst.buffers[i]);
    return burst.segments;
  }
}
