/** Looks how many seeds it takes until the checkers find a planted bug. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
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

/** `root`: the folder in which `src` lies. Undefined: not found in so many seeds. */
export async function hunt(bug: Sabotage, { from, seeds }: HuntOrder, root: string): Promise<Catch> {
  const folder = await mkdtemp(join(tmpdir(), 'ringswap-sabotage-'));
  const outfile = join(folder, 'hunt.mjs');
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['test/sabotage/hunt.worker.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      logLevel: 'error',
      plugins: [schedulingPoints(root), sabotagePlugin(bug, root)],
    });
    return await run(outfile, { from, seeds, amongMarked: bug.amongMarked === true });
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
