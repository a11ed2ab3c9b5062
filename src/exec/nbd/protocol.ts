/**
 * Numbers and messages of the NBD protocol. Names in capitals are the document's, without NBD_ in front:
 * https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md. All numbers on the wire are big-endian.
 */

/** A string of the protocol has at most this many bytes ("Conventions"). */
export const MAX_STRING_BYTES = 4096;

/** The longest read or write: what clients that do not ask may count on ("Block size constraints"). */
export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

// "Newstyle negotiation", "Fixed newstyle negotiation". Magic numbers of 64 bits are in two halves.
const NBDMAGIC = [0x4e42444d, 0x41474943] as const;
const IHAVEOPT = [0x49484156, 0x454f5054] as const;
const OPTION_REPLY_MAGIC = [0x0003e889, 0x045565a9] as const;
export const OPTION_HEADER_BYTES = 16;
const OPTION_REPLY_HEADER_BYTES = 20;
const RESERVED_ZEROES_BYTES = 124;

// "Handshake flags" and "Client flags".
export const FLAG_FIXED_NEWSTYLE = 1 << 0;
export const FLAG_NO_ZEROES = 1 << 1;

// "Transmission flags".
export const FLAG_HAS_FLAGS = 1 << 0;
export const FLAG_READ_ONLY = 1 << 1;
export const FLAG_SEND_FLUSH = 1 << 2;
export const FLAG_SEND_FUA = 1 << 3;
export const FLAG_SEND_TRIM = 1 << 5;
export const FLAG_SEND_WRITE_ZEROES = 1 << 6;
export const FLAG_SEND_DF = 1 << 7;
export const FLAG_CAN_MULTI_CONN = 1 << 8;

// "Option types".
export const OPT_EXPORT_NAME = 1;
export const OPT_ABORT = 2;
export const OPT_LIST = 3;
export const OPT_INFO = 6;
export const OPT_GO = 7;
export const OPT_STRUCTURED_REPLY = 8;

// "Option reply types". Errors have bit 31 set.
export const REP_ACK = 1;
export const REP_SERVER = 2;
export const REP_INFO = 3;
export const REP_ERR_UNSUP = 0x8000_0001;
export const REP_ERR_INVALID = 0x8000_0003;
export const REP_ERR_UNKNOWN = 0x8000_0006;
export const REP_ERR_TOO_BIG = 0x8000_0009;

// "Option reply types", NBD_REP_INFO.
export const INFO_EXPORT = 0;
export const INFO_NAME = 1;
export const INFO_DESCRIPTION = 2;
export const INFO_BLOCK_SIZE = 3;

// "Request message".
export const REQUEST_MAGIC = 0x25609513;
export const REQUEST_BYTES = 28;

// "Request types".
export const CMD_READ = 0;
export const CMD_WRITE = 1;
export const CMD_DISC = 2;
export const CMD_FLUSH = 3;
export const CMD_TRIM = 4;
export const CMD_WRITE_ZEROES = 6;

// "Command flags".
export const CMD_FLAG_FUA = 1 << 0;
export const CMD_FLAG_NO_HOLE = 1 << 1;
export const CMD_FLAG_DF = 1 << 2;

// "Error values".
export const EPERM = 1;
export const EIO = 5;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EOVERFLOW = 75;
export const ESHUTDOWN = 108;

// "Simple reply message", "Structured reply chunk message", "Structured reply types".
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;
export const SIMPLE_REPLY_BYTES = 16;
export const CHUNK_HEADER_BYTES = 20;
/** In front of the data of a chunk OFFSET_DATA. */
export const DATA_CHUNK_HEADER_BYTES = CHUNK_HEADER_BYTES + 8;
export const ERROR_CHUNK_BYTES = CHUNK_HEADER_BYTES + 6;
export const ERROR_OFFSET_CHUNK_BYTES = CHUNK_HEADER_BYTES + 14;
export const REPLY_FLAG_DONE = 1 << 0;
export const REPLY_TYPE_NONE = 0;
export const REPLY_TYPE_OFFSET_DATA = 1;
export const REPLY_TYPE_ERROR = 0x8001;
export const REPLY_TYPE_ERROR_OFFSET = 0x8002;

const TWO_TO_32 = 0x1_0000_0000;

/** What a reply says of the request that it answers: 64 bits that mean something to the client alone. */
export interface Cookie {
  readonly cookieHigh: number;
  readonly cookieLow: number;
}

/** Above 2^53 the value is rounded: still larger than any export. */
export function read64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4);
}

export function write64(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / TWO_TO_32), at);
  bytes.writeUInt32BE(value % TWO_TO_32, at + 4);
}

/** What the server says first. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(18);
  putMagic(bytes, 0, NBDMAGIC);
  putMagic(bytes, 8, IHAVEOPT);
  bytes.writeUInt16BE(FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES, 16);
  return bytes;
}

/** Does an option begin here, as the client is to send it? */
export function isOption(bytes: Buffer): boolean {
  return bytes.readUInt32BE(0) === IHAVEOPT[0] && bytes.readUInt32BE(4) === IHAVEOPT[1];
}

export function optionReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OPTION_REPLY_HEADER_BYTES);
  putMagic(header, 0, OPTION_REPLY_MAGIC);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(type, 12);
  header.writeUInt32BE(data.length, 16);
  return Buffer.concat([header, data]);
}

/** An error of an option, with a text for the user of the client. */
export function optionError(option: number, type: number, message: string): Buffer {
  return optionReply(option, type, Buffer.from(message));
}

/** The answer to EXPORT_NAME, which has no header. */
export function exportNameReply(sizeBytes: number, flags: number, noZeroes: boolean): Buffer {
  const bytes = Buffer.alloc(10 + (noZeroes ? 0 : RESERVED_ZEROES_BYTES));
  write64(bytes, 0, sizeBytes);
  bytes.writeUInt16BE(flags, 8);
  return bytes;
}

/** Data of REP_SERVER. */
export function serverEntry(name: string): Buffer {
  const text = Buffer.from(name);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/** Data of REP_INFO: the size and the transmission flags. */
export function infoExport(sizeBytes: number, flags: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(INFO_EXPORT, 0);
  write64(bytes, 2, sizeBytes);
  bytes.writeUInt16BE(flags, 10);
  return bytes;
}

/** Data of REP_INFO: a name or a description. */
export function infoText(type: number, text: string): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(type);
  return Buffer.concat([bytes, Buffer.from(text)]);
}

/** Data of REP_INFO: smallest block, preferred block, longest payload. */
export function infoBlockSize(minimum: number, preferred: number, maximum: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(INFO_BLOCK_SIZE, 0);
  bytes.writeUInt32BE(minimum, 2);
  bytes.writeUInt32BE(preferred, 6);
  bytes.writeUInt32BE(maximum, 10);
  return bytes;
}

/** "Simple reply message", without data. */
export function putSimpleReply(bytes: Buffer, at: number, error: number, cookie: Cookie): void {
  bytes.writeUInt32BE(SIMPLE_REPLY_MAGIC, at);
  bytes.writeUInt32BE(error, at + 4);
  bytes.writeUInt32BE(cookie.cookieHigh, at + 8);
  bytes.writeUInt32BE(cookie.cookieLow, at + 12);
}

/** "Structured reply chunk message": the header; `length` is that of the payload. */
export function putChunkHeader(
  bytes: Buffer,
  at: number,
  flags: number,
  type: number,
  length: number,
  cookie: Cookie,
): void {
  bytes.writeUInt32BE(STRUCTURED_REPLY_MAGIC, at);
  bytes.writeUInt16BE(flags, at + 4);
  bytes.writeUInt16BE(type, at + 6);
  bytes.writeUInt32BE(cookie.cookieHigh, at + 8);
  bytes.writeUInt32BE(cookie.cookieLow, at + 12);
  bytes.writeUInt32BE(length, at + 16);
}

/** NBD_REPLY_TYPE_OFFSET_DATA in front of `length` bytes of data. */
export function putDataChunk(
  bytes: Buffer,
  at: number,
  flags: number,
  offset: number,
  length: number,
  cookie: Cookie,
): void {
  putChunkHeader(bytes, at, flags, REPLY_TYPE_OFFSET_DATA, 8 + length, cookie);
  write64(bytes, at + CHUNK_HEADER_BYTES, offset);
}

/** NBD_REPLY_TYPE_ERROR, without a message: it ends the reply. */
export function putErrorChunk(bytes: Buffer, at: number, error: number, cookie: Cookie): void {
  putChunkHeader(bytes, at, REPLY_FLAG_DONE, REPLY_TYPE_ERROR, 6, cookie);
  bytes.writeUInt32BE(error, at + CHUNK_HEADER_BYTES);
  bytes.writeUInt16BE(0, at + CHUNK_HEADER_BYTES + 4);
}

/** NBD_REPLY_TYPE_ERROR_OFFSET, without a message. */
export function putErrorOffsetChunk(
  bytes: Buffer,
  at: number,
  flags: number,
  error: number,
  offset: number,
  cookie: Cookie,
): void {
  putChunkHeader(bytes, at, flags, REPLY_TYPE_ERROR_OFFSET, 14, cookie);
  bytes.writeUInt32BE(error, at + CHUNK_HEADER_BYTES);
  bytes.writeUInt16BE(0, at + CHUNK_HEADER_BYTES + 4);
  write64(bytes, at + CHUNK_HEADER_BYTES + 6, offset);
}

function putMagic(bytes: Buffer, at: number, [high, low]: readonly [number, number]): void {
  bytes.writeUInt32BE(high, at);
  bytes.writeUInt32BE(low, at + 4);
}
