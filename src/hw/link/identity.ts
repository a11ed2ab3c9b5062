/** Which flow a frame belongs to, and a digest of all its bytes: how frames of a capture are recognised. */
import type { Memory } from '../memory.ts';

const SEED_A = 0x9e3779b1;
const SEED_B = 0x85ebca6b;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const TCP = 6;
const UDP = 17;

/**
 * Addresses and ports of an unfragmented TCP or UDP packet, IP addresses of any other IP packet, MAC
 * addresses else; always with the EtherType. These are the fields that RSS hashes, so frames of one
 * identity meet in one queue and keep their order. 64 bits, in two words.
 */
export class FlowIdentity {
  a = 0;
  b = 0;

  /** `mirrored`: the frame's MAC addresses are exchanged. */
  read(bytes: Uint8Array, address: number, length: number, mirrored: boolean): void {
    let at = address + 12;
    if (be16(bytes, at) === ETHERTYPE_VLAN) at += 4;
    const etherType = be16(bytes, at);
    const ip = at + 2;
    const end = address + length;
    this.a = Math.imul(etherType + 1, SEED_A);
    this.b = Math.imul(etherType + 1, SEED_B);
    if (etherType === ETHERTYPE_IPV4 && ip + 20 <= end) {
      this.mix(bytes, ip + 12, 8);
      const ports = ip + (bytes[ip] & 0xf) * 4;
      const whole = ((bytes[ip + 6] & 0x3f) | bytes[ip + 7]) === 0 && ports + 4 <= end;
      if (whole && hasPorts(bytes[ip + 9])) this.mixPorts(bytes, ports, bytes[ip + 9]);
    } else if (etherType === ETHERTYPE_IPV6 && ip + 40 <= end) {
      this.mix(bytes, ip + 8, 32);
      if (ip + 44 <= end && hasPorts(bytes[ip + 6])) this.mixPorts(bytes, ip + 40, bytes[ip + 6]);
    } else {
      this.mix(bytes, mirrored ? address + 6 : address, 6);
      this.mix(bytes, mirrored ? address : address + 6, 6);
    }
  }

  private mixPorts(bytes: Uint8Array, ports: number, protocol: number): void {
    this.mix(bytes, ports, 4);
    this.step(protocol);
  }

  private mix(bytes: Uint8Array, address: number, count: number): void {
    for (let i = 0; i < count; i += 2) this.step(be16(bytes, address + i));
  }

  private step(value: number): void {
    this.a = Math.imul(rotate(this.a) ^ value, SEED_A);
    this.b = Math.imul(rotate(this.b) + value, SEED_B) ^ (this.b >>> 15);
  }
}

/** A digest of a frame's bytes and length. Every step is a bijection of the state, so one changed word always shows. */
export function digest(memory: Memory, address: number, length: number, mirrored: boolean): number {
  const { words, bytes } = memory;
  const first = address >>> 2;
  const count = length >>> 2;
  let hash = Math.imul(length, SEED_B);
  let word = 0;
  if (mirrored) {
    const a = words[first];
    const b = words[first + 1];
    const c = words[first + 2];
    hash = Math.imul(rotate(hash) ^ ((b >>> 16) | (c << 16)), SEED_A);
    hash = Math.imul(rotate(hash) ^ ((c >>> 16) | (a << 16)), SEED_A);
    hash = Math.imul(rotate(hash) ^ ((a >>> 16) | (b << 16)), SEED_A);
    word = 3;
  }
  for (; word < count; word++) hash = Math.imul(rotate(hash) ^ words[first + word], SEED_A);
  for (let byte = count * 4; byte < length; byte++)
    hash = Math.imul(rotate(hash) ^ bytes[address + byte], SEED_A);
  return hash;
}

function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP;
}

function be16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function rotate(value: number): number {
  return (value << 5) | (value >>> 27);
}
