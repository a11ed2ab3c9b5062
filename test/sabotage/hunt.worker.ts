/** Runs seeds on sources with a planted bug in them, until one fails. Bundled with the bug by `hunt`. */
import { parentPort, workerData } from 'node:worker_threads';
import { Workbench } from '../../src/exec/sim/seeds.ts';
import { MARKS, marked, VERSIONS } from '../swap/marked.ts';
import type { HuntMessage, HuntStart } from './hunt.ts';

const SEEDS_PER_SIGN = 10;

function post(message: HuntMessage): void {
  parentPort?.postMessage(message);
}

function hunt({ from, seeds, amongMarked }: HuntStart): HuntMessage {
  const versions = VERSIONS.map((version) => marked(version));
  const workbench = amongMarked ? new Workbench(versions, [], [MARKS]) : new Workbench();
  for (let seed = from; seed < from + seeds; seed++) {
    if ((seed - from) % SEEDS_PER_SIGN === 0) post({ kind: 'alive', seed });
    const { violation } = workbench.run(workbench.draw(seed));
    if (violation !== undefined) {
      const { invariant, message } = violation;
      return { kind: 'found', seed, invariant, message };
    }
  }
  return { kind: 'missed' };
}

post(hunt(workerData as HuntStart));
