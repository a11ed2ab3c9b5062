/** A scenario with its defaults filled in and its meaning checked: names, parameters, what goes with what. */
import type { DriverDeclaration, NicDriverDefinition } from '../drivers/contract.ts';
import type { Parameters } from '../drivers/parameters.ts';
import type { ApplicationDefinition } from '../host/apps/applications.ts';
import { MAX_DEVICES } from '../host/machine.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import type { SwapRound, TimedSwap } from '../swap/timetable.ts';
import type { ApplicationBook } from './applications.ts';
import { checkedParameters } from './checked-parameters.ts';
import { type Device, type DriverBook, usualDriverOf } from './drivers.ts';
import { UsageError } from './errors.ts';
import { type ResolvedDisk, resolveDisk } from './resolve-disk.ts';
import type { DriverScenario, NicScenario, Scenario, TrafficScenario } from './scenario.ts';
import { didYouMean } from './suggest.ts';
import { parseDuration } from './units.ts';

const DEFAULT_FLOWS = 16;
const DEFAULT_DURATION = '1s';

/** What a scenario may name. */
export interface Books {
  readonly drivers: DriverBook;
  readonly applications: ApplicationBook;
}

export interface ResolvedTraffic {
  readonly capture: string | undefined;
  readonly size: number | 'imix';
  readonly flows: number;
  readonly rate: NonNullable<TrafficScenario['rate']>;
  readonly lossless: boolean;
}

export interface ResolvedCard {
  readonly name: string;
  readonly queues: number;
  readonly definition: NicDriverDefinition;
  readonly parameters: Parameters;
  readonly application: ApplicationDefinition;
  readonly traffic: ResolvedTraffic;
}

export interface ResolvedRun {
  readonly cards: readonly ResolvedCard[];
  readonly disks: readonly ResolvedDisk[];
  readonly frames: number;
  readonly durationUs: number;
  readonly timed: readonly TimedSwap[];
  readonly round: SwapRound | undefined;
  readonly standby: boolean;
  /** Further swaps may be asked for while it runs. */
  readonly takesOrders: boolean;
  readonly seed: number;
}

/** Throws UsageError: what is wrong, where, and what is allowed. */
export function resolveRun(scenario: Scenario, books: Books): ResolvedRun {
  const { disks = [] } = scenario;
  const nics = scenario.nics ?? (disks.length > 0 ? [] : [{ name: 'eth0' }]);
  const devices = [...nics, ...disks];
  if (devices.length > MAX_DEVICES)
    throw new UsageError(`${devices.length} devices; a machine has room for ${MAX_DEVICES}`);
  checkNames(devices);
  if (nics.length === 0) checkFiles(scenario);
  const usual = usualDriverOf(scenario, nics, books.drivers);
  const driverOf = (device: Device) => (usual === device ? scenario.driver : undefined);
  const cards = nics.map((nic) => resolveCard(nic, scenario, books, nic.driver ?? driverOf('nic')));
  checkForwarding(cards);
  const bounded = scenario.frames !== undefined;
  const seed = scenario.seed ?? Math.floor(Math.random() * 2 ** 32);
  return {
    cards,
    disks: disks.map((disk, i) =>
      resolveDisk(disk, scenario, (seed + i) % 2 ** 32, books.drivers, disk.driver ?? driverOf('nvme')),
    ),
    frames: scenario.frames ?? Number.POSITIVE_INFINITY,
    durationUs: bounded ? Number.POSITIVE_INFINITY : parseDuration(scenario.duration ?? DEFAULT_DURATION),
    timed: (scenario.swaps ?? []).map((swap, i) =>
      resolveSwap(swap, `swap ${i + 1}`, scenario, devices, books.drivers),
    ),
    round: resolveRound(scenario, books.drivers),
    standby: scenario.standby ?? false,
    takesOrders: false,
    seed,
  };
}

function resolveCard(
  nic: NicScenario,
  scenario: Scenario,
  books: Books,
  driver: DriverScenario = { name: 'interrupt' },
): ResolvedCard {
  const definition = books.drivers.ofCard(driver.name, nic.name);
  const queues = nic.queues ?? 1;
  if (queues > QUEUES) throw new UsageError(`${nic.name}: ${queues} queues; the card has ${QUEUES}`);
  return {
    name: nic.name,
    queues,
    definition,
    parameters: checkedParameters(definition, driver.parameters ?? {}, nic.name),
    application: books.applications.find(nic.app ?? scenario.app ?? 'sink', nic.name),
    traffic: resolveTraffic(nic, scenario),
  };
}

/** A card's own capture or size displaces the other of the whole run. */
function resolveTraffic(nic: NicScenario, scenario: Scenario): ResolvedTraffic {
  const own = nic.capture !== undefined || nic.size !== undefined;
  const { capture, size } = own ? nic : scenario;
  const rate = nic.rate ?? scenario.rate ?? 'max';
  if (size !== undefined && typeof rate === 'string' && rate.startsWith('recorded'))
    throw new UsageError(`${nic.name}: rate ${rate} is a capture's; generated frames take a number or max`);
  return {
    capture: size === undefined ? (capture ?? 'data/lan-mix.pcap') : undefined,
    size: size ?? 64,
    flows: nic.flows ?? scenario.flows ?? DEFAULT_FLOWS,
    rate,
    lossless: (nic.link ?? scenario.link ?? 'lossless') === 'lossless',
  };
}

function resolveSwap(
  swap: NonNullable<Scenario['swaps']>[number],
  where: string,
  scenario: Scenario,
  devices: readonly { readonly name: string }[],
  drivers: DriverBook,
): TimedSwap {
  const { disk: wanted = swap.nic ?? '' } = swap;
  const disk = scenario.disks?.some(({ name }) => name === wanted) === true;
  const slot = devices.findIndex(({ name }) => name === wanted);
  const names = devices.map(({ name }) => name);
  if (slot < 0 || disk !== (swap.disk !== undefined)) {
    const kind = swap.disk === undefined ? 'card' : 'disk';
    throw new UsageError(
      `${where}: there is no ${kind} ${wanted}${didYouMean(wanted, names)}; the devices are ${names.join(', ')}`,
    );
  }
  const definition = disk ? drivers.ofDisk(swap.to, where) : drivers.ofCard(swap.to, where);
  const parameters = swap.parameters ?? {};
  checkedParameters(definition, parameters, where);
  const handsOver = swap.cpu === 'standby';
  if (handsOver && scenario.standby !== true)
    throw new UsageError(
      `${where}: cpu=standby hands over to a second CPU, and there is none; add --standby ("standby": true), or leave out cpu`,
    );
  return {
    atUs: parseDuration(swap.at),
    slot,
    to: definition.name,
    parameters,
    method: swap.method ?? 'inplace',
    handsOver,
  };
}

function resolveRound(scenario: Scenario, drivers: DriverBook): SwapRound | undefined {
  const every = scenario.swapEvery;
  if (every === undefined) return undefined;
  const vary = every.vary ?? {};
  const kinds: (readonly DriverDeclaration[])[] = [];
  if (scenario.nics !== undefined || scenario.disks === undefined) kinds.push(drivers.all('nic'));
  if (scenario.disks !== undefined) kinds.push(drivers.all('nvme'));
  for (const [name, values] of Object.entries(vary)) {
    // A parameter is of one kind of device; of which, its name tells.
    const takers = kinds.filter((kind) => hasParameter(kind, name));
    for (const definition of (takers.length > 0 ? takers : kinds).flat())
      for (const value of values) checkedParameters(definition, { [name]: value }, 'swapEvery');
  }
  return { intervalUs: parseDuration(every.interval), method: every.method ?? 'inplace', vary };
}

function hasParameter(drivers: readonly DriverDeclaration[], name: string): boolean {
  return drivers.some(({ parameters }) => parameters.some((spec) => spec.name === name));
}

/** What is written of cards alone. */
function checkFiles({ pcapOut, dump }: Scenario): void {
  if (pcapOut !== undefined)
    throw new UsageError(
      'pcapOut records the links of cards, and there is no card; leave it out, or add a card',
    );
  if (dump !== undefined)
    throw new UsageError(
      'dump shows registers and rings of cards, and there is no card; leave it out, or add a card',
    );
}

function checkNames(devices: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of devices) {
    if (seen.has(name)) throw new UsageError(`there are two devices named ${name}; give each its own name`);
    seen.add(name);
  }
}

/** Cards forward in pairs: 0 and 1, 2 and 3, each into the other. */
function checkForwarding(cards: readonly ResolvedCard[]): void {
  cards.forEach((card, i) => {
    if (card.application.sends !== 'on') return;
    const peer = cards[i ^ 1];
    if (peer === undefined)
      throw new UsageError(
        `${card.name}: ${card.application.name} sends by the card next to it, and there is none; add another --nic`,
      );
    if (peer.application.sends === 'back')
      throw new UsageError(
        `${card.name} forwards by ${peer.name}, which echoes: what leaves it could not be told apart`,
      );
    if (peer.queues !== card.queues)
      throw new UsageError(`${card.name} forwards by ${peer.name}: give both the same number of queues`);
  });
}
