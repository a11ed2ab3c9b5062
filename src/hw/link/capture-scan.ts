import { getHeapStatistics } from 'node:v8';

/** One frame of a capture, in file order. */
export interface CapturedFrame {
  /** What was captured of the frame, without its frame check sequence: a view into the file's bytes. */
  bytes: Uint8Array;
  /**
   * Nanoseconds since the first time stamp of the file, exact to the nanosecond for 104 days (2^53 ns).
   * Captures of several interfaces may run backwards, even below zero.
   */
  timeNs: number;
  /** Bytes that the frame had on the wire, without frame check sequence; never less than `bytes.length`. */
  originalLength: number;
}

/** A capture file cannot be read or written. The message names the file, the byte, the reason and a remedy. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly file: string;
  /** Byte of the file where the damaged record or field starts; undefined where the file as a whole fails. */
  readonly offset: number | undefined;

  constructor(
    file: string,
    offset: number | undefined,
    problem: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${offset === undefined ? '' : `at byte ${offset}: `}${problem}. ${remedy}`, options);
    this.file = file;
    this.offset = offset;
  }
}

/** The only link type (LINKTYPE_ETHERNET) whose frames a network card can replay. */
export const ETHERNET = 1;

/** The longest frame in a capture: what libpcap and Wireshark use as the largest snapshot length, too. */
export const MAX_CAPTURED_LENGTH = 256 * 1024;

/** Segments that offloads have merged are as long as an IP packet may be, whatever a snapshot length says. */
const MAX_PLAUSIBLE_LENGTH = 65_535 + 64;

const HEAP_CHECK_INTERVAL = 0x4000;
/** V8 gives up well before its limit, and a run needs memory besides its captures. */
const HEAP_SHARE = 0.5;

const LINK_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'BSD loopback'],
  [101, 'raw IP'],
  [105, 'IEEE 802.11'],
  [113, 'Linux cooked'],
  [127, 'IEEE 802.11 with radiotap'],
  [189, 'USB'],
  [220, 'USB'],
  [228, 'raw IPv4'],
  [229, 'raw IPv6'],
  [249, 'USBPcap'],
  [276, 'Linux cooked v2'],
]);

/** What both formats' readers need as they walk through a file: its numbers, its frames, its errors. */
export class CaptureScan {
  readonly file: string;
  readonly length: number;
  readonly frames: CapturedFrame[] = [];
  littleEndian = true;
  private readonly content: Uint8Array;
  private readonly view: DataView;

  constructor(file: string, content: Uint8Array) {
    this.file = file;
    this.length = content.length;
    this.content = content;
    this.view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  }

  u8(offset: number): number {
    return this.view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.view.getUint16(offset, this.littleEndian);
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, this.littleEndian);
  }

  i64(offset: number): bigint {
    return this.view.getBigInt64(offset, this.littleEndian);
  }

  /** A string of a capture file ends at its length or at a zero octet, and need not be valid UTF-8. */
  text(offset: number, length: number): string {
    const start = this.content.byteOffset + offset;
    return Buffer.from(this.content.buffer, start, length).toString().split('\0', 1)[0];
  }

  error(offset: number, problem: string, remedy: string): CaptureError {
    return new CaptureError(this.file, offset, problem, remedy);
  }

  /** The error of a file that ends inside what starts at `offset` and has `needed` bytes. */
  cutOff(offset: number, what: string, needed: number): CaptureError {
    const problem = `${what} needs ${needed} bytes, but the file ends after ${this.length - offset}`;
    return this.error(offset, problem, `Copy the file again, or keep what is whole: ${this.editcap()}`);
  }

  damaged(offset: number, problem: string): CaptureError {
    return this.error(offset, problem, `The file is damaged here; keep what precedes it: ${this.editcap()}`);
  }

  /** The error of a link, `whose`, whose frames no Ethernet card can carry. */
  notEthernet(offset: number, whose: string, linkType: number): CaptureError {
    const name = LINK_TYPES.get(linkType);
    const problem = `${whose} has link type ${linkType}${name === undefined ? '' : ` (${name})`}, not Ethernet (1)`;
    return this.error(offset, problem, 'Capture on an Ethernet interface, by its name and not as "any"');
  }

  /**
   * Adds a frame whose `captured` bytes start at `data`. `fcsLength` of the original bytes are a frame
   * check sequence, which is left out: a card appends its own. `at` is where its record starts.
   */
  add(at: number, data: number, captured: number, original: number, fcsLength: number, timeNs: number): void {
    if (this.frames.length % HEAP_CHECK_INTERVAL === HEAP_CHECK_INTERVAL - 1) this.checkHeap(at);
    // Readers may raise an original length below the captured one (draft-ietf-opsawg-pcap, section 5).
    const originalLength = Math.max(original, captured, fcsLength) - fcsLength;
    const bytes = Math.min(captured, originalLength);
    this.frames.push({
      bytes: new Uint8Array(this.content.buffer, this.content.byteOffset + data, bytes),
      timeNs,
      originalLength,
    });
  }

  /**
   * Refuses captured lengths that no capture holds. Writers often state too small a snapshot length, so
   * it is believed only above what a frame may have anyhow. 0 means that it is not limited.
   */
  checkCaptured(at: number, captured: number, snapLength: number): void {
    const stated = snapLength === 0 ? MAX_CAPTURED_LENGTH : Math.max(snapLength, MAX_PLAUSIBLE_LENGTH);
    const limit = Math.min(stated, MAX_CAPTURED_LENGTH);
    if (captured > limit)
      throw this.damaged(at, `a frame of ${captured} captured bytes is longer than any (${limit})`);
  }

  /** A full heap ends the process and cannot be caught, so ask while there is still room for an error. */
  private checkHeap(at: number): void {
    const { heap_size_limit, used_heap_size } = getHeapStatistics();
    if (used_heap_size < heap_size_limit * HEAP_SHARE) return;
    throw this.error(
      at,
      `half of Node's heap is in use after ${this.frames.length} frames`,
      `Take a part of them (editcap -r ${this.file} part.pcap 1-${this.frames.length >>> 1}), ` +
        'or give Node more with --max-old-space-size',
    );
  }

  private editcap(): string {
    return `editcap ${this.file} whole.pcap`;
  }
}
