/** The disks of a test's machine, and what is asked of them. */
import type { DiskDriverDefinition } from '../../src/drivers/nvme/contract.ts';
import { type Parameters, resolveParameters } from '../../src/drivers/parameters.ts';
import type { ClientPlan, DiskPlan } from '../../src/host/machine.ts';
import { resolveWorkload, type WorkloadOptions } from '../../src/host/workload/options.ts';
import { BLOCK_BYTES } from '../../src/hw/nvme/datasheet.ts';

export interface DiskOptions {
  readonly driver?: string;
  readonly parameters?: Parameters;
  readonly queues?: number;
  readonly workload?: Partial<WorkloadOptions>;
  /** In place of the workload. */
  readonly client?: ClientPlan;
  /** How long the media takes for a command: no time if it is not given. */
  readonly mediaUs?: number;
}

const AREA = 64;

export function planDisk(disk: DiskOptions, index: number, book: readonly DiskDriverDefinition[]): DiskPlan {
  const { driver = 'polling', queues = 1, mediaUs } = disk;
  const definition = book.find(({ name }) => name === driver);
  if (definition === undefined) throw new Error(`no driver ${driver}`);
  const options = resolveWorkload({ area: AREA, queues, ...disk.workload });
  return {
    name: `nvme${index}`,
    queues,
    driver,
    parameters: resolveParameters(driver, definition.parameters, disk.parameters ?? {}),
    blocks: (options.area * options.bs) / BLOCK_BYTES,
    cacheBlocks: 64,
    media: undefined,
    ...(mediaUs === undefined ? {} : { timing: timingOf(mediaUs) }),
    client: disk.client ?? { kind: 'workload', options },
    durationUs: Number.POSITIVE_INFINITY,
  };
}

function timingOf(mediaUs: number): NonNullable<DiskPlan['timing']> {
  const megabytesPerSecond = Number.POSITIVE_INFINITY;
  return { readUs: mediaUs, writeUs: mediaUs, flushUs: mediaUs, megabytesPerSecond, jitter: 0, seed: 1 };
}
