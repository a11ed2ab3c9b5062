/** The one clock that engines, drivers and meters read: monotonic on threads, virtual in simulation. */
export interface Clock {
  /** Microseconds since an origin that all threads of the machine share. */
  nowUs(): number;
}

/** Readings of both clocks; the pair that took least time is right within a fraction of a microsecond. */
const READINGS = 64;

/**
 * The monotonic clock of the host. `performance.now()` counts from each thread's own start, so it is
 * aligned once with `process.hrtime`, which all threads share; `originUs` is that clock's reading at time 0.
 */
export class MonotonicClock implements Clock {
  private readonly offsetUs: number;

  constructor(originUs: number) {
    let least = Number.POSITIVE_INFINITY;
    let offset = 0;
    for (let reading = 0; reading < READINGS; reading++) {
      const before = performance.now() * 1000;
      const host = hostUs();
      const after = performance.now() * 1000;
      if (after - before >= least) continue;
      least = after - before;
      offset = host - (before + after) / 2;
    }
    this.offsetUs = offset - originUs;
  }

  nowUs(): number {
    return performance.now() * 1000 + this.offsetUs;
  }
}

/** The host's monotonic clock in microseconds, comparable between threads of a process. */
export function hostUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1000;
}
