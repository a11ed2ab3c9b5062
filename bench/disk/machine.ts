/** A machine with one disk, to be measured: what is asked of it, and by which driver, may change on the same memory. */
import type { DiskLayout, MachineLayout } from '../../src/host/machine.ts';
import type { WorkloadOptions } from '../../src/host/workload/options.ts';
import type { WorkloadLayout } from '../../src/host/workload/workload.ts';
import type { Timing } from '../../src/hw/nvme/timing.ts';
import { WHOLE_ONE_IN } from '../ledger.ts';
import { type Built, machineFor } from '../machines.ts';
import type { DiskWork } from './messages.ts';

export const BLOCK_BYTES = 4096;
/** A disk's memory has room for so many requests. */
const MOST_DEPTH = 128;

export interface DiskShape {
  /** Blocks that are asked for. */
  readonly area: number;
  /** How long the media takes; without: no time. */
  readonly timing?: Timing;
}

export async function diskMachine({ area, timing }: DiskShape): Promise<Built> {
  const { memory, layout } = await machineFor({
    disks: [{ name: 'nvme0', size: area * BLOCK_BYTES }],
    rw: 'randread',
    bs: BLOCK_BYTES,
    iodepth: MOST_DEPTH,
  });
  const disks = layout.disks.map((disk) => ({
    ...disk,
    durationUs: Number.POSITIVE_INFINITY,
    ...(timing === undefined ? {} : { timing }),
  }));
  return { memory, layout: { ...layout, disks } };
}

export interface WorkloadPlaces {
  readonly options: WorkloadOptions;
  readonly regions: WorkloadLayout;
}

/** What its only disk's workload is, and where that keeps what outlives it. */
export function workloadOf({ disks: [disk] }: MachineLayout): WorkloadPlaces {
  if (disk.client.kind !== 'workload') throw new Error('a disk of a bench has a workload of its own');
  return disk.client;
}

/** The same machine, of which this is asked; `requests`: in all. */
export function asking(
  layout: MachineLayout,
  { driver, parameters, ...asked }: DiskWork,
  requests = Number.POSITIVE_INFINITY,
): MachineLayout {
  const { options, regions } = workloadOf(layout);
  const client: DiskLayout['client'] = {
    kind: 'workload',
    options: { ...options, ...asked, fua: 0, wholeOneIn: WHOLE_ONE_IN, requests },
    regions,
  };
  return { ...layout, disks: [{ ...layout.disks[0], driver, parameters, client }] };
}
