/** Drivers, applications and checkers of the user's own, by the URLs of their modules. */
import { loadApplication } from '../modules/application-module.ts';
import { loadChecker } from '../modules/checker-module.ts';
import { loadDriver } from '../modules/driver-module.ts';
import { Workbench } from './seeds.ts';

export interface OwnModules {
  /** Scenarios have to do with the first of them. */
  readonly drivers: readonly string[];
  /** In place of the built-in applications. */
  readonly applications: readonly string[];
  /** Beside the built-in checkers. */
  readonly checkers: readonly string[];
}

/** Throws ModuleError. */
export async function loadWorkbench(modules: OwnModules): Promise<Workbench> {
  const drivers = await Promise.all(modules.drivers.map(loadDriver));
  const applications = await Promise.all(modules.applications.map(loadApplication));
  const checkers = await Promise.all(modules.checkers.map(loadChecker));
  return new Workbench(drivers, applications, checkers);
}
