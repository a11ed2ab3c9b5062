/** What swaps cost the traffic: while they are done, after many of them, and before the first one. */
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, valuesOf } from './collect.ts';
import { Cell, PRODUCT } from './drain/cell.ts';
import type { Drainer, Trial } from './drain/messages.ts';
import { endAll, meanNs, type Rounds, ratioOf, startAll, trialsOf } from './drain/rounds.ts';
import { machineFor } from './machines.ts';
import type { Figure, Goal, ResultTable } from './results.ts';
import { median } from './statistics.ts';
import { DRIVERS } from './traffic-kinds.ts';

const FULL: Rounds = { warm: 7, counted: 9, turns: 220 };
const QUICK: Rounds = { warm: 6, counted: 8, turns: 250 };
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
const UNSWAPPABLE = 'drain-cpu-unswappable.worker';
const BY_HAND = 'drain-cpu-by-hand.worker';

/** Drivers take turns: of three equal times each is a third. */
const MIXED = 'all pairs';
const NULL_SWAP = 'null swaps';
const BLANKS = Array.from({ length: 4 }, () => ({ text: '' }));

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const rates = quick ? QUICK_RATES : RATES;
  const swapped = quick ? QUICK_AFTER : AFTER;
  const cells = await startCells(rates, swapped);
  // Those that go on swapping have done some: what they do is compiled by then.
  const swapping = [...rates.map((rate) => swapsOf(NULL_SWAP, rate)), swapsOf(MIXED, MOST)];
  for (const name of swapping) await cells[name].swap(SWAPS_BEFORE_QUICK, FIRST);
  for (const driver of swapped)
    await cells[after(driver)].swap(quick ? SWAPS_BEFORE_QUICK : SWAPS_BEFORE, driver);
  const trials = await trialsOf(cells, quick ? QUICK : FULL);
  const fresh = trials[`fresh ${FIRST}`];
  const mixed = mix(DRIVERS.map((driver) => trials[`fresh ${driver}`]));
  collected.value('traffic/none/ns', median(mixed));
  collected.value('traffic/polling/ns', median(fresh.map(meanNs)));
  for (const rate of rates)
    recordCost(collected, `traffic/null-${rate}`, trials[swapsOf(NULL_SWAP, rate)], fresh.map(meanNs));
  recordCost(collected, `traffic/pairs-${MOST}`, trials[swapsOf(MIXED, MOST)], mixed);
  for (const driver of swapped)
    collected.value(
      `traffic/after/${driver}/of-fresh`,
      ratioOf(trials[after(driver)], trials[`fresh ${driver}`]),
    );
  collected.value('traffic/unswappable/of-product', 1 / ratioOf(trials[UNSWAPPABLE], fresh));
  collected.value('traffic/by-hand/of-product', 1 / ratioOf(trials[BY_HAND], fresh));
  await endAll(cells, collected);
  return collected;
}

async function startCells(
  rates: readonly number[],
  swapped: readonly string[],
): Promise<Record<string, Cell>> {
  const start =
    (driver: string, drainer: Drainer, file = PRODUCT) =>
    async () =>
      Cell.start(
        await machineFor({ size: 64, app: 'sink', duration: '1m', driver: { name: driver } }),
        drainer,
        file,
      );
  const none: Drainer = { kind: 'host', round: undefined, rehearsed: true };
  const every = (rate: number, drivers?: readonly string[]): Drainer => ({
    kind: 'host',
    round: { intervalUs: 1e6 / rate, method: 'inplace', vary: {} },
    rehearsed: true,
    ...(drivers === undefined ? {} : { drivers }),
  });
  return startAll({
    ...Object.fromEntries(DRIVERS.map((driver) => [`fresh ${driver}`, start(driver, none)])),
    ...Object.fromEntries(swapped.map((driver) => [after(driver), start(driver, none)])),
    ...Object.fromEntries(
      rates.map((rate) => [swapsOf(NULL_SWAP, rate), start(FIRST, every(rate, ['polling']))]),
    ),
    [swapsOf(MIXED, MOST)]: start(FIRST, every(MOST)),
    [UNSWAPPABLE]: start('polling', none, UNSWAPPABLE),
    [BY_HAND]: start('polling', none, BY_HAND),
  });
}

function swapsOf(what: string, rate: number): string {
  return `${what} ${rate}`;
}

function after(driver: string): string {
  return `after swaps ${driver}`;
}

/** Nanoseconds a frame, round by round, of a CPU that runs each driver for the same time. */
function mix(drivers: readonly (readonly Trial[])[]): number[] {
  return drivers[0].map((_, round) => {
    const rates = drivers.map((trials) => 1 / meanNs(trials[round]));
    return rates.length / rates.reduce((sum, rate) => sum + rate, 0);
  });
}

/**
 * Of all trials together: swaps fall into some of them. `none`: nanoseconds a frame without swaps, by round. A swap's cost
 * is the CPU time that it and its control window take beyond the frames.
 */
function recordCost(collected: Collected, id: string, own: readonly Trial[], none: readonly number[]): void {
  let ns = 0;
  let noneNs = 0;
  let swaps = 0;
  own.forEach((trial, round) => {
    const frames = trial.frames.reduce((sum, count) => sum + count, 0);
    ns += meanNs(trial) * frames;
    noneNs += none[round] * frames;
    swaps += trial.swaps;
  });
  collected.value(`${id}/ns`, median(own.map(meanNs)));
  collected.value(`${id}/swaps`, swaps);
  collected.value(`${id}/of-none`, noneNs / ns);
  if (id.endsWith(String(MOST))) collected.value(`${id}/swap-us`, (ns - noneNs) / Math.max(1, swaps) / 1000);
}

function show(all: readonly Measured[]): Shown {
  const ids = Object.keys(all[0]?.values ?? {});
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
      'All of these CPUs have rehearsed swaps before the first frame, those without swaps too.',
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
    note: 'Against none, of all pairs: a CPU that runs each driver for the same time and swaps none. Swaps: in the time measured, of one process; 10 a second are too few to tell of. A swap has a control window behind it, as always; its cost is the CPU time of both.',
    keys: ['swaps', 'a second'],
    columns: ['a frame', 'against none', 'swaps', 'a swap'],
    rows: [
      unswapped('polling', 'traffic/polling/ns'),
      ...rates.map((rate) => swapped('polling for polling', rate, 'null')),
      unswapped('each driver', 'traffic/none/ns'),
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
  measure,
  show,
};
