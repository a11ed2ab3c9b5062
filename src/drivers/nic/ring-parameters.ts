import type { ParameterSpec } from '../parameters.ts';

/** The shape of the rings: what every driver that uses them is asked for. */
export const RING_PARAMETERS: readonly ParameterSpec[] = [
  {
    name: 'rxRing',
    description: 'length of each receive ring',
    unit: 'descriptors',
    min: 8,
    max: 4096,
    default: 512,
    powerOfTwo: true,
    geometry: true,
  },
  {
    name: 'rxBuffers',
    description: 'receive buffers posted on each ring (at most its length less one)',
    unit: 'buffers',
    min: 8,
    max: 4095,
    default: 511,
    geometry: true,
  },
  {
    name: 'txRing',
    description: 'length of each transmit ring',
    unit: 'descriptors',
    min: 8,
    max: 4096,
    default: 512,
    powerOfTwo: true,
    geometry: true,
  },
];

export function burstParameter(frames: number): ParameterSpec {
  return {
    name: 'burst',
    description: 'frames taken from a ring at a time',
    unit: 'frames',
    min: 1,
    max: 256,
    default: frames,
  };
}
