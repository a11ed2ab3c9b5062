import { type CapturedFrame, type CaptureScan, ETHERNET } from './capture-scan.ts';
import { type Epoch, InterfaceClock } from './pcapng-clock.ts';

/** Block types (draft-ietf-opsawg-pcapng, sections 4.1 to 4.4 and appendix A). */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

/** Bytes of type, length and trailing length around a block's body (section 3.1). */
const BLOCK_OVERHEAD = 12;
const BODY = 8;

/** The shortest blocks of each type, all fixed fields and overhead. Others are skipped unread. */
const SHORTEST: ReadonlyMap<number, number> = new Map([
  [SECTION_HEADER, 28],
  [INTERFACE_DESCRIPTION, 20],
  [OBSOLETE_PACKET, 32],
  [SIMPLE_PACKET, 16],
  [ENHANCED_PACKET, 32],
]);

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const VERSION_MAJOR = 1;
/** 2 is to be read as 0 (section 4.1). */
const VERSIONS_MINOR: readonly number[] = [0, 2];

/** Options of an interface (section 4.2) that change how its frames are read, and their lengths. */
const END_OF_OPTIONS = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const IF_TSOFFSET = 14;
const OPTION_LENGTHS: ReadonlyMap<number, number> = new Map([
  [IF_TSRESOL, 1],
  [IF_FCSLEN, 1],
  [IF_TSOFFSET, 8],
]);

const MICROSECONDS = 6;
const ETHERNET_FCS_LENGTH = 4;

interface Block {
  readonly type: number;
  /** Bytes from the start of the file: the block, its fields, its trailing length, the next block. */
  readonly at: number;
  readonly body: number;
  readonly bodyEnd: number;
  readonly end: number;
}

interface Interface {
  readonly id: number;
  readonly name: string;
  readonly linkType: number;
  /** The most bytes captured of a frame; 0: not limited. */
  readonly snapLength: number;
  /** Bytes of frame check sequence at the end of each frame. */
  readonly fcsLength: number;
  readonly clock: InterfaceClock;
}

/** Is it a pcapng file? Its magic number is the same in both byte orders. */
export function isPcapng(scan: CaptureScan): boolean {
  return scan.u32(0) === SECTION_HEADER;
}

/**
 * The frames of a pcapng file (draft-ietf-opsawg-pcapng), of all its sections and Ethernet interfaces.
 * Interfaces of other kinds may be described, but not used. A frame without a time stamp (Simple
 * Packet Block) has the time of the frame before it. `isPcapng` has accepted the file.
 *
 * @throws {CaptureError} Another version or link type, lengths that do not fit, or the file is cut off inside a block.
 */
export function parsePcapng(scan: CaptureScan): CapturedFrame[] {
  const epoch: Epoch = { firstNs: undefined };
  let interfaces: Interface[] = [];
  let next: number;
  for (let at = 0; at < scan.length; at = next) {
    const block = blockAt(scan, at);
    next = block.end;
    switch (block.type) {
      case SECTION_HEADER:
        checkVersion(scan, block);
        interfaces = [];
        break;
      case INTERFACE_DESCRIPTION:
        interfaces.push(readInterface(scan, block, interfaces.length, epoch));
        break;
      case ENHANCED_PACKET:
        readPacket(scan, block, usedInterface(scan, block, interfaces, scan.u32(block.body)));
        break;
      case OBSOLETE_PACKET:
        readPacket(scan, block, usedInterface(scan, block, interfaces, scan.u16(block.body)));
        break;
      case SIMPLE_PACKET:
        readSimplePacket(scan, block, usedInterface(scan, block, interfaces, 0));
        break;
    }
  }
  return scan.frames;
}

function blockAt(scan: CaptureScan, at: number): Block {
  const left = scan.length - at;
  if (left < BLOCK_OVERHEAD) throw scan.cutOff(at, 'a block', BLOCK_OVERHEAD);
  const type = scan.u32(at);
  if (type === SECTION_HEADER) setByteOrder(scan, at + BODY);
  const length = scan.u32(at + 4);
  const shortest = SHORTEST.get(type) ?? BLOCK_OVERHEAD;
  if (length < shortest || length % 4 !== 0) {
    const problem = `a block of type ${type} cannot have ${length} bytes`;
    throw scan.damaged(at, `${problem} (at least ${shortest}, a multiple of 4)`);
  }
  if (length > left) throw scan.cutOff(at, 'a block', length);
  const bodyEnd = at + length - 4;
  const trailing = scan.u32(bodyEnd);
  if (trailing !== length)
    throw scan.damaged(bodyEnd, `a block of ${length} bytes ends in another length, ${trailing}`);
  return { type, at, body: at + BODY, bodyEnd, end: at + length };
}

/** Each section has the byte order of its writer (section 4.1). */
function setByteOrder(scan: CaptureScan, magicAt: number): void {
  scan.littleEndian = true;
  if (scan.u32(magicAt) === BYTE_ORDER_MAGIC) return;
  scan.littleEndian = false;
  if (scan.u32(magicAt) === BYTE_ORDER_MAGIC) return;
  throw scan.damaged(magicAt, 'a section header has no byte-order magic');
}

function checkVersion(scan: CaptureScan, { body }: Block): void {
  const major = scan.u16(body + 4);
  const minor = scan.u16(body + 6);
  if (major === VERSION_MAJOR && VERSIONS_MINOR.includes(minor)) return;
  const remedy = `Convert it: editcap -F pcapng ${scan.file} converted.pcapng`;
  throw scan.error(body + 4, `has pcapng version ${major}.${minor}, not ${VERSION_MAJOR}.0`, remedy);
}

function readInterface(scan: CaptureScan, block: Block, id: number, epoch: Epoch): Interface {
  const options = readOptions(scan, block.body + 8, block.bodyEnd);
  const name = options.get(IF_NAME);
  const resolution = options.get(IF_TSRESOL);
  const fcs = options.get(IF_FCSLEN);
  const offset = options.get(IF_TSOFFSET);
  return {
    id,
    name: name === undefined ? '' : scan.text(name.at, name.length),
    linkType: scan.u16(block.body),
    snapLength: scan.u32(block.body + 4),
    // Bits by the specification, bytes by some writers: Ethernet's is 32 or 4, or there is none.
    fcsLength: fcs !== undefined && scan.u8(fcs.at) !== 0 ? ETHERNET_FCS_LENGTH : 0,
    clock: new InterfaceClock(
      epoch,
      resolution === undefined ? MICROSECONDS : scan.u8(resolution.at),
      offset === undefined ? 0n : scan.i64(offset.at),
    ),
  };
}

/** Where the values of a block's options are, by option code (section 3.5). The list may lack its end mark. */
function readOptions(scan: CaptureScan, start: number, end: number) {
  const values = new Map<number, { readonly at: number; readonly length: number }>();
  let next: number;
  for (let at = start; at + 4 <= end; at = next) {
    const code = scan.u16(at);
    const length = scan.u16(at + 2);
    if (code === END_OF_OPTIONS) break;
    next = at + 4 + padded(length);
    if (next > end) throw scan.damaged(at, `an option of ${length} bytes is longer than its block`);
    const expected = OPTION_LENGTHS.get(code) ?? length;
    if (length !== expected)
      throw scan.damaged(at, `option ${code} of an interface has ${length} bytes, not ${expected}`);
    values.set(code, { at: at + 4, length });
  }
  return values;
}

function usedInterface(scan: CaptureScan, block: Block, interfaces: readonly Interface[], id: number) {
  const used = interfaces[id];
  if (used === undefined)
    throw scan.damaged(block.body, `a frame of interface ${id}, of which no description precedes it`);
  if (used.linkType !== ETHERNET)
    throw scan.notEthernet(
      block.at,
      `interface ${id} (${JSON.stringify(used.name)}) of this frame`,
      used.linkType,
    );
  return used;
}

/** An Enhanced Packet Block (section 4.3) or Packet Block (appendix A): alike but for the interface's id. */
function readPacket(scan: CaptureScan, block: Block, { clock, snapLength, fcsLength }: Interface): void {
  const captured = scan.u32(block.body + 12);
  checkPacket(scan, block, block.body + 20, captured, snapLength);
  const timeNs = clock.timeNs(scan.u32(block.body + 4), scan.u32(block.body + 8));
  scan.add(block.at, block.body + 20, captured, scan.u32(block.body + 16), fcsLength, timeNs);
}

/** A Simple Packet Block (section 4.4): its captured length follows from the interface's snapshot length. */
function readSimplePacket(scan: CaptureScan, block: Block, { snapLength, fcsLength }: Interface): void {
  const original = scan.u32(block.body);
  const captured = snapLength === 0 ? original : Math.min(original, snapLength);
  checkPacket(scan, block, block.body + 4, captured, snapLength);
  const timeNs = scan.frames.at(-1)?.timeNs ?? 0;
  scan.add(block.at, block.body + 4, captured, original, fcsLength, timeNs);
}

function checkPacket(scan: CaptureScan, block: Block, data: number, captured: number, snapLength: number) {
  scan.checkCaptured(block.at, captured, snapLength);
  if (data + padded(captured) > block.bodyEnd)
    throw scan.damaged(block.at, `a frame of ${captured} captured bytes is longer than its block`);
}

/** Blocks, frames and options are padded to 32 bits (section 3.6.2). */
function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
