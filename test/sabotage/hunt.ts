/** Looks how many seeds it takes until the checkers find a planted bug; on threads, how many changes of CPU. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build, type Plugin } from 'esbuild';
import { schedulingPoints } from '../../scripts/build.mjs';
import { sabotagePlugin } from './apply.ts';
import type { Sabotage } from './sabotage.ts';

export interface HuntOrder {
  readonly from: number;
  readonly seeds: number;
}

/** What is told to the thread. */
export interface HuntStart extends HuntOrder {
  readonly amongMarked: boolean;
}

export type HuntMessage =
  | { readonly kind: 'alive'; readonly seed: number }
  | { readonly kind: 'found'; readonly seed: number; readonly invariant: string; readonly message: string }
  | { readonly kind: 'missed' };

/** Where it was found, and which invariant was seen broken; `invariant` is `hang` when a scenario does not end. */
export type Catch =
  | { readonly seeds: number; readonly invariant: string; readonly message: string }
  | undefined;

/** No scenario takes so long, on however busy a machine. */
const HANG_MS = 60_000;

/** Each beside the one that starts it. */
const THREADS = {
  hunt: 'test/sabotage/ordeal.worker.ts',
  'cpu.worker': 'src/exec/threads/cpu.worker.ts',
  'hw.worker': 'src/exec/threads/hw.worker.ts',
};

/** `root`: the folder in which `src` lies. Undefined: not found in so many seeds. */
export async function hunt(bug: Sabotage, { from, seeds }: HuntOrder, root: string): Promise<Catch> {
  const folder = await mkdtemp(join(root, 'node_modules', '.sabotage-')); // packages are found from there
  try {
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const built = (entryPoints: Record<string, string>, plugins: readonly Plugin[]) =>
      build({
        absWorkingDir: root,
        entryPoints,
        outdir: folder,
        bundle: true,
        packages: 'external',
        format: 'esm',
        platform: 'node',
        target: 'node20.19',
        logLevel: 'error',
        plugins: [...plugins],
      });
    const bugged = sabotagePlugin(bug, root);
    if (bug.onThreads === true) await built(THREADS, [bugged]);
    else await built({ hunt: 'test/sabotage/hunt.worker.ts' }, [schedulingPoints(root), bugged]);
    return await run(join(folder, 'hunt.js'), { from, seeds, amongMarked: bug.amongMarked === true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(file: string, order: HuntStart): Promise<Catch> {
  const worker = new Worker(file, { workerData: order });
  let last = order.from;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Catch>((resolve, reject) => {
      const watch = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          const message = `a scenario between seeds ${last} and ${last + 9} does not end`;
          resolve({ seeds: last - order.from + 1, invariant: 'hang', message });
        }, HANG_MS);
      };
      watch();
      worker.on('error', reject);
      worker.on('message', (message: HuntMessage) => {
        watch();
        if (message.kind === 'alive') last = message.seed;
        else if (message.kind === 'missed') resolve(undefined);
        else
          resolve({
            seeds: message.seed - order.from + 1,
            invariant: message.invariant,
            message: message.message,
          });
      });
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
