/** What is asked of a driver, in order. */
import type { NicDriverDefinition } from '../../../drivers/contract.ts';
import { NIC_DRIVERS } from '../../../drivers/index.ts';
import { type DriverDefinition, isOfCards } from '../../modules/driver-module.ts';
import type { Workbench } from '../seeds.ts';
import { askMaking, askMethods, hasCall } from './calls.ts';
import { type Ask, alone, itself, pairs } from './courses.ts';
import { askDeclaration } from './declaration.ts';
import { diskQuestions } from './disk-questions.ts';
import { askHandOver, askStartAndStop } from './life.ts';
import { type Finding, type Question, skipped } from './point.ts';
import { askSeeds, type Seeds } from './serving.ts';

export function questionsFor(workbench: Workbench, definition: DriverDefinition, seeds: Seeds): Question[] {
  const { device, name } = definition;
  const ask: Ask = (...rounds) =>
    askSeeds(
      workbench,
      seeds,
      rounds.map((options) => ({ ...options, device })),
    );
  if (!isOfCards(definition)) return diskQuestions(workbench, definition, ask);
  return [
    ...onTheBench(workbench, definition),
    ...alone(name, ['start-stop'], ask),
    ...pairs(name, NIC_DRIVERS, ['hand-over', 'alone'], ask),
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

function otherMethods(workbench: Workbench, definition: NicDriverDefinition, ask: Ask): Question[] {
  const { name } = definition;
  const needs = ['to-itself'];
  return [
    {
      name: 'drain',
      title: 'lets its rings run dry (method=drain)',
      needs,
      ask: () =>
        hasCall(workbench.parts, definition, 'setReceiveBuffers')
          ? itself(name, ask, { methods: ['drain'] })
          : skipped('there is no setReceiveBuffers: method=drain is rolled back'),
    },
    {
      name: 'moves',
      title: 'moves to rings of another length',
      needs,
      ask: () => whyNotMoved(workbench, definition) ?? itself(name, ask, { moves: true }),
    },
    {
      name: 'resets',
      title: 'survives a reset (method=reset)',
      needs,
      ask: () => itself(name, ask, { methods: ['reset'] }),
    },
  ];
}

function whyNotMoved({ parts }: Workbench, definition: NicDriverDefinition): Finding | undefined {
  const spec = definition.parameters.find(({ name }) => name === 'rxRing');
  if (spec === undefined || spec.min === spec.max) return skipped('its rings have one length only');
  if (hasCall(parts, definition, 'queuesChanged')) return undefined;
  return skipped('there is no queuesChanged: rings keep their length');
}
