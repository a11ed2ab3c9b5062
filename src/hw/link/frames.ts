/** Test frames: Ethernet, IPv4, UDP (RFC 894, 791, 768), and behind them flow, sequence number and check word. */

/** Where things lie in a frame of the generator. Multi-byte fields of the payload are little-endian. */
export const FLOW_OFFSET = 42;
export const SEQUENCE_OFFSET = 44;
/** First of the payload's words that hold filler, one of them the check word. */
export const FILLER_OFFSET = 48;
export const MIN_FRAME_BYTES = 60;
export const MAX_FRAME_BYTES = 9216 - 4;
/** Header words that are the same for all frames of a flow and size, then the one that also holds the flow. */
export const HEADER_WORDS = 11;
const UDP_PORT_BASE = 10_000;
const UDP_PORT = 7; // echo

/** Frame sizes on the wire with FCS: RFC 2544 section 9.1 has 64 to 1518; jumbo frames go to 9216. */
export function frameBytes(wireBytes: number): number {
  return wireBytes - 4;
}

/** Simple IMIX, 7:4:1 of 64, 594 and 1518 bytes, well mixed. */
export const IMIX: readonly number[] = [64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 64, 594];

/** The value of a frame's check word. */
export const checkWord = (flow: number, sequence: number): number =>
  Math.imul(sequence ^ Math.imul(flow + 1, 0x9e3779b1), 0x85ebca6b) ^ (sequence >>> 13);

/**
 * Headers of a flow: 42 bytes and the flow number. Destination address `mac`; UDP checksum 0, which
 * RFC 768 defines as "not computed": the payload carries its own.
 */
export function buildHeader(mac: readonly number[], flow: number, length: number): Uint8Array {
  const header = new Uint8Array(44);
  const view = new DataView(header.buffer);
  header.set(mac, 0);
  header.set([0x02, 0x54, 0x47, 0x45, flow >> 8, flow & 0xff], 6);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, length - 14);
  view.setUint16(20, 0x4000); // don't fragment
  view.setUint8(22, 64);
  view.setUint8(23, 17);
  view.setUint32(26, 0xc6120000 | (flow & 0xffff)); // 198.18.0.0/15 is for benchmarks (RFC 2544 appendix C)
  view.setUint32(30, 0xc6130001);
  view.setUint16(24, internetChecksum(header, 14, 20));
  // Ports far apart: addresses and ports that count up together would meet in few RSS buckets.
  view.setUint16(34, UDP_PORT_BASE + (Math.imul(flow, 0x9e3b) & 0x7fff));
  view.setUint16(36, UDP_PORT);
  view.setUint16(38, length - 34);
  view.setUint16(FLOW_OFFSET, flow, true);
  return header;
}

/** RFC 1071. */
function internetChecksum(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += (bytes[offset + i] << 8) | bytes[offset + i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A small seeded generator (xorshift32) for payloads and choices; never zero. */
export function nextRandom(state: number): number {
  let x = state === 0 ? 0x2545f491 : state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}
