/** A scenario's disk as the machine is told of it, and how much DMA memory it can come to need. */
import type { DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import { DISK_STATE_BYTES, shadowWords } from '../../drivers/nvme/state.ts';
import { waitingWords } from '../../drivers/nvme/waiting-list.ts';
import { bufferBytes } from '../../drivers/nvme/write-buffer.ts';
import { resolveParameters } from '../../drivers/parameters.ts';
import type { DiskPlan } from '../../host/machine.ts';
import { resolveWorkload } from '../../host/workload/options.ts';
import { align, PAGE_BYTES } from '../../hw/memory.ts';
import { BLOCK_BYTES, CQE_BYTES, SQE_BYTES } from '../../hw/nvme/datasheet.ts';
import type { SimDisk } from './draw-disks.ts';
import type { SimScenario } from './scenario.ts';

/** Drivers that buffer, and are there at once at the most: the old one, the new one, and one that failed to be made. */
const BUFFERING = 4;
const ADMIN_PAGES = 4;

export function planDisk(
  scenario: SimScenario,
  disk: SimDisk,
  index: number,
  definitions: readonly DiskDriverDefinition[],
): DiskPlan {
  const definition = definitions.find(({ name }) => name === disk.driver);
  if (definition === undefined) throw new Error(`there is no driver ${disk.driver}`);
  const { driver, parameters, queues, rw, bs, iodepth, rwmixread, flushEvery, fua, zeroes, area, requests } =
    disk;
  const seed = scenario.seed + index;
  return {
    name: `nvme${index}`,
    queues,
    driver,
    parameters: resolveParameters(driver, definition.parameters, parameters),
    blocks: (area * bs) / BLOCK_BYTES,
    cacheBlocks: disk.cacheBlocks,
    ...(disk.mediaUs === 0 ? {} : { timing: timingOf(disk.mediaUs, seed) }),
    media: undefined,
    client: {
      kind: 'workload',
      options: resolveWorkload({
        ...{ rw, bs, iodepth, rwmixread, flushEvery, fua, zeroes, area, requests, queues, seed },
      }),
    },
    durationUs: Number.POSITIVE_INFINITY,
  };
}

function timingOf(mediaUs: number, seed: number): NonNullable<DiskPlan['timing']> {
  return {
    readUs: mediaUs,
    writeUs: mediaUs,
    flushUs: mediaUs,
    megabytesPerSecond: Number.POSITIVE_INFINITY,
    jitter: 1,
    seed,
  };
}

/** State block, admin queue; queue pairs of all queues, old and new; what drivers buffer, old, new, and lost ones. */
export function dmaOfDisk(
  { cards, swaps }: SimScenario,
  disk: SimDisk,
  index: number,
  definitions: readonly DiskDriverDefinition[],
): number {
  const own = swaps.filter(({ device }) => device === cards.length + index);
  const uses = [
    { driver: disk.driver, parameters: disk.parameters },
    ...own.map(({ to, parameters }) => ({ driver: to, parameters })),
  ];
  const most = (name: string): number =>
    Math.max(
      0,
      ...uses.map(({ driver, parameters }) => {
        const specs = definitions.find((definition) => definition.name === driver)?.parameters;
        return parameters[name] ?? specs?.find((spec) => spec.name === name)?.default ?? 0;
      }),
    );
  const pages = (bytes: number) => align(bytes, PAGE_BYTES);
  const depth = most('queueDepth');
  const slots = 2 ** Math.ceil(Math.log2(depth + 1));
  const queues = pages(slots * SQE_BYTES) + pages(slots * CQE_BYTES);
  const pair = queues + pages(shadowWords(depth) * 4) + depth * PAGE_BYTES;
  const buffers = most('buffers');
  const buffering = buffers === 0 ? 0 : pages(bufferBytes(buffers, waitingWords(disk.queues)));
  return (
    pages(DISK_STATE_BYTES) +
    ADMIN_PAGES * PAGE_BYTES +
    2 * disk.queues * pair +
    (BUFFERING + own.length) * buffering
  );
}
