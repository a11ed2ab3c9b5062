import type { DriverDeclaration } from '../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import { ThreadedMachine } from '../exec/threads/machine.ts';
import { OutOfService } from '../exec/threads/relief.ts';
import { ThreadFailure } from '../exec/threads/thread-handle.ts';
import { openApplications } from './applications.ts';
import { type BuiltMachine, buildMachine } from './build.ts';
import { type DriveOptions, drive } from './drive.ts';
import { type DriverBook, openDrivers } from './drivers.ts';
import { checkDumpPath, writeDump } from './dump-file.ts';
import { OutOfServiceError, UsageError } from './errors.ts';
import { makeReport } from './make-report.ts';
import { type PlannedSwap, planRun } from './planned.ts';
import type { Report } from './report.ts';
import { type Books, type ResolvedRun, resolveRun } from './resolve.ts';
import { RunningMachine } from './running.ts';
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
   * Rejects with UsageError when the scenario cannot be run, and with OutOfServiceError when nobody can serve it to its end; a broken
   * invariant is a report with verdict `fail`.
   */
  async run(options: RunOptions = {}): Promise<Report> {
    return conclude(await this.begin(options, false), options);
  }

  /**
   * Starts the scenario, and resolves when its traffic has begun: swaps may then be asked for, beside those of the scenario. With
   * neither `frames` nor `duration` it runs until it is stopped. Rejects as `run` does.
   */
  async start(options: RunOptions = {}): Promise<RunningMachine> {
    const begun = await this.begin(options, true);
    return new RunningMachine(begun.machine, begun.drivers, (stop) => {
      const signal = options.signal === undefined ? stop : AbortSignal.any([options.signal, stop]);
      return conclude(begun, { ...options, signal });
    });
  }

  /** The dry run: what each swap would do, step by step, without a machine. */
  async plan(): Promise<PlannedSwap[]> {
    const books = await openBooks(this.scenario);
    return planRun(resolveRun(this.scenario, books), books.drivers);
  }

  /** A machine that waits for its traffic. */
  private async begin(options: RunOptions, takesOrders: boolean): Promise<Begun> {
    const { scenario } = this;
    const books = await openBooks(scenario);
    const resolved = resolveRun(scenario, books);
    const run = takesOrders ? leftRunning(resolved, scenario) : resolved;
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
      takesOrders,
      standby: run.standby,
    }).catch((error: unknown) => blameStart(error, run));
    return { machine, run, skipped, drivers: books.drivers, dump: scenario.dump };
  }
}

interface Begun extends Pick<BuiltMachine, 'skipped'> {
  readonly machine: ThreadedMachine;
  readonly run: ResolvedRun;
  readonly drivers: DriverBook;
  /** The file for a dump, if one is wanted. */
  readonly dump: string | undefined;
}

/** A run that is left running has no end of its own unless it was given one. */
function leftRunning(run: ResolvedRun, { frames, duration }: Scenario): ResolvedRun {
  const endless = frames === undefined && duration === undefined;
  return { ...run, takesOrders: true, durationUs: endless ? Number.POSITIVE_INFINITY : run.durationUs };
}

/** The traffic, from its beginning to its end, and what came of it. */
async function conclude(
  { machine, run, skipped, drivers, dump }: Begun,
  options: RunOptions,
): Promise<Report> {
  try {
    const results = await drive(machine, options).catch(blame);
    if (dump !== undefined && results.cpu.dump !== undefined) writeDump(dump, results.cpu.dump);
    const report = makeReport(machine.layout, results, skipped, drivers.own);
    // A run without an end of its own is ended by its user as a matter of course.
    const endless = run.frames === Number.POSITIVE_INFINITY && run.durationUs === Number.POSITIVE_INFINITY;
    return endless ? { ...report, interrupted: false } : report;
  } finally {
    await machine.kill();
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
  if (error instanceof OutOfService) throw new OutOfServiceError(error.message);
  throw error;
}
