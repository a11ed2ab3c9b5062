/** Does a driver keep the contract? Looks into it point by point. */
import { reasonOf } from '../../swap/slices.ts';
import { type ConformPoint, type Finding, fail, type Question, skipped } from './conform/point.ts';
import { questionsFor } from './conform/questions.ts';
import type { Workbench } from './seeds.ts';

export type { ConformPoint, Explanation, Verdict } from './conform/point.ts';

export interface ConformOptions {
  /** Seeds for each point that runs scenarios, and the first of them. */
  readonly seeds: number;
  readonly from: number;
  /** This point alone, whatever else it needs. */
  readonly point?: string;
}

export interface ConformReport {
  readonly driver: string;
  readonly version: string;
  readonly seeds: number;
  readonly from: number;
  readonly points: readonly ConformPoint[];
}

/** `subject` names one of the workbench's drivers. */
export function conform(workbench: Workbench, subject: string, options: ConformOptions): ConformReport {
  const definition = workbench.drivers.find(({ name }) => name === subject);
  if (definition === undefined) throw new Error(`there is no driver ${subject}`);
  const { seeds, from, point } = options;
  const points: ConformPoint[] = [];
  for (const question of questionsFor(workbench, definition, options)) {
    const { name, title } = question;
    if (point === undefined || point === name) points.push({ name, title, ...answer(question, points) });
  }
  return { driver: definition.name, version: definition.version, seeds, from, points };
}

function answer({ needs, ask }: Question, points: readonly ConformPoint[]): Finding {
  const first = points.find(({ name, verdict }) => verdict !== 'pass' && needs.includes(name));
  if (first !== undefined) return skipped(`not tried: ${first.name} comes first`);
  try {
    return ask();
  } catch (error) {
    return fail(`it cannot be tried: ${reasonOf(error)}`);
  }
}
