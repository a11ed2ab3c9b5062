import type { Memory, Region } from './memory.ts';
import { compareExchange, load, notify, store, wait } from './shared.ts';

export const BELL_BYTES = 16;
const AWAKE = 0;
const ASLEEP = 1;

/**
 * How a thread sleeps and is woken: it announces that it sleeps, looks once more, and parks; the
 * others notify only an announced sleeper, so ringing the bell of a busy thread costs one load.
 * Word 0 is the announcement; the double behind it is when the thread was last woken.
 */
export class Bell {
  private readonly memory: Memory;
  private readonly state: number;
  private readonly wokenAt: number;

  constructor(memory: Memory, region: Region) {
    this.memory = memory;
    this.state = region.address >>> 2;
    this.wokenAt = (region.address + 8) >>> 3;
  }

  /** Called by any thread after it has published what the sleeper must see. */
  ring(nowUs: number): void {
    const { words } = this.memory;
    if (load(words, this.state) !== ASLEEP) return;
    this.memory.doubles[this.wokenAt] = nowUs; // published by the exchange below
    if (compareExchange(words, this.state, ASLEEP, AWAKE) === ASLEEP) notify(words, this.state);
  }

  asleep(): boolean {
    return load(this.memory.words, this.state) === ASLEEP;
  }

  /** The owner announces that it sleeps, or is awake. */
  announce(asleep: boolean): void {
    store(this.memory.words, this.state, asleep ? ASLEEP : AWAKE);
  }

  /** Called by the owner: sleeps unless `hasWork` finds some after the announcement. False on time-out. */
  park(hasWork: () => boolean, timeoutMs: number): boolean {
    const { words } = this.memory;
    this.announce(true);
    const woken = hasWork() || wait(words, this.state, ASLEEP, timeoutMs);
    this.announce(false);
    return woken;
  }

  /** When the owner was last woken by `ring`, in microseconds of the machine's clock. */
  lastWokenUs(): number {
    return this.memory.doubles[this.wokenAt];
  }
}
