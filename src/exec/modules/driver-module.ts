import type { NicDriverDefinition } from '../../drivers/contract.ts';
import { importDefault } from './own-module.ts';

const FORM =
  'a driver definition: name, version, device "nic", description, exports, imports, parameters, create';
const STRINGS = ['name', 'version', 'description'] as const;
const LISTS = ['exports', 'imports', 'parameters'] as const;

/** Imports a module whose default export is a driver definition. Throws ModuleError. */
export function loadDriver(url: string): Promise<NicDriverDefinition> {
  return importDefault('driver', url, isDefinition, FORM);
}

function isDefinition(value: object): value is NicDriverDefinition {
  const fields = value as Record<string, unknown>;
  return (
    STRINGS.every((name) => typeof fields[name] === 'string') &&
    LISTS.every((name) => Array.isArray(fields[name])) &&
    fields.device === 'nic' &&
    typeof fields.create === 'function'
  );
}
