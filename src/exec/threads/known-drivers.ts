/** What a CPU tells of the drivers that it knows: the main thread has no modules. */
import type { DriverDeclaration } from '../../drivers/contract.ts';
import { ownFormat } from '../../host/adoption.ts';

export interface KnownDriver {
  readonly name: string;
  /** In which it passes its device on to its like. */
  readonly format: string | undefined;
}

/** By device; of each the drivers by their places, which are the same for all CPUs. */
export type KnownDrivers = Readonly<Record<DriverDeclaration['device'], readonly KnownDriver[]>>;

export function knownAs(definition: DriverDeclaration): KnownDriver {
  return { name: definition.name, format: ownFormat(definition) };
}
