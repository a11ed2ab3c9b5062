/** A thread that sleeps, and how long it takes from waking it until it is awake. */
import { hostUs } from '../../src/hw/clock.ts';
import { Thread } from '../thread.ts';

/** Word of the state, and double of the time at which it was awake last. */
export const STATE = 0;
export const AWAKE_AT = 1;
const BYTES = 16;
const AWAKE = 0;
export const ASLEEP = 1;
export const OVER = 2;

/** It is to be in its sleep, not on the way there. */
const SETTLED_MS = 2;

/** Microseconds, one for each time. */
export async function wakeups(count: number): Promise<number[]> {
  const buffer = new SharedArrayBuffer(BYTES);
  const words = new Int32Array(buffer);
  const times = new Float64Array(buffer);
  const thread = new Thread<{ readonly kind: 'ready' }, never>('park.worker', buffer);
  await thread.next('ready');
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    await asleep(words);
    const calledUs = hostUs();
    wake(words, AWAKE);
    await asleep(words);
    took.push(times[AWAKE_AT] - calledUs);
  }
  wake(words, OVER);
  await thread.terminate();
  return took;
}

function wake(words: Int32Array, state: number): void {
  Atomics.store(words, STATE, state);
  Atomics.notify(words, STATE);
}

async function asleep(words: Int32Array): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  while (Atomics.load(words, STATE) !== ASLEEP);
}
