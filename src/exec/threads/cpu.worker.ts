/** A CPU thread: serves until it is told to stop or to leave, or stands by until the devices are passed to it. */
import { parentPort, workerData } from 'node:worker_threads';
import { CpuThread, post } from './cpu-thread.ts';
import { type CpuStart, failure, type StandbyOrder } from './messages.ts';

async function main(start: CpuStart): Promise<void> {
  const thread = await CpuThread.prepare(start);
  if (start.relieved) parentPort?.on('message', (order: StandbyOrder) => attempt(thread.follow(order)));
  if (start.begins === 'serving') return attempt(thread.begin());
  thread.tellReady();
  setImmediate(() => thread.rehearse()); // done already, but for one that stands by at once
}

/** What a CPU fails of is told, and its thread takes no more orders: then it ends. */
function attempt(work: Promise<void>): void {
  work.catch((error: unknown) => {
    post(failure(error));
    parentPort?.close();
  });
}

main(workerData as CpuStart).catch((error: unknown) => post(failure(error)));
