/** Packets of the protocols that the card parses, field by field. */

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;

/** `1.2.3.4` or an IPv6 address with at most one `::`. */
export function addressBytes(text: string): number[] {
  if (text.includes('.')) return text.split('.').map(Number);
  const [head, tail] = text.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array(zeros).fill('0'), ...(tail ?? [])];
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

function be16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Flags and offset field of IPv4. */
  readonly fragment?: number;
  /** IPv4 options, a multiple of four bytes. */
  readonly options?: number;
  readonly vlan?: number;
  readonly length?: number;
}

/** An Ethernet frame with this packet, padded to its length. IPv4 or IPv6, as the addresses are. */
export function packetFrame(packet: Packet): Uint8Array {
  const { source, vlan, protocol = UDP, length = 90 } = packet;
  const v6 = source.includes(':');
  const ip = v6 ? ipv6Header(packet, protocol) : ipv4Header(packet, protocol);
  const ports = [...be16(packet.sourcePort ?? 0), ...be16(packet.destinationPort ?? 0)];
  const tag = vlan === undefined ? [] : [0x81, 0x00, ...be16(vlan)];
  const header = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tag, ...(v6 ? [0x86, 0xdd] : [8, 0])];
  const content = [...header, ...ip, ...ports];
  const frame = new Uint8Array(Math.max(length, content.length));
  frame.set(content);
  return frame;
}

function ipv4Header(packet: Packet, protocol: number): number[] {
  const { source, destination, fragment = 0, options = 0 } = packet;
  return [
    0x40 | (5 + options / 4),
    0,
    ...be16(40 + options),
    0,
    0,
    ...be16(fragment),
    64,
    protocol,
    0,
    0,
    ...addressBytes(source),
    ...addressBytes(destination),
    ...Array(options).fill(1),
  ];
}

function ipv6Header({ source, destination }: Packet, next: number): number[] {
  return [0x60, 0, 0, 0, ...be16(20), next, 64, ...addressBytes(source), ...addressBytes(destination)];
}
