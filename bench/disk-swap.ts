/** What a swap of a disk takes and what it does to service: for each ordered pair of drivers, under random reads and writes. */
import { pairWalk } from '../src/swap/timetable.ts';
import type { Bench, Measured } from './bench.ts';
import { Collected } from './collect.ts';
import { DiskCell } from './disk/cell.ts';
import { diskMachine } from './disk/machine.ts';
import type { DiskRun } from './disk/messages.ts';
import { isPlain, METHODS, PAIRS, show } from './disk/swap-tables.ts';
import { DISK_NAMES } from './disk/tables.ts';
import { Swaps } from './gauged-swaps.ts';
import type { SwapSeries } from './live/messages.ts';
import { pace } from './pace.ts';
import { recordPairs, recordPhases, recordQuantiles } from './swap-quantiles.ts';

const AREA = 4096;
const DEPTH = 32;
const FIRST = 'polling';
/** Time for a swap and for its control: the buffer of `buffered` is written out before others come. */
const EVERY_US = { inplace: 2500, drain: 2500, reset: 6000 } as const;

interface Amount {
  /** Swaps of each pair, by method, and trials that they are spread over. */
  readonly swaps: Readonly<Record<keyof typeof EVERY_US, number>>;
  readonly rounds: number;
  readonly warmUs: number;
}

const FULL: Amount = { swaps: { inplace: 120, drain: 30, reset: 10 }, rounds: 3, warmUs: 200_000 };
const QUICK: Amount = { swaps: { inplace: 15, drain: 4, reset: 2 }, rounds: 1, warmUs: 100_000 };

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const { swaps, rounds, warmUs } = quick ? QUICK : FULL;
  const cell = await DiskCell.start(await diskMachine({ area: AREA }), { kind: 'host', rehearsed: true });
  await cell.work({ driver: FIRST, parameters: {}, rw: 'randrw', iodepth: DEPTH, flushEvery: 0 });
  await cell.run(warmUs);
  await cell.run(warmUs, seriesOf('inplace'));
  const runs: Record<string, DiskRun[]> = Object.fromEntries(METHODS.map((method) => [method, []]));
  for (let round = 0; round < rounds; round++)
    for (const method of METHODS) {
      const wanted = Math.ceil((swaps[method] * PAIRS.length) / rounds);
      for (let done = 0; done < wanted; ) {
        const run = await cell.run((wanted - done) * EVERY_US[method] * 1.2, seriesOf(method));
        runs[method].push(run);
        done += Math.max(1, run.swaps.length);
      }
    }
  for (const method of METHODS) record(collected, method, runs[method]);
  collected.ledgers.push(await cell.end());
  return collected.complete();
}

function seriesOf(method: (typeof METHODS)[number]): SwapSeries {
  const walk = pairWalk([FIRST, ...DISK_NAMES.filter((name) => name !== FIRST)]);
  return {
    slot: 0,
    everyUs: EVERY_US[method],
    method,
    swaps: walk.map((to) => ({ to, parameters: {} })),
  };
}

function record(collected: Collected, method: (typeof METHODS)[number], runs: readonly DiskRun[]): void {
  const swaps = new Swaps(
    runs.flatMap((run) => run.swaps),
    pace,
  );
  const done = swaps.filter(({ outcome }) => outcome === 'done');
  const id = `disk-swap/${method}`;
  collected.value(`${id}/count`, done.all.length);
  collected.value(`${id}/undone`, swaps.all.length - done.all.length);
  collected.later(() => {
    collected.addTimed(done.timed);
    recordQuantiles(collected, `${id}/all`, done);
    recordQuantiles(
      collected,
      `${id}/plain`,
      done.filter(({ from, to }) => isPlain(from) && isPlain(to)),
    );
    if (method !== 'inplace') return;
    recordPairs(collected, id, PAIRS, done);
    recordPhases(collected, id, done);
  });
}

export const diskSwap: Bench = {
  name: 'disk-swap',
  title: 'Swaps of disks',
  summary:
    'The pause of a swap with commands in flight, and the stall beside its control, for each ordered pair of drivers under random reads and writes of 4 KiB at depth 32; and the same change by draining first.',
  processes: { full: 3, quick: 1 },
  seconds: { full: 13, quick: 6 },
  measure,
  show,
};
