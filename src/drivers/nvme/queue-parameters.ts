import type { ParameterSpec } from '../parameters.ts';

/** The shape of the queues: what every driver of a disk is asked for. */
export const QUEUE_PARAMETERS: readonly ParameterSpec[] = [
  {
    name: 'queueDepth',
    description: 'commands outstanding on each queue, at most',
    unit: 'commands',
    min: 1,
    max: 1023,
    default: 128,
    geometry: true,
  },
];
