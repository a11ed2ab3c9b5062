/** A driver as the simulation lends it to the host: the same, but that each call may be made to fail. */
import type { Burst } from '../../drivers/burst.ts';
import type { Driver, NicDriver, NicDriverDefinition, NicEnvironment } from '../../drivers/contract.ts';
import type { DiskDriver, DiskDriverDefinition, DiskEnvironment } from '../../drivers/nvme/contract.ts';
import type { Parameters } from '../../drivers/parameters.ts';
import { POINTS } from './points.ts';

export type DriverCall = 'create' | Exclude<keyof NicDriver | keyof DiskDriver, 'idle' | 'room' | 'stop'>;

/** Whoever runs the simulation hears of each call. */
export interface CallWatch {
  /** Before the driver's own work; may throw in its place. */
  before(device: number, call: DriverCall, driver: Driver | undefined): void;
  /** After it; may throw all the same. */
  after(device: number, call: DriverCall, driver: Driver | undefined): void;
  /** Frames or completions that it may take in this poll; none: it makes no progress. */
  budget(device: number, budget: number, driver: Driver): number;
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

const lent = new WeakMap<object, object>();

/** Made once for each driver: who has been warmed stays warm over all scenarios. */
function lend<T extends object>(definition: T, make: (definition: T) => T): T {
  const known = lent.get(definition) as T | undefined;
  if (known !== undefined) return known;
  const made = make(definition);
  lent.set(definition, made);
  return made;
}

export function watched(given: NicDriverDefinition): NicDriverDefinition {
  return lend(given, (definition) => ({
    ...definition,
    create: (environment: NicEnvironment, parameters: Parameters) =>
      created(
        environment.port.device,
        () => new WatchedCardDriver(definition.create(environment, parameters), environment.port.device),
      ),
  }));
}

export function watchedDisk(given: DiskDriverDefinition): DiskDriverDefinition {
  return lend(given, (definition) => ({
    ...definition,
    create: (environment: DiskEnvironment, parameters: Parameters) =>
      created(
        environment.port.device,
        () => new WatchedDiskDriver(definition.create(environment, parameters), environment.port.device),
      ),
  }));
}

function created<T extends Driver>(device: number, create: () => T): T {
  WATCH.current.before(device, 'create', undefined);
  const driver = create();
  try {
    WATCH.current.after(device, 'create', driver);
  } catch (error) {
    driver.release(); // who throws while being made keeps nothing
    throw error;
  }
  return driver;
}

class WatchedDriver<T extends Driver> implements Driver {
  protected readonly inner: T;
  protected readonly device: number;

  constructor(inner: T, device: number) {
    this.inner = inner;
    this.device = device;
  }

  start(): Generator<void> {
    return this.slices('start', () => this.inner.start());
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

  release(): void {
    this.call('release', () => this.inner.release());
  }

  protected call<R>(name: DriverCall, work: () => R): R {
    WATCH.current.before(this.device, name, this);
    POINTS.passCall();
    const result = work();
    POINTS.passCall();
    WATCH.current.after(this.device, name, this);
    return result;
  }

  protected *slices(name: DriverCall, work: () => Generator<void>): Generator<void> {
    WATCH.current.before(this.device, name, this);
    yield* work();
    WATCH.current.after(this.device, name, this);
  }
}

class WatchedCardDriver extends WatchedDriver<NicDriver> implements NicDriver {
  readonly queuesChanged?: () => void;
  readonly setReceiveBuffers?: (count: number) => void;

  constructor(inner: NicDriver, device: number) {
    super(inner, device);
    if (inner.queuesChanged !== undefined)
      this.queuesChanged = () => this.call('queuesChanged', () => inner.queuesChanged?.());
    if (inner.setReceiveBuffers !== undefined)
      this.setReceiveBuffers = (count) =>
        this.call('setReceiveBuffers', () => inner.setReceiveBuffers?.(count));
  }

  room(queue: number): number {
    return this.inner.room(queue);
  }

  transmit(queue: number, burst: Burst, segments: number, source: number, position: number): void {
    WATCH.current.before(this.device, 'transmit', this);
    this.inner.transmit(queue, burst, segments, source, position);
  }
}

class WatchedDiskDriver extends WatchedDriver<DiskDriver> implements DiskDriver {
  readonly settle?: () => boolean;
  readonly proved?: () => void;

  constructor(inner: DiskDriver, device: number) {
    super(inner, device);
    if (inner.settle !== undefined) this.settle = () => this.call('settle', () => inner.settle?.() === true);
    if (inner.proved !== undefined) this.proved = () => this.call('proved', () => inner.proved?.());
  }

  queuesChanged(): void {
    this.call('queuesChanged', () => this.inner.queuesChanged());
  }

  configure(): Generator<void> {
    return this.slices('configure', () => this.inner.configure());
  }

  room(queue: number): number {
    return this.inner.room(queue);
  }

  submit(queue: number, requests: Int32Array, count: number): number {
    WATCH.current.before(this.device, 'submit', this);
    const taken = this.inner.submit(queue, requests, count);
    WATCH.current.after(this.device, 'submit', this);
    return taken;
  }
}
