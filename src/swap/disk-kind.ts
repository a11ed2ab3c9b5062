/** What swaps of disks have beyond those of other devices. */

import type { DiskDriver, DiskDriverDefinition, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { CommandWalk } from '../drivers/nvme/slot-walk.ts';
import { DISK_STATE_BYTES } from '../drivers/nvme/state.ts';
import type { Withdrawn } from '../drivers/nvme/withdrawal.ts';
import { COMMON_ACTIONS } from './common-actions.ts';
import type { DeviceKind, DeviceTypes } from './device.ts';
import { dropNewPairs, makeNewPairs, moveNextPair, outstandingCommands } from './disk-move.ts';
import { planDiskSwap } from './disk-plan.ts';
import { coldStart, restart, resubmit, tearDown } from './disk-reset.ts';
import { FullDisk } from './disk-stand-ins.ts';
import type { Exchange } from './exchange.ts';
import { Refusal } from './plan.ts';
import { PlanMemory } from './plan-memory.ts';
import { each, SERVE, type Slices } from './slices.ts';
import { playThrough } from './understudy.ts';

export interface DiskTypes extends DeviceTypes {
  readonly environment: DiskEnvironment;
  readonly driver: DiskDriver;
  readonly definition: DiskDriverDefinition;
  /** Identifier of a queue pair that was made. */
  readonly newRing: number;
  readonly withdrawn: Pick<Withdrawn, 'queue' | 'moves'>;
}

/** All that a disk's plan depends on is what any device's does. */
const PLANS = new PlanMemory(planDiskSwap, () => true);

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
    abstain: { run: abstain },
    keep: { run: ({ driverToCome }) => driverToCome.proved?.() },
    drain: {
      run: drain,
      undo: ({ slot, old }) => {
        slot.driver = old.driver;
      },
    },
    tearDown: { run: tearDown, undo: restart },
    coldStart: { run: coldStart },
    resubmit: { run: resubmit },
  },
  create: (definition, environment, parameters) => definition.create(environment, parameters),
  plan: (slot, request) =>
    PLANS.planFor({
      from: slot.definition,
      fromParameters: slot.parameters,
      to: request.to,
      given: request.parameters,
      method: request.method,
      queues: slot.environment.queues,
    }),
  idle: (environment) => outstandingCommands(environment) === 0,
  walk: ({ state, requests }) => new CommandWalk(state, requests),
};

/** What the old driver keeps and the new one would not know goes to the disk, while requests are served on. */
function* settle({ old, slot }: Exchange<DiskTypes>): Slices {
  const { driver } = old;
  if (driver.settle === undefined)
    throw new Refusal(`${slot.definition.name} exports less than it keeps, and has no settle`);
  while (!driver.settle()) yield SERVE;
}

/** Until it has proved itself the new driver keeps nothing that the old one could not take back. */
function abstain({ driverToCome, request }: Exchange<DiskTypes>): void {
  if (driverToCome.settle?.() !== true)
    throw new Refusal(`${request.to.name} exports more than it has taken over, and does not settle at once`);
}

/** Drained for, it would be forgotten again by the time the pause comes. */
function warm(exchange: Exchange<DiskTypes>): Slices | void {
  const { understudy } = exchange.host;
  if (understudy !== undefined) return playThrough(exchange, understudy);
}

/** Takes no more requests and serves on, until no command is outstanding. */
function* drain({ slot, old }: Exchange<DiskTypes>): Slices {
  slot.driver = new FullDisk(old.driver);
  while (outstandingCommands(slot.environment) > 0) yield SERVE;
}
