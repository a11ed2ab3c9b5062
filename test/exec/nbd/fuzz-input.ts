/** Clients by lot: conversations bent in some places, and noise. A number makes the same client every time. */
import { Lots } from '../../../src/exec/sim/lots.ts';
import {
  ABORT,
  cut,
  DISC,
  EXPORT_NAME,
  FLUSH,
  FUA,
  GO,
  INFO,
  infoRequest,
  LIST,
  option,
  READ,
  request,
  STRUCTURED_REPLY,
  TRIM,
  u32,
  WRITE,
  WRITE_ZEROES,
} from './wire.ts';

export const SEED = 1;
export const EXPORT = 'disk';
export const BLOCK = 512;
export const DISK_BLOCKS = 2048;

export interface FuzzInput {
  readonly number: number;
  /** What the client says, as it arrives. */
  readonly chunks: readonly Buffer[];
  /** The server gets to act between chunks. */
  readonly slow: boolean;
  /** It reads replies as they come; otherwise not before it ends. */
  readonly reads: boolean;
  /** `late` completes requests in any order, some of them when the client is gone; `failing` completes some by an error. */
  readonly disk: 'prompt' | 'late' | 'failing';
  /** What the client does in the end, or, of the last, the server. */
  readonly ending: 'ends' | 'vanishes' | 'breaks' | 'stays' | 'server closes';
}

/** A piece of what a client says, and where its fields are: offset and length. */
interface Part {
  readonly bytes: Buffer;
  readonly fields: readonly (readonly [at: number, length: number])[];
}

const FLAGS_FIELDS = [[0, 4]] as const;
/** Magic number, option, length; and of INFO and GO the length of the name. */
const OPTION_FIELDS = [
  [0, 8],
  [8, 4],
  [12, 4],
  [16, 4],
] as const;
/** Magic number, flags, type, cookie, offset, length. */
const REQUEST_FIELDS = [
  [0, 4],
  [4, 2],
  [6, 2],
  [8, 8],
  [16, 8],
  [24, 4],
] as const;

/** Round numbers, limits of the server, and what is one beyond. */
const NASTY = [
  0n,
  1n,
  2n,
  7n,
  BigInt(BLOCK),
  4096n,
  4097n,
  8192n,
  8193n,
  0x7fffn,
  0xffffn,
  BigInt(BLOCK * DISK_BLOCKS),
  BigInt(BLOCK * DISK_BLOCKS - 1),
  0x200_0000n,
  0x200_0200n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fe00n,
  0xffff_ffffn,
  0x1_0000_0000n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 512n,
  2n ** 64n - 1n,
];

export function fuzzInput(number: number): FuzzInput {
  const lots = new Lots(SEED, number);
  const parts = lots.below(10_000) === 0 ? greed(lots) : lots.chance(100) ? noise(lots) : conversation(lots);
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  return {
    number,
    chunks: cut(
      lots.chance(50) ? bytes.subarray(0, lots.below(bytes.length + 1)) : bytes,
      places(lots, bytes),
    ),
    slow: lots.chance(500),
    reads: lots.chance(800),
    disk: lots.pick(['prompt', 'prompt', 'late', 'failing']),
    ending: lots.pick(['ends', 'ends', 'ends', 'vanishes', 'breaks', 'stays', 'server closes']),
  };
}

/** Where the bytes are cut: nowhere, in a few places, or, if they are few, everywhere. */
function places(lots: Lots, bytes: Buffer): number[] {
  if (bytes.length < 200 && lots.chance(100)) return Array.from(bytes, (_, at) => at + 1);
  return Array.from({ length: lots.pick([0, 0, 1, 2, 8]) }, () => lots.below(bytes.length + 1));
}

/** Bytes by lot, behind what makes the server listen. */
function noise(lots: Lots): Part[] {
  const noises = rawPart(lots, 300);
  const request = () => rawPart(lots, 40, u32(0x25609513));
  return lots.pick([
    () => [noises],
    () => [flagsPart(3), noises],
    () => [flagsPart(3), rawPart(lots, 40, Buffer.from('IHAVEOPT')), noises],
    () => [flagsPart(3), optionPart(EXPORT_NAME), noises],
    () => [flagsPart(3), optionPart(GO, infoRequest(EXPORT)), request(), request(), request()],
  ])();
}

function rawPart(lots: Lots, most: number, front: Buffer = Buffer.alloc(0)): Part {
  const bytes = Buffer.from(Array.from({ length: lots.below(most + 1) }, () => lots.below(256)));
  return { bytes: Buffer.concat([front, bytes]), fields: [] };
}

/** More data at once than the server keeps for a client. */
function greed(lots: Lots): Part[] {
  const wish = requestPart(READ, 0, 0, 0, BLOCK * DISK_BLOCKS);
  const asides = lots.chance(500) ? [optionPart(STRUCTURED_REPLY)] : [];
  return [flagsPart(3), ...asides, optionPart(GO, infoRequest(EXPORT)), ...Array<Part>(40).fill(wish)];
}

/** As clients talk, then bent in up to four places. */
function conversation(lots: Lots): Part[] {
  const parts = [
    flagsPart(lots.chance(50) ? 0 : lots.pick([1, 3, 3])),
    ...negotiation(lots),
    ...requests(lots),
  ];
  for (let left = lots.pick([0, 1, 1, 2, 4]); left > 0 && parts.length > 0; left--) {
    // The later one of two places, or few would get through their handshake.
    const at = Math.max(lots.below(parts.length), lots.below(parts.length));
    lots.pick(MUTATIONS)(lots, parts, at);
  }
  return parts;
}

function flagsPart(flags: number): Part {
  return { bytes: u32(flags), fields: FLAGS_FIELDS };
}

function optionPart(number: number, data?: Buffer): Part {
  return { bytes: option(number, data), fields: OPTION_FIELDS };
}

function negotiation(lots: Lots): Part[] {
  const info = infoRequest(lots.pick(['', EXPORT, 'tape']), lots.pick([[], [3], [1, 2, 3], [9, 9]]));
  const asides = Array.from({ length: lots.pick([0, 1, 1, 2, 5]) }, () =>
    lots.pick([
      optionPart(STRUCTURED_REPLY),
      optionPart(STRUCTURED_REPLY),
      optionPart(LIST),
      optionPart(INFO, info),
      optionPart(lots.below(12), Buffer.alloc(lots.pick([0, 1, 40, 9000]))),
    ]),
  );
  const go = optionPart(GO, infoRequest(EXPORT, lots.pick([[], [3]])));
  const last = lots.pick([
    go,
    go,
    go,
    go,
    optionPart(EXPORT_NAME),
    optionPart(EXPORT_NAME, Buffer.from(EXPORT)),
  ]);
  return [...asides, lots.chance(30) ? optionPart(ABORT) : last];
}

function requests(lots: Lots): Part[] {
  const list = Array.from({ length: lots.below(12) }, (_, cookie) => anyRequest(lots, cookie));
  if (lots.chance(500)) list.push(requestPart(DISC, 1000));
  // Commands behind DISC, which is not to be heard.
  if (lots.chance(100)) list.push(anyRequest(lots, 1001), anyRequest(lots, 1002));
  return list;
}

function anyRequest(lots: Lots, cookie: number): Part {
  const commands = [READ, READ, READ, WRITE, WRITE, FLUSH, TRIM, WRITE_ZEROES, lots.below(10)];
  const command = lots.pick(commands);
  const most = lots.chance(3) ? DISK_BLOCKS + 1 : lots.chance(40) ? 130 : 5;
  const blocks = command === FLUSH ? 0 : lots.below(most);
  const offset = command === FLUSH ? 0 : BLOCK * lots.below(Math.max(1, DISK_BLOCKS - blocks));
  const flags = lots.chance(100) ? lots.below(32) : lots.pick([0, 0, FUA]);
  const length = BLOCK * blocks;
  return requestPart(
    command,
    cookie,
    flags,
    offset,
    length,
    command === WRITE ? Buffer.alloc(length, cookie) : undefined,
  );
}

function requestPart(
  command: number,
  cookie: number,
  flags = 0,
  offset = 0,
  length = 0,
  data: Buffer = Buffer.alloc(0),
): Part {
  return { bytes: request({ command, cookie, flags, offset, length, data }), fields: REQUEST_FIELDS };
}

type Mutation = (lots: Lots, parts: Part[], at: number) => void;

const bend: Mutation = (lots, parts, at) => {
  const { bytes, fields } = parts[at];
  const fitting = fields.filter(([start, length]) => start + length <= bytes.length);
  if (fitting.length === 0) return;
  const [start, length] = lots.pick(fitting);
  const bent = Buffer.from(bytes);
  let value = lots.chance(800) ? lots.pick(NASTY) : BigInt(lots.next());
  for (let i = start + length - 1; i >= start; i--) {
    bent[i] = Number(value & 0xffn);
    value >>= 8n;
  }
  parts[at] = { bytes: bent, fields };
};

const flipBit: Mutation = (lots, parts, at) => {
  const { bytes, fields } = parts[at];
  if (bytes.length === 0) return;
  const flipped = Buffer.from(bytes);
  flipped[lots.below(bytes.length)] ^= 1 << lots.below(8);
  parts[at] = { bytes: flipped, fields };
};

const truncate: Mutation = (lots, parts, at) => {
  const { bytes, fields } = parts[at];
  parts[at] = { bytes: bytes.subarray(0, lots.below(bytes.length + 1)), fields };
};

/** At times more than the server takes of options, and of requests at once. */
const repeat: Mutation = (lots, parts, at) => {
  const often = parts[at].bytes.length < 1000 && lots.chance(150);
  const times = often ? lots.between(60, 300) : lots.between(1, 3);
  parts.splice(at, 0, ...Array<Part>(times).fill(parts[at]));
};

const drop: Mutation = (_, parts, at) => {
  parts.splice(at, 1);
};

/** Commands before GO, options after it, flags in the middle. */
const move: Mutation = (lots, parts, at) => {
  const [part] = parts.splice(at, 1);
  parts.splice(lots.below(parts.length + 1), 0, part);
};

const insert: Mutation = (lots, parts, at) => {
  parts.splice(at, 0, rawPart(lots, 40));
};

const MUTATIONS = [bend, bend, bend, bend, flipBit, truncate, repeat, drop, move, insert];

/** What a failure says of it: enough to tell what it is. `fuzzInput` has all of it. */
export function describeInput({ number, chunks, slow, reads, disk, ending }: FuzzInput): string {
  const bytes = Buffer.concat(chunks);
  const how = `${chunks.length} chunks${slow ? ', slow' : ''}${reads ? '' : ', does not read'}, disk ${disk}, ${ending}`;
  return `input ${number} (${how}; ${bytes.length} bytes ${bytes.toString('hex', 0, 200)})`;
}
