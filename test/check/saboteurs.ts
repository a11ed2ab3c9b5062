/** Drivers that do wrong to one frame in so many, on its way to the application: the ledger must find each. */
import { Burst } from '../../src/drivers/burst.ts';
import type { NicDriverDefinition, NicEnvironment } from '../../src/drivers/contract.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { isScratch } from '../swap/faulty.ts';

/** The frame at `index` of the burst is the victim: does it wrong, and delivers the burst or its first part. */
type Sabotage = (environment: NicEnvironment, queue: number, burst: Burst, index: number) => number;

/** A polling driver that harms the `nth` frame, once. Frames are one segment each. */
function saboteur(name: string, nth: number, sabotage: Sabotage): NicDriverDefinition {
  return {
    ...polling,
    name,
    create: (environment, parameters) => {
      if (isScratch(environment)) return polling.create(environment, parameters);
      let seen = 0;
      const deliver = (queue: number, burst: Burst): number => {
        const index = nth - 1 - seen;
        const strikes = index >= 0 && index < burst.segments;
        const taken = strikes
          ? sabotage(environment, queue, burst, index)
          : environment.deliver(queue, burst);
        seen += taken;
        return taken;
      };
      return polling.create({ ...environment, deliver }, parameters);
    },
  };
}

function lengthen(burst: Burst, to: number, from: number): void {
  burst.buffers[to] = burst.buffers[from];
  burst.lengths[to] = burst.lengths[from];
  burst.ends[to] = burst.ends[from];
}

/** Leaves the victim out: its buffer comes home. */
export function loser(nth: number): NicDriverDefinition {
  return saboteur('loser', nth, (environment, queue, burst, index) => {
    environment.pool.put(burst.buffers[index]);
    for (let i = index; i + 1 < burst.segments; i++) lengthen(burst, i, i + 1);
    burst.frames--;
    burst.recycles = false;
    const left = --burst.segments;
    if (left > 0 && environment.deliver(queue, burst) !== left) throw new Error('a sink takes everything');
    burst.recycles = true;
    burst.frames++;
    return ++burst.segments;
  });
}

/** The victim comes once more, right behind itself. */
export function repeater(nth: number): NicDriverDefinition {
  return saboteur('repeater', nth, (environment, queue, burst, index) => {
    const { memory, pool } = environment;
    const copy = new Burst();
    copy.buffers[0] = pool.take();
    copy.lengths[0] = burst.lengths[index];
    copy.ends[0] = copy.segments = copy.frames = 1;
    const from = pool.address(burst.buffers[index]);
    memory.bytes.copyWithin(pool.address(copy.buffers[0]), from, from + burst.lengths[index]);
    burst.segments = burst.frames = index + 1; // the rest is offered again
    const taken = environment.deliver(queue, burst);
    if (taken !== index + 1 || environment.deliver(queue, copy) !== 1) throw new Error('no room');
    return taken;
  });
}

/** The victim changes places with the frame behind it, or before it if it is the last. */
export function exchanger(nth: number): NicDriverDefinition {
  return saboteur('exchanger', nth, (environment, queue, burst, index) => {
    const other = index + 1 < burst.segments ? index + 1 : index - 1;
    const [buffer, length] = [burst.buffers[index], burst.lengths[index]];
    lengthen(burst, index, other);
    burst.buffers[other] = buffer;
    burst.lengths[other] = length;
    return environment.deliver(queue, burst);
  });
}

/** One bit of the victim is another one; `at` counts from the frame's end. */
export function flipper(nth: number, at: number): NicDriverDefinition {
  return saboteur('flipper', nth, (environment, queue, burst, index) => {
    const { memory, pool } = environment;
    memory.bytes[pool.address(burst.buffers[index]) + burst.lengths[index] - 1 - at] ^= 0x10;
    return environment.deliver(queue, burst);
  });
}

/** Tells the application of a byte less than there is. */
export function shortener(nth: number): NicDriverDefinition {
  return saboteur('shortener', nth, (environment, queue, burst, index) => {
    burst.lengths[index]--;
    return environment.deliver(queue, burst);
  });
}
