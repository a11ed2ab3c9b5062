/** Modules of the user's own for a campaign: looked at here, so that what is wrong with one is said before it begins. */

import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import { loadApplication } from '../exec/modules/application-module.ts';
import { loadChecker } from '../exec/modules/checker-module.ts';
import { loadDriver } from '../exec/modules/driver-module.ts';
import type { OwnModules } from '../exec/sim/modules.ts';
import { APPLICATIONS } from '../host/apps/applications.ts';
import { moduleUrl } from './book.ts';
import { UsageError } from './errors.ts';

export interface Own {
  readonly modules: OwnModules;
  /** Names of all drivers and applications that scenarios are drawn from. */
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
  const drivers = await load('driver', listed(driver), loadDriver);
  const applications = await load('application', listed(app), loadApplication);
  const further = await load('checker', checkers, loadChecker);
  const builtIn = NIC_DRIVERS.map(({ name }) => name);
  for (const { name } of drivers)
    if (builtIn.includes(name))
      throw new UsageError(`${driver}: there is a driver named ${name} already; give yours another name`);
  return {
    modules: {
      drivers: drivers.map(({ url }) => url),
      applications: applications.map(({ url }) => url),
      checkers: further.map(({ url }) => url),
    },
    drivers: [...builtIn, ...drivers.map(({ name }) => name)],
    applications: (applications.length > 0 ? applications : APPLICATIONS).map(({ name }) => name),
    diskDrivers: drivers.length + applications.length > 0 ? [] : DISK_DRIVERS.map(({ name }) => name),
  };
}

function listed(path: string | undefined): readonly string[] {
  return path === undefined ? [] : [path];
}

function load(
  noun: string,
  paths: readonly string[],
  loader: (url: string) => Promise<{ readonly name: string }>,
): Promise<{ readonly url: string; readonly name: string }[]> {
  return Promise.all(
    paths.map(async (path) => {
      const url = moduleUrl(noun, path);
      const { name } = await loader(url).catch((error: unknown) => {
        throw new UsageError(error instanceof Error ? error.message : String(error));
      });
      return { url, name };
    }),
  );
}
