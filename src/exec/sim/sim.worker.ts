/** What a thread does for a campaign, seeds in portions and a failure made small; or for the points of a driver. */

import type { Bundle } from '../modules/bundle.ts';
import { askPoint, type Finding, type PointPlan, planConform } from './conform.ts';
import type { Fault } from './faults.ts';
import { loadWorkbench, type OwnModules } from './modules.ts';
import type { SeedFailure, SeedsResult, Workbench } from './seeds.ts';
import { type Objection, tryDriver } from './trial.ts';

/** A task: plain data, with the modules of the user's own that it is about. */
export interface SimTask {
  readonly modules: OwnModules;
  readonly faults: readonly Fault[];
  readonly from: number;
  readonly count: number;
}

export interface SimTrace {
  readonly lines: readonly string[];
  readonly violation: string | undefined;
}

/** Modules are loaded once in a thread. */
let loaded: { readonly key: string; readonly workbench: Promise<Workbench> } | undefined;

function workbenchOf(modules: OwnModules): Promise<Workbench> {
  const { drivers, applications, checkers } = modules;
  const key = [...drivers, ...applications, ...checkers].map(({ digest }) => digest).join();
  if (loaded?.key !== key) loaded = { key, workbench: loadWorkbench(modules) };
  return loaded.workbench;
}

export async function seeds({ modules, faults, from, count }: SimTask): Promise<SeedsResult> {
  const workbench = await workbenchOf(modules);
  return workbench.runSeeds(from, count, { faults, subject: workbench.subject });
}

export async function explain({ modules, faults, from }: SimTask): Promise<SeedFailure | undefined> {
  const workbench = await workbenchOf(modules);
  return workbench.explain(from, { faults, subject: workbench.subject });
}

export async function trace({ modules, faults, from }: SimTask): Promise<SimTrace> {
  const workbench = await workbenchOf(modules);
  const { lines, result } = workbench.trace(from, { faults, subject: workbench.subject });
  return { lines, violation: result.violation?.message };
}

/** About a driver, by its name. */
export interface PointTask {
  readonly modules: OwnModules;
  readonly subject: string;
  readonly seeds: number;
  readonly from: number;
  readonly point: string;
}

export async function points({ modules, subject }: Omit<PointTask, 'point'>): Promise<PointPlan[]> {
  return planConform(await workbenchOf(modules), subject);
}

export function trial(bundle: Bundle): Promise<Objection | undefined> {
  return tryDriver(bundle);
}

export async function point({ modules, subject, point: name, ...seeds }: PointTask): Promise<Finding> {
  return askPoint(await workbenchOf(modules), subject, seeds, name);
}
