import { type ApplicationDefinition, SENDS } from '../../host/apps/applications.ts';
import type { Bundle } from './bundle.ts';
import { importDefault } from './own-module.ts';
import { callable, fields, oneOf, Shape, text } from './shape.ts';

const APPLICATION = new Shape<ApplicationDefinition>(
  'an application definition: name, description, sends "nothing", "back" or "on", create',
  fields({ name: text, description: text, sends: oneOf(...SENDS), create: callable }),
);

/** Imports a module whose default export is an application definition. Throws ModuleError. */
export function loadApplication(bundle: Bundle): Promise<ApplicationDefinition> {
  return importDefault('application', bundle, APPLICATION);
}
