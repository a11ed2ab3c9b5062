/** Drivers, applications and checkers of the user's own. */
import type { Checker, CheckerDefinition } from '../../check/checker.ts';
import type { Violation } from '../../check/ledger.ts';
import { reasonOf } from '../../swap/slices.ts';
import { loadApplication } from '../modules/application-module.ts';
import type { Bundle } from '../modules/bundle.ts';
import { loadChecker } from '../modules/checker-module.ts';
import { loadDriver } from '../modules/driver-module.ts';
import { Workbench } from './seeds.ts';

export interface OwnModules {
  /** Scenarios have to do with the first of them. */
  readonly drivers: readonly Bundle[];
  /** In place of the built-in applications. */
  readonly applications: readonly Bundle[];
  /** Beside the built-in checkers. */
  readonly checkers: readonly Bundle[];
}

/** A checker that fails, or answers with what is no violation, fails the scenario by its name. */
function held({ create, ...definition }: CheckerDefinition): CheckerDefinition {
  const { name } = definition;
  const asked = <T>(ask: () => T): T => {
    try {
      return ask();
    } catch (error) {
      throw new Error(`checker ${name} threw: ${reasonOf(error)}`, { cause: error });
    }
  };
  return {
    ...definition,
    create(machine) {
      let checker: Checker | undefined;
      return {
        look() {
          checker ??= asked(() => create(machine));
          const seen: unknown = asked(() => checker?.look());
          if (seen === undefined || seen === null) return undefined;
          if (isViolation(seen)) return seen;
          throw new Error(`checker ${name}: look must return undefined or { invariant, device, message }`);
        },
      };
    },
  };
}

function isViolation(seen: unknown): seen is Violation {
  const fields = seen as Readonly<Record<string, unknown>>;
  return ['invariant', 'device', 'message'].every((field) => typeof fields[field] === 'string');
}

/** Throws ModuleError. */
export async function loadWorkbench(modules: OwnModules): Promise<Workbench> {
  const drivers = await Promise.all(modules.drivers.map(loadDriver));
  const applications = await Promise.all(modules.applications.map(loadApplication));
  const checkers = await Promise.all(modules.checkers.map(loadChecker));
  return new Workbench(drivers, applications, checkers.map(held));
}
