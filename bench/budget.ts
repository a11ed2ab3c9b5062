/**
 * How long a run may take, and what each bench has of it. Which machine one gets is not the same from day to day: where the cores are
 * halves of one, all takes half as long again. Fewer processes are then better than smaller ones, which would measure something else.
 */
import type { Bench } from './bench.ts';

/** Below fifteen minutes and two, which the last processes may overrun. */
const SECONDS = { full: 855, quick: 100 };
/** Of a bench's processes, those that there are however long they take. */
const LEAST = { full: 0.5, quick: 0.3 };

/** Of a bench, in seconds on a slow day. */
interface Wanted {
  readonly least: number;
  readonly more: number;
}

export class Budget {
  private readonly quick: boolean;
  private readonly now: () => number;
  private readonly until: number;
  private readonly toCome: Bench[];
  /** Seconds that all processes so far have taken, and would have on a slow day. */
  private took = 0;
  private known = 0;

  /** `benches`: all of the run, in their order. `now`: in seconds. */
  constructor(benches: readonly Bench[], quick: boolean, now: () => number) {
    this.quick = quick;
    this.now = now;
    this.until = now() + (quick ? SECONDS.quick : SECONDS.full);
    this.toCome = [...benches];
  }

  /**
   * The next bench's: told how many processes there were, says whether there is time for one more. LEAST of them there always are; what
   * time is left beyond that, all that are still to come share.
   */
  next(): (done: number) => boolean {
    const toCome = this.toCome.map((bench) => this.wantedBy(bench));
    const bench = this.toCome.shift();
    if (bench === undefined) throw new Error('all benches of the run have had their turn');
    const { processes, least, seconds } = amounts(bench, this.quick);
    const began = this.now();
    let ended = began;
    return (done) => {
      const now = this.now();
      if (done > 0) {
        this.took += now - ended;
        this.known += seconds;
      }
      ended = now;
      if (done < least) return true;
      const next = (now - began) * (1 + 1 / done);
      return done < processes && next <= this.share(toCome, this.until - began);
    };
  }

  /** Of the first one, in seconds of today. */
  private share(toCome: readonly Wanted[], left: number): number {
    const slowness = this.took / this.known;
    const [{ least, more }] = toCome;
    const sum = (of: (wanted: Wanted) => number) =>
      toCome.reduce((all, wanted) => all + slowness * of(wanted), 0);
    const part = (left - sum((wanted) => wanted.least)) / sum((wanted) => wanted.more);
    return part >= 1 ? Number.POSITIVE_INFINITY : slowness * (least + Math.max(0, part) * more);
  }

  private wantedBy(bench: Bench): Wanted {
    const { processes, least, seconds } = amounts(bench, this.quick);
    return { least: least * seconds, more: (processes - least) * seconds };
  }
}

function amounts(bench: Bench, quick: boolean) {
  const amount = quick ? 'quick' : 'full';
  const processes = bench.processes[amount];
  return { processes, least: Math.ceil(processes * LEAST[amount]), seconds: bench.seconds[amount] };
}
