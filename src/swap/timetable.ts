/** Which swaps are asked for, and when: single ones at their times, and a round through all ordered pairs. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import type { Parameters } from '../drivers/parameters.ts';
import type { Method } from './plan.ts';

/** Plain data. Times in microseconds from the first frame. */
export interface TimedSwap {
  readonly atUs: number;
  readonly slot: number;
  readonly to: string;
  readonly parameters: Parameters;
  readonly method: Method;
  /** When it is done all devices are handed over to the CPU that stands by. */
  readonly handsOver?: boolean;
}

export interface SwapRound {
  readonly intervalUs: number;
  readonly method: Method;
  /** Each parameter takes its values in turn, one a swap. */
  readonly vary: Readonly<Record<string, readonly number[]>>;
}

/** What is still to come. Times count from the first frame, whoever served it; a round begins anew, an interval from when it is taken up. */
export interface Timetable {
  readonly timed: readonly TimedSwap[];
  readonly round: SwapRound | undefined;
}

/** What is not due yet so long after the first frame. */
export function remaining({ timed, round }: Timetable, sinceUs: number): Timetable {
  return { timed: timed.filter(({ atUs }) => atUs > sinceUs), round };
}

/**
 * A closed walk over all ordered pairs of drivers, null swaps included, each once (Hierholzer's). Starts and
 * ends at the first driver; returns the drivers to go to, n * n of them.
 */
export function pairWalk(drivers: readonly string[]): string[] {
  const unused = new Map(drivers.map((driver) => [driver, [...drivers]]));
  const stack = drivers.slice(0, 1);
  const walk: string[] = [];
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    const next = unused.get(at)?.shift();
    if (next !== undefined) stack.push(next);
    else walk.push(stack.pop() ?? at);
  }
  return walk.reverse().slice(1);
}

/** A round with only what some of these drivers have as a parameter: what is varied may be another device's. */
export function ownRound(round: SwapRound, drivers: readonly DriverDeclaration[]): SwapRound {
  const known = new Set(drivers.flatMap(({ parameters }) => parameters.map(({ name }) => name)));
  const vary = Object.entries(round.vary).filter(([name]) => known.has(name));
  return { ...round, vary: Object.fromEntries(vary) };
}

/** The round's swaps of one slot, one after another without end. */
export class RoundRobin {
  private readonly method: Method;
  private readonly vary: readonly (readonly [string, readonly number[]])[];
  private readonly walk: readonly string[];
  private swaps = 0;

  /** `drivers` begins with the one that the slot starts with. */
  constructor(round: SwapRound, drivers: readonly string[]) {
    this.method = round.method;
    this.vary = Object.entries(round.vary);
    this.walk = pairWalk(drivers);
  }

  next(): { to: string; parameters: Parameters; method: Method } {
    const index = this.swaps++;
    const parameters: Record<string, number> = {};
    for (const [name, values] of this.vary) {
      const value = values[index % values.length];
      if (value !== undefined) parameters[name] = value;
    }
    return { to: this.walk[index % this.walk.length], parameters, method: this.method };
  }
}
