/** Trials of several cells, by the turns in which the core was theirs alone. */
import type { Measured } from '../bench.ts';
import type { Collected } from '../collect.ts';
import type { Gauges, Pace } from '../pace.ts';
import { median } from '../statistics.ts';
import type { TimedTurns } from './messages.ts';

/** A turn that took so many times as long as the others was interrupted by somebody else. */
const INTERRUPTED = 8;
/** Turns before and behind one that tell what it would have taken: a swap fills fewer. */
const AROUND = 12;
/** Turns without disturbance that make a value of its own worth. */
const SETTLED = 20;

export class Trials<T extends TimedTurns> {
  private readonly trials: Readonly<Record<string, T[]>>;
  private readonly pace: Pace;

  constructor(names: readonly string[], pace: Pace) {
    this.trials = Object.fromEntries(names.map((name) => [name, []]));
    this.pace = pace;
  }

  get names(): readonly string[] {
    return Object.keys(this.trials);
  }

  add(name: string, trial: T): void {
    this.trials[name].push(trial);
    for (let turn = 0; turn < trial.ns.length; turn++) this.pace.know(gaugesAt(trial, turn));
  }

  /** All of a cell, in the order of the rounds. */
  of(name: string): readonly T[] {
    return this.trials[name];
  }

  /** Turns of a cell's trials in which the core kept its pace. */
  undisturbed(name: string): TimedTurns {
    return joined(this.of(name), (trial, turn) => this.pace.own(gaugesAt(trial, turn)));
  }

  /** Were there enough of them? */
  settled(name: string): boolean {
    return isEnough(this.undisturbed(name));
  }

  /** Of all cells. */
  get timed(): Measured['timed'] {
    const turns = Object.values(this.trials).flat();
    return {
      all: turns.reduce((count, { ns }) => count + ns.length, 0),
      undisturbed: this.names.reduce((count, name) => count + this.undisturbed(name).ns.length, 0),
    };
  }

  /** Nanoseconds a frame. */
  ns(name: string): number {
    return typicalNs(this.counted(name));
  }

  recordNs(collected: Collected, id: string, name: string): void {
    this.record(collected, id, [name], (turnsOf) => typicalNs(turnsOf(name)));
  }

  /** How many times as fast as another one. */
  recordRatio(collected: Collected, id: string, name: string, base: string): void {
    this.record(
      collected,
      id,
      [name, base],
      (turnsOf) => typicalNs(turnsOf(base)) / typicalNs(turnsOf(name)),
    );
  }

  /** Nanoseconds a frame that single turns took beyond the turns around them: what happens now and then. */
  beyondNs(name: string): number {
    const turns = this.counted(name);
    return beyondNs(turns) / sum(turns.frames);
  }

  /** Of turns of a kind that all these cells had enough of: at their own pace; where there are none, beside a neighbour; or any. */
  private record(
    collected: Collected,
    id: string,
    names: readonly string[],
    found: (turnsOf: (name: string) => TimedTurns) => number,
  ): void {
    const settled = (turnsOf: (name: string) => TimedTurns) =>
      names.every((name) => isEnough(turnsOf(name))) ? found(turnsOf) : undefined;
    const own = settled((name) => this.undisturbed(name));
    const shared = settled((name) => this.shared(name));
    if (shared !== undefined) collected.sharedValue(id, shared);
    collected.value(id, own ?? shared ?? found((name) => this.all(name)), own === undefined);
  }

  /** Turns in which a neighbour had its part of the core. */
  private shared(name: string): TimedTurns {
    return joined(this.of(name), (trial, turn) => this.pace.shared(gaugesAt(trial, turn)));
  }

  private all(name: string): TimedTurns {
    return joined(this.of(name), () => true);
  }

  /** Where cores hardly ever kept their pace, one turn is as good as another. */
  private counted(name: string): TimedTurns {
    return this.settled(name) ? this.undisturbed(name) : this.all(name);
  }
}

function isEnough({ ns }: TimedTurns): boolean {
  return ns.length >= SETTLED;
}

/** Nanoseconds a frame: the median over turns. */
export function typicalNs({ ns, frames }: Pick<TimedTurns, 'ns' | 'frames'>): number {
  return median(Array.from(ns, (value, turn) => value / Math.max(1, frames[turn])));
}

/**
 * Nanoseconds that single turns took beyond the turns around them, in sum. Whatever slows a stretch of turns down, as a
 * neighbour on the same host does, is left to `typicalNs`.
 */
export function beyondNs({ ns, frames }: TimedTurns): number {
  const limit = INTERRUPTED * median([...ns]);
  let beyond = 0;
  for (let turn = 0; turn < ns.length; turn++) {
    if (ns[turn] > limit) continue;
    const [from, to] = [Math.max(0, turn - AROUND), turn + AROUND + 1];
    beyond +=
      ns[turn] - frames[turn] * typicalNs({ ns: ns.subarray(from, to), frames: frames.subarray(from, to) });
  }
  return beyond;
}

function joined(
  trials: readonly TimedTurns[],
  kept: (trial: TimedTurns, turn: number) => boolean,
): TimedTurns {
  const of = (values: (trial: TimedTurns) => ArrayLike<number>) =>
    trials.flatMap((trial) => Array.from(values(trial)).filter((_, turn) => kept(trial, turn)));
  return {
    ns: Float64Array.from(of(({ ns }) => ns)),
    frames: Int32Array.from(of(({ frames }) => frames)),
    gaugeNs: Float64Array.from(of(({ gaugeNs }) => gaugeNs)),
    fetchNs: Float64Array.from(of(({ fetchNs }) => fetchNs)),
  };
}

function gaugesAt({ gaugeNs, fetchNs }: TimedTurns, turn: number): Gauges {
  return { gaugeNs: gaugeNs[turn], fetchNs: fetchNs[turn] };
}

function sum(values: Int32Array): number {
  return values.reduce((all, value) => all + value, 0);
}
