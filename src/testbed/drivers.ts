import type { DriverDeclaration, NicDriverDefinition } from '../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import { type DriverDefinition, isOfCards, isOfDisks, loadDriver } from '../exec/modules/driver-module.ts';
import type { OwnModule } from '../exec/modules/own-module.ts';
import { Book, type BookKind, isPath, type Loaded, loadModules } from './book.ts';
import { UsageError } from './errors.ts';
import type { Scenario } from './scenario.ts';

export type Device = DriverDeclaration['device'];

const OF_CARDS: BookKind<NicDriverDefinition> = { noun: 'driver', article: 'a', builtIn: NIC_DRIVERS };
const OF_DISKS: BookKind<DiskDriverDefinition> = {
  noun: 'driver',
  article: 'a',
  whose: ' of disks',
  builtIn: DISK_DRIVERS,
};

const DEVICES = { nic: 'network cards', nvme: 'disks' } as const;

/** The drivers that a scenario may name: a name may stand for one of cards and for another one of disks. */
export class DriverBook {
  readonly cards: Book<NicDriverDefinition>;
  readonly disks: Book<DiskDriverDefinition>;
  /** Paths of modules as given, and what each drives. */
  private readonly devices: ReadonlyMap<string, Device>;

  /** Throws UsageError when one has the name of a built-in one of the same device. */
  constructor(loaded: readonly Loaded<DriverDefinition>[]) {
    this.cards = new Book(OF_CARDS, loaded.flatMap(of(isOfCards)));
    this.disks = new Book(OF_DISKS, loaded.flatMap(of(isOfDisks)));
    this.devices = new Map(
      loaded.flatMap(({ references, definition: { device } }) =>
        references.map((reference): [string, Device] => [reference, device]),
      ),
    );
  }

  /** Loads every module that is named. Throws UsageError. */
  static async open(references: readonly string[]): Promise<DriverBook> {
    return new DriverBook(await loadModules('driver', loadDriver, references.filter(isPath)));
  }

  get modules(): readonly OwnModule[] {
    return [...this.cards.modules, ...this.disks.modules];
  }

  /** All of one device, built-in ones first. */
  all(device: Device): readonly (NicDriverDefinition | DiskDriverDefinition)[] {
    return device === 'nic' ? this.cards.all : this.disks.all;
  }

  /** What a module drives; undefined for a name, which may be one of either. */
  deviceOf(reference: string): Device | undefined {
    return this.devices.get(reference);
  }

  /** A driver of cards, by name or by the path of its module. Throws UsageError. */
  ofCard(reference: string, where: string): NicDriverDefinition {
    this.demand('nic', reference, where);
    return this.cards.find(reference, where);
  }

  /** The same of disks. */
  ofDisk(reference: string, where: string): DiskDriverDefinition {
    this.demand('nvme', reference, where);
    return this.disks.find(reference, where);
  }

  private demand(device: Device, reference: string, where: string): void {
    const found = this.devices.get(reference);
    if (found === undefined || found === device) return;
    const names = this.all(device).map(({ name }) => name);
    throw new UsageError(
      `${where}: ${reference} is a driver of ${DEVICES[found]} (device: '${found}'), and one of ${DEVICES[device]} is wanted; choose ${names.join(', ')} or the path of a module with device: '${device}'`,
    );
  }
}

/** A module as one of those whose definitions are such; none if its is not. */
function of<D extends DriverDefinition>(is: (definition: DriverDefinition) => definition is D) {
  return ({ definition, ...module }: Loaded<DriverDefinition>): Loaded<D>[] =>
    is(definition) ? [{ ...module, definition }] : [];
}

/** The drivers that a scenario may name. Throws UsageError. */
export function openDrivers(scenario: Scenario): Promise<DriverBook> {
  const { driver, nics = [], disks = [], swaps = [] } = scenario;
  const given = [driver, ...[...nics, ...disks].map((device) => device.driver)];
  return DriverBook.open([
    ...given.flatMap((named) => (named === undefined ? [] : [named.name])),
    ...swaps.map((swap) => swap.to),
  ]);
}

/** Drivers by the paths of their modules alone. Throws UsageError, also when one has a name that is taken. */
export async function openDriverFiles(paths: readonly string[]): Promise<Loaded<DriverDefinition>[]> {
  const loaded = await loadModules('driver', loadDriver, paths);
  new DriverBook(loaded);
  return loaded;
}

/**
 * What the scenario's own driver is for: a module says it, a name stands for drivers of cards where there are any. Throws
 * UsageError when there is no such device.
 */
export function usualDriverOf(
  { driver, disks = [] }: Scenario,
  nics: readonly unknown[],
  drivers: DriverBook,
): Device | undefined {
  if (driver === undefined) return undefined;
  const device = drivers.deviceOf(driver.name) ?? (nics.length > 0 ? 'nic' : 'nvme');
  const there = device === 'nic' ? nics : disks;
  if (there.length > 0) return device;
  const [one, add] = device === 'nic' ? ['card', '--nic eth0'] : ['disk', '--disk nvme0'];
  throw new UsageError(
    `driver: ${driver.name} is one of ${DEVICES[device]}, and there is no ${one}; add one (${add}), or name another driver`,
  );
}
