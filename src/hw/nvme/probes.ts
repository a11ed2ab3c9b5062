import type { Memory, Region } from '../memory.ts';
import { ProbeBoard, probeBytes } from '../probes.ts';

export const NVME_PROBES = [
  'dmaFaults',
  /** Commands fetched from I/O queues, and completions posted there; what a power cut or a reset ended in between. */
  'commands',
  'completions',
  'lostCommands',
  /** Blocks read from the media and written to it. */
  'blocksRead',
  'blocksWritten',
  'flushes',
  /** Doorbells that took no valid value. */
  'invalidDoorbells',
] as const;
export type NvmeProbe = (typeof NVME_PROBES)[number];
export const NVME_PROBE_BYTES = probeBytes(NVME_PROBES);

/** What the emulated controller did where the specification has no log for it. */
export class NvmeProbes extends ProbeBoard<NvmeProbe> {
  constructor(memory: Memory, region: Region) {
    super(memory, region, NVME_PROBES);
  }
}
