import type { DriverDeclaration } from '../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import { ThreadedMachine, ThreadFailure } from '../exec/threads/machine.ts';
import { openApplications } from './applications.ts';
import { buildMachine } from './build.ts';
import { type DriveOptions, drive } from './drive.ts';
import { openDrivers } from './drivers.ts';
import { checkDumpPath, writeDump } from './dump-file.ts';
import { UsageError } from './errors.ts';
import { makeReport } from './make-report.ts';
import { type PlannedSwap, planRun } from './planned.ts';
import type { Report } from './report.ts';
import { type Books, type ResolvedRun, resolveRun } from './resolve.ts';
import type { Scenario } from './scenario.ts';
import { validateScenario } from './validate.ts';

export interface RunOptions extends DriveOptions {
  /** What the user should know before the run: frames of a capture that are left out, say. */
  readonly onNotice?: (text: string) => void;
}

/** Errors in a thread that the scenario is to blame for. */
const SCENARIO_ERRORS = new Set([
  'DmaExhausted',
  'PoolExhausted',
  'ModuleError',
  'ApplicationFailure',
  'CaptureError',
  'ParameterError',
  'MediaError',
  'MediaInUse',
  'MediaSizeMismatch',
]);

/**
 * A machine with network cards, drivers, applications and links, made for one scenario.
 *
 * @example
 * const testbed = new Testbed({ size: 64, frames: 1_000_000, swapEvery: { interval: '5ms' } });
 * const report = await testbed.run();
 * console.log(report.verdict, report.swaps.count);
 */
export class Testbed {
  private readonly scenario: Scenario;

  /** Throws UsageError if the scenario's form is wrong; names and files are looked at by `run` and `plan`. */
  constructor(scenario: Scenario) {
    this.scenario = validateScenario(scenario, 'scenario');
  }

  /**
   * Runs the scenario on threads to its end. May be called again: each run has a machine of its own.
   * Rejects with UsageError when the scenario cannot be run; a broken invariant is a report with verdict `fail`.
   */
  async run(options: RunOptions = {}): Promise<Report> {
    const { scenario } = this;
    const books = await openBooks(scenario);
    const run = resolveRun(scenario, books);
    if (scenario.dump !== undefined) checkDumpPath(scenario.dump);
    const { memory, layout, skipped } = buildMachine(run, scenario);
    layout.cards.forEach((card, i) => {
      const left = Object.entries(skipped[i]).map(([reason, count]) => `${count} ${reason}`);
      if (left.length > 0)
        options.onNotice?.(`${card.name}: frames of the capture left out: ${left.join(', ')}`);
    });
    const machine = await ThreadedMachine.start(memory, layout, {
      timed: run.timed,
      round: run.round,
      driverModules: books.drivers.modules,
      applicationModules: books.applications.modules,
      pcapOut: scenario.pcapOut,
      wantsDump: scenario.dump !== undefined,
    }).catch((error: unknown) => blameStart(error, run));
    try {
      const results = await drive(machine, options).catch(blame);
      if (scenario.dump !== undefined && results.cpu.dump !== undefined)
        writeDump(scenario.dump, results.cpu.dump);
      return makeReport(layout, results, skipped);
    } finally {
      await machine.kill();
    }
  }

  /** The dry run: what each swap would do, step by step, without a machine. */
  async plan(): Promise<PlannedSwap[]> {
    const books = await openBooks(this.scenario);
    return planRun(resolveRun(this.scenario, books), books.drivers);
  }
}

/** What a scenario may name. Throws UsageError. */
export async function openBooks(scenario: Scenario): Promise<Books> {
  return { drivers: await openDrivers(scenario), applications: await openApplications(scenario) };
}

/** A machine that does not start with a driver of the user's own: that driver is to blame. */
export function blameStart(error: unknown, { cards, disks }: ResolvedRun): never {
  const builtIn: readonly DriverDeclaration[] = [...NIC_DRIVERS, ...DISK_DRIVERS];
  const drivers = [...cards, ...disks].map(({ definition }) => definition);
  const own = drivers.filter((definition) => !builtIn.includes(definition));
  if (error instanceof ThreadFailure && !SCENARIO_ERRORS.has(error.name) && own.length > 0)
    throw new UsageError(`driver ${own.map(({ name }) => name).join(', ')} does not start: ${error.message}`);
  blame(error);
}

/** What a thread failed of, if the scenario is to blame. */
function blame(error: unknown): never {
  if (error instanceof ThreadFailure && SCENARIO_ERRORS.has(error.name)) throw new UsageError(error.message);
  throw error;
}
