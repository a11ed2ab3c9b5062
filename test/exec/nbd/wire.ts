/** What a client writes and reads, byte by byte: written down once more, apart from the server's own protocol.ts. */

const IHAVEOPT = Buffer.from('IHAVEOPT');
/** The upper half of our cookies. */
export const COOKIE_HIGH = 0xc00c1e00;

export const READ = 0;
export const WRITE = 1;
export const DISC = 2;
export const FLUSH = 3;
export const TRIM = 4;
export const WRITE_ZEROES = 6;

export const FUA = 1;
export const NO_HOLE = 2;
export const DF = 4;

export const EXPORT_NAME = 1;
export const ABORT = 2;
export const LIST = 3;
export const INFO = 6;
export const GO = 7;
export const STRUCTURED_REPLY = 8;

export function u16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function option(number: number, data: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([IHAVEOPT, u32(number), u32(data.length), data]);
}

/** Data of GO and INFO. */
export function infoRequest(name: string, types: readonly number[] = []): Buffer {
  const text = Buffer.from(name);
  return Buffer.concat([u32(text.length), text, u16(types.length), ...types.map(u16)]);
}

export interface RequestFields {
  readonly command: number;
  readonly cookie: number;
  readonly flags?: number;
  readonly offset?: number | bigint;
  readonly length?: number;
  /** The payload; `length` is its length if not given. */
  readonly data?: Buffer;
}

export function request(fields: RequestFields): Buffer {
  const { command, cookie, flags = 0, offset = 0, data = Buffer.alloc(0), length = data.length } = fields;
  return Buffer.concat([
    u32(0x25609513),
    u16(flags),
    u16(command),
    u32(COOKIE_HIGH),
    u32(cookie),
    u64(offset),
    u32(length),
    data,
  ]);
}

export function read(cookie: number, offset: number, length: number, flags = 0): RequestFields {
  return { command: READ, cookie, offset, length, flags };
}

export function write(cookie: number, offset: number, data: Buffer, flags = 0): RequestFields {
  return { command: WRITE, cookie, offset, data, flags };
}

export interface Reply {
  readonly kind: 'simple' | 'none' | 'data' | 'error' | 'errorOffset';
  readonly cookie: number;
  readonly error: number;
  /** The last one to this request. */
  readonly done: boolean;
  readonly offset?: number;
  readonly data?: Buffer;
}

/** Takes bytes from front to back. `undefined` from a reader means: not enough yet. */
export class Cursor {
  at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(length: number): Buffer {
    if (this.left < length) throw new RangeError(`${length} bytes wanted, ${this.left} are there`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  u64(): number {
    return Number(this.take(8).readBigUInt64BE());
  }
}

/** One reply, which must be whole. `readLength` tells how much data a successful simple reply to a read has. */
export function decodeReply(cursor: Cursor, readLength: (cookie: number) => number): Reply {
  const magic = cursor.u32();
  if (magic === 0x67446698) return decodeSimple(cursor, readLength);
  if (magic === 0x668e33ef) return decodeChunk(cursor);
  throw new Error(`no reply begins with 0x${magic.toString(16)}`);
}

function decodeSimple(cursor: Cursor, readLength: (cookie: number) => number): Reply {
  const error = cursor.u32();
  const cookie = decodeCookie(cursor);
  const data = Buffer.from(cursor.take(error === 0 ? readLength(cookie) : 0));
  return { kind: 'simple', cookie, error, done: true, data };
}

function decodeChunk(cursor: Cursor): Reply {
  const done = cursor.u16() === 1;
  const type = cursor.u16();
  const cookie = decodeCookie(cursor);
  const payload = new Cursor(cursor.take(cursor.u32()));
  if (type === 0) return { kind: 'none', cookie, error: 0, done };
  if (type === 1) {
    const offset = payload.u64();
    return { kind: 'data', cookie, error: 0, done, offset, data: Buffer.from(payload.take(payload.left)) };
  }
  const error = payload.u32();
  payload.take(payload.u16());
  if (type === 0x8001) return { kind: 'error', cookie, error, done };
  if (type === 0x8002) return { kind: 'errorOffset', cookie, error, done, offset: payload.u64() };
  throw new Error(`chunk of type ${type}`);
}

function decodeCookie(cursor: Cursor): number {
  if (cursor.u32() !== COOKIE_HIGH) throw new Error('a cookie that is not ours');
  return cursor.u32();
}

/** All of the bytes as replies. */
export function decodeReplies(bytes: Buffer, readLength: (cookie: number) => number = () => 0): Reply[] {
  const cursor = new Cursor(bytes);
  const replies: Reply[] = [];
  while (cursor.left > 0) replies.push(decodeReply(cursor, readLength));
  return replies;
}

export interface OptionReply {
  readonly option: number;
  readonly type: number;
  readonly data: Buffer;
}

export function decodeOptionReply(cursor: Cursor): OptionReply {
  if (cursor.take(8).toString('hex') !== '0003e889045565a9') throw new Error('no reply to an option');
  const number = cursor.u32();
  const type = cursor.u32();
  return { option: number, type, data: Buffer.from(cursor.take(cursor.u32())) };
}

export function decodeOptionReplies(bytes: Buffer): OptionReply[] {
  const cursor = new Cursor(bytes);
  const replies: OptionReply[] = [];
  while (cursor.left > 0) replies.push(decodeOptionReply(cursor));
  return replies;
}

/** Cuts bytes at the given places, which may lie anywhere. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...sorted, bytes.length];
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
}
