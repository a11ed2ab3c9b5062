/** What a disk's command costs the CPU, beside a queue pair driven by hand; IOPS and latency; and what buffers are good for. */
import type { Bench, Measured } from './bench.ts';
import { Collected } from './collect.ts';
import { DiskCell } from './disk/cell.ts';
import { diskMachine } from './disk/machine.ts';
import { type MediaTimes, measureMedia } from './disk/media.ts';
import type { DiskRun, DiskWork } from './disk/messages.ts';
import { BARE, BARE_LEDGER, DEPTHS, DISK_NAMES, show } from './disk/tables.ts';
import { type Rounds, trialsOf } from './drain/rounds.ts';
import { idleShare } from './live/occupancy.ts';
import { median } from './statistics.ts';

/** Blocks of 4 KiB: 4 MB. */
const AREA = 1024;
const MIXED_DEPTH = 32;

interface Amount {
  readonly drained: readonly number[];
  readonly rounds: Rounds;
  readonly depths: readonly number[];
  readonly live: { readonly warmUs: number; readonly trialUs: number; readonly trials: number };
  readonly media: MediaTimes;
}

const FULL: Amount = {
  drained: DEPTHS,
  rounds: { warm: 11, counted: 7, most: 20, turns: 75 },
  depths: DEPTHS,
  live: { warmUs: 30_000, trialUs: 25_000, trials: 3 },
  media: { warmUs: 10_000, trialUs: 30_000 },
};
const QUICK: Amount = {
  drained: [32],
  rounds: { warm: 8, counted: 5, most: 10, turns: 75 },
  depths: [32],
  live: { warmUs: 20_000, trialUs: 20_000, trials: 1 },
  media: { warmUs: 0, trialUs: 10_000 },
};

type Cells = Readonly<Record<string, DiskCell>>;

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const { drained, rounds, depths, live, media } = quick ? QUICK : FULL;
  const cells = await startCells();
  for (const depth of drained) await measureDraining(collected, cells, depth, rounds);
  for (const depth of depths) await measureLive(collected, cells, 'randread', depth, live);
  const { [BARE]: _, [BARE_LEDGER]: __, ...drivers } = cells;
  await measureLive(collected, drivers, 'randrw', MIXED_DEPTH, live);
  for (const cell of Object.values(cells)) collected.ledgers.push(await cell.end());
  await measureMedia(collected, media);
  return collected.complete();
}

async function startCells(): Promise<Cells> {
  const bare = async (wholeLedger: boolean) =>
    DiskCell.start(await diskMachine({ area: AREA }), { kind: 'bare', wholeLedger });
  const cells: Record<string, DiskCell> = { [BARE]: await bare(false), [BARE_LEDGER]: await bare(true) };
  for (const name of DISK_NAMES)
    cells[name] = await DiskCell.start(await diskMachine({ area: AREA }), { kind: 'host', rehearsed: false });
  return cells;
}

function workFor(name: string, rw: DiskWork['rw'], iodepth: number): DiskWork {
  return { driver: name, parameters: {}, rw, iodepth, flushEvery: 0 };
}

/** The controller does all that it was told of, then stands still: what the CPU does is timed alone. */
async function measureDraining(
  collected: Collected,
  cells: Cells,
  depth: number,
  rounds: Rounds,
): Promise<void> {
  for (const [name, cell] of Object.entries(cells)) await cell.work(workFor(name, 'randread', depth));
  const trials = await trialsOf(cells, rounds);
  collected.later(() => {
    collected.addTimed(trials.timed);
    for (const name of trials.names) {
      const id = `disk/drained/${depth}/${name}`;
      trials.recordNs(collected, `${id}/ns`, name);
      if (name !== BARE) trials.recordRatio(collected, `${id}/of-bare`, name, BARE);
      if (DISK_NAMES.includes(name)) trials.recordRatio(collected, `${id}/of-ledger`, name, BARE_LEDGER);
    }
  });
}

/** Both sides run freely, one cell after another in turn. */
async function measureLive(
  collected: Collected,
  cells: Cells,
  rw: DiskWork['rw'],
  depth: number,
  { warmUs, trialUs, trials }: Amount['live'],
): Promise<void> {
  const { [BARE_LEDGER]: _, ...measured } = cells;
  const runs: Record<string, DiskRun[]> = {};
  for (const [name, cell] of Object.entries(measured)) {
    await cell.work(workFor(name, rw, depth));
    await cell.run(warmUs);
    runs[name] = [];
  }
  const order = Object.entries(measured);
  for (let trial = 0; trial < trials; trial++) {
    for (const [name, cell] of order) runs[name].push(await workingRun(cell, trialUs));
    order.push(...order.splice(0, 1));
  }
  for (const [name, own] of Object.entries(runs))
    record(collected, `disk/${rw}/${depth}/${name}`, own, runs[BARE]);
}

/** Not one in which the machine gave a thread no core for so long. */
async function workingRun(cell: DiskCell, trialUs: number): Promise<DiskRun> {
  for (;;) {
    const run = await cell.run(trialUs);
    if (run.done > 0) return run;
  }
}

function record(
  collected: Collected,
  id: string,
  runs: readonly DiskRun[],
  bare: readonly DiskRun[] | undefined,
): void {
  const typical = (of: (run: DiskRun) => number) => median(runs.map(of));
  collected.value(`${id}/kiops`, typical(kiops));
  collected.value(
    `${id}/p50`,
    typical(({ latencyUs }) => latencyUs.p50),
  );
  collected.value(
    `${id}/p99`,
    typical(({ latencyUs }) => latencyUs.p99),
  );
  collected.value(
    `${id}/p99.9`,
    typical(({ latencyUs }) => latencyUs.p999),
  );
  if (bare === runs) return;
  collected.value(
    `${id}/cpu-idle`,
    typical(({ occupancy }) => idleShare(occupancy)),
  );
  if (bare !== undefined)
    collected.value(`${id}/of-bare`, median(runs.map((run, trial) => kiops(run) / kiops(bare[trial]))));
}

function kiops({ done, seconds }: DiskRun): number {
  return done / seconds / 1000;
}

export const disk: Bench = {
  name: 'disk',
  title: 'Disks',
  summary:
    'CPU time that a command of 4 KiB costs by driver and depth, beside the same queue pair driven by hand; IOPS and latency end to end; and where batching and a buffer help or hurt, on media that take their time.',
  processes: { full: 3, quick: 1 },
  seconds: { full: 23, quick: 10 },
  measure,
  show,
};
