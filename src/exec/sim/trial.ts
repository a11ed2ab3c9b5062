/** Is a driver fit to be given a device that works? Some points of the contract, asked on a thread that serves nobody. */
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../drivers/index.ts';
import type { DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import { reasonOf } from '../../swap/slices.ts';
import type { Bundle } from '../modules/bundle.ts';
import { BundledModule } from '../modules/bundled-module.ts';
import { type DriverDefinition, isOfCards, loadDriver } from '../modules/driver-module.ts';
import { ModuleError } from '../modules/own-module.ts';
import type { SourcePlace } from '../modules/source-place.ts';
import { askPoint, type ConformPoint, planConform } from './conform.ts';
import { Workbench } from './seeds.ts';

/** What is wrong with it, in words that are complete, and where in its sources. */
export interface Objection {
  readonly message: string;
  readonly place: SourcePlace | undefined;
}

/** What can be asked in a second or so; for disks there are fewer calls by hand. */
const POINTS: readonly string[] = [
  ...['declaration', 'making', 'methods', 'start-stop', 'hand-over'],
  ...['alone', 'alone-faults', 'to-itself'],
];
const SEEDS = { from: 0, seeds: 20 };

/** Undefined if nothing was found in so short a time. */
export async function tryDriver(bundle: Bundle): Promise<Objection | undefined> {
  try {
    await demandPoints(bundle);
    return undefined;
  } catch (error) {
    if (error instanceof ModuleError) return { message: error.message, place: error.place };
    throw error;
  }
}

/** Throws ModuleError. */
async function demandPoints(bundle: Bundle): Promise<void> {
  let thrown: unknown;
  const definition = overheard(await loadDriver(bundle), (error) => {
    thrown = error;
  });
  const { name, version } = definition;
  // Its name will be refused, which is for others to say; here it would stand for the other driver.
  const builtIn = isOfCards(definition) ? NIC_DRIVERS : DISK_DRIVERS;
  if (builtIn.some((other) => other.name === name)) return;
  const workbench = new Workbench([definition]);
  for (const { name: point, title } of planConform(workbench, name)) {
    if (!POINTS.includes(point)) continue;
    thrown = undefined;
    const finding = askPoint(workbench, name, SEEDS, point);
    if (finding.verdict !== 'fail') continue;
    const says = saysOf(finding);
    throw new ModuleError(
      'driver',
      bundle.file,
      `${name} ${version} does not keep the contract in ${point} (${title}): ${says}; \`ringswap conform\` says more`,
      placeOf(new BundledModule(bundle), says, thrown),
    );
  }
}

function saysOf({ says, explanation }: Pick<ConformPoint, 'says' | 'explanation'>): string {
  return explanation === undefined ? says : `${explanation.message}; ${says}`;
}

/** Of the error that is spoken of, or else of what makes the driver. */
function placeOf(module: BundledModule, says: string, thrown: unknown): SourcePlace | undefined {
  const spokenOf = thrown !== undefined && says.includes(reasonOf(thrown));
  return (spokenOf ? module.placeOfThrow(thrown) : undefined) ?? module.placeOfField('create');
}

/** The same driver; `note` is told what its calls throw, of which findings have the words alone. */
function overheard(definition: DriverDefinition, note: (error: unknown) => void): DriverDefinition {
  if (isOfCards(definition)) {
    const create: NicDriverDefinition['create'] = (environment, parameters) =>
      listenedTo(() => definition.create(environment, parameters), note);
    return { ...definition, create };
  }
  const create: DiskDriverDefinition['create'] = (environment, parameters) =>
    listenedTo(() => definition.create(environment, parameters), note);
  return { ...definition, create };
}

function listenedTo<T extends object>(create: () => T, note: (error: unknown) => void): T {
  const noting = <R>(work: () => R): R => {
    try {
      return work();
    } catch (error) {
      note(error);
      throw error;
    }
  };
  return new Proxy(noting(create), {
    get(driver, call) {
      const value: unknown = Reflect.get(driver, call);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => noting(() => Reflect.apply(value, driver, given));
    },
  });
}
