/** A campaign of seeded scenarios over all cores, and what it covered. */
import { cpus } from 'node:os';
import { addCoverage, type Covered, nothingCovered } from '../exec/sim/coverage.ts';
import { FAULT_NAMES, type Fault } from '../exec/sim/faults.ts';
import { SimPool } from '../exec/sim/pool.ts';
import type { SeedFailure, SeedsResult } from '../exec/sim/seeds.ts';
import { type CoverageTable, tabulate } from './coverage-table.ts';
import { UsageError } from './errors.ts';
import { type Own, openOwn } from './own.ts';
import { didYouMean } from './suggest.ts';

export interface CampaignOptions {
  /** Scenarios, from the first seed on. Default 1000, from 0. */
  readonly seeds?: number;
  readonly from?: number;
  /** Faults that may strike; all when undefined, none when empty. */
  readonly faults?: readonly string[];
  /** Paths of modules: a driver that scenarios are to be about, an application in place of the built-in ones, checkers beside them. */
  readonly driver?: string;
  readonly app?: string;
  readonly checkers?: readonly string[];
  /** The `index`-th of `of` equal parts of the seeds, counted from 1. */
  readonly shard?: { readonly index: number; readonly of: number };
  readonly threads?: number;
  readonly onProgress?: (progress: CampaignProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CampaignProgress {
  readonly elapsedMs: number;
  readonly seeds: number;
  readonly total: number;
  readonly frames: number;
  readonly requests: number;
  readonly swaps: number;
  readonly failed: number;
}

/** `schemas/campaign.schema.json` is the same contract for other languages. */
export interface CampaignReport {
  readonly version: 1;
  readonly verdict: 'pass' | 'fail';
  readonly from: number;
  readonly seeds: number;
  readonly frames: number;
  readonly requests: number;
  readonly swaps: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  /** All seeds that failed, ascending. A campaign ends early when there are many. */
  readonly failedSeeds: readonly number[];
  /** The first of them, made small. */
  readonly failures: readonly SeedFailureReport[];
  readonly coverage: CoverageTable;
  readonly faults: readonly string[];
  readonly interrupted: boolean;
  readonly host: { readonly node: string; readonly cpu: string; readonly threads: number };
}

export interface SeedFailureReport {
  readonly seed: number;
  readonly invariant: string;
  readonly device: string;
  readonly queue?: number;
  readonly flow?: number;
  readonly sequence?: number;
  readonly message: string;
  /** The swap in whose time it was seen, and its phase. */
  readonly swap?: number;
  readonly phase?: string;
  readonly timeUs: number;
  /** The smallest scenario that breaks the same invariant, what it breaks, and its last events. */
  readonly smallest: unknown;
  readonly smallestMessage: string;
  readonly events: readonly string[];
}

/** Seeds that a thread runs before it reports. */
const PORTION = 50;
/** Failing seeds after which a campaign has seen enough. */
const ENOUGH = 20;
const DEFAULT_SEEDS = 1000;

/** Throws UsageError: modules that are none, faults that there are not. */
export async function runCampaign(options: CampaignOptions = {}): Promise<CampaignReport> {
  const faults = checkedFaults(options.faults);
  const own = await openOwn(options);
  const { from, seeds } = partOf(options);
  const pool = new SimPool(own.modules, faults, options.threads);
  try {
    const sum = await runPortions(pool, from, seeds, options);
    const [first] = sum.failed;
    const explained = first === undefined ? undefined : await pool.explain(first);
    return reportOf(sum, from, faults, own, explained === undefined ? [] : [explained], pool.threads);
  } finally {
    await pool.close();
  }
}

/** Everything that happens in one seed's scenario, line by line. Throws UsageError. */
export async function traceSeed(
  seed: number,
  options: CampaignOptions = {},
): Promise<{ readonly lines: readonly string[]; readonly violation: string | undefined }> {
  const faults = checkedFaults(options.faults);
  const { modules } = await openOwn(options);
  const pool = new SimPool(modules, faults, 1);
  try {
    return await pool.trace(seed);
  } finally {
    await pool.close();
  }
}

function checkedFaults(given: readonly string[] | undefined): readonly Fault[] {
  if (given === undefined) return FAULT_NAMES;
  return given.map((name) => {
    const fault = FAULT_NAMES.find((known) => known === name);
    if (fault !== undefined) return fault;
    throw new UsageError(
      `there is no fault ${name}${didYouMean(name, FAULT_NAMES)}; choose from ${FAULT_NAMES.join(', ')}`,
    );
  });
}

function partOf({ seeds = DEFAULT_SEEDS, from = 0, shard }: CampaignOptions): {
  from: number;
  seeds: number;
} {
  if (shard === undefined) return { from, seeds };
  const { index, of } = shard;
  if (!(Number.isInteger(index) && Number.isInteger(of) && index >= 1 && index <= of))
    throw new UsageError(`shard ${index}/${of}: give the number of a part and how many there are, as 1/4`);
  const begin = Math.floor((seeds * (index - 1)) / of);
  return { from: from + begin, seeds: Math.floor((seeds * index) / of) - begin };
}

interface Sum {
  seeds: number;
  frames: number;
  requests: number;
  swaps: number;
  readonly covered: Covered;
  failed: number[];
  elapsedMs: number;
  interrupted: boolean;
}

/** Each thread takes the next portion when it is done with one. */
async function runPortions(
  pool: SimPool,
  from: number,
  total: number,
  { onProgress, signal }: CampaignOptions,
): Promise<Sum> {
  const sum: Sum = {
    seeds: 0,
    frames: 0,
    requests: 0,
    swaps: 0,
    covered: nothingCovered(),
    failed: [],
    elapsedMs: 0,
    interrupted: false,
  };
  const started = performance.now();
  let next = from;
  const work = async (): Promise<void> => {
    while (next < from + total && sum.failed.length < ENOUGH && signal?.aborted !== true) {
      const begin = next;
      next = Math.min(next + PORTION, from + total);
      add(sum, await pool.seeds(begin, next - begin));
      sum.elapsedMs = performance.now() - started;
      onProgress?.({ ...sum, total, failed: sum.failed.length });
    }
  };
  await Promise.all(Array.from({ length: pool.threads }, work));
  sum.failed.sort((a, b) => a - b);
  sum.interrupted = signal?.aborted === true;
  return sum;
}

function add(sum: Sum, result: SeedsResult): void {
  sum.seeds += result.seeds;
  sum.frames += result.frames;
  sum.requests += result.requests;
  sum.swaps += result.swaps;
  sum.failed.push(...result.failed);
  addCoverage(sum.covered, result.covered);
}

function reportOf(
  sum: Sum,
  from: number,
  faults: readonly Fault[],
  own: Own,
  failures: readonly SeedFailure[],
  threads: number,
): CampaignReport {
  return {
    version: 1,
    verdict: sum.failed.length === 0 ? 'pass' : 'fail',
    from,
    seeds: sum.seeds,
    frames: sum.frames,
    requests: sum.requests,
    swaps: sum.swaps,
    outcomes: sum.covered.outcomes,
    elapsedMs: sum.elapsedMs,
    failedSeeds: sum.failed,
    failures: failures.map(reportFailure),
    coverage: tabulate(sum.covered, faults, own),
    faults,
    interrupted: sum.interrupted,
    host: { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', threads },
  };
}

export function reportFailure({
  seed,
  result,
  shrunk,
  shrunkResult,
  events,
}: SeedFailure): SeedFailureReport {
  const { violation, during, timeUs } = result;
  return {
    seed,
    invariant: violation?.invariant ?? '',
    device: violation?.device ?? '',
    ...(violation?.queue === undefined ? {} : { queue: violation.queue }),
    ...(violation?.flow === undefined ? {} : { flow: violation.flow }),
    ...(violation?.sequence === undefined ? {} : { sequence: violation.sequence }),
    message: violation?.message ?? '',
    ...during,
    timeUs,
    smallest: shrunk,
    smallestMessage: shrunkResult.violation?.message ?? '',
    events,
  };
}
