import type { DriverDeclaration } from '../drivers/contract.ts';
import { ParameterError, type Parameters, resolveParameters } from '../drivers/parameters.ts';
import { UsageError } from './errors.ts';
import type { DriverParameters } from './scenario.ts';
import { didYouMean } from './suggest.ts';

/** Given values over a driver's defaults. Throws UsageError that says where. */
export function checkedParameters(
  definition: DriverDeclaration,
  given: DriverParameters,
  where: string,
): Parameters {
  const names = definition.parameters.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `${where}: driver ${definition.name} has no parameter ${unknown}${didYouMean(unknown, names)}; it has ${names.join(', ')}`,
    );
  try {
    return resolveParameters(definition.name, definition.parameters, given);
  } catch (error) {
    if (error instanceof ParameterError) throw new UsageError(`${where}: ${error.message}`);
    throw error;
  }
}
