import type { Parameters } from '../drivers/parameters.ts';
import { type Assignment, unread } from './assignment.ts';
import type { DeviceKind, DeviceTypes, NicTypes } from './device.ts';
import { type Losses, unkeptLosses } from './losses.ts';

/** Frames or requests that a queue may hand over in one poll, at most; drivers take less if their bursts are shorter. */
export const POLL_BUDGET = 256;

/**
 * Stands around the driver's polls while a swap or a control window is under way, and only then. The poll itself is the
 * host's: where a driver is called from another place than always, it runs in code that was compiled for few calls.
 */
export interface Mediator {
  readonly done: boolean;
  /** Before each poll. False: the driver is not to be polled this time. */
  before(): boolean;
  /** After it, with what was moved, or in its place with 0. */
  after(served: number): void;
  /** The slot's driver threw. True if that is dealt with: it is on probation, and will be swapped back. */
  driverFailed(error: unknown): boolean;
}

/** A poll with a mediator around it, for those who are not in a hurry. Throws what a driver throws that is not on probation. */
export function pollMediated(slot: AnySlot, mediator: Mediator): number {
  const served = mediator.before() ? pollOrFail(slot, mediator) : 0;
  mediator.after(served);
  return served;
}

function pollOrFail(slot: AnySlot, mediator: Mediator): number {
  try {
    return slot.driver.poll(POLL_BUDGET);
  } catch (error) {
    if (mediator.driverFailed(error)) return 0;
    throw error;
  }
}

/** A slot of whatever device, for those who only serve it. */
export type AnySlot = Slot<DeviceTypes>;

/** A device's place in a CPU: who drives it now, and with what. */
export class Slot<T extends DeviceTypes = NicTypes> {
  readonly index: number;
  readonly kind: DeviceKind<T>;
  readonly environment: T['environment'];
  definition: T['definition'];
  parameters: Parameters;
  driver: T['driver'];
  /** Null while nothing is being swapped: the host then calls the driver straight. */
  mediator: Mediator | null = null;
  /** Bursts handed to the application, taken or not: how a swap tells a stuck driver from a busy application. */
  deliveries = 0;
  /** Packet buffers that its rings may hold now, and that they are to hold when what is too much has come home. A disk has none. */
  buffers = 0;
  keptBuffers = 0;
  /** The same for a CPU that takes the device over. */
  readonly assignment: Assignment<T['definition']>;
  readonly losses: Losses;
  /** Where a swap copies the state block's header and records to, before they are handed over. */
  readonly snapshot: Int32Array;

  constructor(
    index: number,
    kind: DeviceKind<T>,
    environment: T['environment'],
    definition: T['definition'],
    parameters: Parameters,
    driver: T['driver'],
    assignment: Assignment<T['definition']> = unread(),
    losses: Losses = unkeptLosses(),
  ) {
    this.index = index;
    this.kind = kind;
    this.environment = environment;
    this.definition = definition;
    this.parameters = parameters;
    this.driver = driver;
    this.assignment = assignment;
    this.losses = losses;
    environment.state.own.use(assignment.bank);
    this.snapshot = new Int32Array(kind.stateBytes / 4);
  }

  get name(): string {
    return this.environment.port.name;
  }
}
