/** Passes cards from CPU to CPU on threads, with a planted bug in them, until a ledger is broken. Bundled with the bug by `hunt`. */
import { parentPort } from 'node:worker_threads';
import { type RunningMachine, type Scenario, Testbed } from '../../src/testbed/index.ts';
import type { HuntMessage } from './hunt.ts';

const PASSAGES = 12;
/** Frames between two of them. */
const FRAMES = 3000;
const SCENARIOS: readonly Scenario[] = [
  { nics: [{ name: 'eth0', app: 'echo', driver: { name: 'batching' } }] },
  { nics: [{ name: 'eth0', app: 'sink', queues: 2, driver: { name: 'polling' } }] },
  { nics: [{ name: 'eth0', app: 'echo', driver: { name: 'interrupt' } }] },
];

function post(message: HuntMessage): void {
  parentPort?.postMessage(message);
}

async function served(running: RunningMachine): Promise<void> {
  const delivered = () => {
    const { eth0 } = running.status().devices;
    return eth0?.kind === 'card' ? eth0.delivered : 0;
  };
  const enough = delivered() + FRAMES;
  // Its end is a race that is lost: a broken ledger ends the traffic.
  let over = false;
  const end = (): void => {
    over = true;
  };
  running.finished.then(end, end);
  while (delivered() < enough && !over) await new Promise((resolve) => setImmediate(resolve));
}

/** What was found broken, or undefined. */
async function ordeal(
  scenario: Scenario,
  before: number,
): Promise<{ invariant: string; message: string } | undefined> {
  const running = await new Testbed({ size: 64, standby: true, ...scenario }).start();
  try {
    for (let i = 0; i < PASSAGES; i++) {
      post({ kind: 'alive', seed: before + i });
      await served(running);
      if (i % 4 === 3) await running.killCpu();
      else await running.handOver();
    }
    await served(running);
    return (await running.stop()).violations[0];
  } catch (error) {
    await running.stop().catch(() => undefined); // it has ended of the same
    return { invariant: 'service', message: error instanceof Error ? error.message : String(error) };
  }
}

async function hunt(): Promise<HuntMessage> {
  for (const [i, scenario] of SCENARIOS.entries()) {
    const found = await ordeal(scenario, i * PASSAGES);
    const seed = (i + 1) * PASSAGES - 1;
    if (found !== undefined) return { kind: 'found', seed, ...found };
  }
  return { kind: 'missed' };
}

post(await hunt());
