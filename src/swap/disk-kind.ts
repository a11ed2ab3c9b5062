/** What swaps of disks have beyond those of other devices. */

import type { DiskDriver, DiskDriverDefinition, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { CommandWalk } from '../drivers/nvme/slot-walk.ts';
import { DISK_STATE_BYTES } from '../drivers/nvme/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { COMMON_ACTIONS } from './common-actions.ts';
import type { DeviceKind, DeviceTypes } from './device.ts';
import { commandsOf, dropNewPairs, makeNewPairs, moveNextPair } from './disk-move.ts';
import { planDiskSwap } from './disk-plan.ts';
import type { Exchange } from './exchange.ts';
import { Refusal } from './plan.ts';
import { each, SERVE, type Slices } from './slices.ts';
import { playThrough } from './understudy.ts';

export interface DiskTypes extends DeviceTypes {
  readonly environment: DiskEnvironment;
  readonly driver: DiskDriver;
  readonly definition: DiskDriverDefinition;
  /** Identifier of a queue pair that was made. */
  readonly newRing: number;
}

export const DISK_KIND: DeviceKind<DiskTypes> = {
  stateBytes: DISK_STATE_BYTES,
  actions: {
    ...COMMON_ACTIONS,
    makeRings: { run: makeNewPairs, undo: dropNewPairs },
    moveQueues: { run: moveNextPair, undo: dropNewPairs },
    configure: {
      run: ({ driverToCome }) => each(driverToCome.configure(), SERVE),
      undo: ({ old }) => each(old.driver.configure(), SERVE),
    },
    warm: { run: warm },
    settle: { run: settle, undo: ({ old }) => old.driver.activate() },
    drain: {
      run: drain,
      undo: ({ slot, old }) => {
        slot.driver = old.driver;
      },
    },
  },
  create: (definition, environment, parameters) => definition.create(environment, parameters),
  plan: (slot, request) =>
    planDiskSwap({
      from: slot.definition,
      fromParameters: slot.parameters,
      to: request.to,
      given: request.parameters,
      method: request.method,
      queues: slot.environment.queues,
    }),
  walk: ({ state, requests }) => new CommandWalk(state, requests),
};

/** What the old driver keeps and the new one would not know goes to the disk, while requests are served on. */
function* settle({ old, slot }: Exchange<DiskTypes>): Slices {
  const { driver } = old;
  if (driver.settle === undefined)
    throw new Refusal(`${slot.definition.name} exports less than it keeps, and has no settle`);
  while (!driver.settle()) yield SERVE;
}

/** Drained for, it would be forgotten again by the time the pause comes. */
function warm(exchange: Exchange<DiskTypes>): Slices | void {
  const { understudy } = exchange.host;
  if (understudy !== undefined) return playThrough(exchange, understudy);
}

/** Takes no more requests and serves on, until no command is outstanding. */
function* drain({ slot, old }: Exchange<DiskTypes>): Slices {
  slot.driver = new FullDisk(old.driver);
  while (outstanding(slot.environment) > 0) yield SERVE;
}

function outstanding(environment: DiskEnvironment): number {
  let commands = 0;
  for (let left = environment.state.active; left !== 0; left &= left - 1)
    commands += commandsOf(environment, lowestBit(left));
  return commands;
}

/** Stands before a driver that is to take no more requests: it says that it has no room, and is itself in all else. */
class FullDisk implements DiskDriver {
  private readonly driver: DiskDriver;

  constructor(driver: DiskDriver) {
    this.driver = driver;
  }

  queuesChanged(): void {
    this.driver.queuesChanged();
  }

  room(): number {
    return 0;
  }

  submit(): number {
    return 0;
  }

  configure(): Generator<void> {
    return this.driver.configure();
  }

  start(): Generator<void> {
    return this.driver.start();
  }

  stop(): Generator<void> {
    return this.driver.stop();
  }

  exportState(format: string): void {
    this.driver.exportState(format);
  }

  importState(format: string): void {
    this.driver.importState(format);
  }

  activate(): void {
    this.driver.activate();
  }

  quiesce(): void {
    this.driver.quiesce();
  }

  poll(budget: number): number {
    return this.driver.poll(budget);
  }

  interrupt(vector: number): void {
    this.driver.interrupt(vector);
  }

  idle(): boolean {
    return this.driver.idle();
  }

  release(): void {
    this.driver.release();
  }
}
