import type { Clock } from '../../hw/clock.ts';
import type { Memory, Region } from '../../hw/memory.ts';
import { CpuPort, InterruptFabric } from '../../hw/msix.ts';
import type { Lots } from './lots.ts';

interface Message {
  readonly address: number;
  readonly data: number;
  readonly dueUs: number;
}

const LONGEST_DELAY_US = 40;

/** Carries interrupt messages to the CPU: some arrive late, behind ones that were sent after them. */
export class SlowFabric extends InterruptFabric {
  /** Of a thousand messages, those that are late. */
  rate: number;
  /** The next message is late in any case. */
  delayNext = false;
  private readonly time: Clock;
  private readonly lots: Lots;
  private late: Message[] = [];

  constructor(memory: Memory, cpus: readonly Region[], clock: Clock, lots: Lots, rate: number) {
    super(
      cpus.map((cpu) => new CpuPort(memory, cpu)),
      clock,
    );
    this.time = clock;
    this.lots = lots;
    this.rate = rate;
  }

  override send(address: number, data: number): boolean {
    if (!this.delayNext && !this.lots.chance(this.rate)) return super.send(address, data);
    this.delayNext = false;
    this.late.push({ address, data, dueUs: this.time.nowUs() + this.lots.below(8 * LONGEST_DELAY_US) / 8 });
    return true;
  }

  get waiting(): boolean {
    return this.late.length > 0;
  }

  /** Those that are due arrive. Returns how many. */
  deliver(all = false): number {
    const now = this.time.nowUs();
    const due = this.late.filter(({ dueUs }) => all || dueUs <= now);
    if (due.length === 0) return 0;
    this.late = this.late.filter((message) => !due.includes(message));
    for (const { address, data } of due) super.send(address, data);
    return due.length;
  }

  /** Nothing that is on its way arrives. */
  lose(): void {
    this.late = [];
    this.delayNext = false;
  }

  nextTimerUs(): number {
    return this.late.reduce((next, { dueUs }) => Math.min(next, dueUs), Number.POSITIVE_INFINITY);
  }
}
