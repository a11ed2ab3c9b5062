/** What swaps cost the traffic: while they are done, after many of them, and before the first one. */
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { Cell, PRODUCT } from './drain/cell.ts';
import type { Drainer, Trial } from './drain/messages.ts';
import { endAll, type Rounds, startAll, type Turning, trialsOf } from './drain/rounds.ts';
import type { Trials } from './drain/trials.ts';
import { machineFor } from './machines.ts';
import type { Figure, Goal, ResultTable } from './results.ts';
import { DRIVERS } from './traffic-kinds.ts';

const FULL: Rounds = { warm: 5, counted: 6, most: 10, turns: 170 };
const QUICK: Rounds = { warm: 6, counted: 4, most: 6, turns: 170 };
/** A swap comes every fifty to a hundred turns: the first one of a trial falls into those that do not count. */
const SWAPPING: Rounds = { warm: 2, counted: 6, most: 9, turns: 300, lead: 100 };
const SWAPPING_QUICK: Rounds = { ...SWAPPING, warm: 1, counted: 3, most: 3 };
/** Null swaps a second; through all pairs only at the last: at fewer a trial has hardly more than one driver. */
const RATES = [10, 100, 1000];
const QUICK_RATES = [1000];
const MOST = 1000;
const FIRST = 'polling';
/** Drivers that are looked at after many swaps. */
const AFTER: readonly string[] = DRIVERS;
const QUICK_AFTER = ['polling'];
const SWAPS_BEFORE = 1000;
const SWAPS_BEFORE_QUICK = 200;
/** Two seconds at the highest rate. After fewer the compiler is still at work on what swaps. */
const SWAPS_TO_WARM = 2000;
const UNSWAPPABLE = 'drain-cpu-unswappable.worker';
const BY_HAND = 'drain-cpu-by-hand.worker';
const BLANKS = Array.from({ length: 4 }, () => ({ text: '' }));

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  await measureOthers(quick, collected);
  await measureSwapping(quick ? QUICK_RATES : RATES, quick ? SWAPPING_QUICK : SWAPPING, collected);
  return collected.complete();
}

/** What swaps leave behind, and what it costs that there might be some. */
async function measureOthers(quick: boolean, collected: Collected): Promise<void> {
  const drivers = quick ? QUICK_AFTER : AFTER;
  const cells = await startAll({
    ...Object.fromEntries(drivers.map((driver) => [fresh(driver), start(driver)])),
    ...Object.fromEntries(drivers.map((driver) => [after(driver), start(driver)])),
    [UNSWAPPABLE]: start(FIRST, UNSWAPPABLE),
    [BY_HAND]: start(FIRST, BY_HAND),
  });
  for (const driver of drivers)
    await cells[after(driver)].swap(quick ? SWAPS_BEFORE_QUICK : SWAPS_BEFORE, driver);
  const trials = await trialsOf(cells, quick ? QUICK : FULL);
  collected.later(() => {
    collected.addTimed(trials.timed);
    for (const driver of drivers)
      trials.recordRatio(collected, `traffic/after/${driver}/of-fresh`, after(driver), fresh(driver));
    trials.recordRatio(collected, 'traffic/unswappable/of-product', fresh(FIRST), UNSWAPPABLE);
    trials.recordRatio(collected, 'traffic/by-hand/of-product', fresh(FIRST), BY_HAND);
  });
  await endAll(cells, collected);
}

/** One CPU for each kind of swaps, with them and without in turn: two that run the same code may differ by more than swaps cost. */
async function measureSwapping(
  rates: readonly number[],
  rounds: Rounds,
  collected: Collected,
): Promise<void> {
  const cells = await startAll({
    null: start(FIRST, PRODUCT, ['polling']),
    pairs: start(FIRST, PRODUCT, DRIVERS),
  });
  for (const cell of Object.values(cells)) await cell.swap(SWAPS_TO_WARM, FIRST);
  const turning = {
    'null-0': withSwaps(cells.null, 0),
    ...Object.fromEntries(rates.map((rate) => [`null-${rate}`, withSwaps(cells.null, rate)])),
    'pairs-0': eachDriver(cells.pairs),
    [`pairs-${MOST}`]: withSwaps(cells.pairs, MOST),
  };
  const trials = await trialsOf(turning, rounds);
  collected.later(() => {
    collected.addTimed(trials.timed);
    for (const name of trials.names)
      recordCost(collected, trials, name, name.startsWith('null') ? 'null-0' : 'pairs-0');
  });
  await endAll(cells, collected);
}

function start(driver: string, file = PRODUCT, drivers?: readonly string[]): () => Promise<Cell> {
  const drainer: Drainer = { kind: 'host', rehearsed: true, ...(drivers === undefined ? {} : { drivers }) };
  return async () =>
    Cell.start(
      await machineFor({ size: 64, app: 'sink', duration: '1m', driver: { name: driver } }),
      drainer,
      file,
    );
}

function fresh(driver: string): string {
  return `fresh ${driver}`;
}

function after(driver: string): string {
  return `after swaps ${driver}`;
}

function withSwaps(cell: Cell, rate: number): Turning<Trial> {
  return { trial: (turns, lead) => cell.trial(turns, lead, 1e6 / rate) };
}

/** Without swaps, but each trial with the next driver. */
function eachDriver(cell: Cell): Turning<Trial> {
  let trials = 0;
  return {
    trial: async (turns, lead) => {
      await cell.swap(1, DRIVERS[trials++ % DRIVERS.length]);
      return cell.trial(turns, lead);
    },
  };
}

/**
 * A swap's cost is the CPU time that it and its window take beyond the frames: what single turns took beyond those around
 * them, a frame, less the same of trials without swaps. What it leaves behind, a slower pace, is seen
 * in the trials' medians.
 */
function recordCost(collected: Collected, trials: Trials<Trial>, name: string, without: string): void {
  const typical = trials.ns(name);
  const id = `traffic/${name}`;
  if (name === without) return trials.recordNs(collected, `${id}/ns`, name);
  const disturbed = !(trials.settled(name) && trials.settled(without));
  const own = trials.of(name);
  const swaps = own.reduce((sum, trial) => sum + trial.swaps, 0);
  const frames = own.reduce((sum, trial) => sum + framesOf(trial), 0);
  const costNs = trials.beyondNs(name) - trials.beyondNs(without);
  collected.value(`${id}/ns`, typical + costNs, disturbed);
  collected.value(`${id}/swaps`, swaps);
  collected.value(`${id}/of-none`, trials.ns(without) / (typical + costNs), disturbed);
  if (name.endsWith(String(MOST)))
    collected.value(`${id}/swap-us`, (costNs * frames) / Math.max(1, swaps) / 1000, disturbed);
}

function framesOf({ frames }: Trial): number {
  return frames.reduce((sum, count) => sum + count, 0);
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      swapsTable(RATES.filter((rate) => ids.includes(`traffic/null-${rate}/ns`))),
      othersTable(AFTER.filter((driver) => ids.includes(`traffic/after/${driver}/of-fresh`))),
    ],
    plots: [],
    goals: GOALS.filter((goal) => ids.includes(goal.figure)),
    notes: [
      'Swaps a second are of the CPU’s own time: its clock stands still while the other core fills the rings.',
      'All of these CPUs have rehearsed swaps before the first frame, those without swaps too; those that swap have done so 2,000 times.',
    ],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  if (id.endsWith('/ns')) return { id, unit: 'ns', values };
  if (id.endsWith('-us')) return { id, unit: 'us', values };
  if (id.endsWith('/swaps')) return { id, unit: 'count', values };
  return { id, unit: 'ratio', better: 'higher', values };
}

function swapsTable(rates: readonly number[]): ResultTable {
  const swapped = (what: string, rate: number, id: string) => ({
    keys: [what, rate.toLocaleString('en-US')],
    cells: ['ns', 'of-none', 'swaps', ...(rate === MOST ? ['swap-us'] : [])].map((part) => ({
      figure: `traffic/${id}-${rate}/${part}`,
    })),
  });
  const unswapped = (what: string, figure: string) => ({ keys: [what, '0'], cells: [{ figure }] });
  return {
    title: 'Throughput of a CPU that does nothing else, 64 bytes',
    note: 'The same CPU with swaps and without in turn; each driver: one after another, for as many turns. Swaps: in the time measured, of one process; 10 a second are too few to tell of. A swap has a control window behind it, as always; its cost is the CPU time of both.',
    keys: ['swaps', 'a second'],
    columns: ['a frame', 'against none', 'swaps', 'a swap'],
    rows: [
      unswapped('polling', 'traffic/null-0/ns'),
      ...rates.map((rate) => swapped('polling for polling', rate, 'null')),
      unswapped('each driver', 'traffic/pairs-0/ns'),
      swapped('through all pairs', MOST, 'pairs'),
    ].map(({ keys, cells }) => ({ keys, cells: [...cells, ...BLANKS.slice(cells.length)] })),
  };
}

function othersTable(swapped: readonly string[]): ResultTable {
  return {
    title: 'Before the first swap and after many, throughput',
    keys: ['what', 'against'],
    columns: ['ratio'],
    rows: [
      ...swapped.map((driver) => ({
        keys: [`${driver} after 1,000 swaps through all drivers`, `${driver} from the start`],
        cells: [{ figure: `traffic/after/${driver}/of-fresh` }],
      })),
      {
        keys: ['polling, never swapped', 'the same without any check for swaps'],
        cells: [{ figure: 'traffic/unswappable/of-product' }],
      },
      {
        keys: ['polling, never swapped', 'the same with each shared access written by hand'],
        cells: [{ figure: 'traffic/by-hand/of-product' }],
      },
    ],
  };
}

const GOALS: readonly Goal[] = [
  {
    figure: 'traffic/pairs-1000/of-none',
    text: 'throughput at 1,000 swaps a second',
    bound: 'at least',
    goal: 0.97,
  },
  ...DRIVERS.map(
    (driver): Goal => ({
      figure: `traffic/after/${driver}/of-fresh`,
      text: `${driver} after 1,000 swaps against a fresh start`,
      bound: 'at least',
      goal: 0.98,
    }),
  ),
  {
    figure: 'traffic/unswappable/of-product',
    text: 'before the first swap, against no check for swaps',
    bound: 'at least',
    goal: 0.99,
  },
  {
    figure: 'traffic/by-hand/of-product',
    text: 'scheduling points, against none',
    bound: 'at least',
    goal: 0.99,
  },
];

export const traffic: Bench = {
  name: 'traffic',
  title: 'Cost to the traffic',
  summary:
    'Throughput with up to 1,000 swaps a second, after 1,000 swaps, and before the first one beside builds that cannot swap or have no scheduling points.',
  processes: { full: 5, quick: 1 },
  seconds: { full: 33, quick: 15 },
  measure,
  show,
};
