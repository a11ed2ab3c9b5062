import type { CheckerDefinition } from '../../check/checker.ts';
import type { Bundle } from './bundle.ts';
import { importDefault } from './own-module.ts';
import { callable, fields, Shape, text } from './shape.ts';

const CHECKER = new Shape<CheckerDefinition>(
  'a checker definition: name, description, create',
  fields({ name: text, description: text, create: callable }),
);

/** Imports a module whose default export is a checker definition. Throws ModuleError. */
export function loadChecker(bundle: Bundle): Promise<CheckerDefinition> {
  return importDefault('checker', bundle, CHECKER);
}
