/** What is asked of a driver of disks, in order. */
import { DISK_DRIVERS } from '../../../drivers/index.ts';
import type { DiskDriverDefinition } from '../../../drivers/nvme/contract.ts';
import type { Workbench } from '../seeds.ts';
import { type Ask, alone, itself, pairs } from './courses.ts';
import { askDeclaration } from './declaration.ts';
import { askDiskMaking, askDiskMethods } from './disk-calls.ts';
import { type Question, skipped } from './point.ts';

export function diskQuestions({ parts }: Workbench, definition: DiskDriverDefinition, ask: Ask): Question[] {
  const { name } = definition;
  return [
    { name: 'declaration', title: 'says what it is', needs: [], ask: () => askDeclaration(definition) },
    {
      name: 'making',
      title: 'is made and leaves the disk alone',
      needs: ['declaration'],
      ask: () => askDiskMaking(parts, definition),
    },
    {
      name: 'methods',
      title: 'has the methods of a driver',
      needs: ['making'],
      ask: () => askDiskMethods(parts, definition),
    },
    ...alone(name, ['methods'], ask),
    ...pairs(name, DISK_DRIVERS, ['alone'], ask),
    ...otherMethods(definition, ask),
  ];
}

function otherMethods({ name, parameters }: DiskDriverDefinition, ask: Ask): Question[] {
  const needs = ['to-itself'];
  const depth = parameters.find((spec) => spec.name === 'queueDepth');
  return [
    {
      name: 'drain',
      title: 'lets its queues run dry (method=drain)',
      needs,
      ask: () => itself(name, ask, { methods: ['drain'] }),
    },
    {
      name: 'moves',
      title: 'moves to queue pairs of another depth',
      needs,
      ask: () =>
        depth?.min === depth?.max
          ? skipped('its queue pairs have one depth only')
          : itself(name, ask, { moves: true }),
    },
    {
      name: 'resets',
      title: 'survives a reset (method=reset)',
      needs,
      ask: () => itself(name, ask, { methods: ['reset'] }),
    },
  ];
}
