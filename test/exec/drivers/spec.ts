import type { ParameterSpec } from 'ringswap';

const MOST: number = 64;

/** A parameter from 1 to 64. */
export function spec(name: string, description: string, unit: string): ParameterSpec {
  return { name, description, unit, min: 1, max: MOST, default: 2 };
}
