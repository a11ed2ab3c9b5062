import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NicDriverDefinition } from '../drivers/contract.ts';
import { NIC_DRIVERS } from '../drivers/index.ts';
import { loadDriver } from '../exec/threads/driver-module.ts';
import { UsageError } from './errors.ts';
import type { Scenario } from './scenario.ts';
import { didYouMean } from './suggest.ts';

/** The drivers that a scenario may name: the built-in ones, and modules of the user's own. */
export class DriverBook {
  readonly modules: readonly string[];
  private readonly definitions: ReadonlyMap<string, NicDriverDefinition>;
  /** Paths as given, to the names of the drivers behind them. */
  private readonly names: ReadonlyMap<string, string>;

  private constructor(
    definitions: ReadonlyMap<string, NicDriverDefinition>,
    names: ReadonlyMap<string, string>,
    modules: readonly string[],
  ) {
    this.definitions = definitions;
    this.names = names;
    this.modules = modules;
  }

  /** Loads every module that the scenario names. Throws UsageError. */
  static async open(scenario: Scenario): Promise<DriverBook> {
    const definitions = new Map(NIC_DRIVERS.map((definition) => [definition.name, definition]));
    const names = new Map<string, string>();
    const modules: string[] = [];
    for (const reference of new Set(references(scenario).filter(isPath))) {
      const url = moduleUrl(reference);
      const definition = await loadDriver(url).catch((error: unknown) => {
        throw new UsageError(error instanceof Error ? error.message : String(error));
      });
      if (definitions.has(definition.name))
        throw new UsageError(
          `${reference}: there is a driver named ${definition.name} already; give yours another name`,
        );
      definitions.set(definition.name, definition);
      names.set(reference, definition.name);
      modules.push(url);
    }
    return new DriverBook(definitions, names, modules);
  }

  /** By name, or by the path of its module. Throws UsageError. */
  find(reference: string, where: string): NicDriverDefinition {
    const definition = this.definitions.get(this.names.get(reference) ?? reference);
    if (definition !== undefined) return definition;
    const known = [...this.definitions.keys()];
    throw new UsageError(
      `${where}: there is no driver ${reference}${didYouMean(reference, known)}; choose ${known.join(', ')} or the path of a module`,
    );
  }
}

function references(scenario: Scenario): string[] {
  const given = [scenario.driver?.name, ...(scenario.nics ?? []).map((nic) => nic.driver?.name)];
  const swaps = (scenario.swaps ?? []).map((swap) => swap.to);
  return [...given, ...swaps].filter((name) => name !== undefined);
}

function isPath(reference: string): boolean {
  return reference.includes('/') || /\.m?js$/.test(reference);
}

function moduleUrl(reference: string): string {
  const file = isAbsolute(reference) ? reference : resolve(reference);
  if (!existsSync(file)) throw new UsageError(`driver module ${reference}: there is no such file`);
  return pathToFileURL(file).href;
}
