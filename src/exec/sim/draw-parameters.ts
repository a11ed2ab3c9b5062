/** Drivers and their parameters, by lot. */
import type { DriverDeclaration } from '../../drivers/contract.ts';
import type { ParameterSpec } from '../../drivers/parameters.ts';
import type { Deck } from './deck.ts';
import type { Lots } from './lots.ts';

const RINGS = [8, 8, 16, 32, 64] as const;

/** The one that is fixed; else any, the subject more often than not. */
export function drawDriver<T extends DriverDeclaration>(
  lots: Lots,
  drivers: readonly T[],
  subject: Deck['subject'],
  fixed: string | undefined,
): T {
  const given = drivers.find(({ name }) => name === fixed);
  if (given !== undefined) return given;
  const own = drivers.filter(({ name }) => name === subject);
  return lots.pick(own.length > 0 && lots.chance(600) ? own : drivers);
}

/** The `named` parameters always, the others now and then; the smallest values on purpose. */
export function drawParameters(
  lots: Lots,
  specs: readonly ParameterSpec[],
  named: readonly string[],
): Record<string, number> {
  const drawn: Record<string, number> = {};
  for (const spec of specs) {
    if (!named.includes(spec.name) && (spec.geometry === true || lots.chance(300))) continue;
    drawn[spec.name] = drawValue(lots, spec);
  }
  return drawn;
}

function drawValue(lots: Lots, { name, min, max, powerOfTwo }: ParameterSpec): number {
  if (powerOfTwo === true) return Math.min(max, Math.max(min, lots.pick(RINGS)));
  if (name === 'rxBuffers') return lots.chance(500) ? lots.between(min, 16) : lots.between(min, 63);
  return lots.between(min, Math.min(max, min + lots.pick([0, 1, 3, 7, 15, 31])));
}
