import type { NicState } from '../drivers/nic/state.ts';
import type { Probes } from '../hw/nic/probes.ts';

/** Sleeps in a row that nobody ended, with work lying there all the time and the card at work in each. */
const SLEEPS = 3;

/**
 * No work waits with its vector enabled and nobody told. Asked when a sleeping CPU was woken by nobody: if
 * work has lain there for several sleeps, each far longer than moderation holds an interrupt back, and the
 * card has made steps in each, the interrupt is not coming any more.
 */
export class WakeupCheck {
  private readonly state: NicState;
  private readonly probes: Probes;
  private sleeps = 0;
  private beats = 0;

  constructor(state: NicState, probes: Probes) {
    this.state = state;
    this.probes = probes;
  }

  missed(): boolean {
    const beats = this.probes.heartbeat();
    const worked = beats !== this.beats;
    this.beats = beats;
    if (!this.state.workWaits()) this.sleeps = 0;
    else if (worked) this.sleeps++;
    if (this.sleeps <= SLEEPS) return false;
    this.sleeps = 0;
    return true;
  }
}
