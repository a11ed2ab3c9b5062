import { type NicState, RX } from '../drivers/nic/state.ts';
import { type DiskState, PAIR } from '../drivers/nvme/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import { VECTORS } from '../hw/nvme/datasheet.ts';

/** Sleeps that nobody ended, with the same work at the head of a queue all the time and the device at work in each. */
const SLEEPS = 3;
/** Queues of a device are below this. */
const MOST_QUEUES = 32;

/** What lies in the queues of a device for its driver to take. */
export interface WaitingWork {
  readonly what: string;
  /** Several times as long as the device can hold an interrupt back. */
  readonly longUs: number;
  /** Vectors by which a driver is told: 0 to one less. */
  readonly vectors: number;
  /** Queues to look at, as bits. */
  queues(): number;
  waits(queue: number): boolean;
  /** Where in its queue the oldest lies. */
  position(queue: number): number;
}

/** Interrupts of a card are held back by EITR, 1,022 us at the most (8.2.3.5.12). */
export function framesThatWait(state: NicState): WaitingWork {
  return {
    what: 'frames lie in a ring',
    longUs: 5000,
    vectors: QUEUES,
    queues: () => state.receiving,
    waits: (queue) => state.receivedWaits(queue),
    position: (queue) => state.memory.words[state.rx(queue) + RX.consumed],
  };
}

/** Those of a disk by Interrupt Coalescing, 25,500 us at the most (NVMe 5.21.1.8). */
export function completionsThatWait(state: DiskState): WaitingWork {
  return {
    what: 'completions lie in a queue',
    longUs: 100_000,
    vectors: VECTORS,
    queues: () => state.active,
    waits: (queue) => state.completed(queue),
    position: (queue) => state.memory.words[state.pair(queue) + PAIR.head],
  };
}

/**
 * No work waits with its vector enabled and nobody told. Asked when a sleeping CPU was woken by nobody. A queue that has
 * work then is no sign of anything: it may have come this moment, or lie there while its interrupt is held back, at
 * every such look. But if it is the same frame or completion at each of them, and the device has made steps in between,
 * its interrupt is not coming any more.
 */
export class WakeupCheck {
  readonly work: WaitingWork;
  private readonly probes: { heartbeat(): number };
  /** For each queue: the position of what waits, when it was first seen to, and in how many sleeps. */
  private readonly position = new Int32Array(MOST_QUEUES);
  private readonly sinceUs = new Float64Array(MOST_QUEUES);
  private readonly sleeps = new Int32Array(MOST_QUEUES);
  private beats = 0;

  constructor(work: WaitingWork, probes: { heartbeat(): number }) {
    this.work = work;
    this.probes = probes;
  }

  missed(nowUs: number): boolean {
    const beats = this.probes.heartbeat();
    const worked = beats !== this.beats;
    this.beats = beats;
    let missed = false;
    for (let left = this.work.queues(); left !== 0; left &= left - 1)
      if (this.look(lowestBit(left), worked, nowUs)) missed = true;
    return missed;
  }

  private look(queue: number, worked: boolean, nowUs: number): boolean {
    const { work, position, sinceUs, sleeps } = this;
    const at = work.position(queue);
    if (!work.waits(queue)) {
      sleeps[queue] = 0;
    } else if (sleeps[queue] === 0 || position[queue] !== at) {
      sleeps[queue] = 1;
      position[queue] = at;
      sinceUs[queue] = nowUs;
    } else if (worked) {
      sleeps[queue]++;
    }
    if (sleeps[queue] <= SLEEPS || nowUs - sinceUs[queue] < work.longUs) return false;
    sleeps[queue] = 0;
    return true;
  }
}
