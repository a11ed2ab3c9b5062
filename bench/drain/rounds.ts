/** Trials of several cells, one after another in turn, so that what the machine does meanwhile strikes all alike. */
import { availableParallelism } from 'node:os';
import type { Collected } from '../collect.ts';
import { median } from '../statistics.ts';
import type { Cell } from './cell.ts';
import type { TimedTurns } from './messages.ts';

/** What can be asked for trials. */
export interface Turning<T extends TimedTurns> {
  trial(turns: number, lead?: number): Promise<T>;
}

export interface Rounds {
  /** Rounds that are not counted: the compiler is still at work. */
  readonly warm: number;
  readonly counted: number;
  /** Fillings of the rings in one trial. */
  readonly turns: number;
  /** See TrialPlan. */
  readonly lead?: number;
}

/** A turn that took so many times as long as the others was interrupted by somebody else. */
const INTERRUPTED = 8;
/** Turns before and behind one that tell what it would have taken: a swap fills fewer. */
const AROUND = 12;

/** Cells by their names, as many at a time as there are cores: until they are measured each keeps one busy. */
export async function startAll(
  recipes: Readonly<Record<string, () => Promise<Cell>>>,
): Promise<Record<string, Cell>> {
  const waiting = Object.entries(recipes);
  const cells: [name: string, cell: Cell][] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, start] = next;
      cells.push([name, await start()]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const order = Object.keys(recipes);
  return Object.fromEntries(cells.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
}

/** Counted trials of each cell, by its name, in the order of the rounds. */
export async function trialsOf<T extends TimedTurns>(
  cells: Readonly<Record<string, Turning<T>>>,
  { warm, counted, turns, lead }: Rounds,
): Promise<Record<string, T[]>> {
  const trials: Record<string, T[]> = Object.fromEntries(Object.keys(cells).map((name) => [name, []]));
  const order = Object.entries(cells);
  for (let round = 0; round < warm + counted; round++) {
    for (const [name, cell] of order) {
      const trial = await cell.trial(turns, lead);
      if (round >= warm) trials[name].push(trial);
    }
    order.push(...order.splice(0, 1)); // who comes first has another cache: in turn
  }
  return trials;
}

/** Nanoseconds a frame: the median over a trial's turns. */
export function typicalNs({ ns, frames }: TimedTurns): number {
  return median(Array.from(ns, (value, turn) => value / Math.max(1, frames[turn])));
}

/**
 * Nanoseconds that single turns of a trial took beyond the turns around them, in sum: what happens now and then. Whatever
 * slows a stretch of turns down, as a neighbour on the same host does, is left to `typicalNs`.
 */
export function beyondNs({ ns, frames }: TimedTurns): number {
  const limit = INTERRUPTED * median([...ns]);
  let beyond = 0;
  for (let turn = 0; turn < ns.length; turn++) {
    if (ns[turn] > limit) continue;
    const around = ns.subarray(Math.max(0, turn - AROUND), turn + AROUND + 1);
    const framesAround = frames.subarray(Math.max(0, turn - AROUND), turn + AROUND + 1);
    beyond += ns[turn] - frames[turn] * typicalNs({ ns: around, frames: framesAround });
  }
  return beyond;
}

/** The median of the ratios of trials that stood next to each other. */
export function ratioOf(
  trials: readonly TimedTurns[],
  base: readonly TimedTurns[],
  of: (trial: TimedTurns) => number = typicalNs,
): number {
  return median(trials.map((trial, round) => of(base[round]) / of(trial)));
}

export async function endAll(cells: Readonly<Record<string, Cell>>, collected: Collected): Promise<void> {
  for (const cell of Object.values(cells)) collected.ledgers.push((await cell.end()).ledger);
}
