/** Swaps that a driver is put through, with seeds: from one driver to another, or to another of its kind. */
import type { Course } from '../deck.ts';
import { FAULT_NAMES, type Fault } from '../faults.ts';
import type { SeedOptions } from '../seeds.ts';
import type { Finding, Question } from './point.ts';

/** Faults that leave alone which driver is swapped for which, and how. */
export const FAULTS: readonly Fault[] = FAULT_NAMES.filter(
  (fault) => fault !== 'reset' && fault !== 'swapDuringSwap' && fault !== 'crash' && fault !== 'handover',
);

/** Runs scenarios with each of the options. */
export type Ask = (...rounds: SeedOptions[]) => Finding;

/** What it does without any swap. */
export function alone(name: string, needs: readonly string[], ask: Ask): Question[] {
  const itself: SeedOptions = { subject: name, among: [], swaps: false };
  return [
    { name: 'alone', title: 'serves alone', needs, ask: () => ask({ ...itself, faults: [] }) },
    {
      name: 'alone-faults',
      title: 'serves alone, under faults',
      needs: ['alone'],
      ask: () => ask({ ...itself, faults: FAULTS }),
    },
  ];
}

/** Each way between it and each of the others, and from it to another of its kind. */
export function pairs(
  name: string,
  all: readonly { readonly name: string }[],
  needs: readonly string[],
  ask: Ask,
): Question[] {
  const others = all.filter((other) => other.name !== name);
  return [
    ...others.flatMap((other) => pair(`from-${other.name}`, other.name, name, needs, ask)),
    ...others.flatMap((other) => pair(`to-${other.name}`, name, other.name, needs, ask)),
    ...pair('to-itself', name, name, needs, ask),
  ];
}

function pair(point: string, from: string, to: string, needs: readonly string[], ask: Ask): Question[] {
  const course: Course = { from, to, methods: ['inplace'], moves: false };
  const title = `${from} → ${to}`;
  return [
    { name: point, title, needs, ask: () => ask({ course, faults: [] }) },
    {
      name: `${point}-faults`,
      title: `${title}, under faults`,
      needs: ['alone-faults', point],
      ask: () => ask({ course, faults: FAULTS }),
    },
  ];
}

/** From the driver to itself, so that both sides are the driver's; without faults, then with them. */
export function itself(name: string, ask: Ask, special: Partial<Course>): Finding {
  const course: Course = { from: name, to: name, methods: ['inplace'], moves: false, ...special };
  return ask({ course, faults: [] }, { course, faults: FAULTS });
}
