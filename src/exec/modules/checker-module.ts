import type { CheckerDefinition } from '../../check/checker.ts';
import { importDefault } from './own-module.ts';
import { callable, fields, Shape, text } from './shape.ts';

const CHECKER = new Shape<CheckerDefinition>(
  'a checker definition: name, description, create',
  fields({ name: text, description: text, create: callable }),
);

/** Imports a module whose default export is a checker definition. Throws ModuleError. */
export function loadChecker(url: string): Promise<CheckerDefinition> {
  return importDefault('checker', url, CHECKER);
}
