import { nextRandom } from '../link/frames.ts';
import type { MediaOp } from './media.ts';

/** How long the media takes. */
export interface Timing {
  /** Microseconds from fetching a command to its completion, without the transfer. */
  readonly readUs: number;
  readonly writeUs: number;
  readonly flushUs: number;
  /** Transfers take turns at so many megabytes (10^6) a second; infinity: no time. */
  readonly megabytesPerSecond: number;
  /** Largest share of the latency by which a command takes longer, evenly spread: 0 none, 1 up to twice as long. */
  readonly jitter: number;
  readonly seed: number;
}

/** When commands are done that the media works on. */
export class MediaClock {
  private readonly timing: Timing;
  private random: number;
  private freeUs = 0;

  constructor(timing: Timing) {
    this.timing = timing;
    this.random = timing.seed;
  }

  doneUs(op: MediaOp, bytes: number, nowUs: number): number {
    const { timing } = this;
    const latencyUs = op === 'read' ? timing.readUs : op === 'write' ? timing.writeUs : timing.flushUs;
    this.random = nextRandom(this.random);
    const jitter = ((this.random >>> 0) / 2 ** 32) * timing.jitter;
    // Bytes at megabytes a second are microseconds.
    this.freeUs = Math.max(this.freeUs, nowUs) + bytes / timing.megabytesPerSecond;
    return this.freeUs + latencyUs * (1 + jitter);
  }

  /** The media is idle from now on. */
  reset(nowUs: number): void {
    this.freeUs = nowUs;
  }
}
