/** What a swap takes and what it does to service: for each ordered pair of drivers, in three ways, at three loads. */
import { pairWalk } from '../src/swap/timetable.ts';
import type { Bench, Measured } from './bench.ts';
import { Collected } from './collect.ts';
import { Swaps } from './gauged-swaps.ts';
import { LiveCell, type LiveTrial } from './live/cell.ts';
import type { SwapSeries, TrialLoad } from './live/messages.ts';
import { runLive } from './live/run.ts';
import { machineFor } from './machines.ts';
import { pace } from './pace.ts';
import { recordPairs, recordPhases, recordQuantiles } from './swap-quantiles.ts';
import { LOADS, METHODS, PAIRS, show } from './swap-tables.ts';
import { DRIVERS } from './traffic-kinds.ts';

const IDLE_FRAMES_PER_SECOND = 10_000;
const WARM_US = 300_000;
const WARM_SWAPS_US = 300_000;
/** Time for a swap and for its control. Where hardly a frame comes, a driver is on probation longer. */
const EVERY_US = { inplace: 800, drain: 1500, reset: 4000 } as const;
const EVERY_IDLE_US = { inplace: 2500, drain: 4000, reset: 5000 } as const;

interface Amount {
  /** Swaps of each pair, by method, and trials that they are spread over. */
  readonly swaps: Readonly<Record<(typeof METHODS)[number], number>>;
  readonly rounds: number;
}

const FULL: Amount = { swaps: { inplace: 200, drain: 20, reset: 10 }, rounds: 4 };
const QUICK: Amount = { swaps: { inplace: 24, drain: 6, reset: 3 }, rounds: 1 };

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const open = await start('open');
  const lossless = await start('lossless');
  const { mpps } = await lossless.trial({ pace: { kind: 'max' }, durationUs: WARM_US });
  await open.trial({ pace: { kind: 'rate', framesPerSecond: mpps * 5e5 }, durationUs: WARM_US });
  const paces: Record<(typeof LOADS)[number], TrialLoad['pace']> = {
    idle: { kind: 'rate', framesPerSecond: IDLE_FRAMES_PER_SECOND },
    half: { kind: 'rate', framesPerSecond: mpps * 5e5 },
    full: { kind: 'max' },
  };
  for (const cell of [open, lossless])
    await cell.trial({ pace: paces.half, durationUs: WARM_SWAPS_US }, seriesOf('inplace', 'half'));
  for (const load of LOADS)
    await measureLoad(collected, load === 'full' ? lossless : open, load, paces[load], quick ? QUICK : FULL);
  for (const cell of [open, lossless]) collected.ledgers.push(await cell.end());
  await timeline(collected, quick);
  return collected.complete();
}

async function start(link: 'open' | 'lossless'): Promise<LiveCell> {
  return LiveCell.start(
    await machineFor({ size: 64, link, driver: { name: 'polling' }, app: 'sink', duration: '1m' }),
    true,
  );
}

function everyUs(method: (typeof METHODS)[number], load: (typeof LOADS)[number]): number {
  return (load === 'idle' ? EVERY_IDLE_US : EVERY_US)[method];
}

function seriesOf(method: (typeof METHODS)[number], load: (typeof LOADS)[number]): SwapSeries {
  const walk = pairWalk(['polling', ...DRIVERS.filter((name) => name !== 'polling')]);
  return {
    slot: 0,
    everyUs: everyUs(method, load),
    method,
    swaps: walk.map((to) => ({ to, parameters: {} })),
  };
}

/** The three ways in turn, so that what the machine does meanwhile strikes all alike. */
async function measureLoad(
  collected: Collected,
  cell: LiveCell,
  load: (typeof LOADS)[number],
  pace: TrialLoad['pace'],
  { swaps, rounds }: Amount,
): Promise<void> {
  const trials: Record<string, LiveTrial[]> = { inplace: [], drain: [], reset: [] };
  for (let round = 0; round < rounds; round++)
    for (const method of METHODS) {
      const wanted = Math.ceil((swaps[method] * PAIRS.length) / rounds);
      for (let done = 0; done < wanted; ) {
        const durationUs = (wanted - done) * everyUs(method, load) * 1.3;
        const trial = await cell.trial({ pace, durationUs }, seriesOf(method, load));
        trials[method].push(trial);
        done += Math.max(1, trial.cpu.swaps.length);
      }
    }
  for (const method of METHODS) record(collected, `swap/${load}/${method}`, trials[method], method);
}

function record(collected: Collected, id: string, trials: readonly LiveTrial[], method: string): void {
  const swaps = new Swaps(
    trials.flatMap(({ cpu }) => cpu.swaps),
    pace,
  );
  const done = swaps.filter(({ outcome }) => outcome === 'done');
  collected.value(`${id}/count`, done.all.length);
  const lost = trials.reduce((sum, { offered, delivered }) => sum + offered - delivered, 0);
  collected.value(`${id}/lost`, lost / Math.max(1, done.all.length));
  collected.later(() => {
    collected.addTimed(done.timed);
    recordQuantiles(collected, `${id}/all`, done);
    if (method !== 'inplace') return;
    recordPairs(collected, id, PAIRS, done);
    recordPhases(collected, id, done);
  });
}

/** Throughput over time with swaps in it, for the eye. */
async function timeline(collected: Collected, quick: boolean): Promise<void> {
  const { results, ledger } = await runLive({
    nics: [{ name: 'eth0', driver: { name: 'polling' } }],
    app: 'sink',
    size: 64,
    duration: quick ? '500ms' : '1500ms',
    swapEvery: { interval: '50ms' },
  });
  collected.ledgers.push(ledger);
  const { samples } = results;
  collected.plot(
    'timeline ms',
    samples.slice(1).map(({ elapsedMs }) => elapsedMs),
  );
  collected.plot(
    'timeline mpps',
    samples.slice(1).map((sample, i) => {
      const ms = sample.elapsedMs - samples[i].elapsedMs;
      return ms > 0 ? (sample.delivered - samples[i].delivered) / ms / 1000 : 0;
    }),
  );
  const { startUs, records } = results.cpu;
  collected.plot(
    'timeline swaps',
    records.map(({ acceptedUs }) => (acceptedUs - startUs) / 1000),
  );
}

export const swap: Bench = {
  name: 'swap',
  title: 'Swap',
  summary:
    'Critical section, stall beside its control, and phases, for each ordered pair of drivers at three loads; and the same change by draining first and by a reset, with what those lose.',
  processes: { full: 5, quick: 1 },
  seconds: { full: 26, quick: 11 },
  measure,
  show,
};
