/**
 * The pace of the cores themselves. On a shared machine a neighbour on the same core takes a part of it, and the host
 * moves the cores that it lends: onto two halves of one, or so far apart that what one has written takes four times as
 * long to the other. Either lasts for milliseconds or seconds and strikes one loop more than another: what is timed
 * meanwhile does not compare with what is timed at their own pace, not even side by side. Beside a neighbour each loop keeps a
 * pace of its own, so that such turns compare with one another; of cores far apart not even that is true.
 */
/** Some microseconds: much longer than looking at the clock. */
const STEPS = 5000;
/** A neighbour takes a fifth at the least; the gauge itself is off by a fiftieth. */
const OWN_PACE = 1.1;
/** What a neighbour on the same core leaves of it: three quarters to less than a half. */
const SHARED_PACE = { least: 1.35, most: 2.3 };
/** Cores far apart take four times as long, two halves of one two thirds. */
const NEAR = 2;
const LINES = 64;
const WARM = 500;
/** Two cache lines: fetched in pairs. */
const LINE_WORDS = 32;
/** Odd, so that each line comes once, in an order that no core foresees. */
const STRIDE = 37;

let sum = 0;

/** Nanoseconds for a piece of arithmetic that fills the core's units and touches no memory. */
export function gaugeNs(): number {
  const began = performance.now();
  let [a, b, c, d] = [sum, 1, 2, 3];
  for (let i = 0; i < STEPS; i++) {
    a = (a + i) | 0;
    b = (b ^ i) | 0;
    c = (c - i) | 0;
    d = (d + (i << 1)) | 0;
  }
  sum = (a + b + c + d) & 1; // so that the compiler must do it
  return (performance.now() - began) * 1e6;
}

/** Lines of memory that one side writes and the other fetches. */
export class Lines {
  static readonly BYTES = LINES * LINE_WORDS * 4;
  private readonly words: Int32Array;
  private written = 0;

  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.words = new Int32Array(buffer, offset, LINES * LINE_WORDS);
  }

  /** What is stored next publishes them. */
  write(): void {
    this.written++;
    for (let i = 0; i < LINES; i++) this.words[i * LINE_WORDS] = this.written;
  }

  /** Nanoseconds for all of them. */
  fetchNs(): number {
    const began = performance.now();
    let seen = 0;
    for (let i = 0; i < LINES; i++) seen |= this.words[((i * STRIDE) % LINES) * LINE_WORDS];
    this.written = seen; // so that the compiler must do it
    return (performance.now() - began) * 1e6;
  }
}

/** Until the compiler knows the gauges: for threads that ask them seldom. */
export function warmGauges(): void {
  const lines = new Lines(new SharedArrayBuffer(Lines.BYTES), 0);
  for (let i = 0; i < WARM; i++) {
    gaugeNs();
    lines.write();
    lines.fetchNs();
  }
}

/** What the gauges said. Plain data, which goes from process to process. */
export interface Gauges {
  readonly gaugeNs: number;
  /** For lines that the other side had just written, where there were any. */
  readonly fetchNs?: number;
  /** The same by a thread that asks so seldom that the gauge has left its caches: half as long again, and more. */
  readonly seldomNs?: number;
}

/** Any pace is better. A number that JSON knows. */
const UNKNOWN = Number.MAX_VALUE;

/** What the cores' own pace is, from all that gauges said so far. */
export class Pace {
  private best: Required<Gauges> = { gaugeNs: UNKNOWN, fetchNs: UNKNOWN, seldomNs: UNKNOWN };

  know({ gaugeNs, fetchNs = UNKNOWN, seldomNs = UNKNOWN }: Gauges): void {
    this.best = {
      gaugeNs: Math.min(gaugeNs, this.best.gaugeNs),
      fetchNs: Math.min(fetchNs, this.best.fetchNs),
      seldomNs: Math.min(seldomNs, this.best.seldomNs),
    };
  }

  get known(): Required<Gauges> {
    return this.best;
  }

  /** Were the cores their owner's alone, and near each other, when gauges said this? */
  own(gauges: Gauges): boolean {
    return this.times(gauges) <= OWN_PACE && this.near(gauges, 1);
  }

  /** Had a neighbour its part of the core, and were the cores near each other? What was timed then compares with its like. */
  shared(gauges: Gauges): boolean {
    const times = this.times(gauges);
    return times >= SHARED_PACE.least && times <= SHARED_PACE.most && this.near(gauges, times);
  }

  private times({ gaugeNs }: Gauges): number {
    return gaugeNs / this.best.gaugeNs;
  }

  /** Whatever takes so many times as long by itself. */
  private near({ fetchNs = 0, seldomNs = 0 }: Gauges, times: number): boolean {
    const { best } = this;
    return fetchNs <= NEAR * times * best.fetchNs && seldomNs <= NEAR * times * best.seldomNs;
  }
}

/** Of this process: the cores of a machine are alike. */
export const pace = new Pace();
