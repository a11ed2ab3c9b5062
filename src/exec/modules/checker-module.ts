import type { CheckerDefinition } from '../../check/checker.ts';
import { importDefault } from './own-module.ts';

const FORM = 'a checker definition: name, description, create';

/** Imports a module whose default export is a checker definition. Throws ModuleError. */
export function loadChecker(url: string): Promise<CheckerDefinition> {
  return importDefault('checker', url, isDefinition, FORM);
}

function isDefinition(value: object): value is CheckerDefinition {
  const fields = value as Record<string, unknown>;
  return (
    typeof fields.name === 'string' &&
    typeof fields.description === 'string' &&
    typeof fields.create === 'function'
  );
}
