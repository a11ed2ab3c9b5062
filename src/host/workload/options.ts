/** What a workload does, in words of fio's. */

export const PATTERNS = ['randread', 'randwrite', 'randrw', 'read', 'write'] as const;
/** Offsets by lot, or one after another; reads, writes, or both. */
export type Pattern = (typeof PATTERNS)[number];

export interface WorkloadOptions {
  readonly rw: Pattern;
  /** Bytes of a request: a multiple of 512. */
  readonly bs: number;
  /** Requests that are kept outstanding. */
  readonly iodepth: number;
  /** Reads of `randrw`, in per cent. */
  readonly rwmixread: number;
  /** Blocks describe themselves, and reads are checked against the model. Without it data is neither made nor looked at. */
  readonly verify: boolean;
  /**
   * Bytes of a block under test, of which a request has a whole number; no more than what the disk writes whole over a
   * power cut. Of the requests beyond that only logical blocks of 512 bytes are sure to be whole.
   */
  readonly verifyInterval: number;
  /** Of how many blocks one is compared whole: a power of two. */
  readonly wholeOneIn: number;
  readonly seed: number;
  /** The tested area begins at block 0 of the disk: blocks of `bs` bytes. */
  readonly area: number;
  /** After how many writes a flush follows; 0: never. */
  readonly flushEvery: number;
  /** Writes that are FUA, in per cent. */
  readonly fua: number;
  /** Writes without data, in per cent: zeroes and discards in turn. The disk must read zeroes for both. */
  readonly zeroes: number;
  /** Requests in all; Infinity: until it is told to end. */
  readonly requests: number;
  /** I/O queues that it submits to, in turn: those from 0. */
  readonly queues: number;
}

const SECTOR_BYTES = 512;
/** What a disk writes whole, if the request has no more (AWUPF of the emulated one). */
const ATOMIC_BYTES = 4096;
const MOST_BLOCKS = 2 ** 31 - 1;

const DEFAULTS = {
  rw: 'randrw',
  bs: 4096,
  iodepth: 32,
  rwmixread: 50,
  verify: true,
  wholeOneIn: 1,
  seed: 1,
  area: 4096,
  flushEvery: 0,
  fua: 0,
  zeroes: 0,
  requests: Number.POSITIVE_INFINITY,
  queues: 1,
} as const satisfies Partial<WorkloadOptions>;

/** A workload that cannot be. The message says what to give. */
export class WorkloadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WorkloadError';
  }
}

/** Given values over defaults, checked. Throws WorkloadError naming the range. */
export function resolveWorkload(given: Partial<WorkloadOptions>): WorkloadOptions {
  const bs = given.bs ?? DEFAULTS.bs;
  const verifyInterval = given.verifyInterval ?? (bs <= ATOMIC_BYTES ? bs : SECTOR_BYTES);
  const options: WorkloadOptions = { ...DEFAULTS, ...given, bs, verifyInterval };
  if (!PATTERNS.includes(options.rw))
    throw new WorkloadError(`rw=${options.rw} is no workload: give one of ${PATTERNS.join(', ')}`);
  within('bs', bs, SECTOR_BYTES, 1 << 20, SECTOR_BYTES);
  within('iodepth', options.iodepth, 1, 4096);
  within('rwmixread', options.rwmixread, 0, 100);
  within('verifyInterval', verifyInterval, SECTOR_BYTES, bs, SECTOR_BYTES);
  if (bs % verifyInterval !== 0)
    throw new WorkloadError(`verifyInterval=${verifyInterval} does not divide bs=${bs}: give a part of it`);
  within('wholeOneIn', options.wholeOneIn, 1, 1 << 16);
  if ((options.wholeOneIn & (options.wholeOneIn - 1)) !== 0)
    throw new WorkloadError(`wholeOneIn=${options.wholeOneIn} is no power of two: give 1, 2, 4, ...`);
  within('area', options.area, 1, Math.floor((MOST_BLOCKS * SECTOR_BYTES) / bs));
  within('flushEvery', options.flushEvery, 0, MOST_BLOCKS);
  within('fua', options.fua, 0, 100);
  within('zeroes', options.zeroes, 0, 100);
  within('queues', options.queues, 1, 64);
  if (options.requests !== Number.POSITIVE_INFINITY)
    within('requests', options.requests, 0, Number.MAX_SAFE_INTEGER);
  return options;
}

function within(name: string, value: number, min: number, max: number, step = 1): void {
  if (value >= min && value <= max && value % step === 0) return;
  const kind = step === 1 ? 'a whole number' : `a multiple of ${step}`;
  throw new WorkloadError(`${name}=${value} does not fit: give ${kind} from ${min} to ${max}`);
}
