/** The highest rate at which nothing is lost on an open link: without swaps, with swaps, and with rings resized. */
import { pairWalk } from '../src/swap/timetable.ts';
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { LiveCell, type LiveTrial } from './live/cell.ts';
import type { SwapSeries } from './live/messages.ts';
import { Ladder, RateSearch, tryRate } from './live/search.ts';
import { machineFor } from './machines.ts';
import type { Figure, Goal } from './results.ts';
import { median } from './statistics.ts';
import { DRIVERS } from './traffic-kinds.ts';

const WARM_US = 250_000;
const SWAP_EVERY_US = 10_000;
const RESIZE_EVERY_US = 100_000;
/** The same for all, long enough for a resize: the longer a trial, the likelier is it spoilt by what is no swap. */
const TRIAL_US = 110_000;
/** Descriptors posted by default, and frames of 64 bytes that the packet buffer holds: what a pause may last. */
const FREE_DESCRIPTORS = 511;
const FIFO_FRAMES = 8192;

interface Variant {
  readonly driver: string;
  readonly swaps: SwapSeries | undefined;
}

const series = (everyUs: number, swaps: SwapSeries['swaps']): SwapSeries => ({
  slot: 0,
  everyUs,
  method: 'inplace',
  swaps,
});

const VARIANTS: Readonly<Record<string, Variant>> = {
  ...Object.fromEntries(DRIVERS.map((driver) => [driver, { driver, swaps: undefined }])),
  'null swaps': { driver: 'polling', swaps: series(SWAP_EVERY_US, [{ to: 'polling', parameters: {} }]) },
  'all pairs': {
    driver: 'polling',
    swaps: series(
      SWAP_EVERY_US,
      pairWalk(['polling', 'interrupt', 'batching']).map((to) => ({ to, parameters: {} })),
    ),
  },
  resizes: {
    driver: 'polling',
    swaps: series(
      RESIZE_EVERY_US,
      [1024, 512].map((rxRing) => ({ to: 'polling', parameters: { rxRing } })),
    ),
  },
};

/** These on one machine, in turn. */
const TOGETHER = ['polling', 'null swaps', 'resizes'];
/** These on a machine each, with its driver. */
const SEARCHED = [...DRIVERS, 'all pairs'];
const RUNGS = 7;
const TRIES = 3;
const QUICK_TRIES = 2;

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const cells: Record<string, LiveCell> = {};
  const searches: Record<string, RateSearch> = {};
  for (const name of quick ? ['polling'] : SEARCHED) {
    const cell = await LiveCell.start(
      await machineFor({
        ...{ size: 64, link: 'open', app: 'sink', duration: '1m' },
        driver: { name: VARIANTS[name].driver },
      }),
      true, // rehearsed, those without swaps too: the same code is faster for it
    );
    const { mpps } = await cell.trial({ pace: { kind: 'max' }, durationUs: WARM_US });
    cells[name] = cell;
    searches[name] = new RateSearch({
      from: mpps * 3e5,
      to: mpps * 1.3e6,
      width: 0.12,
      trialUs: TRIAL_US,
      repeats: quick ? 2 : 3,
    });
  }
  const losses: Record<string, Charged[]> = {};
  while (Object.values(searches).some(({ over }) => !over))
    for (const [name, search] of Object.entries(searches))
      if (!search.over) await trial(name, cells[name], search, losses);
  const ladders = await climb(cells.polling, searches.polling.found, quick ? QUICK_TRIES : TRIES, losses);
  const rates = Object.fromEntries(
    Object.entries({ ...searches, ...ladders }).map(([name, { found }]) => [name, found]),
  );
  record(collected, rates, losses);
  for (const cell of Object.values(cells)) collected.ledgers.push(await cell.end());
  return collected;
}

/** Polling without swaps, with null swaps and with resizes: one machine, in turn. */
async function climb(
  cell: LiveCell,
  middle: number,
  tries: number,
  losses: Record<string, Charged[]>,
): Promise<Record<string, Ladder>> {
  const ladders = Object.fromEntries(TOGETHER.map((name) => [name, new Ladder(middle, RUNGS)]));
  const order = Object.entries(ladders);
  for (let i = 0; i < RUNGS * tries; i++) {
    for (const [name, ladder] of order) await trial(name, cell, ladder, losses);
    order.push(...order.splice(0, 1));
  }
  return ladders;
}

async function trial(
  name: string,
  cell: LiveCell,
  search: RateSearch | Ladder,
  losses: Record<string, Charged[]>,
): Promise<void> {
  const { swaps } = VARIANTS[name];
  const tried = await tryRate(cell, search, TRIAL_US, swaps);
  if (swaps !== undefined) losses[name] = [...(losses[name] ?? []), chargeOf(tried)];
}

interface Charged {
  readonly lost: number;
  readonly inside: number;
  /** Part of the trial in which a swap was under way. */
  readonly share: number;
}

function chargeOf({ hardware, cpu }: LiveTrial): Charged {
  const lost = hardware.losses.flat();
  const inside = lost.filter(({ timeUs }) =>
    cpu.swaps.some(({ record }) => timeUs >= record.acceptedUs && timeUs <= record.endedUs),
  );
  const swappingUs = cpu.swaps.reduce((sum, { record }) => sum + record.endedUs - record.acceptedUs, 0);
  const frames = (losses: typeof lost) => losses.reduce((sum, loss) => sum + loss.frames, 0);
  return { lost: frames(lost), inside: frames(inside), share: swappingUs / (hardware.seconds * 1e6) };
}

function record(
  collected: Collected,
  rates: Readonly<Record<string, number>>,
  losses: Readonly<Record<string, readonly Charged[]>>,
): void {
  const found = (name: string) => rates[name] / 1e6;
  for (const name of Object.keys(rates)) {
    collected.value(`loss-free/${name}/rate`, found(name));
    if (VARIANTS[name].swaps === undefined) continue;
    const without = name === 'all pairs' ? Math.min(...DRIVERS.map(found)) : found('polling');
    collected.value(`loss-free/${name}/of-none`, found(name) / without);
  }
  for (const [name, charged] of Object.entries(losses)) {
    const lost = charged.reduce((sum, { lost }) => sum + lost, 0);
    const inside = charged.reduce((sum, { inside }) => sum + inside, 0);
    const expected = charged.reduce((sum, { lost, inside, share }) => sum + (lost - inside) * share, 0);
    collected.value(`loss-free/${name}/lost`, lost);
    collected.value(`loss-free/${name}/inside`, inside);
    collected.value(`loss-free/${name}/charged`, Math.max(0, inside - expected));
  }
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const names = Object.keys(VARIANTS).filter((name) => ids.includes(`loss-free/${name}/rate`));
  const withSwaps = names.filter((name) => VARIANTS[name].swaps !== undefined);
  const rate = median(valuesOf(all, 'loss-free/polling/rate'));
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      {
        title: 'Rate without loss, open link, 64 bytes, one queue',
        note: 'Against none: polling that is not swapped; for all pairs, the slowest of the three drivers that are not.',
        keys: ['what'],
        columns: ['rate', 'against none'],
        rows: names.map((name) => ({
          keys: [nameOf(name)],
          cells: [
            { figure: `loss-free/${name}/rate` },
            withSwaps.includes(name) ? { figure: `loss-free/${name}/of-none` } : { text: '' },
          ],
        })),
      },
      {
        title: 'Frames lost in the search, by rates that were too high too',
        note: 'Charged to swaps: what was lost while one was under way, beyond what the rest of the trial lost in the same time.',
        keys: ['what'],
        columns: ['lost', 'in a swap', 'charged to swaps'],
        rows: withSwaps.map((name) => ({
          keys: [nameOf(name)],
          cells: ['lost', 'inside', 'charged'].map((what) => ({ figure: `loss-free/${name}/${what}` })),
        })),
      },
    ],
    plots: [],
    goals: withSwaps.map(
      (name): Goal => ({
        figure: `loss-free/${name}/of-none`,
        text: `loss-free rate, ${nameOf(name)}`,
        bound: 'at least',
        goal: 0.98,
      }),
    ),
    notes: [
      `Bound: at ${rate.toFixed(2)} Mpps ${FREE_DESCRIPTORS} free descriptors last ${(FREE_DESCRIPTORS / rate).toFixed(0)} us, the packet buffer’s ${FIFO_FRAMES} frames of 64 bytes ${(FIFO_FRAMES / rate / 1000).toFixed(1)} ms: a shorter pause loses nothing.`,
    ],
  };
}

function nameOf(variant: string): string {
  if (variant === 'null swaps') return 'polling for polling every 10 ms';
  if (variant === 'all pairs') return 'swaps through all pairs every 10 ms';
  return variant === 'resizes' ? 'rxRing 512 to 1024 and back every 100 ms' : `${variant}, no swaps`;
}

function figure(id: string, values: readonly number[]): Figure {
  if (id.endsWith('/rate')) return { id, unit: 'Mpps', values };
  if (id.endsWith('/of-none')) return { id, unit: 'ratio', better: 'higher', values };
  return { id, unit: 'frames', values };
}

export const lossFree: Bench = {
  name: 'loss-free',
  title: 'Loss-free rate',
  summary:
    'The highest rate at which an open link loses nothing, after RFC 2544, with repeated trials as MLRsearch has them: without swaps, with a swap every 10 ms, with a ring resized every 100 ms.',
  processes: { full: 5, quick: 1 },
  seconds: { full: 25, quick: 9 },
  measure,
  show,
};
