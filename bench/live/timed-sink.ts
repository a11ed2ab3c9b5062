/** The sink, which also counts how long ago each frame was due at the card. One look at the clock a burst. */
import type { Burst } from '../../src/drivers/burst.ts';
import type { Application, SlotView } from '../../src/drivers/contract.ts';
import type { ApplicationDefinition, ApplicationEnvironment } from '../../src/host/apps/applications.ts';
import type { Clock } from '../../src/hw/clock.ts';
import type { Histogram } from './histogram.ts';
import type { Stamps } from './stamps.ts';

export const TIMED_SINK = 'timed-sink';

/** Latencies are counted in nanoseconds. */
export function timedSink(stamps: Stamps, histogram: Histogram, clock: Clock): ApplicationDefinition {
  return {
    name: TIMED_SINK,
    description: 'checks every frame, counts how long it was on its way, and frees its buffers',
    sends: 'nothing',
    create: (environment) => new TimedSink(environment, stamps, histogram, clock),
  };
}

class TimedSink implements Application {
  readonly name = TIMED_SINK;
  private readonly environment: ApplicationEnvironment;
  private readonly stamps: Stamps;
  private readonly histogram: Histogram;
  private readonly clock: Clock;

  constructor(environment: ApplicationEnvironment, stamps: Stamps, histogram: Histogram, clock: Clock) {
    this.environment = environment;
    this.stamps = stamps;
    this.histogram = histogram;
    this.clock = clock;
  }

  receive(_: SlotView, queue: number, burst: Burst): number {
    const { check, pool } = this.environment;
    const nowUs = this.clock.nowUs();
    for (let i = 0; i < burst.segments; i++)
      this.histogram.count((nowUs - this.stamps.read(pool.address(burst.buffers[i]))) * 1000);
    check.burst(burst, burst.segments, queue);
    pool.putAll(burst.buffers, burst.segments);
    return burst.segments;
  }
}
