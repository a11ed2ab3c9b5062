import { type CapturedFrame, type CaptureScan, ETHERNET } from './capture-scan.ts';

const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;

const VERSION_MAJOR = 2;
const VERSION_MINOR = 4;

/** Magic numbers as they read in the writer's byte order, with the unit of its times' fraction in ns. */
const FRACTION_NS: ReadonlyMap<number, number> = new Map([
  [0xa1b2c3d4, 1000],
  [0xa1b23c4d, 1],
]);

/** Bits of the link type word (draft-ietf-opsawg-pcap, section 4, "LinkType and additional information"). */
const LINK_TYPE = 0x0000_ffff;
const RESERVED = 0x0bff_0000;
const FCS_PRESENT = 0x0400_0000;
const FCS_WORDS_SHIFT = 28;

/** Is it a classic pcap file? If so, the scan's byte order is the file's from here on. */
export function isPcap(scan: CaptureScan): boolean {
  return [true, false].some((littleEndian) => {
    scan.littleEndian = littleEndian;
    return FRACTION_NS.has(scan.u32(0));
  });
}

/**
 * The frames of a classic pcap file (draft-ietf-opsawg-pcap, sections 4 and 5), either byte order, with
 * times in micro- or nanoseconds. `isPcap` has accepted it.
 *
 * @throws {CaptureError} Another version or link type, an impossible length, or the file is cut off inside a record.
 */
export function parsePcap(scan: CaptureScan): CapturedFrame[] {
  if (scan.length < FILE_HEADER_LENGTH) throw scan.cutOff(0, 'the file header', FILE_HEADER_LENGTH);
  checkVersion(scan);
  const fractionNs = FRACTION_NS.get(scan.u32(0)) ?? 1;
  const snapLength = scan.u32(16);
  const fcsLength = checkLinkType(scan);
  let firstS = 0;
  let firstFraction = 0;
  let next: number;
  for (let at = FILE_HEADER_LENGTH; at < scan.length; at = next) {
    const data = at + RECORD_HEADER_LENGTH;
    if (data > scan.length) throw scan.cutOff(at, 'a record header', RECORD_HEADER_LENGTH);
    const seconds = scan.u32(at);
    const fraction = scan.u32(at + 4);
    const captured = scan.u32(at + 8);
    scan.checkCaptured(at, captured, snapLength);
    next = data + captured;
    if (next > scan.length) throw scan.cutOff(at, 'a record', next - at);
    if (scan.frames.length === 0) {
      firstS = seconds;
      firstFraction = fraction;
    }
    // Subtracted before they are scaled: seconds since 1970 in ns have more digits than a double.
    const timeNs = (seconds - firstS) * 1e9 + (fraction - firstFraction) * fractionNs;
    scan.add(at, data, captured, scan.u32(at + 12), fcsLength, timeNs);
  }
  return scan.frames;
}

function checkVersion(scan: CaptureScan): void {
  const major = scan.u16(4);
  const minor = scan.u16(6);
  if (major === VERSION_MAJOR && minor === VERSION_MINOR) return;
  const expected = `${VERSION_MAJOR}.${VERSION_MINOR}`;
  const remedy = `Convert it: editcap -F pcap ${scan.file} converted.pcap`;
  throw scan.error(4, `has pcap version ${major}.${minor}, not ${expected}`, remedy);
}

/** Returns the length in bytes of the frame check sequence at the end of each frame. */
function checkLinkType(scan: CaptureScan): number {
  const word = scan.u32(20);
  if ((word & RESERVED) !== 0) throw scan.damaged(20, 'reserved bits of the link type are set');
  if ((word & LINK_TYPE) !== ETHERNET) throw scan.notEthernet(20, 'the capture', word & LINK_TYPE);
  return word & FCS_PRESENT ? (word >>> FCS_WORDS_SHIFT) * 2 : 0;
}
