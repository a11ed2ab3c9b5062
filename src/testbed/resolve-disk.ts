/** A disk of a scenario with its defaults filled in and its meaning checked. */
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import type { Parameters } from '../drivers/parameters.ts';
import type { RemoteOptions } from '../host/remote/remote-client.ts';
import { resolveWorkload, WorkloadError, type WorkloadOptions } from '../host/workload/options.ts';
import { BLOCK_BYTES, MAX_TRANSFER_BYTES } from '../hw/nvme/datasheet.ts';
import { checkedParameters } from './checked-parameters.ts';
import type { DriverBook } from './drivers.ts';
import { UsageError } from './errors.ts';
import type { DiskScenario, DriverScenario, Scenario } from './scenario.ts';
import { parseSize } from './units.ts';

const DEFAULT_SIZE = '64M';
const DEFAULT_CACHE = '1M';
const DEFAULT_BS = 4096;
const DEFAULT_FLUSH_EVERY = 64;
const DEFAULT_FUA = 1;

export interface ResolvedDisk {
  readonly name: string;
  readonly queues: number;
  readonly definition: DiskDriverDefinition;
  readonly parameters: Parameters;
  readonly blocks: number;
  readonly cacheBlocks: number;
  readonly media: string | undefined;
  readonly workload: WorkloadOptions;
  /** In place of a workload: another thread asks. */
  readonly remote?: RemoteOptions;
}

/** The disk's own workload over the scenario's; `seed` is the disk's. Throws UsageError. */
export function resolveDisk(
  disk: DiskScenario,
  scenario: Scenario,
  seed: number,
  drivers: DriverBook,
  driver: DriverScenario = { name: 'interrupt' },
): ResolvedDisk {
  const definition = drivers.ofDisk(driver.name, disk.name);
  const blocks = wholeBlocks(disk.size ?? DEFAULT_SIZE, `${disk.name}: size`);
  return {
    name: disk.name,
    queues: disk.queues ?? 1,
    definition,
    parameters: checkedParameters(definition, driver.parameters ?? {}, disk.name),
    blocks,
    cacheBlocks: wholeBlocks(disk.cache ?? DEFAULT_CACHE, `${disk.name}: cache`),
    media: disk.media,
    workload: workloadOf(disk, scenario, blocks, seed),
  };
}

function workloadOf(disk: DiskScenario, scenario: Scenario, blocks: number, seed: number): WorkloadOptions {
  const bs = bytesOf(disk.bs ?? scenario.bs ?? DEFAULT_BS);
  const most = Math.min(MAX_TRANSFER_BYTES, blocks * BLOCK_BYTES);
  if (bs > most)
    throw new UsageError(
      `${disk.name}: bs is ${bs} bytes, and a request moves at most ${most}; ask for less`,
    );
  try {
    return resolveWorkload({
      ...given(scenario),
      ...given(disk),
      bs,
      seed,
      area: Math.floor((blocks * BLOCK_BYTES) / bs),
      flushEvery: disk.flushEvery ?? scenario.flushEvery ?? DEFAULT_FLUSH_EVERY,
      fua: disk.fua ?? scenario.fua ?? DEFAULT_FUA,
      requests: disk.requests ?? scenario.frames ?? Number.POSITIVE_INFINITY,
      queues: disk.queues ?? 1,
    });
  } catch (error) {
    if (error instanceof WorkloadError) throw new UsageError(`${disk.name}: ${error.message}`);
    throw error;
  }
}

/** What is given of a workload, without what is not. */
function given(from: Pick<Scenario, 'rw' | 'iodepth' | 'rwmixread' | 'verify'>) {
  const { rw, iodepth, rwmixread, verify } = from;
  return {
    ...(rw === undefined ? {} : { rw }),
    ...(iodepth === undefined ? {} : { iodepth }),
    ...(rwmixread === undefined ? {} : { rwmixread }),
    ...(verify === undefined ? {} : { verify }),
  };
}

function wholeBlocks(size: number | string, what: string): number {
  const bytes = bytesOf(size);
  if (bytes % BLOCK_BYTES === 0) return bytes / BLOCK_BYTES;
  throw new UsageError(`${what} is ${bytes} bytes; give a multiple of ${BLOCK_BYTES}`);
}

/** fio writes k, we write K; both are 1024. */
function bytesOf(size: number | string): number {
  return typeof size === 'number' ? size : parseSize(size.toUpperCase());
}
