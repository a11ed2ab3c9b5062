/** Swaps, and what the gauges said right behind each: the median is of those in which the cores kept their pace. */
import type { SwapRecord } from '../src/swap/record.ts';
import type { Measured } from './bench.ts';
import { type Gauges, gaugeNs, type Pace } from './pace.ts';
import { quantile } from './statistics.ts';

export interface GaugedSwap {
  readonly record: SwapRecord;
  readonly gauges: Gauges;
}

/** Swaps without disturbance that make a median of their own worth. */
const SETTLED = 20;
const MEDIAN = 0.5;
/** No core's own pace. */
const NEVER_ASKED = Number.MAX_VALUE;

/** Asks the core's gauge whenever a swap and its control window have ended: then no swap is timed. */
export class SwapGauges {
  private readonly gaugesNs: number[] = [];

  readonly swapEnded = (): void => {
    this.gaugesNs.push(gaugeNs());
  };

  /** `records`: those of the last swaps. `seldomNs`: what that gauge said meanwhile, where it was asked. */
  of(records: readonly SwapRecord[], seldomNs?: number): GaugedSwap[] {
    const first = this.gaugesNs.length - records.length;
    return records.map((record, i) => ({
      record,
      gauges: {
        gaugeNs: this.gaugesNs[first + i] ?? NEVER_ASKED,
        ...(seldomNs === undefined ? {} : { seldomNs }),
      },
    }));
  }
}

export class Swaps {
  readonly all: readonly SwapRecord[];
  private readonly swaps: readonly GaugedSwap[];
  private readonly pace: Pace;

  constructor(swaps: readonly GaugedSwap[], pace: Pace) {
    for (const { gauges } of swaps) pace.know(gauges);
    this.swaps = swaps;
    this.all = swaps.map(({ record }) => record);
    this.pace = pace;
  }

  filter(wanted: (record: SwapRecord) => boolean): Swaps {
    return new Swaps(
      this.swaps.filter(({ record }) => wanted(record)),
      this.pace,
    );
  }

  get timed(): Measured['timed'] {
    return { all: this.all.length, undisturbed: this.undisturbed().length };
  }

  /** Were there enough in which the cores kept their pace? */
  get settled(): boolean {
    return this.undisturbed().length >= SETTLED;
  }

  /** Tails are of all swaps: what lengthens a few of them may be the machine, and may be the swap. Undefined without values. */
  quantile(of: (record: SwapRecord) => number | undefined, part: number): number | undefined {
    const records = part === MEDIAN && this.settled ? this.undisturbed() : this.all;
    const values = records.map(of).filter((value) => value !== undefined);
    return values.length > 0 ? quantile(values, part) : undefined;
  }

  private undisturbed(): readonly SwapRecord[] {
    return this.swaps.filter(({ gauges }) => this.pace.own(gauges)).map(({ record }) => record);
  }
}
