import type { Memory, Region } from '../memory.ts';
import { ProbeBoard, probeBytes } from '../probes.ts';

export const PROBES = [
  'dmaFaults',
  'dropped.reset',
  'dropped.receiverOff',
  'dropped.filtered',
  'dropped.dmaFault',
  'transmit.dmaFault',
] as const;
export type Probe = (typeof PROBES)[number];
export const PROBE_BYTES = probeBytes(PROBES);

/** What the emulated card did where the 82599 has no register for it. */
export class Probes extends ProbeBoard<Probe> {
  constructor(memory: Memory, region: Region) {
    super(memory, region, PROBES);
  }
}
