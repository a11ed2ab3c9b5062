/** Does a driver keep the contract? Looks into it point by point. */
import { reasonOf } from '../../swap/slices.ts';
import type { DriverDefinition } from '../modules/driver-module.ts';
import { type ConformPoint, type Finding, fail, type Question, skipped } from './conform/point.ts';
import { questionsFor } from './conform/questions.ts';
import type { Seeds } from './conform/serving.ts';
import type { Workbench } from './seeds.ts';

export type { ConformPoint, Explanation, Finding, Verdict } from './conform/point.ts';

export interface ConformOptions extends Seeds {
  /** This point alone, whatever else it needs. */
  readonly point?: string;
}

export interface ConformReport {
  readonly driver: { readonly name: string; readonly version: string };
  readonly seeds: number;
  readonly from: number;
  readonly points: readonly ConformPoint[];
}

/** A point as it is known before it is looked into. */
export type PointPlan = Omit<Question, 'ask'>;

/** `subject` names one of the workbench's drivers. Throws when there is none of that name. */
export function conform(workbench: Workbench, subject: string, options: ConformOptions): ConformReport {
  const { name, version } = driverOf(workbench, subject);
  const { seeds, from, point } = options;
  const points: ConformPoint[] = [];
  for (const plan of planConform(workbench, subject))
    if (point === undefined || point === plan.name) {
      const finding = notTried(plan, points) ?? askPoint(workbench, subject, options, plan.name);
      points.push({ name: plan.name, title: plan.title, ...finding });
    }
  return { driver: { name, version }, seeds, from, points };
}

/** What will be asked of a driver, in order. */
export function planConform(workbench: Workbench, subject: string): PointPlan[] {
  const questions = questionsFor(workbench, driverOf(workbench, subject), { seeds: 0, from: 0 });
  return questions.map(({ name, title, needs }) => ({ name, title, needs }));
}

/** One point, by itself. */
export function askPoint(workbench: Workbench, subject: string, seeds: Seeds, point: string): Finding {
  const questions = questionsFor(workbench, driverOf(workbench, subject), seeds);
  const question = questions.find(({ name }) => name === point);
  if (question === undefined) throw new Error(`there is no point ${point}`);
  try {
    return question.ask();
  } catch (error) {
    return fail(`it cannot be tried: ${reasonOf(error)}`);
  }
}

/** A point that would only say again what one says that it needs. */
export function notTried({ needs }: PointPlan, points: readonly ConformPoint[]): Finding | undefined {
  const first = points.find(({ name, verdict }) => verdict !== 'pass' && needs.includes(name));
  return first === undefined ? undefined : skipped(`not tried: ${first.name} comes first`);
}

/** A name that drivers of both devices have is that of cards; modules of the user's own have others. */
function driverOf({ drivers, diskDrivers }: Workbench, subject: string): DriverDefinition {
  const definition = [...drivers, ...diskDrivers].find(({ name }) => name === subject);
  if (definition === undefined) throw new Error(`there is no driver ${subject}`);
  return definition;
}
