import { type NicState, RX } from '../drivers/nic/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import type { Probes } from '../hw/nic/probes.ts';

/** Sleeps that nobody ended, with the same frame at the head of a ring all the time and the card at work in each. */
const SLEEPS = 3;
/** Several times as long as the card can hold an interrupt back (EITR, 8.2.3.5.12: 1,022 us). */
const LONG_US = 5000;

/**
 * No work waits with its vector enabled and nobody told. Asked when a sleeping CPU was woken by nobody. A ring that has
 * work then is no sign of anything: a frame may have come this moment, or lie there while its interrupt is moderated, at
 * every such look. But if it is the same frame at each of them, and the card has made steps in between, its
 * interrupt is not coming any more.
 */
export class WakeupCheck {
  private readonly state: NicState;
  private readonly probes: Probes;
  /** For each queue: the position of the frame that waits, when it was first seen to, and in how many sleeps. */
  private readonly position = new Int32Array(QUEUES);
  private readonly sinceUs = new Float64Array(QUEUES);
  private readonly sleeps = new Int32Array(QUEUES);
  private beats = 0;

  constructor(state: NicState, probes: Probes) {
    this.state = state;
    this.probes = probes;
  }

  missed(nowUs: number): boolean {
    const { state } = this;
    const beats = this.probes.heartbeat();
    const worked = beats !== this.beats;
    this.beats = beats;
    let missed = false;
    for (let left = state.receiving; left !== 0; left &= left - 1)
      if (this.look(lowestBit(left), worked, nowUs)) missed = true;
    return missed;
  }

  private look(queue: number, worked: boolean, nowUs: number): boolean {
    const { state, position, sinceUs, sleeps } = this;
    const consumed = state.memory.words[state.rx(queue) + RX.consumed];
    if (!state.receivedWaits(queue)) {
      sleeps[queue] = 0;
    } else if (sleeps[queue] === 0 || position[queue] !== consumed) {
      sleeps[queue] = 1;
      position[queue] = consumed;
      sinceUs[queue] = nowUs;
    } else if (worked) {
      sleeps[queue]++;
    }
    if (sleeps[queue] <= SLEEPS || nowUs - sinceUs[queue] < LONG_US) return false;
    sleeps[queue] = 0;
    return true;
  }
}
