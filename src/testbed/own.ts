/** Modules of the user's own for a campaign: looked at here, so that what is wrong with one is said before it begins. */

import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import { loadApplication } from '../exec/modules/application-module.ts';
import type { Bundle } from '../exec/modules/bundle.ts';
import { loadChecker } from '../exec/modules/checker-module.ts';
import type { OwnModules } from '../exec/sim/modules.ts';
import { APPLICATIONS } from '../host/apps/applications.ts';
import { type Loaded, loadModules } from './book.ts';
import { openDriverFiles } from './drivers.ts';
import { UsageError } from './errors.ts';

export interface Own {
  readonly modules: OwnModules;
  /** Names of all drivers and applications that scenarios are drawn from; none where machines are of disks alone. */
  readonly drivers: readonly string[];
  readonly applications: readonly string[];
  /** None where something of the user's own makes all machines such of cards. */
  readonly diskDrivers: readonly string[];
}

export interface OwnPaths {
  readonly driver?: string;
  readonly app?: string;
  readonly checkers?: readonly string[];
}

/** Throws UsageError. */
export async function openOwn({ driver, app, checkers = [] }: OwnPaths): Promise<Own> {
  const drivers = await openDriverFiles(listed(driver));
  const applications = await loadModules('application', loadApplication, listed(app));
  const further = await loadModules('checker', loadChecker, checkers);
  const ofDisks = drivers.some(({ definition }) => definition.device === 'nvme');
  if (ofDisks && applications.length > 0)
    throw new UsageError(
      `${driver} is a driver of disks, and ${app} is an application, which cards have; leave one of the two out`,
    );
  const own = namesOf(drivers.map(({ definition }) => definition));
  const known = applications.length > 0 ? applications.map(({ definition }) => definition) : APPLICATIONS;
  return {
    modules: {
      drivers: bundlesOf(drivers),
      applications: bundlesOf(applications),
      checkers: bundlesOf(further),
    },
    drivers: ofDisks ? [] : [...namesOf(NIC_DRIVERS), ...own],
    applications: ofDisks ? [] : namesOf(known),
    diskDrivers:
      ofDisks || (driver === undefined && app === undefined) ? [...namesOf(DISK_DRIVERS), ...own] : [],
  };
}

function listed(path: string | undefined): readonly string[] {
  return path === undefined ? [] : [path];
}

function bundlesOf(loaded: readonly Loaded<object>[]): readonly Bundle[] {
  return loaded.map(({ bundle }) => bundle);
}

function namesOf(definitions: readonly { readonly name: string }[]): readonly string[] {
  return definitions.map(({ name }) => name);
}
