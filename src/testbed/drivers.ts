import type { NicDriverDefinition } from '../drivers/contract.ts';
import { NIC_DRIVERS } from '../drivers/index.ts';
import { loadDriver } from '../exec/modules/driver-module.ts';
import { Book, type BookKind } from './book.ts';
import type { Scenario } from './scenario.ts';

export type DriverBook = Book<NicDriverDefinition>;

const KIND: BookKind<NicDriverDefinition> = {
  noun: 'driver',
  article: 'a',
  builtIn: NIC_DRIVERS,
  load: loadDriver,
};

/** The drivers that a scenario may name. Throws UsageError. */
export function openDrivers(scenario: Scenario): Promise<DriverBook> {
  const given = [scenario.driver?.name, ...(scenario.nics ?? []).map((nic) => nic.driver?.name)];
  const swaps = (scenario.swaps ?? []).map((swap) => swap.to);
  return Book.open(
    KIND,
    [...given, ...swaps].filter((name) => name !== undefined),
  );
}
