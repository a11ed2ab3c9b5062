/** What is asked of a driver, in order. */
import type { NicDriverDefinition } from '../../../drivers/contract.ts';
import { NIC_DRIVERS } from '../../../drivers/index.ts';
import type { Course } from '../deck.ts';
import { FAULT_NAMES, type Fault } from '../faults.ts';
import type { SeedOptions, Workbench } from '../seeds.ts';
import { askMaking, askMethods, hasCall } from './calls.ts';
import { askDeclaration } from './declaration.ts';
import { askHandOver, askStartAndStop } from './life.ts';
import { type Finding, type Question, skipped } from './point.ts';
import { askSeeds, type Seeds } from './serving.ts';

/** Faults that leave alone which driver is swapped for which, and how. */
const FAULTS: readonly Fault[] = FAULT_NAMES.filter(
  (fault) => fault !== 'reset' && fault !== 'swapDuringSwap' && fault !== 'crash',
);

/** Runs scenarios with each of the options. */
type Ask = (...rounds: SeedOptions[]) => Finding;

export function questionsFor(
  workbench: Workbench,
  definition: NicDriverDefinition,
  seeds: Seeds,
): Question[] {
  const ask: Ask = (...rounds) => askSeeds(workbench, seeds, rounds);
  return [
    ...onTheBench(workbench, definition),
    ...alone(definition, ask),
    ...pairs(definition, ask),
    ...otherMethods(workbench, definition, ask),
  ];
}

/** Calls by hand, without a scenario. */
function onTheBench({ parts }: Workbench, definition: NicDriverDefinition): Question[] {
  return [
    {
      name: 'declaration',
      title: 'says what it is',
      needs: [],
      ask: () => askDeclaration(definition),
    },
    {
      name: 'making',
      title: 'is made and leaves the card alone',
      needs: ['declaration'],
      ask: () => askMaking(parts, definition),
    },
    {
      name: 'methods',
      title: 'has the methods of a driver',
      needs: ['making'],
      ask: () => askMethods(parts, definition),
    },
    {
      name: 'start-stop',
      title: 'starts, serves and stops',
      needs: ['methods'],
      ask: () => askStartAndStop(parts, definition),
    },
    {
      name: 'hand-over',
      title: 'takes over and hands over',
      needs: ['start-stop'],
      ask: () => askHandOver(parts, definition),
    },
  ];
}

function alone({ name }: NicDriverDefinition, ask: Ask): Question[] {
  const itself: SeedOptions = { subject: name, among: [], swaps: false };
  return [
    {
      name: 'alone',
      title: 'serves alone',
      needs: ['start-stop'],
      ask: () => ask({ ...itself, faults: [] }),
    },
    {
      name: 'alone-faults',
      title: 'serves alone, under faults',
      needs: ['alone'],
      ask: () => ask({ ...itself, faults: FAULTS }),
    },
  ];
}

/** Each way between it and each built-in driver, and from it to another of its kind. */
function pairs({ name }: NicDriverDefinition, ask: Ask): Question[] {
  const others = NIC_DRIVERS.filter((other) => other.name !== name);
  return [
    ...others.flatMap((other) => pair(`from-${other.name}`, other.name, name, ask)),
    ...others.flatMap((other) => pair(`to-${other.name}`, name, other.name, ask)),
    ...pair('to-itself', name, name, ask),
  ];
}

function pair(point: string, from: string, to: string, ask: Ask): Question[] {
  const course: Course = { from, to, methods: ['inplace'], moves: false };
  const title = `${from} → ${to}`;
  return [
    { name: point, title, needs: ['hand-over', 'alone'], ask: () => ask({ course, faults: [] }) },
    {
      name: `${point}-faults`,
      title: `${title}, under faults`,
      needs: ['alone-faults', point],
      ask: () => ask({ course, faults: FAULTS }),
    },
  ];
}

/** From the driver to itself, so that both sides are the driver's; without faults, then with them. */
function otherMethods(workbench: Workbench, definition: NicDriverDefinition, ask: Ask): Question[] {
  const { name } = definition;
  const needs = ['to-itself'];
  const both = (special: Partial<Course>) => {
    const course: Course = { from: name, to: name, methods: ['inplace'], moves: false, ...special };
    return ask({ course, faults: [] }, { course, faults: FAULTS });
  };
  return [
    {
      name: 'drain',
      title: 'lets its rings run dry (method=drain)',
      needs,
      ask: () =>
        hasCall(workbench.parts, definition, 'setReceiveBuffers')
          ? both({ methods: ['drain'] })
          : skipped('there is no setReceiveBuffers: method=drain is rolled back'),
    },
    {
      name: 'moves',
      title: 'moves to rings of another length',
      needs,
      ask: () => whyNotMoved(workbench, definition) ?? both({ moves: true }),
    },
    {
      name: 'resets',
      title: 'survives a reset (method=reset)',
      needs,
      ask: () => both({ methods: ['reset'] }),
    },
  ];
}

function whyNotMoved({ parts }: Workbench, definition: NicDriverDefinition): Finding | undefined {
  const spec = definition.parameters.find(({ name }) => name === 'rxRing');
  if (spec === undefined || spec.min === spec.max) return skipped('its rings have one length only');
  if (hasCall(parts, definition, 'queuesChanged')) return undefined;
  return skipped('there is no queuesChanged: rings keep their length');
}
