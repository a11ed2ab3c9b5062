/** Runs seeds one after another, and makes a scenario that fails as small as it can. */
import type { CheckerDefinition } from '../../check/checker.ts';
import type { DriverDeclaration, NicDriverDefinition } from '../../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../drivers/index.ts';
import type { DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import { APPLICATIONS, type ApplicationDefinition } from '../../host/apps/applications.ts';
import type { Patience } from '../../swap/probation.ts';
import { isWarm, warmUp } from '../../swap/warm.ts';
import { type DriverDefinition, isOfCards, isOfDisks } from '../modules/driver-module.ts';
import { addCoverage, type Covered, nothingCovered } from './coverage.ts';
import type { Course, Deck } from './deck.ts';
import { EventsOf } from './events.ts';
import { FAULT_NAMES, type Fault } from './faults.ts';
import { SimMachine } from './machine.ts';
import { POINTS } from './points.ts';
import type { SimParts, SimResult } from './run.ts';
import { drawScenario, type SimScenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { Lines, type Trace } from './trace.ts';
import { watched, watchedDisk } from './watched-driver.ts';

/** What of the user's own is put to the test, and how. */
export interface SeedOptions {
  readonly faults?: readonly Fault[];
  /** Scenarios have to do with this driver: as the one that serves, or in swaps to and from it. */
  readonly subject?: string | undefined;
  /** The only drivers beside the subject; all when undefined. */
  readonly among?: readonly string[];
  readonly swaps?: boolean;
  /**
   * Machines have these devices alone. By default those of the user's own driver; cards, where there is an application of his
   * own, a subject or a course; else all.
   */
  readonly device?: DriverDeclaration['device'];
  /** The only swaps there are, in place of those that would be drawn. */
  readonly course?: Course;
}

export interface SeedFailure {
  readonly seed: number;
  readonly scenario: SimScenario;
  readonly result: SimResult;
  /** The smallest scenario found that breaks the same invariant, and how it ended. */
  readonly shrunk: SimScenario;
  readonly shrunkResult: SimResult;
  /** The last events of the smallest scenario. */
  readonly events: readonly string[];
}

export interface SeedsResult {
  readonly seeds: number;
  readonly frames: number;
  readonly requests: number;
  readonly swaps: number;
  readonly covered: Covered;
  readonly failed: readonly number[];
}

/** In one slice of a rehearsal. A driver that waits for a word to change makes more. */
const MOST_ACCESSES = 1_000_000;
const STANDING_STILL = { nowUs: () => 0 };

/** Drivers, applications and checkers to draw scenarios from: the built-in ones and those given. */
export class Workbench {
  /** The drivers as they were given; the parts have them with a watch around each. */
  readonly drivers: readonly NicDriverDefinition[];
  readonly diskDrivers: readonly DiskDriverDefinition[];
  readonly parts: SimParts;
  /** The first driver that was given: scenarios are about it. */
  readonly subject: string | undefined;
  private readonly apps: Deck['apps'];
  /** What machines have alone, as there is something of the user's own. */
  private readonly device: SeedOptions['device'];

  constructor(
    drivers: readonly DriverDefinition[] = [],
    applications: readonly ApplicationDefinition[] = [],
    checkers: readonly CheckerDefinition[] = [],
  ) {
    this.drivers = [...NIC_DRIVERS, ...drivers.filter(isOfCards)];
    this.diskDrivers = [...DISK_DRIVERS, ...drivers.filter(isOfDisks)];
    const all = this.drivers.map(watched);
    for (const definition of all) warm(definition);
    this.parts = { drivers: all, diskDrivers: this.diskDrivers.map(watchedDisk), applications, checkers };
    this.device = drivers[0]?.device ?? (applications.length > 0 ? 'nic' : undefined);
    this.subject = drivers[0]?.name;
    this.apps = applications.length > 0 ? applications : APPLICATIONS;
  }

  /** The scenario of a seed. */
  draw(seed: number, options: SeedOptions = {}): SimScenario {
    return drawScenario(seed, this.deck(options));
  }

  run(scenario: SimScenario, trace?: Trace, patience?: Patience): SimResult {
    const parts = patience === undefined ? this.parts : { ...this.parts, patience };
    return new SimMachine(scenario, parts, trace).run();
  }

  /** Seeds `from`, `from + 1`, ...; goes on after a failure. */
  runSeeds(from: number, count: number, options: SeedOptions = {}): SeedsResult {
    const deck = this.deck(options);
    const covered = nothingCovered();
    const failed: number[] = [];
    let frames = 0;
    let requests = 0;
    let swaps = 0;
    for (let seed = from; seed < from + count; seed++) {
      const result = this.run(drawScenario(seed, deck));
      frames += result.frames;
      requests += result.requests;
      swaps += result.records.length + (result.covered.outcomes.cutOff ?? 0);
      addCoverage(covered, result.covered);
      if (result.violation !== undefined) failed.push(seed);
    }
    return { seeds: count, frames, requests, swaps, covered, failed };
  }

  /** A failure of `runSeeds`, made small; undefined if the seed passes. */
  explain(seed: number, options: SeedOptions = {}): SeedFailure | undefined {
    const scenario = this.draw(seed, options);
    const result = this.run(scenario);
    if (result.violation === undefined) return undefined;
    const shrunk = shrink(scenario, result, (smaller) => this.run(smaller));
    const events = new EventsOf(this.run(shrunk).violation ?? result.violation, /^VIOLATION/);
    const shrunkResult = this.run(shrunk, events);
    return { seed, scenario, result, shrunk, shrunkResult, events: events.last() };
  }

  /** Everything that happens in a seed's scenario. */
  trace(
    seed: number,
    options: SeedOptions = {},
  ): { readonly lines: readonly string[]; readonly result: SimResult } {
    const lines = new Lines();
    const result = this.run(this.draw(seed, options), lines);
    return { lines: lines.lines, result };
  }

  private deck(options: SeedOptions): Deck {
    const { faults = FAULT_NAMES, subject, among, swaps = true, course } = options;
    const about = subject !== undefined || course !== undefined;
    const { device = this.device ?? (about ? 'nic' : undefined) } = options;
    const chosen = ({ name }: DriverDeclaration) =>
      among === undefined || name === subject || among.includes(name);
    const drivers = device === 'nvme' ? [] : this.parts.drivers.filter(chosen);
    const diskDrivers = device === 'nic' ? [] : this.parts.diskDrivers.filter(chosen);
    return { drivers, diskDrivers, apps: this.apps, faults: new Set(faults), subject, swaps, course };
  }
}

/** Before the first scenario: a driver that is warm behaves alike in each of them. */
function warm(definition: NicDriverDefinition): void {
  if (isWarm(definition)) return;
  try {
    const parameters = Object.fromEntries(definition.parameters.map((spec) => [spec.name, spec.default]));
    POINTS.guard(MOST_ACCESSES, endless);
    for (const _ of warmUp(definition, parameters, STANDING_STILL)) POINTS.guard(MOST_ACCESSES, endless);
  } catch {
    // Not fit to be warmed: each swap to it will find out anew.
  } finally {
    POINTS.disarm();
  }
}

function endless(): void {
  throw new Error('a rehearsal does not come to its end');
}
