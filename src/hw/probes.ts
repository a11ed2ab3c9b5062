import type { Memory, Region } from './memory.ts';
import { count, counted, load, store } from './shared.ts';

export function probeBytes(names: readonly string[]): number {
  return (2 * names.length + 1) * 4;
}

/**
 * Laboratory instruments: what an emulated device did where silicon has no register for it. Read by the
 * ledger, never by a driver. 64-bit counters as (low, high), and a heartbeat behind them.
 */
export class ProbeBoard<Name extends string> {
  private readonly memory: Memory;
  private readonly base: number;
  private readonly index: ReadonlyMap<Name, number>;
  private readonly heart: number;
  private beats = 0;

  constructor(memory: Memory, region: Region, names: readonly Name[]) {
    this.memory = memory;
    this.base = region.address >>> 2;
    this.index = new Map(names.map((name, i) => [name, i * 2]));
    this.heart = this.base + names.length * 2;
  }

  count(probe: Name, amount = 1): void {
    count(this.memory.words, this.base + (this.index.get(probe) ?? 0), amount);
  }

  read(probe: Name): number {
    return counted(this.memory.words, this.base + (this.index.get(probe) ?? 0));
  }

  /** One more step of the engine; tells a watcher that the device has looked since. */
  beat(): void {
    this.beats = (this.beats + 1) | 0;
    store(this.memory.words, this.heart, this.beats);
  }

  heartbeat(): number {
    return load(this.memory.words, this.heart);
  }
}
