/** Threads that run seeds. Their code is the build in which each access to shared words is a scheduling point. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Bundle } from '../modules/bundle.ts';
import type { Finding, PointPlan } from './conform.ts';
import type { OwnModules } from './modules.ts';
import type { SeedFailure, SeedsResult } from './seeds.ts';
import type { PointTask, SimTask, SimTrace } from './sim.worker.ts';
import type { Objection } from './trial.ts';

/** A module of the user's own that imports ringswap gets the same build: see `exports` in package.json. */
const CONDITION = '--conditions=ringswap-sim';

export class SimPool {
  readonly threads: number;
  private readonly pool: Piscina;
  private readonly about: Omit<SimTask, 'from' | 'count'>;

  constructor(modules: OwnModules, faults: SimTask['faults'], threads = availableParallelism()) {
    this.threads = threads;
    this.about = { modules, faults };
    this.pool = new Piscina({
      filename: fileURLToPath(workerUrl(import.meta.url)),
      execArgv: [...process.execArgv.filter((flag) => !flag.startsWith('--input-type')), CONDITION],
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: 10_000,
    });
  }

  /** Rejects with ModuleError when a module is not what it is to be. */
  seeds(from: number, count: number): Promise<SeedsResult> {
    return this.pool.run({ ...this.about, from, count }, { name: 'seeds' });
  }

  explain(seed: number): Promise<SeedFailure | undefined> {
    return this.pool.run({ ...this.about, from: seed, count: 1 }, { name: 'explain' });
  }

  trace(seed: number): Promise<SimTrace> {
    return this.pool.run({ ...this.about, from: seed, count: 1 }, { name: 'trace' });
  }

  /** What will be asked of a driver. Rejects, as `point` does, when nothing comes back in the time that is given. */
  points(about: Omit<PointTask, 'modules' | 'point'>, patienceMs: number): Promise<PointPlan[]> {
    const signal = AbortSignal.timeout(patienceMs);
    return this.pool.run({ modules: this.about.modules, ...about }, { name: 'points', signal });
  }

  point(about: Omit<PointTask, 'modules'>, patienceMs: number): Promise<Finding> {
    const signal = AbortSignal.timeout(patienceMs);
    return this.pool.run({ modules: this.about.modules, ...about }, { name: 'point', signal });
  }

  /** What is wrong with a driver; undefined if nothing was found. Rejects when the signal comes first. */
  trial(bundle: Bundle, signal: AbortSignal): Promise<Objection | undefined> {
    return this.pool.run(bundle, { name: 'trial', signal });
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }
}

function workerUrl(here: string): URL {
  return here.endsWith('.ts')
    ? new URL('../../../dist/sim.worker.js', here)
    : new URL('./sim.worker.js', here);
}
