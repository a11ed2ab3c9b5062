/** Small writers of capture files, in either byte order and as odd as a test wants them. */

export interface PcapFrame {
  readonly bytes: Uint8Array;
  readonly seconds: number;
  /** Micro- or nanoseconds. */
  readonly fraction: number;
  readonly captured?: number;
  readonly original?: number;
}

export interface PcapHeader {
  readonly littleEndian: boolean;
  readonly magic?: number;
  readonly minor?: number;
  readonly snapLength?: number;
  readonly linkType?: number;
}

export const MICROSECOND_MAGIC = 0xa1b2c3d4;
export const NANOSECOND_MAGIC = 0xa1b23c4d;

/** A classic pcap file, and after each record its length so far, the header's first. */
export function encodePcap(header: PcapHeader, frames: readonly PcapFrame[]) {
  const { littleEndian, magic = MICROSECOND_MAGIC, minor = 4, snapLength = 262_144, linkType = 1 } = header;
  const words = (...values: readonly number[]) => encodeWords(littleEndian, 4, values);
  const parts = [words(magic), encodeWords(littleEndian, 2, [2, minor]), words(0, 0, snapLength, linkType)];
  const boundaries = [24];
  for (const { bytes, seconds, fraction, captured = bytes.length, original = captured } of frames) {
    parts.push(words(seconds, fraction, captured, original), bytes);
    boundaries.push((boundaries.at(-1) ?? 0) + 16 + bytes.length);
  }
  return { content: new Uint8Array(Buffer.concat(parts)), boundaries };
}

export interface TestInterface {
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly name?: string;
  readonly resolution?: number;
  readonly offsetS?: bigint;
  readonly fcsLength?: number;
  /** Options as raw bytes, after the named ones and without an end mark. */
  readonly options?: Uint8Array;
}

/** Writes a pcapng file block by block. */
export class PcapngEncoder {
  /** The file's length after each block. */
  readonly boundaries: number[] = [];
  private readonly parts: Uint8Array[] = [];
  private littleEndian = true;

  section(littleEndian: boolean, { magic = 0x1a2b3c4d, major = 1, minor = 0 } = {}): this {
    this.littleEndian = littleEndian;
    return this.block(0x0a0d0d0a, this.u32(magic), this.u16(major, minor), this.u32(0xffffffff, 0xffffffff));
  }

  interface(given: TestInterface = {}): this {
    const { linkType = 1, snapLength = 0, name, resolution, offsetS, fcsLength, options } = given;
    const parts = [this.u16(linkType, 0), this.u32(snapLength)];
    if (name !== undefined) parts.push(this.option(2, Buffer.from(name)));
    if (resolution !== undefined) parts.push(this.option(9, Uint8Array.of(resolution)));
    if (offsetS !== undefined) parts.push(this.option(14, this.i64(offsetS)));
    if (fcsLength !== undefined) parts.push(this.option(13, Uint8Array.of(fcsLength)));
    if (options !== undefined) parts.push(options);
    else if (parts.length > 2) parts.push(this.u16(0, 0));
    return this.block(1, ...parts);
  }

  enhanced(
    id: number,
    ticks: bigint,
    bytes: Uint8Array,
    original = bytes.length,
    captured = bytes.length,
  ): this {
    return this.block(6, this.u32(id, ...halves(ticks), captured, original), padded(bytes));
  }

  obsolete(id: number, ticks: bigint, bytes: Uint8Array): this {
    const lengths = this.u32(...halves(ticks), bytes.length, bytes.length);
    return this.block(2, this.u16(id, 0xffff), lengths, padded(bytes));
  }

  simple(bytes: Uint8Array, original = bytes.length): this {
    return this.block(3, this.u32(original), padded(bytes));
  }

  block(type: number, ...body: readonly Uint8Array[]): this {
    const length = 12 + body.reduce((sum, part) => sum + part.length, 0);
    this.parts.push(this.u32(type, length), ...body, this.u32(length));
    this.boundaries.push((this.boundaries.at(-1) ?? 0) + length);
    return this;
  }

  option(code: number, value: Uint8Array): Uint8Array {
    return new Uint8Array(Buffer.concat([this.u16(code, value.length), padded(value)]));
  }

  content(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.parts));
  }

  private u16(...values: readonly number[]): Uint8Array {
    return encodeWords(this.littleEndian, 2, values);
  }

  private u32(...values: readonly number[]): Uint8Array {
    return encodeWords(this.littleEndian, 4, values);
  }

  private i64(value: bigint): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, value, this.littleEndian);
    return new Uint8Array(view.buffer);
  }
}

export function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return whole;
}

function halves(ticks: bigint): [number, number] {
  return [Number(ticks >> 32n), Number(ticks & 0xffffffffn)];
}

function encodeWords(littleEndian: boolean, width: 2 | 4, values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * width));
  values.forEach((value, index) => {
    if (width === 2) view.setUint16(index * 2, value, littleEndian);
    else view.setUint32(index * 4, value, littleEndian);
  });
  return new Uint8Array(view.buffer);
}
