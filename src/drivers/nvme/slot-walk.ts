import { PAGE_SHIFT } from '../../hw/memory.ts';
import { lowestBit, StateError } from '../state-block.ts';
import { MOST_MERGED } from './queue-pair.ts';
import { PENDING, REQUEST, type RequestTable } from './requests.ts';
import { type DiskState, NOBODY, OWN, PAIR, SHADOW, SHADOW_WORDS, stackOf } from './state.ts';

/**
 * The walk over the shadows of an adopted block: the requests of every command exist and are pending, and what is on the
 * stack is free. Some CIDs at a time, while the new driver goes on: what it completes before the walk comes there is free
 * by then, and what it submits is its own.
 */
export class CommandWalk {
  private readonly state: DiskState;
  private readonly requests: RequestTable;
  /** Bits of the queue pairs not yet done with. */
  private left: number;
  /** Next CID of the pair under way. */
  private cid = 0;

  constructor(state: DiskState, requests: RequestTable) {
    this.state = state;
    this.requests = requests;
    this.left = state.active;
  }

  /** Looks at so many CIDs at the most. True when the walk is over. Throws StateError. */
  advance(cids: number): boolean {
    const { words } = this.state.memory;
    let budget = cids;
    while (this.left !== 0 && budget > 0) {
      const queue = lowestBit(this.left);
      const record = this.state.pair(queue);
      const gone = (this.state.active & (1 << queue)) === 0;
      const depth = gone ? 0 : words[record + PAIR.depth];
      const end = Math.min(depth, this.cid + budget);
      for (; this.cid < end; this.cid++, budget--) {
        this.checkCommand(queue, this.cid, words[record + PAIR.shadow]);
        this.checkStack(queue, this.cid, record);
      }
      if (this.cid < depth) break;
      this.cid = 0;
      this.left &= this.left - 1;
    }
    return this.left === 0;
  }

  private checkCommand(queue: number, cid: number, shadows: number): void {
    const { words } = this.state.memory;
    const shadow = shadows + cid * SHADOW_WORDS;
    const first = words[shadow + SHADOW.first];
    const count = words[shadow + SHADOW.count];
    if (count === 0 || first === NOBODY || (first <= OWN && OWN - first < this.ownTags())) return;
    if (count < 1 || count > MOST_MERGED)
      throw new StateError(`queue pair ${queue}, command ${cid}: ${count} requests`);
    let request = first;
    for (let nth = 0; nth < count; nth++) {
      if (request < 0 || request >= this.requests.count)
        throw new StateError(`queue pair ${queue}, command ${cid}: no such request as ${request}`);
      if (this.requests.status(request) !== PENDING)
        throw new StateError(`queue pair ${queue}, command ${cid}: request ${request} is done`);
      request = words[this.requests.at(request) + REQUEST.next];
    }
  }

  /** Commands that are a driver's own move pages that it keeps in the extension of the block. */
  private ownTags(): number {
    return (this.state.header('extensionBytes') >>> 0) >>> PAGE_SHIFT;
  }

  /** The place of a CID's number on the stack, if it is in use. */
  private checkStack(queue: number, place: number, record: number): void {
    const { words } = this.state.memory;
    if (place >= words[record + PAIR.free]) return;
    const depth = words[record + PAIR.depth];
    const shadows = words[record + PAIR.shadow];
    const cid = words[stackOf(shadows, depth) + place];
    if (cid < 0 || cid >= depth || words[shadows + cid * SHADOW_WORDS + SHADOW.count] !== 0)
      throw new StateError(`queue pair ${queue}: command ${cid} is not free`);
  }
}
