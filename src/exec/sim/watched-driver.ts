/** A driver as the simulation lends it to the host: the same, but that each call may be made to fail. */
import type { Burst } from '../../drivers/burst.ts';
import type { NicDriver, NicDriverDefinition, NicEnvironment } from '../../drivers/contract.ts';
import type { Parameters } from '../../drivers/parameters.ts';
import { POINTS } from './points.ts';

export type DriverCall = 'create' | Exclude<keyof NicDriver, 'idle' | 'room' | 'stop'>;

/** Whoever runs the simulation hears of each call. */
export interface CallWatch {
  /** Before the driver's own work; may throw in its place. */
  before(device: number, call: DriverCall, driver: NicDriver | undefined): void;
  /** After it; may throw all the same. */
  after(device: number, call: DriverCall, driver: NicDriver | undefined): void;
  /** Frames that it may take in this poll; none: it makes no progress. */
  budget(device: number, budget: number, driver: NicDriver): number;
}

const NOBODY: CallWatch = {
  before: () => undefined,
  after: () => undefined,
  budget: (_, budget) => budget,
};

/** Set for the time of a scenario. */
export const WATCH: { current: CallWatch } = { current: NOBODY };

export function unwatch(): void {
  WATCH.current = NOBODY;
}

const lent = new WeakMap<NicDriverDefinition, NicDriverDefinition>();

/** Made once for each driver: who has been warmed stays warm over all scenarios. */
export function watched(definition: NicDriverDefinition): NicDriverDefinition {
  const known = lent.get(definition);
  if (known !== undefined) return known;
  const made = watch(definition);
  lent.set(definition, made);
  return made;
}

function watch(definition: NicDriverDefinition): NicDriverDefinition {
  return {
    ...definition,
    create: (environment: NicEnvironment, parameters: Parameters) => {
      const { device } = environment.port;
      WATCH.current.before(device, 'create', undefined);
      const driver = new WatchedDriver(definition.create(environment, parameters), device);
      WATCH.current.after(device, 'create', driver);
      return driver;
    },
  };
}

class WatchedDriver implements NicDriver {
  readonly queuesChanged?: () => void;
  readonly setReceiveBuffers?: (count: number) => void;
  private readonly inner: NicDriver;
  private readonly device: number;

  constructor(inner: NicDriver, device: number) {
    this.inner = inner;
    this.device = device;
    if (inner.queuesChanged !== undefined)
      this.queuesChanged = () => this.call('queuesChanged', () => inner.queuesChanged?.());
    if (inner.setReceiveBuffers !== undefined)
      this.setReceiveBuffers = (count) =>
        this.call('setReceiveBuffers', () => inner.setReceiveBuffers?.(count));
  }

  *start(): Generator<void> {
    WATCH.current.before(this.device, 'start', this);
    yield* this.inner.start();
    WATCH.current.after(this.device, 'start', this);
  }

  stop(): Generator<void> {
    return this.inner.stop();
  }

  exportState(format: string): void {
    this.call('exportState', () => this.inner.exportState(format));
  }

  importState(format: string): void {
    this.call('importState', () => this.inner.importState(format));
  }

  activate(): void {
    this.call('activate', () => this.inner.activate());
  }

  quiesce(): void {
    this.call('quiesce', () => this.inner.quiesce());
  }

  poll(budget: number): number {
    WATCH.current.before(this.device, 'poll', this);
    const allowed = WATCH.current.budget(this.device, budget, this);
    return allowed === 0 ? 0 : this.inner.poll(allowed);
  }

  interrupt(vector: number): void {
    WATCH.current.before(this.device, 'interrupt', this);
    this.inner.interrupt(vector);
  }

  idle(): boolean {
    return this.inner.idle();
  }

  room(queue: number): number {
    return this.inner.room(queue);
  }

  transmit(queue: number, burst: Burst, segments: number, source: number, position: number): void {
    WATCH.current.before(this.device, 'transmit', this);
    this.inner.transmit(queue, burst, segments, source, position);
  }

  release(): void {
    this.call('release', () => this.inner.release());
  }

  private call(name: DriverCall, work: () => void): void {
    WATCH.current.before(this.device, name, this);
    POINTS.passCall();
    work();
    POINTS.passCall();
    WATCH.current.after(this.device, name, this);
  }
}
