import type { NicDriverDefinition } from '../../drivers/contract.ts';

/** A module that is to be a driver and is not. */
export class DriverModuleError extends Error {
  constructor(url: string, reason: string) {
    super(`driver module ${url}: ${reason}`);
    this.name = 'DriverModuleError';
  }
}

const STRINGS = ['name', 'version', 'description'] as const;
const LISTS = ['exports', 'imports', 'parameters'] as const;

/** Imports a module whose default export is a driver definition. Throws DriverModuleError. */
export async function loadDriver(url: string): Promise<NicDriverDefinition> {
  const module: { default?: unknown } = await importModule(url);
  const definition = module.default;
  if (!isDefinition(definition))
    throw new DriverModuleError(
      url,
      'its default export must be a driver definition: name, version, device "nic", description, exports, imports, parameters, create',
    );
  return definition;
}

async function importModule(url: string): Promise<{ default?: unknown }> {
  try {
    return await import(url);
  } catch (error) {
    throw new DriverModuleError(url, error instanceof Error ? error.message : String(error));
  }
}

function isDefinition(value: unknown): value is NicDriverDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    STRINGS.every((name) => typeof fields[name] === 'string') &&
    LISTS.every((name) => Array.isArray(fields[name])) &&
    fields.device === 'nic' &&
    typeof fields.create === 'function'
  );
}
