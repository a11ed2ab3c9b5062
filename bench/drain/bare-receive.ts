/**
 * The bare ring: the same card and the same descriptor protocol as a driver's, by hand. Each DD is read atomically, each
 * frame's flow and sequence number are checked, its buffer is exchanged for a free one, and the doorbell is rung
 * once a burst. No register access, no validation, no host, no application: what is left is what must be done.
 */
import type { MachineLayout } from '../../src/host/machine.ts';
import type { Clock } from '../../src/hw/clock.ts';
import { DmaAllocator } from '../../src/hw/dma.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { DESCRIPTOR_WORDS, RX_DD, RX_LENGTH_WORD, RX_STATUS_WORD, rdt } from '../../src/hw/nic/datasheet.ts';
import { BareCard, buffersOf, SLOTS } from './bare-card.ts';
import { ledgerOf, type Order, orderOf } from './order.ts';

const MASK = SLOTS - 1;

export class BareReceive {
  frames = 0;
  wrong = 0;
  private readonly words: Int32Array;
  private readonly card: BareCard;
  private readonly doorbell: number;
  private readonly burst: number;
  /** Address of the buffer in each slot, and of those that are free. */
  private readonly shadow = new Int32Array(SLOTS);
  private readonly free: Int32Array;
  private readonly order: Order;
  private head = 0;

  constructor(memory: Memory, layout: MachineLayout, clock: Clock, burst: number, wholeLedger: boolean) {
    this.words = memory.words;
    this.burst = burst;
    const dma = new DmaAllocator(memory, layout.dmaTable, layout.dmaPages);
    this.card = new BareCard(memory, layout, 0, clock, dma);
    this.doorbell = this.card.register(layout, rdt(0));
    this.free = buffersOf(layout, SLOTS + burst);
    const [card] = layout.cards;
    this.order = wholeLedger ? ledgerOf(memory, card) : orderOf(memory, card.stream);
  }

  *bringUp(): Generator<void> {
    const { card, shadow, free } = this;
    yield* card.bringUp();
    card.post(shadow, free);
    free.copyWithin(0, MASK);
    yield* card.open();
  }

  drain(): number {
    let frames = 0;
    for (let taken = this.take(); taken > 0; taken = this.take()) frames += taken;
    this.frames += frames;
    return frames;
  }

  private take(): number {
    const { words, shadow, free, order, head, burst } = this;
    const { rx } = this.card;
    let taken = 0;
    let wrong = 0;
    // The slot in front of the head is the one that is not posted.
    let posted = rx + ((head - 1) & MASK) * DESCRIPTOR_WORDS;
    for (; taken < burst; taken++) {
      const slot = (head + taken) & MASK;
      const descriptor = rx + slot * DESCRIPTOR_WORDS;
      // Pairs with the card's store of the first DD of a run.
      if ((Atomics.load(words, descriptor + RX_STATUS_WORD) & RX_DD) === 0) break;
      const buffer = shadow[slot];
      wrong += order.wrong(buffer >>> 2, words[descriptor + RX_LENGTH_WORD] & 0xffff);
      // The buffer is free, another one is posted.
      const fresh = free[taken];
      free[taken] = buffer;
      shadow[(slot - 1) & MASK] = fresh;
      words[posted] = fresh;
      words[posted + 1] = 0;
      words[posted + RX_STATUS_WORD] = 0;
      words[posted + RX_LENGTH_WORD] = 0;
      posted = descriptor;
    }
    if (taken === 0) return 0;
    this.wrong += wrong;
    this.head = (head + taken) & MASK;
    Atomics.store(words, this.doorbell, (this.head - 1) & MASK); // publishes the descriptors to the card
    return taken;
  }
}
