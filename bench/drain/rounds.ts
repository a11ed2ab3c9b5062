/** Trials of several cells, one after another in turn, so that what the machine does meanwhile strikes all alike. */
import { availableParallelism } from 'node:os';
import type { Collected } from '../collect.ts';
import { pace } from '../pace.ts';
import type { Cell } from './cell.ts';
import type { TimedTurns } from './messages.ts';
import { Trials } from './trials.ts';

/** What can be asked for trials. */
export interface Turning<T extends TimedTurns> {
  trial(turns: number, lead?: number): Promise<T>;
}

export interface Rounds {
  /** Rounds that are not counted: the compiler is still at work. */
  readonly warm: number;
  /** At the least, and at the most: more follow until each cell had ENOUGH turns without disturbance. */
  readonly counted: number;
  readonly most: number;
  /** Fillings of the rings in one trial. */
  readonly turns: number;
  /** See TrialPlan. */
  readonly lead?: number;
}

const ENOUGH = 60;

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

/** Counted trials of each cell. */
export async function trialsOf<T extends TimedTurns>(
  cells: Readonly<Record<string, Turning<T>>>,
  { warm, counted, most, turns, lead }: Rounds,
): Promise<Trials<T>> {
  const trials = new Trials<T>(Object.keys(cells), pace);
  const order = Object.entries(cells);
  const enough = () => order.every(([name]) => trials.undisturbed(name).ns.length >= ENOUGH);
  for (let round = 0; round < warm + counted || (round < warm + most && !enough()); round++) {
    for (const [name, cell] of order) {
      const trial = await cell.trial(turns, lead);
      if (round >= warm) trials.add(name, trial);
    }
    order.push(...order.splice(0, 1)); // who comes first has another cache: in turn
  }
  return trials;
}

export async function endAll(cells: Readonly<Record<string, Cell>>, collected: Collected): Promise<void> {
  for (const cell of Object.values(cells)) collected.ledgers.push((await cell.end()).ledger);
}
