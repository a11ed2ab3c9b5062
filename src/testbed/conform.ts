/** A driver held against the contract, its points spread over all cores. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import type { Bundle } from '../exec/modules/bundle.ts';
import { type ConformPoint, type Finding, notTried, type PointPlan } from '../exec/sim/conform.ts';
import { SimPool } from '../exec/sim/pool.ts';
import { openDriverFiles } from './drivers.ts';
import { UsageError } from './errors.ts';
import { didYouMean } from './suggest.ts';

export interface ConformOptions {
  /** The path of a module, or the name of a built-in driver. */
  readonly driver: string;
  /** Seeds for each point that runs scenarios, and the first of them. Default 100, from 0. */
  readonly seeds?: number;
  readonly from?: number;
  /** This point alone. */
  readonly point?: string;
  readonly threads?: number;
  /** Called for each point, in order. */
  readonly onPoint?: (point: ConformPoint) => void;
}

/** `schemas/conform.schema.json` is the same contract for other languages. */
export interface ConformReport {
  readonly version: 1;
  readonly verdict: 'pass' | 'fail';
  readonly driver: { readonly name: string; readonly version: string };
  readonly seeds: number;
  readonly from: number;
  readonly elapsedMs: number;
  readonly points: readonly ConformPoint[];
}

const DEFAULT_SEEDS = 100;
/** What a point may take, and what each of its seeds may add: far more than any does whose calls come to an end. */
const PATIENCE_MS = 60_000;
const PATIENCE_PER_SEED_MS = 500;

/** Throws UsageError: no such module, or none that is a driver; no such point. */
export async function runConform(options: ConformOptions): Promise<ConformReport> {
  const { modules, definition } = await openSubject(options.driver);
  const { name, version } = definition;
  const { seeds = DEFAULT_SEEDS, from = 0 } = options;
  const began = performance.now();
  const pool = new SimPool({ drivers: modules, applications: [], checkers: [] }, [], options.threads);
  try {
    const about = { subject: name, seeds, from };
    const all = await pool.points(about, PATIENCE_MS).catch((error: unknown) => {
      if (!isSilence(error)) throw error;
      throw new UsageError(`${options.driver}: its rehearsal does not end; ${silence(PATIENCE_MS)}`);
    });
    const plans = chosen(all, options.point);
    const patienceMs = PATIENCE_MS + seeds * PATIENCE_PER_SEED_MS;
    const ask = (point: string) =>
      pool.point({ ...about, point }, patienceMs).catch((error: unknown): Finding => {
        if (isSilence(error)) return { verdict: 'fail', says: silence(patienceMs) };
        throw error;
      });
    const points = await inOrder(answers(plans, ask, pool.threads), options.onPoint);
    const verdict = points.some((point) => point.verdict === 'fail') ? 'fail' : 'pass';
    const elapsedMs = performance.now() - began;
    return { version: 1, verdict, driver: { name, version }, seeds, from, elapsedMs, points };
  } finally {
    await pool.close();
  }
}

/** Its module, if it has one, and what it declares. A name that both have is that of a driver of cards. */
async function openSubject(
  driver: string,
): Promise<{ readonly modules: readonly Bundle[]; readonly definition: DriverDeclaration }> {
  const builtIn = [...NIC_DRIVERS, ...DISK_DRIVERS].find(({ name }) => name === driver);
  if (builtIn !== undefined) return { modules: [], definition: builtIn };
  const [{ bundle, definition }] = await openDriverFiles([driver]);
  return { modules: [bundle], definition };
}

function chosen(plans: readonly PointPlan[], point: string | undefined): readonly PointPlan[] {
  if (point === undefined) return plans;
  const names = plans.map(({ name }) => name);
  if (!names.includes(point))
    throw new UsageError(
      `there is no point ${point}${didYouMean(point, names)}; choose from ${names.join(', ')}`,
    );
  return plans.filter(({ name }) => name === point);
}

/** Each point is asked when those that it needs are answered, and a thread is free. */
function answers(
  plans: readonly PointPlan[],
  ask: (point: string) => Promise<Finding>,
  threads: number,
): Promise<ConformPoint>[] {
  const free = new Turns(threads);
  const known = new Map<string, Promise<ConformPoint>>();
  for (const plan of plans) {
    const needed = plan.needs.flatMap((name) => known.get(name) ?? []);
    known.set(
      plan.name,
      answer(plan, needed, () => free.take(() => ask(plan.name))),
    );
  }
  return [...known.values()];
}

async function answer(
  plan: PointPlan,
  needed: readonly Promise<ConformPoint>[],
  ask: () => Promise<Finding>,
): Promise<ConformPoint> {
  const finding = notTried(plan, await Promise.all(needed)) ?? (await ask());
  return { name: plan.name, title: plan.title, ...finding };
}

/** Told of in their order, whichever is answered first. */
async function inOrder(
  answers: readonly Promise<ConformPoint>[],
  tell: ConformOptions['onPoint'],
): Promise<ConformPoint[]> {
  const all = Promise.all(answers); // if one is rejected, the others are not left unheard
  for (const answer of answers) {
    const point = await Promise.race([answer, all.then(() => answer)]);
    tell?.(point);
  }
  return all;
}

/** So many at a time; the others wait. A task that is given its time must not spend it in a queue. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** The thread was ended: a call of the driver would have gone on for ever. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function silence(patienceMs: number): string {
  return (
    `nothing came back in ${Math.round(patienceMs / 1000)} s: every call is bounded, ` +
    'only start and stop may wait, and they yield'
  );
}
