import { QUEUES } from '../../hw/nic/datasheet.ts';
import type { BufferPool } from '../pool.ts';
import { lowestBit, StateError } from '../state-block.ts';
import { bounded, type NicState, RX, TX } from './state.ts';

/**
 * The per-slot walk over an adopted block: the buffer of every slot exists. Some slots at a time, while the new
 * driver goes on with the rings: what it takes before the walk comes there is no longer the ring's, and what it
 * posts is its own.
 */
export class SlotWalk {
  private readonly state: NicState;
  private readonly pool: BufferPool;
  /** Bits of the rings not yet done with: receive rings, above them transmit rings. */
  private left: number;
  private begun = false;
  /** Next slot of the ring under way, and where it ended when the walk came to it; free-running. */
  private at = 0;
  private end = 0;

  constructor(state: NicState, pool: BufferPool) {
    this.state = state;
    this.pool = pool;
    this.left = state.receiving | (state.sending << QUEUES);
  }

  /** Looks at so many slots at the most. True when the walk is over. Throws StateError. */
  advance(slots: number): boolean {
    let budget = slots;
    while (this.left !== 0 && budget > 0) {
      const ring = lowestBit(this.left);
      budget =
        ring < QUEUES
          ? this.walk('rx', ring, this.state.rx(ring), budget)
          : this.walk('tx', ring - QUEUES, this.state.tx(ring - QUEUES), budget);
      if (this.at !== this.end) break;
      this.begun = false;
      this.left &= this.left - 1;
    }
    return this.left === 0;
  }

  /** Returns what is left of the budget. */
  private walk(kind: 'rx' | 'tx', queue: number, record: number, budget: number): number {
    const receive = kind === 'rx';
    const { words } = this.state.memory;
    const mask = words[record + (receive ? RX.slots : TX.slots)] - 1;
    const shadow = words[record + (receive ? RX.shadow : TX.shadow)];
    this.catchUp(
      words[record + (receive ? RX.consumed : TX.reclaimed)],
      words[record + (receive ? RX.posted : TX.filled)],
      mask,
    );
    const { capacity } = this.pool;
    const first = this.at;
    const count = Math.min((this.end - first) | 0, budget);
    for (let i = 0; i < count; i++) {
      const slot = (first + i) & mask;
      const buffer = words[shadow + slot];
      if (buffer < 0 || buffer >= capacity)
        throw new StateError(`${kind} queue ${queue}, slot ${slot}: no such buffer as ${buffer}`);
    }
    this.at = (first + count) | 0;
    return budget - count;
  }

  private catchUp(head: number, tail: number, mask: number): void {
    if (!this.begun) {
      this.begun = true;
      this.at = head;
      this.end = bounded(head, tail, mask);
    } else if (((head - this.at) | 0) > 0) {
      this.at = ((this.end - head) | 0) > 0 ? head : this.end;
    }
  }
}
