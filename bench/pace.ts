/**
 * The pace of the cores themselves. On a shared machine a neighbour on the same core takes a part of it, and the host
 * moves the cores that it lends: onto two halves of one, or so far apart that what one has written takes four times as
 * long to the other. Either lasts for milliseconds or seconds and strikes one loop more than another: what is timed
 * meanwhile does not compare, not even side by side.
 */
/** Some microseconds: much longer than looking at the clock. */
const STEPS = 5000;
/** A neighbour takes a fifth at the least; the gauge itself is off by a fiftieth. */
const OWN_PACE = 1.1;
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
  own({ gaugeNs, fetchNs = 0, seldomNs = 0 }: Gauges): boolean {
    const { best } = this;
    const near = fetchNs <= NEAR * best.fetchNs && seldomNs <= NEAR * best.seldomNs;
    return near && gaugeNs <= OWN_PACE * best.gaugeNs;
  }
}

/** Of this process: the cores of a machine are alike. */
export const pace = new Pace();
