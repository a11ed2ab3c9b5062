/** How long a frame is on its way from the cable to the application, and what the CPU does for it. */
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { LiveCell } from './live/cell.ts';
import { addCounts, noCounts, quantileOf, tailOf } from './live/histogram.ts';
import { busyShare } from './live/occupancy.ts';
import { lossFreeRate } from './live/search.ts';
import { timed } from './machines.ts';
import type { Figure, LinePlot, Series } from './results.ts';
import { median } from './statistics.ts';
import { DRIVERS } from './traffic-kinds.ts';

/** Parts of the loss-free rate, in per cent. */
const LOADS = [10, 50, 90];
const QUANTILES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, max: 1 };
const WARM_US = 300_000;

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  for (const driver of DRIVERS) await measureDriver(collected, driver, quick);
  return collected;
}

async function measureDriver(collected: Collected, driver: string, quick: boolean): Promise<void> {
  const cell = await LiveCell.start(
    await timed({ size: 64, link: 'open', driver: { name: driver }, duration: '1m' }),
  );
  const { mpps } = await cell.trial({ pace: { kind: 'max' }, durationUs: WARM_US });
  const rate = await lossFreeRate(cell, {
    from: mpps * 1e5,
    to: mpps * 2e6,
    width: 0.1,
    trialUs: quick ? 30_000 : 60_000,
    repeats: 3,
  });
  collected.value(`latency/${driver}/loss-free`, rate / 1e6);
  for (const load of LOADS) await measureLoad(collected, cell, driver, load, rate, quick);
  collected.ledgers.push(await cell.end());
}

async function measureLoad(
  collected: Collected,
  cell: LiveCell,
  driver: string,
  load: number,
  rate: number,
  quick: boolean,
): Promise<void> {
  const pace = { kind: 'rate', framesPerSecond: (rate * load) / 100 } as const;
  const busy: number[] = [];
  const quantiles: Record<string, number[]> = {};
  const all = noCounts();
  // Short ones: whatever takes a thread's core for milliseconds spoils a trial, not most of them.
  const durationUs = quick ? 20_000 : 30_000;
  for (let trial = 0; trial < (quick ? 3 : 8); trial++) {
    const { latencies, cpu } = await cell.trial({ pace, durationUs });
    addCounts(all, latencies);
    busy.push(busyShare(cpu.occupancy));
    for (const [name, part] of Object.entries(QUANTILES))
      quantiles[name] = [...(quantiles[name] ?? []), quantileOf(latencies, part) / 1000];
  }
  const id = `latency/${driver}/${load}`;
  for (const [name, values] of Object.entries(quantiles)) collected.value(`${id}/${name}`, median(values));
  collected.value(`${id}/busy`, median(busy));
  const { values, above } = tailOf(all);
  collected.plot(
    `${driver} ${load} us`,
    values.map((ns) => ns / 1000),
  );
  collected.plot(`${driver} ${load} above`, above);
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      {
        title: 'From cable to application, 64 bytes, one queue',
        note: 'Load: part of the rate at which this driver loses nothing, found in the same process. From the moment at which the frame was due. Busy: part of the time in which the CPU worked or had to look for work; the rest is free for others.',
        keys: ['driver', 'load'],
        columns: [...Object.keys(QUANTILES), 'CPU busy'],
        rows: DRIVERS.flatMap((driver) =>
          LOADS.map((load) => ({
            keys: [driver, `${load} %`],
            cells: [...Object.keys(QUANTILES), 'busy'].map((what) => ({
              figure: `latency/${driver}/${load}/${what}`,
            })),
          })),
        ),
      },
      {
        title: 'Rates without loss that the loads are parts of',
        keys: ['driver'],
        columns: ['loss-free'],
        rows: DRIVERS.map((driver) => ({
          keys: [driver],
          cells: [{ figure: `latency/${driver}/loss-free` }],
        })),
      },
    ],
    plots: [...LOADS.map((load) => distribution(all, load)), trade(all)],
    goals: [],
    notes: [
      'A CPU that is idle spins a little before it sleeps: at these rates it is seldom woken, so interrupts cost less latency than on an idle machine.',
    ],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  if (id.endsWith('/busy')) return { id, unit: 'share', values };
  if (id.endsWith('/loss-free')) return { id, unit: 'Mpps', values };
  // The longest one is the scheduler's: it describes, and is not compared.
  return id.endsWith('/max') ? { id, unit: 'us', values } : { id, unit: 'us', better: 'lower', values };
}

/** What part of the frames took longer: of the process in the middle. */
function distribution(all: readonly Measured[], load: number): LinePlot {
  const series = DRIVERS.map((driver): Series => {
    const middle = [...all].sort(
      (a, b) => a.values[`latency/${driver}/${load}/p99`][0] - b.values[`latency/${driver}/${load}/p99`][0],
    )[all.length >> 1];
    return {
      name: driver,
      x: middle.points[`${driver} ${load} us`],
      y: middle.points[`${driver} ${load} above`],
    };
  });
  return {
    kind: 'lines',
    title: `Frames that took longer, at ${load} % of the loss-free rate`,
    note: 'Of each driver the process whose p99 is in the middle.',
    x: { label: 'us from cable to application', log: true },
    y: { label: 'part of the frames', log: true },
    series,
  };
}

function trade(all: readonly Measured[]): LinePlot {
  return {
    kind: 'lines',
    title: 'The trade: latency against the CPU’s time',
    note: 'Each driver at 10, 50 and 90 % of its loss-free rate, from left to right as the CPU is busier.',
    x: { label: 'part of the CPU’s time' },
    y: { label: 'p99, us', log: true },
    series: DRIVERS.map((driver): Series => {
      const points = LOADS.map((load) => ({
        busy: median(valuesOf(all, `latency/${driver}/${load}/busy`)),
        p99: median(valuesOf(all, `latency/${driver}/${load}/p99`)),
      })).sort((a, b) => a.busy - b.busy);
      return { name: driver, x: points.map(({ busy }) => busy), y: points.map(({ p99 }) => p99) };
    }),
  };
}

export const latency: Bench = {
  name: 'latency',
  title: 'Latency',
  summary:
    'From the cable to the application at 10, 50 and 90 % of the loss-free rate, and the part of the CPU’s time that it takes: the trade between interrupts, polling and batching.',
  processes: { full: 5, quick: 1 },
  seconds: { full: 11, quick: 7 },
  measure,
  show,
};
