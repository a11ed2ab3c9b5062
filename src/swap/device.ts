/** What a swap needs of a device, whatever it is, and what it knows of each kind. */
import type {
  Driver,
  DriverDeclaration,
  NicDriver,
  NicDriverDefinition,
  NicEnvironment,
} from '../drivers/contract.ts';
import type { Parameters } from '../drivers/parameters.ts';
import type { OwnWords } from '../drivers/state-block.ts';
import type { Clock } from '../hw/clock.ts';
import type { Exchange, SwapRequest } from './exchange.ts';
import type { NewRing } from './move.ts';
import type { Plan, StepKind } from './plan.ts';
import type { Slices } from './slices.ts';
import type { Slot } from './slot.ts';

/** Everything that a driver's successor needs, as words in DMA memory. */
export interface StateBlock {
  readonly own: OwnWords;
  /** Copies what a swap may have to put back; `restore` does. No allocation: used in the pause. */
  save(copy: Int32Array): void;
  restore(copy: Int32Array): void;
  /** In the pause: what is of fixed size, no slot. Throws StateError. */
  validate(device: number): void;
  /** By the rings alone, whoever drives: is there something to be served? Something to be taken back? */
  workWaits(): boolean;
  completionWaits(): boolean;
  /** A digest of what a swap of another device must leave alone. */
  shape(): number;
}

export interface DeviceEnvironment {
  readonly port: { readonly name: string; readonly device: number };
  readonly state: StateBlock;
  readonly clock: Clock;
}

/** The types that belong together for one kind of device. */
export interface DeviceTypes {
  readonly environment: DeviceEnvironment;
  readonly driver: Driver;
  readonly definition: DriverDeclaration;
  /** Made while preparing, for a queue whose ring is to have another length. */
  readonly newRing: unknown;
  /** What a reset has taken from the device's queues, to be given to it again. */
  readonly withdrawn: unknown;
}

export interface NicTypes extends DeviceTypes {
  readonly environment: NicEnvironment;
  readonly driver: NicDriver;
  readonly definition: NicDriverDefinition;
  readonly newRing: NewRing;
  readonly withdrawn: never;
}

/** How one kind of step is done, and undone. */
export interface Action<T extends DeviceTypes> {
  run(exchange: Exchange<T>): Slices | void;
  undo?(exchange: Exchange<T>): Slices | void;
}

/** What differs between devices. */
export interface DeviceKind<T extends DeviceTypes> {
  readonly stateBytes: number;
  readonly actions: Readonly<Partial<Record<StepKind, Action<T>>>>;
  create(definition: T['definition'], environment: T['environment'], parameters: Parameters): T['driver'];
  /** Throws Refusal, or ParameterError for values out of range. */
  plan(slot: Slot<T>, request: SwapRequest<T>): Plan;
  /** Has the device nothing in hand, neither to be served nor on its way? */
  idle(environment: T['environment']): boolean;
  /** The walk over all slots of an adopted block, some at a time. */
  walk(environment: T['environment']): { advance(slots: number): boolean };
}
