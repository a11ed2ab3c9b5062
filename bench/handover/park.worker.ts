/** Sleeps until it is woken, and says when it was awake: what a handover to a thread that does not spin would wait for. */
import { parentPort, workerData } from 'node:worker_threads';
import { hostUs } from '../../src/hw/clock.ts';
import { ASLEEP, AWAKE_AT, OVER, STATE } from './park.ts';

const buffer = workerData as SharedArrayBuffer;
const words = new Int32Array(buffer);
const times = new Float64Array(buffer);

parentPort?.postMessage({ kind: 'ready' });
while (Atomics.load(words, STATE) !== OVER) {
  Atomics.store(words, STATE, ASLEEP);
  Atomics.wait(words, STATE, ASLEEP);
  times[AWAKE_AT] = hostUs();
  // Published by the store with which it sleeps again.
}
