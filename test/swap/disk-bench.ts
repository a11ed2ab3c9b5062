/** A disk whose drivers are exchanged as a CPU does it, in one thread, on a clock that tests advance. */
import type { DiskDriver, DiskDriverDefinition, DiskEnvironment } from '../../src/drivers/nvme/contract.ts';
import { DISK_DRIVERS } from '../../src/drivers/nvme/index.ts';
import { type Parameters, resolveParameters } from '../../src/drivers/parameters.ts';
import { nextRandom } from '../../src/hw/link/frames.ts';
import { SwapDesk } from '../../src/swap/desk.ts';
import { DISK_KIND, type DiskTypes } from '../../src/swap/disk-kind.ts';
import { HELD_DISK } from '../../src/swap/disk-stand-ins.ts';
import { SwapHost } from '../../src/swap/host.ts';
import type { Method } from '../../src/swap/plan.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import { POLL_BUDGET, Slot } from '../../src/swap/slot.ts';
import { type BenchOptions, DiskBench } from '../drivers/nvme/bench.ts';
import { passedOn } from './passed-on.ts';

/** A driver on probation does not make a test wait long. */
const PATIENCE = { stuckPolls: 20_000, idlePolls: 300 };
/** Turns after which a swap has not come to an end. */
const TURNS_AT_MOST = 100_000;

export interface SwappedOptions extends BenchOptions {
  /** Beside the built-in ones. */
  readonly drivers?: readonly DiskDriverDefinition[];
  /** In so many turns of ten the disk does nothing, by lot: it falls behind, and then does much at once. */
  readonly lazy?: number;
}

export class SwappedDisk extends DiskBench {
  readonly slot: Slot<DiskTypes>;
  readonly ended: SwapRecord[] = [];
  /** Requests that were handed back as done in the middle of a reset: the disk had completed them before. */
  takenLate = 0;
  /** Turns in which the slot had no driver. */
  heldTurns = 0;
  private readonly desk: SwapDesk;
  private readonly lazy: number;
  private random = 1;

  constructor(name: string, parameters: Parameters = {}, options: SwappedOptions = {}) {
    super(name, parameters, options);
    const { definition, environment } = this;
    const complete = environment.complete.bind(environment);
    environment.complete = (queue, done, count) => {
      if (this.slot.driver === HELD_DISK)
        for (const request of done.slice(0, count)) if (this.requests.status(request) === 0) this.takenLate++;
      complete(queue, done, count);
    };
    const full = resolveParameters(name, definition.parameters, parameters);
    this.slot = new Slot<DiskTypes>(0, DISK_KIND, environment, definition, full, this.driver);
    const host = new SwapHost([this.slot], this.cpu.bell, PATIENCE, () => undefined);
    const nvme = new Map(
      [...DISK_DRIVERS, ...(options.drivers ?? [])].map((driver) => [driver.name, driver]),
    );
    this.desk = new SwapDesk(host, [this.slot], { nic: new Map(), nvme }, [], undefined, 1, (record) =>
      this.ended.push(record),
    );
    this.lazy = options.lazy ?? 0;
  }

  static up(name: string, parameters: Parameters = {}, options: SwappedOptions = {}): SwappedDisk {
    const bench = new SwappedDisk(name, parameters, options);
    bench.start();
    bench.desk.start(bench.clock.us);
    return bench;
  }

  override turn(us = 1): void {
    this.random = nextRandom(this.random);
    if ((this.random >>> 0) % 10 < this.lazy) this.clock.us += us;
    else this.step(us);
    this.interrupt();
    this.serve();
  }

  /** A turn of the CPU alone. */
  serve(): void {
    const { mediator, driver } = this.slot;
    if (mediator !== null) this.desk.poll(this.slot);
    else if (!driver.idle()) driver.poll(POLL_BUDGET);
    this.desk.tick(this.clock.us);
    if (this.slot.driver === HELD_DISK) this.heldTurns++;
    this.driver = this.slot.driver;
  }

  ask(to: string, parameters: Parameters = {}, method: Method = 'reset'): void {
    this.desk.ask(0, to, parameters, method);
  }

  /** `turn`: what goes on meanwhile. */
  reset(to: string, parameters: Parameters = {}, turn: () => void = () => this.turn()): SwapRecord {
    return this.swapTo(to, parameters, 'reset', turn);
  }

  swapTo(
    to: string,
    parameters: Parameters,
    method: Method,
    turn: () => void = () => this.turn(),
  ): SwapRecord {
    const before = this.ended.length;
    this.ask(to, parameters, method);
    for (let turns = 0; this.ended.length === before; turns++) {
      if (turns > TURNS_AT_MOST) throw new Error(`the swap to ${to} does not end`);
      turn();
    }
    return this.ended[before];
  }
}

/** A driver that is `base`, but for the methods that `change` gives. */
export function altered(
  name: string,
  base: DiskDriverDefinition,
  change: (driver: DiskDriver, environment: DiskEnvironment) => Partial<DiskDriver>,
): DiskDriverDefinition {
  return {
    ...base,
    name,
    create: (environment, parameters) => {
      const driver = base.create(environment, parameters);
      return { ...delegating(driver), ...change(driver, environment) };
    },
  };
}

function delegating(driver: DiskDriver): DiskDriver {
  return {
    ...passedOn(driver),
    room: (queue) => driver.room(queue),
    submit: (queue, requests, count) => driver.submit(queue, requests, count),
    queuesChanged: () => driver.queuesChanged(),
    configure: () => driver.configure(),
    settle: () => driver.settle?.() ?? true,
    proved: () => driver.proved?.(),
  };
}
