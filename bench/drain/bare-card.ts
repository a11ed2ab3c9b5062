/** What a loop written by hand needs of a card: brought up, one queue pair, its rings and buffers as word indices. */
import {
  bringUp,
  enableReceiveQueue,
  enableTransmitQueue,
  openReceiver,
} from '../../src/drivers/nic/bring-up.ts';
import { BUFFER_BYTES } from '../../src/drivers/pool.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import type { Clock } from '../../src/hw/clock.ts';
import type { DmaAllocator } from '../../src/hw/dma.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { DESCRIPTOR_BYTES, DESCRIPTOR_WORDS, rdt } from '../../src/hw/nic/datasheet.ts';
import { NicPort } from '../../src/hw/nic/port.ts';

/** As the drivers have it by default. */
export const SLOTS = 512;

export class BareCard {
  readonly port: NicPort;
  readonly index: number;
  /** First word of each ring. */
  readonly rx: number;
  readonly tx: number;
  private readonly words: Int32Array;
  private readonly rxAddress: number;
  private readonly txAddress: number;

  constructor(memory: Memory, layout: MachineLayout, index: number, clock: Clock, dma: DmaAllocator) {
    this.index = index;
    this.words = memory.words;
    this.port = new NicPort(memory, layout.cards[index].nic, clock);
    const rx = dma.allocate(SLOTS * DESCRIPTOR_BYTES, 'a receive ring');
    const tx = dma.allocate(SLOTS * DESCRIPTOR_BYTES, 'a transmit ring');
    this.port.map(rx);
    this.port.map(tx);
    this.port.map(layout.arena);
    this.rxAddress = rx.address;
    this.txAddress = tx.address;
    this.rx = rx.address >>> 2;
    this.tx = tx.address >>> 2;
  }

  /** Word index of one of the card's registers, in the memory: what the loop stores its doorbells to. */
  register(layout: MachineLayout, offset: number): number {
    return (layout.cards[this.index].nic.registers.address + offset) >>> 2;
  }

  *bringUp(): Generator<void> {
    yield* bringUp(this.port, 1);
    yield* enableReceiveQueue(this.port, 0, this.rxAddress, SLOTS);
    yield* enableTransmitQueue(this.port, 0, this.txAddress, SLOTS);
  }

  /** Puts buffers into all receive descriptors but one, and tells the card. */
  post(shadow: Int32Array, buffers: Int32Array): void {
    for (let slot = 0; slot < SLOTS - 1; slot++) {
      shadow[slot] = buffers[slot];
      this.words[this.rx + slot * DESCRIPTOR_WORDS] = buffers[slot];
    }
    this.port.write32(rdt(0), SLOTS - 1);
  }

  *open(): Generator<void> {
    yield* openReceiver(this.port);
  }
}

/** Addresses of `count` packet buffers. */
export function buffersOf(layout: MachineLayout, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, buffer) => layout.arena.address + buffer * BUFFER_BYTES);
}
