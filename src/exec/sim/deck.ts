/** What scenarios are drawn from. */
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import type { DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import type { Method } from '../../swap/plan.ts';
import type { Fault } from './faults.ts';

/** Swaps of one kind: each device is swapped once, from one driver to another. */
export interface Course {
  readonly from: string;
  readonly to: string;
  readonly methods: readonly Method[];
  /** Receive rings get another length, or queue pairs another depth; else they keep theirs. */
  readonly moves: boolean;
}

/** All that a draw may choose from, or must keep to. */
export interface Deck {
  /** None: all machines are of disks alone. */
  readonly drivers: readonly NicDriverDefinition[];
  /** None: of cards alone. */
  readonly diskDrivers: readonly DiskDriverDefinition[];
  /** Applications that frames go to, with what each sends. */
  readonly apps: readonly { readonly name: string; readonly sends: 'nothing' | 'back' | 'on' }[];
  readonly faults: ReadonlySet<Fault>;
  /** Drivers that each scenario has to do with, in turn as old and as new one; undefined: all alike. */
  readonly subject: string | undefined;
  readonly swaps: boolean;
  /** The only swaps there are; undefined: as they come. */
  readonly course: Course | undefined;
}
