import type { DriverDeclaration, NicDriverDefinition } from '../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import type { Bundle } from '../exec/modules/bundle.ts';
import { type DriverDefinition, isOfCards, loadDriver } from '../exec/modules/driver-module.ts';
import type { OwnModule } from '../exec/modules/own-module.ts';
import { Book, type BookKind, isPath, type Loaded, loadModules } from './book.ts';
import { UsageError } from './errors.ts';
import type { OwnDriverReport } from './report.ts';
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
  /** Those that came from files, in their order. */
  readonly own: OwnDriverReport[] = [];
  private readonly cards: Book<NicDriverDefinition>;
  private readonly disks: Book<DiskDriverDefinition>;
  /** Paths of modules as given, and what each drives. */
  private readonly devices = new Map<string, Device>();

  /** Throws UsageError when one has the name of a built-in one of the same device. */
  constructor(loaded: readonly Loaded<DriverDefinition>[]) {
    this.cards = new Book(OF_CARDS, []);
    this.disks = new Book(OF_DISKS, []);
    for (const module of loaded) this.add(module);
  }

  /** Returns it as it is called from now on. Throws likewise. */
  add({ definition, ...module }: Loaded<DriverDefinition>): DriverDefinition {
    for (const reference of module.references) this.devices.set(reference, definition.device);
    const entered = isOfCards(definition)
      ? this.cards.add({ ...module, definition })
      : this.disks.add({ ...module, definition });
    const { name, version } = entered;
    this.own.push({ name, version, file: module.references[0] });
    return entered;
  }

  /** What it would be called. Throws likewise. */
  nameFor({ device, name }: DriverDefinition, reference: string): string {
    return this.of(device).nameFor(name, reference);
  }

  ofBundle(bundle: Bundle): DriverDefinition | undefined {
    return this.cards.ofBundle(bundle) ?? this.disks.ofBundle(bundle);
  }

  /** Loads every module that is named. Throws UsageError. */
  static async open(references: readonly string[]): Promise<DriverBook> {
    return new DriverBook(await loadModules('driver', loadDriver, references.filter(isPath)));
  }

  get modules(): readonly OwnModule[] {
    return [...this.cards.modules, ...this.disks.modules];
  }

  /** All of one device, built-in ones first. */
  all(device: Device): readonly DriverDefinition[] {
    return this.of(device).all;
  }

  /** One of a device, by name or by the path of its module. */
  lookUp(device: Device, reference: string): DriverDefinition | undefined {
    return this.of(device).lookUp(reference);
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

  private of(device: Device): Book<NicDriverDefinition> | Book<DiskDriverDefinition> {
    return device === 'nic' ? this.cards : this.disks;
  }

  private demand(device: Device, reference: string, where: string): void {
    const found = this.devices.get(reference);
    if (found !== undefined) this.demandSame(found, device, reference, where);
  }

  /** What the driver of a path drives is what is wanted. Throws UsageError. */
  demandSame(found: Device, wanted: Device, reference: string, where: string): void {
    if (found === wanted) return;
    const names = this.all(wanted).map(({ name }) => name);
    throw new UsageError(
      `${where}: ${reference} is a driver of ${DEVICES[found]} (device: '${found}'), and one of ${DEVICES[wanted]} is wanted; choose ${names.join(', ')} or the path of a module with device: '${wanted}'`,
    );
  }
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
