/** The last events before a violation, without those that have nothing to do with it. */
import type { Invariant, Violation } from '../../check/ledger.ts';
import type { Trace } from './trace.ts';

const SHOWN = 16;
/** Steps without work, and what host and swap read again and again. */
const EMPTY = /^CPU begins|^CPU ends its step, 0 frames|reads (QPRDC|QPRC|RXMPC|RXMEMWRAP|RETA)\b/;
/** Invariants that one card may break on account of another. */
const OF_ALL_CARDS: ReadonlySet<Invariant> = new Set<Invariant>(['buffers', 'interrupts', 'conservation']);

interface Event {
  readonly timeUs: number;
  readonly text: string;
  /** The same for registers of one array. */
  readonly kind: string;
  more: number;
}

export class EventsOf implements Trace {
  private events: Event[] = [];
  private ended = false;
  /** The card was not looked at any more. */
  private readonly asleep: boolean;
  private readonly end: RegExp;
  private readonly ofOthers: RegExp | undefined;
  private readonly unmasks: string;

  /** `end` fits the event with which the story is over. */
  constructor({ invariant, device, message }: Violation, end: RegExp) {
    this.asleep = invariant === 'interrupts' || /neither delivered/.test(message);
    this.end = end;
    this.unmasks = `${device} writes EIMS`;
    this.ofOthers = OF_ALL_CARDS.has(invariant)
      ? undefined
      : new RegExp(`^(link of )?(?!${device}\\b)(eth|nvme)\\d`);
  }

  line(timeUs: number, text: string): void {
    if (this.ended || EMPTY.test(text) || this.ofOthers?.test(text) === true) return;
    this.ended = this.end.test(text);
    if (this.ended && this.asleep) this.forgetAfterSleep();
    const before = this.events.at(-1);
    const kind = text.replace(/\[\d+\]/, '');
    if (before?.kind === kind) before.more++;
    else this.events.push({ timeUs, text, kind, more: 0 });
    if (this.events.length > 64 * SHOWN) this.events.splice(0, 32 * SHOWN);
  }

  last(): string[] {
    return this.events
      .slice(-SHOWN)
      .map(
        ({ timeUs, text, more }) =>
          `${timeUs.toFixed(3).padStart(12)}  ${text}${more === 0 ? '' : `, and ${more} more like it`}`,
      );
  }

  /** What came when the lost wakeup was made up for says nothing of how it was lost. */
  private forgetAfterSleep(): void {
    const at = this.events.findLastIndex(({ text }) => text.startsWith(this.unmasks));
    if (at >= 0) this.events.length = at + 1;
  }
}
