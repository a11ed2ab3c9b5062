/** Runs benches, each in fresh processes, and puts their results together. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench, Measured } from './bench.ts';
import { benchNamed } from './benches.ts';
import { Budget } from './budget.ts';
import { isDisturbed } from './collect.ts';
import { environmentAfter, environmentBefore } from './environment.ts';
import { joinLedgers } from './ledger.ts';
import { type Gauges, Pace } from './pace.ts';
import type { BenchReport, BenchResult, Figure } from './results.ts';
import { builtFile } from './worker-url.ts';

export interface BenchOptions {
  readonly names: readonly string[];
  /** A tenth of the time: fewer processes, fewer and shorter trials. */
  readonly quick: boolean;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** A process that measured has failed: a bug, or a machine that cannot do it. */
export class BenchFailure extends Error {
  constructor(name: string, message: string) {
    super(`bench ${name} failed: ${message}`);
    this.name = 'BenchFailure';
  }
}

/** Rejects with BenchFailure; with the signal's reason where that ends it. */
export async function runBenches(options: BenchOptions): Promise<BenchReport> {
  const began = performance.now();
  const before = environmentBefore();
  const benches: BenchResult[] = [];
  const pace = new Pace();
  const chosen = options.names.map(benchNamed);
  const budget = new Budget(chosen, options.quick, () => performance.now() / 1000);
  for (const bench of chosen) benches.push(await runBench(bench, pace, budget.next(), options));
  return {
    version: 1,
    quick: options.quick,
    seconds: (performance.now() - began) / 1000,
    verdict: benches.every(({ ledger }) => ledger.verdict === 'pass') ? 'pass' : 'fail',
    environment: environmentAfter(before),
    benches,
  };
}

async function runBench(
  bench: Bench,
  pace: Pace,
  hasTime: (processes: number) => boolean,
  { quick, onProgress, signal }: BenchOptions,
): Promise<BenchResult> {
  const began = performance.now();
  const processes = quick ? bench.processes.quick : bench.processes.full;
  const all: Measured[] = [];
  while (hasTime(all.length)) {
    signal?.throwIfAborted();
    onProgress?.(`${bench.name}: process ${all.length + 1} of ${processes}`);
    const { measured, pace: found } = await measure(bench, quick, pace.known, signal);
    pace.know(found);
    all.push(measured);
  }
  const { name, title, summary } = bench;
  const ledger = joinLedgers(all.flatMap(({ ledgers }) => ledgers));
  const { notes, figures, ...shown } = bench.show(all, quick);
  const seconds = (performance.now() - began) / 1000;
  const said = [...new Set(all.flatMap((measured) => measured.notes))];
  return {
    name,
    title,
    summary,
    seconds,
    ledger,
    ...shown,
    figures: figures.map((figure) => marked(figure, all)),
    notes: [...notes, ...fewerNotes(all.length, processes), ...paceNotes(all), ...said],
  };
}

function marked(figure: Figure, all: readonly Measured[]): Figure {
  const shared = all.flatMap((measured) => measured.shared[figure.id] ?? []);
  return {
    ...figure,
    ...(isDisturbed(all, figure.id) ? { disturbed: true } : {}),
    ...(shared.length > 0 ? { shared } : {}),
  };
}

function fewerNotes(had: number, wanted: number): string[] {
  return had === wanted
    ? []
    : [
        `Measured in ${had} of ${wanted} processes: this machine was too slow today for all of them in the run’s time.`,
      ];
}

function paceNotes(all: readonly Measured[]): string[] {
  const sum = (of: (timed: Measured['timed']) => number) =>
    all.reduce((count, { timed }) => count + of(timed), 0);
  const timed = sum((each) => each.all);
  if (timed === 0) return [];
  const share = Math.round((sum(({ undisturbed }) => undisturbed) / timed) * 100);
  return [
    `The cores kept their own pace in ${share} % of what was timed; medians are of that part. The rest belonged to others on this host.`,
  ];
}

interface Found {
  readonly measured: Measured;
  readonly pace: Gauges;
}

type Answer = ({ readonly kind: 'measured' } & Found) | { readonly kind: 'failed'; readonly message: string };

/** One that was not told how fast the cores can be would take any pace for their own. */
function measure(
  bench: Bench,
  quick: boolean,
  pace: Gauges,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const child = fork(
    fileURLToPath(builtFile('bench-child')),
    [bench.name, quick ? 'quick' : 'full', JSON.stringify(pace)],
    {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return new Promise((resolve, reject) => {
    child.on('message', (answer: Answer) => {
      if (answer.kind === 'measured') resolve(answer);
      else reject(new BenchFailure(bench.name, answer.message));
    });
    child.on('error', (error) => reject(signal?.aborted === true ? signal.reason : error));
    child.on('exit', (code, by) =>
      reject(new BenchFailure(bench.name, `its process ended with ${by ?? `exit code ${code}`}`)),
    );
  });
}
