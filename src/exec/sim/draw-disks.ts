/** The disks of a scenario and what is asked of them, by lot. */
import { PATTERNS, type Pattern } from '../../host/workload/options.ts';
import type { Deck } from './deck.ts';
import { drawDriver, drawParameters } from './draw-parameters.ts';
import type { Lots } from './lots.ts';

export interface SimDisk {
  readonly driver: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly queues: number;
  readonly rw: Pattern;
  /** Bytes of a request. */
  readonly bs: number;
  readonly iodepth: number;
  /** Reads of `randrw`, in per cent. */
  readonly rwmixread: number;
  /** After how many writes a flush follows; 0: never. */
  readonly flushEvery: number;
  /** Writes that are FUA, and writes of zeroes and discards, in per cent. */
  readonly fua: number;
  readonly zeroes: number;
  /** Size of the disk in requests' blocks: the smaller, the more requests meet. */
  readonly area: number;
  readonly requests: number;
  /** Logical blocks of the volatile write cache; 0: none. */
  readonly cacheBlocks: number;
  /** How long the media takes for a command, and up to how much longer, so that commands overtake each other; 0: no time. */
  readonly mediaUs: number;
}

export const DISK_PARAMETERS = ['queueDepth', 'batch', 'holdUs', 'buffers', 'readAhead'] as const;
/**
 * Parts of the page, the page, and more: those have PRP lists, the last page of one is no whole one. A longer request is tested by logical blocks, of which no
 * merging and no power cut tears one.
 */
const SIZES = [512, 512, 1024, 2048, 4096, 4096, 4096, 8192, 12_800, 36_864] as const;
const AREA_BYTES = 192 * 1024;
const RW: readonly Pattern[] = [...PATTERNS, 'write', 'write', 'randrw', 'randrw', 'randrw', 'randwrite'];

/** `beside`: there are cards too, so there is less for a disk to do. */
export function drawDisks(lots: Lots, deck: Deck, beside: boolean): SimDisk[] {
  const count = beside ? 1 : lots.pick([1, 1, 1, 2]);
  const total = lots.between(240, 480);
  return Array.from({ length: count }, () => drawDisk(lots, deck, Math.ceil(total / (beside ? 2 : count))));
}

function drawDisk(lots: Lots, { diskDrivers, subject, course }: Deck, requests: number): SimDisk {
  const definition = drawDriver(lots, diskDrivers, subject, course?.from);
  const bs = lots.pick(SIZES);
  const drawn = {
    driver: definition.name,
    parameters: drawParameters(lots, definition.parameters, DISK_PARAMETERS),
    queues: lots.pick([1, 1, 1, 2, 3]),
    rw: lots.pick(RW),
    bs,
    iodepth: lots.pick([1, 2, 4, 8, 16, 32, 48]),
    rwmixread: lots.pick([10, 30, 50, 70]),
    flushEvery: lots.pick([0, 1, 3, 10, 40]),
    fua: lots.pick([0, 10, 50, 50]),
    zeroes: lots.pick([0, 0, 0, 20]),
    area: lots.pick([2, 8, 16, 32, 64].filter((area) => area * bs <= AREA_BYTES)),
    requests: bs > 8192 ? Math.ceil(requests / 2) : requests,
    cacheBlocks: lots.pick([0, 8, 32, 128, 512]),
    mediaUs: lots.pick([0, 0, 5, 40, 200]),
  };
  return lots.chance(200) ? { ...drawn, ...drawLog(lots, requests) } : drawn;
}

/** As a database writes its log: page behind page, some of them forced, all else in the cache. */
function drawLog(lots: Lots, requests: number): Partial<SimDisk> {
  return {
    rw: 'write',
    bs: 4096,
    iodepth: lots.pick([8, 16, 32]),
    flushEvery: lots.pick([0, 40]),
    fua: 50,
    zeroes: 0,
    area: lots.pick([16, 32]),
    requests,
    cacheBlocks: lots.pick([128, 512]),
  };
}
