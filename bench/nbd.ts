/** Real clients on a served disk: fio through `ringswap serve nbd`, with and without swaps, beside nbdkit's memory plugin. */
import { spawnSync } from 'node:child_process';
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { hasFio, type Job, runFio } from './nbd/fio.ts';
import { ServedDisk, type Server, startNbdkit } from './nbd/server.ts';
import { Workplace } from './nbd/workplace.ts';
import type { Figure, ResultTable } from './results.ts';

const SWAP_EVERY = '20ms';
const SERVED = 'served';
const SWAPPED = 'swapped';
const NBDKIT = 'nbdkit';
const SIDES: Readonly<Record<string, string>> = {
  [SERVED]: 'serve nbd',
  [SWAPPED]: `serve nbd, a swap every ${SWAP_EVERY}`,
  [NBDKIT]: 'nbdkit memory',
};
const LOADS: Readonly<Record<string, Pick<Job, 'rw' | 'depth'>>> = {
  'randread-32': { rw: 'randread', depth: 32 },
  'randrw-32': { rw: 'randrw', depth: 32 },
  'randread-1': { rw: 'randread', depth: 1 },
};
const GOAL_LOAD = 'randread-32';

interface Times {
  /** Of each disk. It is filled first. */
  readonly size: string;
  readonly warmMs: number;
  readonly runMs: number;
  readonly rounds: Readonly<Record<string, number>>;
}

const FULL: Times = {
  size: '256M',
  warmMs: 300,
  runMs: 400,
  rounds: { 'randread-32': 4, 'randrw-32': 1, 'randread-1': 1 },
};
const QUICK: Times = {
  size: '64M',
  warmMs: 200,
  runMs: 300,
  rounds: { 'randread-32': 1, 'randrw-32': 0, 'randread-1': 0 },
};

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const missing = missingCommands();
  if (missing.length > 0) {
    collected.notes.push(`Nothing was measured. Not installed: ${missing.join(', ')}.`);
    return collected;
  }
  const workplace = new Workplace();
  try {
    await measureIn(workplace, collected, quick ? QUICK : FULL);
  } finally {
    workplace.close();
  }
  return collected;
}

function missingCommands(): string[] {
  const nbdkit = spawnSync('nbdkit', ['memory', '--dump-plugin']).status === 0;
  return [...(hasFio() ? [] : ['fio with its nbd engine']), ...(nbdkit ? [] : ['nbdkit'])];
}

async function measureIn(
  workplace: Workplace,
  collected: Collected,
  { size, warmMs, runMs, rounds }: Times,
): Promise<void> {
  const served = await ServedDisk.start(workplace, SERVED, size, []);
  const swapped = await ServedDisk.start(workplace, SWAPPED, size, ['--swap-every', SWAP_EVERY]);
  const nbdkit = await startNbdkit(workplace, size);
  const servers: [side: string, server: Server][] = [
    [SERVED, served.server],
    [SWAPPED, swapped.server],
    [NBDKIT, nbdkit],
  ];
  // Without holes: nbdkit would not read them.
  const fill: Job = { rw: 'write', bs: '128k', depth: 8, size };
  const warm: Job = { ...LOADS[GOAL_LOAD], bs: '4k', size, runMs: warmMs };
  for (const job of [fill, warm]) for (const [, server] of servers) await inTurn(workplace, server, job);
  for (const [load, what] of Object.entries(LOADS)) {
    const job: Job = { ...what, bs: '4k', size, runMs };
    for (let round = 0; round < rounds[load]; round++)
      await measureRound(workplace, collected, load, job, rotated(servers, round));
  }
  collected.ledgers.push(await served.end(), await swapped.end());
  await nbdkit.end();
}

/** One after another; a value of each figure. */
async function measureRound(
  workplace: Workplace,
  collected: Collected,
  load: string,
  job: Job,
  servers: readonly [side: string, server: Server][],
): Promise<void> {
  const iops: Record<string, number> = {};
  for (const [side, server] of servers) {
    const found = await inTurn(workplace, server, job);
    iops[side] = found.iops;
    collected.value(`nbd/${load}/${side}/iops`, found.iops);
    collected.value(`nbd/${load}/${side}/p50`, found.p50Us);
    collected.value(`nbd/${load}/${side}/p99`, found.p99Us);
  }
  for (const side of [SERVED, SWAPPED])
    collected.value(`nbd/${load}/${side}/of-nbdkit`, iops[side] / iops[NBDKIT]);
}

async function inTurn(workplace: Workplace, server: Server, job: Job) {
  server.resume();
  try {
    return await runFio(workplace, server.uri, job);
  } finally {
    server.pause();
  }
}

function rotated<T>(all: readonly T[], by: number): T[] {
  const first = by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const loads = Object.entries(LOADS).filter(([load]) => ids.includes(`nbd/${load}/${SERVED}/iops`));
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: loads.length === 0 ? [] : [tableOf(loads)],
    plots: [],
    goals: [
      {
        figure: `nbd/${GOAL_LOAD}/${SERVED}/of-nbdkit`,
        text: 'fio’s IOPS through a served disk against nbdkit’s memory plugin, randread, depth 32',
        bound: 'at least',
        goal: 1,
        least: 0.5,
      },
    ],
    notes: [],
  };
}

function tableOf(loads: readonly [load: string, what: Pick<Job, 'rw' | 'depth'>][]): ResultTable {
  return {
    title: 'fio, 4 KiB, one connection over a Unix socket',
    note: 'IOPS are reads and writes a second; latency is that of reads, as fio sees it. All disks are full of data.',
    keys: ['load', 'server'],
    columns: ['IOPS', 'of nbdkit', 'p50', 'p99'],
    rows: loads.flatMap(([load, { rw, depth }]) =>
      Object.entries(SIDES).map(([side, name]) => ({
        keys: [`${rw}, depth ${depth}`, name],
        cells: [
          { figure: `nbd/${load}/${side}/iops` },
          side === NBDKIT ? { text: '' } : { figure: `nbd/${load}/${side}/of-nbdkit` },
          { figure: `nbd/${load}/${side}/p50` },
          { figure: `nbd/${load}/${side}/p99` },
        ],
      })),
    ),
  };
}

function figure(id: string, values: readonly number[]): Figure {
  if (id.endsWith('/iops')) return { id, unit: 'count', values };
  return id.endsWith('/of-nbdkit')
    ? { id, unit: 'ratio', better: 'higher', values }
    : { id, unit: 'us', values };
}

export const nbd: Bench = {
  name: 'nbd',
  title: 'A served disk',
  summary:
    'fio’s IOPS and latency on a disk that is served over NBD, with and without swaps, beside nbdkit’s memory plugin.',
  processes: { full: 2, quick: 1 },
  seconds: { full: 30, quick: 9 },
  measure,
  show,
};
