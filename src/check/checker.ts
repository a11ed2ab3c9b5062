/**
 * Invariants that are looked at while a machine works, between two steps of its CPU. The end of a run is the
 * ledger's (`balance`); what these see, they see at the moment in which it goes wrong.
 */
import { type NicState, RX, TX } from '../drivers/nic/state.ts';
import type { BufferPool } from '../drivers/pool.ts';
import type { Verifier } from '../hw/link/verifier.ts';
import type { Memory } from '../hw/memory.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import { anomalyAsViolation } from './blocks/balance.ts';
import type { BlockBooks } from './blocks/books.ts';
import { accountBuffers } from './buffers.ts';
import type { Violation } from './ledger.ts';

/** What a checker may look at. */
export interface CheckedCard {
  readonly name: string;
  readonly state: NicState;
  /** Frames as the application received them, and as they came back on the cable, if any do. */
  readonly delivered: Verifier;
  readonly returned: Verifier | undefined;
  /** No frame may be missing: the link waits, and nobody resets the card. Likewise of what comes back. */
  readonly complete: boolean;
  readonly returnsAll: boolean;
}

export interface CheckedDisk {
  readonly name: string;
  /** What became of its requests, each block that was read held against what it may hold. */
  readonly books: BlockBooks;
}

export interface CheckedMachine {
  readonly memory: Memory;
  readonly cards: readonly CheckedCard[];
  readonly disks: readonly CheckedDisk[];
  readonly pool: BufferPool;
  /** What the CPU itself has noticed so far: lost wakeups, broken isolation, drivers that threw. */
  readonly noticed: readonly Violation[];
}

export interface Checker {
  /** Between two steps of the CPU, when no application holds a buffer. What is wrong, or undefined. */
  look(): Violation | undefined;
}

/** The default export of a checker module is one of these. */
export interface CheckerDefinition {
  readonly name: string;
  readonly description: string;
  create(machine: CheckedMachine): Checker;
}

/** Frames delivered and sent: each once, in order, unmodified. */
class Frames implements Checker {
  private readonly cards: readonly CheckedCard[];

  constructor({ cards }: CheckedMachine) {
    this.cards = cards;
  }

  look(): Violation | undefined {
    for (const card of this.cards) {
      const { name, delivered, returned, complete, returnsAll } = card;
      const seen = fault(name, delivered, 'received', complete) ?? fault(name, returned, 'sent', returnsAll);
      if (seen !== undefined) return seen;
    }
    return undefined;
  }
}

function fault(
  device: string,
  verifier: Verifier | undefined,
  side: 'received' | 'sent',
  complete: boolean,
): Violation | undefined {
  if (verifier === undefined || verifier.anomalies.length === 0) return undefined;
  const anomaly = verifier.anomalies.find(({ kind }) => complete || kind !== 'missing');
  if (anomaly === undefined) return undefined;
  const { kind, flow, sequence, queue, timeUs } = anomaly;
  const invariant =
    side === 'sent' ? 'transmit' : kind === 'damaged' ? 'damage' : kind === 'missing' ? 'delivery' : 'order';
  const what = kind === 'missing' ? 'was passed over by a later one' : `was ${kind}`;
  return {
    invariant,
    device,
    queue,
    flow,
    sequence,
    message: `frame ${sequence} of flow ${flow}, ${side}, ${what}`,
    timeUs,
  };
}

/** Requests completed once, blocks read as they were written. */
class Blocks implements Checker {
  private readonly disks: readonly CheckedDisk[];

  constructor({ disks }: CheckedMachine) {
    this.disks = disks;
  }

  look(): Violation | undefined {
    const disk = this.disks.find(({ books }) => books.noted > 0);
    return disk === undefined ? undefined : anomalyAsViolation(disk.name, disk.books.anomalies()[0]);
  }
}

/** Every buffer has one owner. */
class Buffers implements Checker {
  private readonly machine: CheckedMachine;
  /** For each buffer, the look in which an owner was last found. */
  private readonly seen: Int32Array;
  private looks = 0;
  private capacity = 0;
  private owned = 0;
  /** A digest of all positions at the last look: where none has moved, no buffer has. */
  private positions = 0;

  constructor(machine: CheckedMachine) {
    this.machine = machine;
    this.seen = new Int32Array(machine.pool.most);
  }

  look(): Violation | undefined {
    const { pool, cards } = this.machine;
    const positions = this.positionsNow();
    if (positions === this.positions) return undefined;
    this.positions = positions;
    this.looks++;
    this.owned = 0;
    this.capacity = pool.capacity;
    let fits = this.claim(pool.freeList, 0, pool.available, -1);
    for (const { state } of cards) fits &&= this.claimRings(state);
    if (fits && this.owned + pool.gone === this.capacity) return undefined;
    const [problem] = accountBuffers(pool, cards);
    if (problem === undefined) return undefined;
    const { device, queue, message } = problem;
    return { invariant: 'buffers', device, message, ...(queue === undefined ? {} : { queue }) };
  }

  private positionsNow(): number {
    const { pool, cards } = this.machine;
    const { words } = this.machine.memory;
    let digest = (pool.available * 31 + pool.gone) * 31 + pool.capacity;
    for (const { state } of cards) {
      for (let left = state.header('rxActive'); left !== 0; left &= left - 1) {
        const record = state.rx(31 - Math.clz32(left & -left));
        digest =
          Math.imul(digest, 31) + words[record + RX.consumed] + Math.imul(words[record + RX.posted], 17);
      }
      for (let left = state.header('txActive'); left !== 0; left &= left - 1) {
        const record = state.tx(31 - Math.clz32(left & -left));
        digest =
          Math.imul(digest, 31) + words[record + TX.reclaimed] + Math.imul(words[record + TX.filled], 17);
      }
    }
    return digest | 0;
  }

  private claimRings(state: NicState): boolean {
    const { words } = state.memory;
    const receive = state.header('rxActive');
    const transmit = state.header('txActive');
    for (let queue = 0; queue < QUEUES; queue++) {
      const rx = state.rx(queue);
      if ((receive & (1 << queue)) !== 0) {
        const shadow = words[rx + RX.shadow];
        const mask = words[rx + RX.slots] - 1;
        if (!this.claim(shadow, words[rx + RX.consumed], words[rx + RX.posted], mask)) return false;
      }
      const tx = state.tx(queue);
      if ((transmit & (1 << queue)) !== 0) {
        const shadow = words[tx + TX.shadow];
        const mask = words[tx + TX.slots] - 1;
        if (!this.claim(shadow, words[tx + TX.reclaimed], words[tx + TX.filled], mask)) return false;
      }
    }
    return true;
  }

  /** The buffers in positions `from` to `to` of a list; false when one of them is no buffer, or has another owner. */
  private claim(list: number, from: number, to: number, mask: number): boolean {
    const { seen, looks, capacity } = this;
    const { words } = this.machine.memory;
    if (mask >= 0 && (((to - from) | 0) < 0 || ((to - from) | 0) > mask)) return false;
    for (let at = from; at !== to; at = (at + 1) | 0) {
      const buffer = words[list + (at & mask)];
      if (buffer < 0 || buffer >= capacity || seen[buffer] === looks) return false;
      seen[buffer] = looks;
    }
    this.owned += (to - from) | 0;
    return true;
  }
}

/** Nothing is delivered that was not received, nor sent that was not accepted: at no moment, not only in the end. */
class Conservation implements Checker {
  private readonly cards: readonly CheckedCard[];

  constructor({ cards }: CheckedMachine) {
    this.cards = cards;
  }

  look(): Violation | undefined {
    const delivered = this.cards.reduce((sum, card) => sum + card.delivered.seen, 0);
    const returned = this.cards.reduce((sum, card) => sum + (card.returned?.seen ?? 0), 0);
    if (returned <= delivered) return undefined;
    const message = `${returned} frames were sent, and only ${delivered} received to be sent`;
    return { invariant: 'conservation', device: this.cards[0]?.name ?? '', message };
  }
}

/** Lost wakeups, isolation, drivers that threw in normal service. */
class Noticed implements Checker {
  private readonly machine: CheckedMachine;

  constructor(machine: CheckedMachine) {
    this.machine = machine;
  }

  look(): Violation | undefined {
    return this.machine.noticed[0];
  }
}

export const CHECKERS: readonly CheckerDefinition[] = [
  {
    name: 'frames',
    description: 'each frame is delivered and sent once, in order within its flow, unmodified',
    create: (machine) => new Frames(machine),
  },
  {
    name: 'blocks',
    description:
      'each request is completed once, a read returns the last acknowledged write, promises outlive the power',
    create: (machine) => new Blocks(machine),
  },
  {
    name: 'buffers',
    description: 'each buffer has one owner: the free list, a receive ring or a transmit ring',
    create: (machine) => new Buffers(machine),
  },
  {
    name: 'conservation',
    description: 'no more frames are sent than were received to be sent',
    create: (machine) => new Conservation(machine),
  },
  {
    name: 'noticed',
    description: 'no wakeup is lost, no swap touches another device, no driver throws in normal service',
    create: (machine) => new Noticed(machine),
  },
];
