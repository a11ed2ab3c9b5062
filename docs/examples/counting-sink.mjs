/** The counting sink: checks every frame, counts it for its queue, says how many as their number doubles. */
import { writeSync } from 'node:fs';

const STDERR = 2;
const QUEUES = 8;

class CountingSink {
  name = 'counting-sink';
  #check;
  #pool;
  #frames = new Float64Array(QUEUES);
  #total = 0;
  #tellAt = 1024;

  /** @param {import('ringswap').ApplicationEnvironment} environment */
  constructor({ check, pool }) {
    this.#check = check;
    this.#pool = pool;
  }

  /** @type {import('ringswap').Application['receive']} */
  receive(slot, queue, burst) {
    const { segments, frames } = burst;
    this.#check.burst(burst, segments, queue); // first: a buffer that is home is no longer ours to read
    for (let i = 0; i < segments; i++) this.#pool.put(burst.buffers[i]);
    this.#frames[queue] += frames;
    this.#total += frames;
    if (this.#total >= this.#tellAt) {
      this.#tellAt = 2 * this.#total;
      writeSync(STDERR, `${slot.name}: ${this.#total} frames, by queue ${this.#frames.join(' ')}\n`);
    }
    return segments;
  }
}

/** @type {import('ringswap').ApplicationDefinition} */
export default {
  name: 'counting-sink',
  description: 'checks every frame, counts it for its queue, frees its buffers',
  sends: 'nothing',
  create: (environment) => new CountingSink(environment),
};
