/** Prints for each planted bug how many seeds it took to find it, and which invariant was seen broken. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { BUGS } from './bugs.ts';
import { type Catch, hunt } from './hunt.ts';
import type { Sabotage } from './sabotage.ts';

const SEEDS = 3000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: String(SEEDS) },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    list: { type: 'string' },
  },
});

interface Row {
  readonly bug: Sabotage;
  readonly caught: Catch;
}

async function bugsToPlant(): Promise<readonly Sabotage[]> {
  const bugs = values.list === undefined ? BUGS : await listed(values.list);
  const only = values.only?.split(',');
  const chosen = bugs.filter(({ name }) => only?.includes(name) ?? true);
  if (chosen.length === 0) throw new Error(`there is no planted bug ${values.only}`);
  return chosen;
}

/** A module whose default export is a list of planted bugs: fresh ones, say. */
async function listed(file: string): Promise<readonly Sabotage[]> {
  const module: { default: readonly Sabotage[] } = await import(file);
  return module.default;
}

function line({ bug, caught }: Row): string {
  const how = caught === undefined ? 'NOT FOUND' : `${caught.seeds}`.padStart(9);
  const text = caught === undefined ? '' : `  ${caught.invariant.padEnd(12)}  ${caught.message}`;
  return `${bug.name.padEnd(44)}  ${bug.part.padEnd(7)}  ${how}${text}`.slice(0, 160);
}

const root = process.cwd();
const order = { from: Number(values.from), seeds: Number(values.seeds) };
const waiting = [...(await bugsToPlant())];
const rows: Row[] = [];

async function work(): Promise<void> {
  for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
    const row = { bug, caught: await hunt(bug, order, root) };
    rows.push(row);
    console.log(line(row));
  }
}

console.log(`${'planted bug'.padEnd(44)}  part     seeds      invariant     first violation`);
await Promise.all(Array.from({ length: availableParallelism() }, work));
const missed = rows.filter(({ caught }) => caught === undefined);
const median = rows
  .flatMap(({ caught }) => (caught === undefined ? [] : [caught.seeds]))
  .sort((a, b) => a - b)
  .at(Math.floor((rows.length - missed.length) / 2));
console.log(
  `\n${rows.length - missed.length} of ${rows.length} planted bugs found within ${order.seeds} seeds, half of them within ${median}`,
);
process.exitCode = missed.length === 0 ? 0 : 1;
