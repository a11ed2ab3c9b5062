import type { DriverDeclaration } from '../drivers/contract.ts';
import { ParameterError, type Parameters, resolveParameters } from '../drivers/parameters.ts';
import { UsageError } from './errors.ts';
import type { DriverParameters } from './scenario.ts';

/** Given values over a driver's defaults. Throws UsageError that says where. */
export function checkedParameters(
  definition: DriverDeclaration,
  given: DriverParameters,
  where: string,
): Parameters {
  try {
    return resolveParameters(definition.name, definition.parameters, given);
  } catch (error) {
    if (error instanceof ParameterError) throw new UsageError(`${where}: ${error.message}`);
    throw error;
  }
}
