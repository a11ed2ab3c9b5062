import { closeSync, openSync, writeSync } from 'node:fs';
import { CaptureError, ETHERNET, MAX_CAPTURED_LENGTH } from './capture-scan.ts';

/** Seen from the interface: `in` came out of the cable, `out` went into it. */
export type FrameDirection = 'in' | 'out';

export interface PcapngWriterOptions {
  /** ns since 1970 of a frame's `timeNs` 0. Default 0: time stamps then count from 1970. */
  readonly epochNs?: bigint;
}

/** Block types (draft-ietf-opsawg-pcapng, sections 4.1, 4.2, 4.3 and 4.6). */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const VERSION_MAJOR = 1;
const UNKNOWN_SECTION_LENGTH = -1n;

/** Options (sections 3.5, 4.1, 4.2 and 4.3). */
const END_OF_OPTIONS = 0;
const COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const EPB_FLAGS = 2;

const NANOSECONDS = Uint8Array.of(9);
const NO_FCS = Uint8Array.of(0);
/** The lowest bits of epb_flags (section 4.3.1). */
const DIRECTION_BITS = { in: 1, out: 2 } as const;

const OPTION_HEADER = 4;
const MAX_OPTION_LENGTH = 0xffff;
/** Every block fits into the buffer with the longest frame and as many comments, and stays under readers' 16 MiB. */
const BUFFER_LENGTH = 1024 * 1024;
const MAX_PENDING_LENGTH = BUFFER_LENGTH / 2;
/** More than the fixed fields, fixed options, padding and trailing length of any block here. */
const BLOCK_OVERHEAD = 64;

const encoder = new TextEncoder();

/**
 * Records frames into a pcapng file (draft-ietf-opsawg-pcapng) of one little-endian section, with time
 * stamps in ns. The file ends between two blocks at all times, so a process that dies leaves a readable
 * capture that lacks at most the last MiB.
 *
 * All methods throw a CaptureError when the file cannot be written. The file is then closed.
 */
export class PcapngWriter {
  private readonly file: string;
  private readonly interfaces: number;
  private readonly epochHigh: number;
  private readonly epochLow: number;
  private readonly buffer = new Uint8Array(BUFFER_LENGTH);
  private readonly view = new DataView(this.buffer.buffer);
  private descriptor: number | undefined;
  private used = 0;
  private written = 0;
  private comments: Uint8Array[] = [];
  private commentsLength = 0;
  private lastHigh: number;
  private lastLow: number;

  /**
   * Creates the file, or empties it, and writes its header.
   *
   * @param interfaces At least one; their indexes are the `interfaceId` of `frame`.
   * @throws {CaptureError} The file cannot be created.
   */
  constructor(
    file: string,
    interfaces: readonly { readonly name: string }[],
    { epochNs = 0n }: PcapngWriterOptions = {},
  ) {
    if (interfaces.length === 0) throw new RangeError('a capture needs an interface, none is given');
    if (BigInt.asUintN(64, epochNs) !== epochNs) throw new RangeError(`no time stamp for ${epochNs} ns`);
    this.file = file;
    this.interfaces = interfaces.length;
    this.epochHigh = this.lastHigh = Number(epochNs >> 32n);
    this.epochLow = this.lastLow = Number(BigInt.asUintN(32, epochNs));
    try {
      this.descriptor = openSync(file, 'w');
    } catch (cause) {
      throw failure(file, undefined, 'cannot be created', cause);
    }
    this.sectionHeader();
    for (const { name } of interfaces) this.interfaceDescription(name);
    // Now and not with the first MiB, so that a full disk or a dead pipe is known before the run starts.
    this.flush();
  }

  /**
   * Records a frame, with the pending annotations and `comment` as its comments.
   *
   * @param interfaceId Index into the constructor's `interfaces`.
   * @param timeNs Nanoseconds since the writer's epoch, rounded to whole ones; exact for 104 days (2^53 ns).
   * @param bytes Holds the frame without frame check sequence, at `offset`, `length` bytes (at most 256 KiB).
   *   It may be a view of shared memory: the frame is copied before the call returns.
   * @throws {RangeError} No such interface, a frame outside of `bytes`, or a time that 64 bits do not hold.
   */
  frame(
    interfaceId: number,
    timeNs: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    direction: FrameDirection,
    comment?: string,
  ): void {
    if (!(interfaceId >= 0 && interfaceId < this.interfaces))
      throw new RangeError(`no interface ${interfaceId} among ${this.interfaces}`);
    if (!(offset >= 0 && length >= 0 && length <= MAX_CAPTURED_LENGTH && offset + length <= bytes.length))
      throw new RangeError(`no frame of ${length} bytes at ${offset} of ${bytes.length}`);
    this.setTime(timeNs);
    if (comment !== undefined) this.annotate(comment);
    this.reserve(BLOCK_OVERHEAD + length + this.commentsLength);
    const start = this.begin(ENHANCED_PACKET);
    this.u32(interfaceId);
    this.u32(this.lastHigh);
    this.u32(this.lastLow);
    this.u32(length);
    this.u32(length);
    // The view is one short-lived object per frame, but four times as fast as a loop over 1,514 bytes.
    this.bytes(bytes.subarray(offset, offset + length));
    this.optionHeader(EPB_FLAGS, 4);
    this.u32(DIRECTION_BITS[direction]);
    this.pendingComments();
    this.end(start);
  }

  /**
   * Attaches `text` to the next frame, as a comment of its own. Text for which no frame comes any more,
   * or more than half a MiB of it between two frames, goes into an Interface Statistics Block. Text of more
   * than 64 KiB becomes several comments.
   */
  annotate(text: string): void {
    this.checkOpen();
    let rest = text;
    do {
      const { read, value } = optionText(rest);
      rest = rest.slice(read);
      const length = OPTION_HEADER + padded(value.length);
      if (this.commentsLength + length > MAX_PENDING_LENGTH) this.statistics();
      this.comments.push(value);
      this.commentsLength += length;
    } while (rest.length > 0);
  }

  /** Writes what is buffered and closes the file. Once closed, or failed, it does nothing. */
  close(): void {
    if (this.descriptor === undefined) return;
    if (this.comments.length > 0) this.statistics();
    this.flush();
    this.closeDescriptor();
  }

  private sectionHeader(): void {
    const start = this.begin(SECTION_HEADER);
    this.u32(BYTE_ORDER_MAGIC);
    this.u16(VERSION_MAJOR);
    this.u16(0);
    this.view.setBigInt64(this.used, UNKNOWN_SECTION_LENGTH, true);
    this.used += 8;
    this.option(SHB_USERAPPL, optionText('ringswap').value);
    this.end(start);
  }

  private interfaceDescription(name: string): void {
    const { value } = optionText(name);
    this.reserve(BLOCK_OVERHEAD + value.length);
    const start = this.begin(INTERFACE_DESCRIPTION);
    this.u16(ETHERNET);
    this.u16(0);
    this.u32(MAX_CAPTURED_LENGTH);
    this.option(IF_NAME, value);
    this.option(IF_TSRESOL, NANOSECONDS);
    this.option(IF_FCSLEN, NO_FCS);
    this.end(start);
  }

  private statistics(): void {
    this.reserve(BLOCK_OVERHEAD + this.commentsLength);
    const start = this.begin(INTERFACE_STATISTICS);
    this.u32(0);
    this.u32(this.lastHigh);
    this.u32(this.lastLow);
    this.pendingComments();
    this.end(start);
  }

  private pendingComments(): void {
    if (this.comments.length === 0) return;
    for (const comment of this.comments) this.option(COMMENT, comment);
    this.comments = [];
    this.commentsLength = 0;
  }

  /** 64-bit sums in two words: low words add up below 2^54, and what exceeds 32 bits carries. */
  private setTime(timeNs: number): void {
    const low = this.epochLow + Math.round(timeNs);
    const high = this.epochHigh + Math.floor(low / 2 ** 32);
    if (!(high >= 0 && high < 2 ** 32)) throw new RangeError(`no time stamp for ${timeNs} ns`);
    this.lastHigh = high;
    this.lastLow = low >>> 0;
  }

  /** Makes room for a block, so that the file grows by whole blocks only. */
  private reserve(length: number): void {
    this.checkOpen();
    if (this.used + length > BUFFER_LENGTH) this.flush();
  }

  private checkOpen(): void {
    if (this.descriptor !== undefined) return;
    const problem = 'is closed (a write has failed, or close() was called)';
    throw new CaptureError(this.file, this.written, problem, 'Record into a new file');
  }

  private begin(type: number): number {
    const start = this.used;
    this.u32(type);
    this.used += 4;
    return start;
  }

  private end(start: number): void {
    this.optionHeader(END_OF_OPTIONS, 0);
    const length = this.used + 4 - start;
    this.view.setUint32(start + 4, length, true);
    this.u32(length);
  }

  private option(code: number, value: Uint8Array): void {
    this.optionHeader(code, value.length);
    this.bytes(value);
  }

  private optionHeader(code: number, length: number): void {
    this.u16(code);
    this.u16(length);
  }

  private u16(value: number): void {
    this.view.setUint16(this.used, value, true);
    this.used += 2;
  }

  private u32(value: number): void {
    this.view.setUint32(this.used, value, true);
    this.used += 4;
  }

  /** Bytes, and zeroes to the next 32-bit boundary (section 3.6.2). */
  private bytes(value: Uint8Array): void {
    const end = this.used + padded(value.length);
    this.buffer.set(value, this.used);
    this.buffer.fill(0, this.used + value.length, end);
    this.used = end;
  }

  private flush(): void {
    for (let done = 0; done < this.used; ) done += this.write(done);
    this.used = 0;
  }

  private write(from: number): number {
    const { descriptor, file, buffer, used } = this;
    if (descriptor === undefined) return used;
    try {
      const count = writeSync(descriptor, buffer, from, used - from);
      if (count === 0) throw new Error('nothing is taken any more');
      this.written += count;
      return count;
    } catch (cause) {
      // A retry would have to know how much of a block is on disk: what is there is the record.
      this.closeDescriptor();
      throw failure(file, this.written, 'cannot be written', cause);
    }
  }

  private closeDescriptor(): void {
    const { descriptor, file } = this;
    if (descriptor === undefined) return;
    this.descriptor = undefined;
    try {
      closeSync(descriptor);
    } catch (cause) {
      throw failure(file, this.written, 'cannot be closed', cause);
    }
  }
}

/** As much of the text as an option holds, in whole characters; `read` is its length in UTF-16 units. */
function optionText(text: string): { value: Uint8Array; read: number } {
  // Readers take a zero octet for the end of a string (section 3.5).
  const clean = text.replaceAll('\0', '\ufffd');
  const space = new Uint8Array(Math.min(clean.length * 3, MAX_OPTION_LENGTH));
  const { read, written } = encoder.encodeInto(clean, space);
  return { value: space.subarray(0, written), read };
}

function failure(file: string, offset: number | undefined, what: string, cause: unknown): CaptureError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const remedy = 'Check its folder, its permissions and the space left';
  return new CaptureError(file, offset, `${what} (${reason})`, remedy, { cause });
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
