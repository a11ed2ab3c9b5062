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
const RATES = [10, 100, 1000];
const QUICK_RATES = [1000];
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

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const rates = quick ? QUICK_RATES : RATES;
  const swapped = quick ? QUICK_AFTER : AFTER;
  const cells = await startCells(rates, swapped);
  for (const driver of swapped)
    await cells[after(driver)].swap(quick ? SWAPS_BEFORE_QUICK : SWAPS_BEFORE, driver);
  const trials = await trialsOf(cells, quick ? QUICK : FULL);
  const fresh = trials[`fresh ${DRIVERS[1]}`];
  const mixed = mix(DRIVERS.map((driver) => trials[`fresh ${driver}`]));
  collected.value('traffic/none/ns', median(mixed));
  for (const rate of rates) {
    const own = trials[swapping(MIXED, rate)];
    collected.value(`traffic/pairs-${rate}/ns`, median(own.map(meanNs)));
    collected.value(`traffic/pairs-${rate}/of-none`, median(own.map((trial, i) => mixed[i] / meanNs(trial))));
    collected.value(`traffic/pairs-${rate}/swap-us`, swapUs(own, mixed));
  }
  collected.value('traffic/null-1000/of-none', ratioOf(trials[swapping(NULL_SWAP, 1000)], fresh, meanNs));
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
    ...Object.fromEntries(rates.map((rate) => [swapping(MIXED, rate), start('polling', every(rate))])),
    [swapping(NULL_SWAP, 1000)]: start('polling', every(1000, ['polling'])),
    [UNSWAPPABLE]: start('polling', none, UNSWAPPABLE),
    [BY_HAND]: start('polling', none, BY_HAND),
  });
}

function swapping(what: string, rate: number): string {
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

/** CPU time of one swap with its control window: what was spent beyond the frames, over the swaps done. */
function swapUs(trials: readonly Trial[], mixed: readonly number[]): number {
  let extraNs = 0;
  let swaps = 0;
  trials.forEach((trial, round) => {
    const frames = trial.frames.reduce((sum, count) => sum + count, 0);
    extraNs += (meanNs(trial) - mixed[round]) * frames;
    swaps += trial.swaps;
  });
  return extraNs / Math.max(1, swaps) / 1000;
}

function show(all: readonly Measured[]): Shown {
  const ids = Object.keys(all[0]?.values ?? {});
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      swapsTable(RATES.filter((rate) => ids.includes(`traffic/pairs-${rate}/ns`))),
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
  return { id, unit: 'ratio', better: 'higher', values };
}

function swapsTable(rates: readonly number[]): ResultTable {
  return {
    title: 'Throughput of a CPU that does nothing else, 64 bytes, swaps through all pairs',
    note: 'Against none: a CPU that runs each driver for the same time and swaps none. A swap has a control window behind it, as always; its cost is the CPU time of both.',
    keys: ['swaps a second'],
    columns: ['a frame', 'against none', 'a swap'],
    rows: [
      { keys: ['0'], cells: [{ figure: 'traffic/none/ns' }, { text: '' }, { text: '' }] },
      ...rates.map((rate) => ({
        keys: [String(rate)],
        cells: [
          { figure: `traffic/pairs-${rate}/ns` },
          { figure: `traffic/pairs-${rate}/of-none` },
          rate === rates.at(-1) ? { figure: `traffic/pairs-${rate}/swap-us` } : { text: '' },
        ],
      })),
      {
        keys: ['1000, polling for polling'],
        cells: [{ text: '' }, { figure: 'traffic/null-1000/of-none' }, { text: '' }],
      },
    ],
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
