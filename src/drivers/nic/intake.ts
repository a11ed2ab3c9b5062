/** The way of a burst from a ring to the application: the same for all built-in drivers, in one class. */
import { Burst } from '../burst.ts';
import type { NicEnvironment } from '../contract.ts';
import type { RxRing } from './rx-ring.ts';

/** Apart from the drivers: what is compiled for one of them serves the next one as well, however many have served. */
export class Intake {
  private readonly environment: NicEnvironment;
  /** Frames taken from a ring at a time, and descriptors posted at a time. */
  private readonly burstFrames: number;
  private readonly refillBurst: number;
  private readonly burst: Burst;

  constructor(environment: NicEnvironment, burstFrames: number, refillBurst: number) {
    this.environment = environment;
    this.burstFrames = burstFrames;
    this.refillBurst = refillBurst;
    this.burst = burstOf(environment);
    this.burst.recycles = true;
  }

  /** A burst from one ring to the application, and what is missing on the ring if it is enough. Returns frames delivered. */
  serve(ring: RxRing, budget: number): number {
    const frames = this.receive(ring, budget);
    if (ring.deficit >= this.refillBurst) ring.refill();
    return frames;
  }

  /** The same without posting what is missing. */
  receive(ring: RxRing, budget: number): number {
    const { burst } = this;
    if (ring.peek(burst, Math.min(budget, this.burstFrames)) === 0) return 0;
    if (burst.bad) return this.discard(ring);
    const offered = burst.segments;
    burst.spent = false;
    const taken = this.environment.deliver(ring.logical, burst);
    if (taken === 0) return 0;
    const frames = taken === offered ? burst.frames : countFrames(burst, taken);
    ring.consume(taken, frames);
    if (burst.spent) ring.takeBack(burst, taken, this.refillBurst);
    return frames;
  }

  /** A frame that the card marked as bad: counted by the card, its buffers go home. */
  private discard(ring: RxRing): number {
    const { burst } = this;
    for (let i = 0; i < burst.segments; i++) this.environment.pool.put(burst.buffers[i]);
    ring.consume(burst.segments, 1);
    return 1;
  }
}

/** Drivers of one card are called by one thread, one at a time: they share a burst. */
const BURSTS = new WeakMap<NicEnvironment, Burst>();

function burstOf(environment: NicEnvironment): Burst {
  const known = BURSTS.get(environment);
  if (known !== undefined) return known;
  const made = new Burst();
  BURSTS.set(environment, made);
  return made;
}

function countFrames(burst: Burst, segments: number): number {
  let frames = 0;
  for (let i = 0; i < segments; i++) frames += burst.ends[i];
  return frames;
}
