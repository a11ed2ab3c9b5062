import type { Memory, Region } from '../memory.ts';
import { count, counted, load, store } from '../shared.ts';

/**
 * Laboratory instruments: what the emulated card did where silicon has no register for it. Read by the
 * ledger, never by a driver. 64-bit counters as (low, high).
 */
export const PROBES = [
  'dmaFaults',
  'dropped.reset',
  'dropped.receiverOff',
  'dropped.filtered',
  'dropped.dmaFault',
  'transmit.dmaFault',
] as const;
export type Probe = (typeof PROBES)[number];

const INDEX = new Map(PROBES.map((name, i) => [name, i * 2]));
const HEARTBEAT = PROBES.length * 2;
export const PROBE_BYTES = (HEARTBEAT + 1) * 4;

export class Probes {
  private readonly memory: Memory;
  private readonly base: number;
  private beats = 0;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.base = region.address >>> 2;
  }

  count(probe: Probe, amount = 1): void {
    count(this.memory.words, this.base + (INDEX.get(probe) ?? 0), amount);
  }

  read(probe: Probe): number {
    return counted(this.memory.words, this.base + (INDEX.get(probe) ?? 0));
  }

  /** One more step of the engine; tells a watcher that the device has looked since. */
  beat(): void {
    this.beats = (this.beats + 1) | 0;
    store(this.memory.words, this.base + HEARTBEAT, this.beats);
  }

  heartbeat(): number {
    return load(this.memory.words, this.base + HEARTBEAT);
  }
}
