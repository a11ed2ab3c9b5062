/** Receive side scaling: the Toeplitz hash and the fields of a frame that it covers (7.1.2.8). */
import type { Memory } from '../memory.ts';
import {
  MRQC_IPV4,
  MRQC_IPV6,
  MRQC_RSS,
  MRQC_TCP_IPV4,
  MRQC_TCP_IPV6,
  MRQC_UDP_IPV4,
  MRQC_UDP_IPV6,
  RSS_TYPE_IPV4,
  RSS_TYPE_IPV6,
  RSS_TYPE_NONE,
  RSS_TYPE_TCP_IPV4,
  RSS_TYPE_TCP_IPV6,
  RSS_TYPE_UDP_IPV4,
  RSS_TYPE_UDP_IPV6,
} from './datasheet.ts';

const KEY_BYTES = 40;
/** IPv6 addresses and two ports. */
const INPUT_BYTES = 36;

/** The hash over up to 36 bytes, by one table look-up a byte; tables are made anew when the key changes. */
export class Toeplitz {
  private readonly key = new Uint8Array(KEY_BYTES);
  /** For each byte of the input and each value of it, the XOR of the windows of the key that begin at its set bits. */
  private readonly tables = new Int32Array(INPUT_BYTES * 256);
  private stale = false;

  setKey(key: Uint8Array): void {
    this.key.set(key);
    this.stale = true;
  }

  /** Extends `hash` by `count` bytes at `address`; `position` is their place in the input. */
  extend(hash: number, bytes: Uint8Array, address: number, count: number, position: number): number {
    if (this.stale) this.prepare();
    let value = hash;
    for (let i = 0; i < count; i++) value ^= this.tables[(position + i) * 256 + bytes[address + i]];
    return value;
  }

  /** A driver writes the key a word at a time: the tables are made when the first frame asks for them. */
  private prepare(): void {
    this.stale = false;
    for (let position = 0; position < INPUT_BYTES; position++) {
      const table = position * 256;
      for (let bit = 0; bit < 8; bit++) {
        const window = this.window(position * 8 + bit);
        const value = 0x80 >> bit;
        // All values whose lowest set bit is this one: what the higher bits make of it is there already.
        for (let above = 0; above < 256; above += 2 * value)
          this.tables[table + above + value] = this.tables[table + above] ^ window;
      }
    }
  }

  /** The 32 bits of the key that begin at this one. */
  private window(bit: number): number {
    let value = 0;
    for (let i = 0; i < 32; i++) {
      const at = bit + i;
      const set = (this.key[at >> 3] ?? 0) & (0x80 >> (at & 7));
      value = (value << 1) | (set === 0 ? 0 : 1);
    }
    return value;
  }
}

/** IPv4 addresses and two ports. */
const TUPLE_BYTES = 12;
const TUPLES = 1024;
/** Three words of a tuple, and its hash. */
const TUPLE_WORDS = 4;

/** Hashes of tuples seen lately, each in the place that its bits say: frames of a flow come again and again. */
class TupleCache {
  private readonly rows = new Int32Array(TUPLES * TUPLE_WORDS); // zeros hash to zero, whatever the key

  clear(): void {
    this.rows.fill(0);
  }

  /** The hash of the twelve bytes at `address`, which lies two bytes behind the beginning of a word. */
  hash(toeplitz: Toeplitz, { words, bytes }: Memory, address: number): number {
    const { rows } = this;
    const word = address >>> 2;
    const a = (words[word] >>> 16) | (words[word + 3] << 16);
    const b = words[word + 1];
    const c = words[word + 2];
    const mixed = Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ c, 0x9e3779b1);
    const row = (mixed >>> 22) * TUPLE_WORDS;
    if (rows[row] === a && rows[row + 1] === b && rows[row + 2] === c) return rows[row + 3];
    const hash = toeplitz.extend(0, bytes, address, TUPLE_BYTES, 0);
    rows[row] = a;
    rows[row + 1] = b;
    rows[row + 2] = c;
    rows[row + 3] = hash;
    return hash;
  }
}

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

/** Hashes frames as MRQC allows. The results of the last frame stand in `hash`, `type`, `etherType`. */
export class RssHasher {
  readonly toeplitz = new Toeplitz();
  hash = 0;
  type = RSS_TYPE_NONE;
  etherType = 0;
  private mrqc = 0;
  private readonly memory: Memory;
  private readonly tuples = new TupleCache();
  private readonly keyWords = new Int32Array(KEY_BYTES / 4);
  private readonly keyBytes = new Uint8Array(this.keyWords.buffer);

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** MRQC, and the key as RSSRK has it: its first byte is the lowest of the first word. */
  configure(mrqc: number, key: Int32Array): void {
    this.mrqc = mrqc;
    let same = true;
    for (let word = 0; word < key.length; word++) same &&= key[word] === this.keyWords[word];
    if (same) return;
    this.keyWords.set(key);
    this.toeplitz.setKey(this.keyBytes);
    this.tuples.clear();
  }

  /** Reads the headers of the frame at `address`, the beginning of a word. */
  parse(address: number, length: number): void {
    const { bytes } = this.memory;
    this.hash = 0;
    this.type = RSS_TYPE_NONE;
    let at = address + 12;
    let etherType = (bytes[at] << 8) | bytes[at + 1];
    if (etherType === ETHERTYPE_VLAN) {
      at += 4;
      etherType = (bytes[at] << 8) | bytes[at + 1];
    }
    this.etherType = etherType;
    if ((this.mrqc & 0xf) !== MRQC_RSS) return;
    const end = address + length;
    if (etherType === ETHERTYPE_IPV4) this.parseIpv4(at + 2, end);
    else if (etherType === ETHERTYPE_IPV6) this.parseIpv6(at + 2, end);
  }

  private parseIpv4(ip: number, end: number): void {
    const { bytes } = this.memory;
    if (ip + 20 > end) return;
    const protocol = bytes[ip + 9];
    const ports = ip + (bytes[ip] & 0xf) * 4;
    // A fragment has no port numbers to rely on: only its addresses are hashed.
    const whole = ((bytes[ip + 6] & 0x3f) | bytes[ip + 7]) === 0 && ports + 4 <= end;
    if (whole && protocol === PROTOCOL_TCP && (this.mrqc & MRQC_TCP_IPV4) !== 0)
      this.finish(RSS_TYPE_TCP_IPV4, ip + 12, 8, ports);
    else if (whole && protocol === PROTOCOL_UDP && (this.mrqc & MRQC_UDP_IPV4) !== 0)
      this.finish(RSS_TYPE_UDP_IPV4, ip + 12, 8, ports);
    else if ((this.mrqc & MRQC_IPV4) !== 0) this.finish(RSS_TYPE_IPV4, ip + 12, 8, 0);
  }

  private parseIpv6(ip: number, end: number): void {
    const { bytes } = this.memory;
    if (ip + 40 > end) return;
    const next = bytes[ip + 6];
    const ports = ip + 40;
    const whole = ports + 4 <= end;
    if (whole && next === PROTOCOL_TCP && (this.mrqc & MRQC_TCP_IPV6) !== 0)
      this.finish(RSS_TYPE_TCP_IPV6, ip + 8, 32, ports);
    else if (whole && next === PROTOCOL_UDP && (this.mrqc & MRQC_UDP_IPV6) !== 0)
      this.finish(RSS_TYPE_UDP_IPV6, ip + 8, 32, ports);
    else if ((this.mrqc & MRQC_IPV6) !== 0) this.finish(RSS_TYPE_IPV6, ip + 8, 32, 0);
  }

  /** `addressBytes` of source and destination, then the ports where there are any. */
  private finish(type: number, addresses: number, addressBytes: number, ports: number): void {
    const { memory, toeplitz } = this;
    this.type = type;
    if (addressBytes + 4 === TUPLE_BYTES && ports === addresses + addressBytes) {
      this.hash = this.tuples.hash(toeplitz, memory, addresses);
      return;
    }
    const hash = toeplitz.extend(0, memory.bytes, addresses, addressBytes, 0);
    this.hash = ports === 0 ? hash : toeplitz.extend(hash, memory.bytes, ports, 4, addressBytes);
  }
}
