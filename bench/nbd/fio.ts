/** fio as a client of an NBD server: what it does, and what it says of that. */
import { spawnSync } from 'node:child_process';
import type { Workplace } from './workplace.ts';

export interface Job {
  readonly rw: 'randread' | 'randrw' | 'write';
  readonly bs: string;
  readonly depth: number;
  readonly size: string;
  /** Without: until all is read or written once. */
  readonly runMs?: number;
}

export interface JobResult {
  /** Reads and writes a second. */
  readonly iops: number;
  /** From submission to completion, of reads. */
  readonly p50Us: number;
  readonly p99Us: number;
}

interface Direction {
  readonly iops: number;
  readonly clat_ns: { readonly percentile?: Readonly<Record<string, number>> };
}

/** As far as it is read here. */
interface Output {
  readonly jobs: readonly {
    readonly error: number;
    readonly read: Direction;
    readonly write: Direction;
  }[];
}

/** Is it installed, with its engine for NBD? */
export function hasFio(): boolean {
  const { status, stdout } = spawnSync('fio', ['--enghelp'], { encoding: 'utf8' });
  return status === 0 && /^\s*nbd$/m.test(stdout);
}

/** Rejects when fio has met an error. */
export async function runFio(
  workplace: Workplace,
  uri: string,
  { rw, bs, depth, size, runMs }: Job,
): Promise<JobResult> {
  const fio = workplace.start('fio', [
    '--name=bench',
    '--ioengine=nbd',
    `--uri=${uri}`,
    `--rw=${rw}`,
    `--bs=${bs}`,
    `--iodepth=${depth}`,
    `--size=${size}`,
    ...(runMs === undefined ? [] : ['--time_based', `--runtime=${runMs}ms`]),
    '--output-format=json',
  ]);
  const status = await fio.ended;
  const { out, error } = fio.said;
  if (status !== 0) throw new Error(`fio ended with status ${status}: ${error}${out}`);
  const { jobs }: Output = JSON.parse(out.slice(out.indexOf('{'))); // remarks may stand before it
  const [job] = jobs;
  if (job.error !== 0) throw new Error(`fio met error ${job.error}: ${error}`);
  const { percentile = {} } = job.read.clat_ns;
  return {
    iops: job.read.iops + job.write.iops,
    p50Us: percentile['50.000000'] / 1000,
    p99Us: percentile['99.000000'] / 1000,
  };
}
