/**
 * The bare ring twice: frames of one card go out by another with their MAC addresses exchanged, by hand. As for
 * receiving alone; a sent burst is marked RS on its last descriptor and its buffers come home by that one's DD.
 */
import type { MachineLayout } from '../../src/host/machine.ts';
import type { Clock } from '../../src/hw/clock.ts';
import { DmaAllocator } from '../../src/hw/dma.ts';
import type { Memory } from '../../src/hw/memory.ts';
import {
  DESCRIPTOR_WORDS,
  RX_DD,
  RX_LENGTH_WORD,
  RX_STATUS_WORD,
  rdt,
  TX_COMMAND_WORD,
  TX_DD,
  TX_DEXT,
  TX_DTYP_DATA,
  TX_EOP,
  TX_IFCS,
  TX_PAYLEN_SHIFT,
  TX_RS,
  TX_STATUS_WORD,
  tdt,
} from '../../src/hw/nic/datasheet.ts';
import { BareCard, buffersOf, SLOTS } from './bare-card.ts';
import { type Order, orderOf } from './order.ts';

const MASK = SLOTS - 1;
const COMMAND = TX_DTYP_DATA | TX_DEXT | TX_IFCS | TX_EOP;

export class BareForward {
  frames = 0;
  wrong = 0;
  private readonly words: Int32Array;
  private readonly from: BareCard;
  private readonly to: BareCard;
  private readonly rxDoorbell: number;
  private readonly txDoorbell: number;
  private readonly burst: number;
  /** Address of the buffer in each slot, and of those that are free: a stack. */
  private readonly rxShadow = new Int32Array(SLOTS);
  private readonly txShadow = new Int32Array(SLOTS);
  private readonly free: Int32Array;
  private top: number;
  private readonly order: Order;
  private rxHead = 0;
  /** Next descriptor to fill and to bring home, and the last one of each burst on its way, oldest first. */
  private txTail = 0;
  private txHead = 0;
  private readonly marks = new Int32Array(SLOTS);
  private firstMark = 0;
  private lastMark = 0;

  constructor(memory: Memory, layout: MachineLayout, clock: Clock, burst: number) {
    this.words = memory.words;
    this.burst = burst;
    const dma = new DmaAllocator(memory, layout.dmaTable, layout.dmaPages);
    this.from = new BareCard(memory, layout, 0, clock, dma);
    this.to = new BareCard(memory, layout, 1, clock, dma);
    this.rxDoorbell = this.from.register(layout, rdt(0));
    this.txDoorbell = this.to.register(layout, tdt(0));
    this.free = buffersOf(layout, 2 * SLOTS + burst);
    this.top = this.free.length;
    this.order = orderOf(memory, layout.cards[0].stream);
  }

  *bringUp(): Generator<void> {
    const { from, to, rxShadow, free } = this;
    for (const card of [from, to]) yield* card.bringUp();
    from.post(rxShadow, free);
    free.copyWithin(0, MASK);
    this.top -= MASK;
    for (const card of [from, to]) yield* card.open();
  }

  drain(): number {
    let frames = 0;
    for (let taken = this.take(); taken > 0; taken = this.take()) frames += taken;
    this.frames += frames;
    return frames;
  }

  private take(): number {
    const { burst } = this;
    if (this.room() < burst) this.reclaim();
    const most = Math.min(burst, this.room());
    const { words, rxShadow, txShadow, free, order, rxHead, txTail } = this;
    const { rx } = this.from;
    const { tx } = this.to;
    let { top } = this;
    let taken = 0;
    let wrong = 0;
    let posted = rx + ((rxHead - 1) & MASK) * DESCRIPTOR_WORDS;
    let sent = 0;
    for (; taken < most; taken++) {
      const slot = (rxHead + taken) & MASK;
      const descriptor = rx + slot * DESCRIPTOR_WORDS;
      // Pairs with the card's store of the first DD of a run.
      if ((Atomics.load(words, descriptor + RX_STATUS_WORD) & RX_DD) === 0) break;
      const buffer = rxShadow[slot];
      const frame = buffer >>> 2;
      const length = words[descriptor + RX_LENGTH_WORD] & 0xffff;
      wrong += order.wrong(frame, length);
      const a = words[frame];
      const b = words[frame + 1];
      const c = words[frame + 2];
      words[frame] = (b >>> 16) | (c << 16);
      words[frame + 1] = (c >>> 16) | (a << 16);
      words[frame + 2] = (a >>> 16) | (b << 16);
      const out = (txTail + taken) & MASK;
      sent = tx + out * DESCRIPTOR_WORDS;
      txShadow[out] = buffer;
      words[sent] = buffer;
      words[sent + 1] = 0;
      words[sent + TX_COMMAND_WORD] = COMMAND | length;
      words[sent + TX_STATUS_WORD] = length << TX_PAYLEN_SHIFT;
      const fresh = free[--top];
      rxShadow[(slot - 1) & MASK] = fresh;
      words[posted] = fresh;
      words[posted + 1] = 0;
      words[posted + RX_STATUS_WORD] = 0;
      words[posted + RX_LENGTH_WORD] = 0;
      posted = descriptor;
    }
    if (taken === 0) return 0;
    this.top = top;
    this.wrong += wrong;
    this.rxHead = (rxHead + taken) & MASK;
    this.txTail = (txTail + taken) & MASK;
    words[sent + TX_COMMAND_WORD] |= TX_RS;
    this.marks[this.lastMark] = (this.txTail - 1) & MASK;
    this.lastMark = (this.lastMark + 1) & MASK;
    // Each publishes the descriptors below it to its card.
    Atomics.store(words, this.txDoorbell, this.txTail);
    Atomics.store(words, this.rxDoorbell, (this.rxHead - 1) & MASK);
    return taken;
  }

  private room(): number {
    return MASK - ((this.txTail - this.txHead) & MASK);
  }

  private reclaim(): void {
    const { words, txShadow, free, marks } = this;
    const { tx } = this.to;
    while (this.firstMark !== this.lastMark) {
      const mark = marks[this.firstMark];
      if ((Atomics.load(words, tx + mark * DESCRIPTOR_WORDS + TX_STATUS_WORD) & TX_DD) === 0) return;
      const end = (mark + 1) & MASK;
      for (; this.txHead !== end; this.txHead = (this.txHead + 1) & MASK)
        free[this.top++] = txShadow[this.txHead];
      this.firstMark = (this.firstMark + 1) & MASK;
    }
  }
}
