import { type ApplicationDefinition, SENDS } from '../../host/apps/applications.ts';
import { importDefault } from './own-module.ts';

const FORM = 'an application definition: name, description, sends "nothing", "back" or "on", create';

/** Imports a module whose default export is an application definition. Throws ModuleError. */
export function loadApplication(url: string): Promise<ApplicationDefinition> {
  return importDefault('application', url, isDefinition, FORM);
}

function isDefinition(value: object): value is ApplicationDefinition {
  const fields = value as Record<string, unknown>;
  return (
    typeof fields.name === 'string' &&
    typeof fields.description === 'string' &&
    SENDS.some((sends) => sends === fields.sends) &&
    typeof fields.create === 'function'
  );
}
