import type { Driver } from '../../drivers/contract.ts';
import type { Ambush } from './faults.ts';
import type { DriverCall } from './watched-driver.ts';

/** What a driver throws when the scenario says that it does. */
export class InjectedFault extends Error {
  constructor(call: DriverCall) {
    super(`thrown by the simulation in ${call}`);
    this.name = 'InjectedFault';
  }
}

/** What lies in wait on one device, and what it suffers from at the moment. */
export class Victim {
  ambushes: Ambush[] = [];
  heldRuns = 0;
  /** Commands that the media is still to fail. */
  failures = 0;
  shortTurns = 0;
  silentUntilUs = 0;
  carrierBackUs = Number.POSITIVE_INFINITY;
  /** A driver on probation that lets work wait. */
  stuck: Driver | undefined;
  /** A driver that throws when it has been called so often, wherever its swap is by then. */
  doomed: { readonly driver: Driver; calls: number } | undefined;

  /** The machine begins anew. */
  restart(): void {
    this.ambushes = [];
    this.heldRuns = this.failures = this.shortTurns = 0;
    this.stuck = this.doomed = undefined;
  }
}
