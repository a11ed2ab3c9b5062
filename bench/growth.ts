/** What a swap's stall grows with: frames that wait, queues, other cards on the same CPU; and whether those notice. */
import type { SwapRound } from '../src/swap/timetable.ts';
import type { Scenario } from '../src/testbed/scenario.ts';
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { Cell } from './drain/cell.ts';
import { startAll } from './drain/rounds.ts';
import { type GaugedSwap, Swaps } from './gauged-swaps.ts';
import { LiveCell } from './live/cell.ts';
import { quantileOf } from './live/histogram.ts';
import type { SwapSeries } from './live/messages.ts';
import { machineFor, timed } from './machines.ts';
import { pace } from './pace.ts';
import type { Figure, Goal, ResultTable, Series } from './results.ts';
import { median } from './statistics.ts';
import { recordMedian } from './swap-quantiles.ts';

/** Frames that wait: about so many, from half to twice. */
const WAITING = [64, 512, 4096];
const LONG_RING = 4096;
const QUEUES = [1, 8];
const CARDS = [1, 4, 16];
/** Of all cards together, whatever their number. */
const FRAMES_PER_SECOND = 400_000;
const WARM_US = 250_000;
/** In the CPU's own time, and so one after another: at any fill of the ring, with caches as warm. */
const SWAP_EVERY_US = 10;
const ROUNDS = 10;
/** Short: frames of one poll are served without a look aside. Named by each swap, or it would be gone with the first. */
const SHORT_BURSTS = { burst: [8], refillBurst: [8] };
/** By default. */
const FRAMES_IN_RING = 511;
/** Short ones: whatever takes a thread's core for a fraction of a millisecond spoils a trial, not most of them. */
const TRIAL_US = 5000;
const LONG_ENOUGH = '1m';

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  await measureWaiting(collected, quick ? 600_000 : 4_000_000);
  if (!quick) await measureQueues(collected, 2_200_000);
  for (const cards of quick ? [1, 4] : CARDS) await measureCards(collected, cards, quick);
  return collected.complete();
}

/**
 * Null swaps of polling while one long ring is drained, by the frames that still waited when they ended. One ring, one
 * process, one pace: rings of several lengths would differ in how cold each finds a swap's code.
 */
async function measureWaiting(collected: Collected, frames: number): Promise<void> {
  const driver = { name: 'polling', parameters: { rxRing: LONG_RING, rxBuffers: LONG_RING - 1 } };
  const cell = await nullSwaps({ driver }, SHORT_BURSTS);
  await cell.trial(Math.ceil(frames / LONG_RING));
  const { ledger, swaps, waiting } = await cell.end();
  collected.ledgers.push(ledger);
  const byWaiting = WAITING.map((about) =>
    warm(swaps, (i) => waiting[i] > about / 2 && waiting[i] <= about * 2),
  );
  for (const [i, about] of WAITING.entries()) record(collected, `growth/waiting-${about}`, byWaiting[i]);
  collected.later(() => {
    const stalls = byWaiting.map((some) => some.quantile(({ stallUs }) => stallUs, 0.5) ?? Number.NaN);
    const settled = byWaiting.every((some) => some.settled);
    collected.value('growth/waiting/flat', Math.max(...stalls) / Math.min(...stalls), !settled);
  });
}

/** The same with several queues, all full. As many frames of each number, and so about as many swaps. */
async function measureQueues(collected: Collected, frames: number): Promise<void> {
  const start = (queues: number) => () =>
    nullSwaps({ nics: [{ name: 'eth0', queues, driver: { name: 'polling' } }], flows: 64 }, {});
  const cells = await startAll(Object.fromEntries(QUEUES.map((queues) => [queues, start(queues)])));
  for (let round = 0; round < ROUNDS; round++)
    for (const queues of QUEUES)
      await cells[queues].trial(Math.ceil(frames / ROUNDS / (FRAMES_IN_RING * queues)));
  for (const queues of QUEUES) {
    const { ledger, swaps } = await cells[queues].end();
    collected.ledgers.push(ledger);
    record(collected, `growth/queues-${queues}`, warm(swaps));
  }
}

async function nullSwaps(scenario: Scenario, vary: SwapRound['vary']): Promise<Cell> {
  const round = { intervalUs: SWAP_EVERY_US, method: 'inplace', vary } as const;
  const machine = await machineFor({ size: 64, app: 'sink', duration: LONG_ENOUGH, ...scenario });
  return Cell.start(machine, { kind: 'host', round, rehearsed: true, drivers: ['polling'] });
}

/** The compiler has seen enough of them by then. */
function warm(swaps: readonly GaugedSwap[], wanted: (index: number) => boolean = () => true): Swaps {
  const first = Math.floor(swaps.length / 3);
  return new Swaps(
    swaps.filter(({ record: { outcome } }, i) => i >= first && outcome === 'done' && wanted(i)),
    pace,
  );
}

function record(collected: Collected, id: string, swaps: Swaps): void {
  collected.later(() => {
    collected.addTimed(swaps.timed);
    recordMedian(collected, `${id}/critical`, swaps, ({ criticalSectionUs }) => criticalSectionUs);
    recordMedian(collected, `${id}/stall`, swaps, ({ stallUs }) => stallUs);
    recordMedian(collected, `${id}/control`, swaps, ({ controlStallUs }) => controlStallUs);
  });
}

/** Swaps of the first card alone; the last one's frames are timed, with swaps and without, in turn. */
async function measureCards(collected: Collected, count: number, quick: boolean): Promise<void> {
  const nics = Array.from({ length: count }, (_, i) => ({ name: `eth${i}` }));
  const cell = await LiveCell.start(
    await timed({ size: 64, link: 'lossless', driver: { name: 'polling' }, nics, duration: LONG_ENOUGH }),
    true,
  );
  const load = { kind: 'rate', framesPerSecond: FRAMES_PER_SECOND / count } as const;
  const swaps: SwapSeries = {
    ...{ slot: 0, everyUs: 1000, method: 'inplace' },
    swaps: [{ to: 'polling', parameters: {} }],
  };
  await cell.trial({ pace: load, durationUs: WARM_US }, swaps);
  const swapped: GaugedSwap[] = [];
  const p99: Record<'with' | 'without', number[]> = { with: [], without: [] };
  const trials = count === 1 ? 12 : quick ? 16 : 48;
  for (let i = 0; i < trials; i++) {
    // Which comes first changes from pair to pair.
    const which = (i + (i >> 1)) % 2 === 0 ? 'without' : 'with';
    const trial = await cell.trial(
      { pace: load, durationUs: TRIAL_US },
      which === 'with' ? swaps : undefined,
    );
    swapped.push(...trial.cpu.swaps);
    p99[which].push(quantileOf(trial.latencies, 0.99) / 1000);
  }
  collected.ledgers.push(await cell.end());
  record(collected, `growth/cards-${count}`, warm(swapped));
  if (count === 1) return;
  collected.value(`growth/cards-${count}/p99-without`, median(p99.without));
  collected.value(`growth/cards-${count}/p99-with`, median(p99.with));
  collected.value(
    `growth/cards-${count}/p99-ratio`,
    median(p99.with.map((value, i) => value / p99.without[i])),
  );
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const sizes = (what: string) =>
    [WAITING, QUEUES, CARDS]
      .flat()
      .filter((size, i, list) => list.indexOf(size) === i && ids.includes(`growth/${what}-${size}/stall`))
      .sort((a, b) => a - b);
  const waiting = sizes('waiting');
  const cards = sizes('cards');
  const neighbours = cards.filter((count) => count > 1);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      stalls(
        `Frames waiting in a ring of ${LONG_RING.toLocaleString('en-US')}`,
        'waiting',
        'frames',
        waiting,
      ),
      ...(sizes('queues').length > 0
        ? [stalls('Queues, all full', 'queues', 'queues', sizes('queues'))]
        : []),
      stalls('Cards on the CPU', 'cards', 'cards', cards),
      {
        title: 'A neighbour’s latency while another card is swapped 1,000 times a second',
        note: `p99 from cable to application on the last card; all cards together get ${FRAMES_PER_SECOND.toLocaleString('en-US')} frames a second. Trials with and without swaps in turn; the ratio is the median of their pairs.`,
        keys: ['cards'],
        columns: ['p99 without', 'p99 with', 'with / without'],
        rows: neighbours.map((count) => ({
          keys: [String(count)],
          cells: ['p99-without', 'p99-with', 'p99-ratio'].map((what) => ({
            figure: `growth/cards-${count}/${what}`,
          })),
        })),
      },
    ],
    plots: [
      {
        kind: 'lines',
        title: 'Stall of a null swap against frames waiting in the ring',
        x: { label: 'frames', log: true },
        y: { label: 'us' },
        series: ['stall', 'control', 'critical'].map(
          (what): Series => ({
            name: what === 'critical' ? 'critical section' : what,
            x: waiting,
            y: waiting.map((frames) => median(valuesOf(all, `growth/waiting-${frames}/${what}`))),
          }),
        ),
      },
    ],
    goals: [
      {
        figure: 'growth/waiting/flat',
        text: 'stall with any number of frames waiting, largest / smallest',
        bound: 'at most',
        goal: 1.2,
      },
      ...neighbours.map(
        (count): Goal => ({
          figure: `growth/cards-${count}/p99-ratio`,
          text: `a neighbour’s p99 with swaps against without, ${count} cards`,
          bound: 'at most',
          goal: 1.05,
        }),
      ),
    ],
    notes: [
      'Frames and queues: the other core fills the rings and stands still meanwhile, and the swaps follow one another, with caches warm. A swap counts for the number of frames that still waited when it ended, from half of it to twice.',
    ],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  return id.endsWith('-ratio') || id.endsWith('/flat')
    ? { id, unit: 'ratio', better: 'lower', values }
    : { id, unit: 'us', values };
}

function stalls(title: string, what: string, key: string, sizes: readonly number[]): ResultTable {
  return {
    title: `${title}: a null swap of polling, p50`,
    keys: [key],
    columns: ['critical section', 'stall', 'control'],
    rows: sizes.map((size) => ({
      keys: [String(size)],
      cells: ['critical', 'stall', 'control'].map((part) => ({ figure: `growth/${what}-${size}/${part}` })),
    })),
  };
}

export const growth: Bench = {
  name: 'growth',
  title: 'Growth',
  summary:
    'Stall of a swap against the frames that wait, the number of queues and of cards on the CPU; and what the neighbours of a swapped card notice.',
  processes: { full: 5, quick: 1 },
  seconds: { full: 28, quick: 9 },
  measure,
  show,
};
