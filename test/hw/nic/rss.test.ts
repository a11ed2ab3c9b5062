import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  MRQC,
  MRQC_HASH_ALL,
  MRQC_IPV4,
  MRQC_IPV6,
  MRQC_RSS,
  MRQC_TCP_IPV4,
  MRQC_UDP_IPV4,
  RSS_TYPE_IPV4,
  RSS_TYPE_IPV6,
  RSS_TYPE_NONE,
  RSS_TYPE_TCP_IPV4,
  RSS_TYPE_TCP_IPV6,
  RSS_TYPE_UDP_IPV4,
  RSS_TYPE_UDP_IPV6,
  rssrk,
} from '../../../src/hw/nic/datasheet.ts';
import { Toeplitz } from '../../../src/hw/nic/rss.ts';
import { Bench, type BenchCard, testFrame } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';
import { addressBytes, ICMP, packetFrame, TCP, UDP } from '../packets.ts';
import { IPV4_VECTORS, IPV6_VECTORS, VERIFICATION_KEY } from './rss-vectors.ts';

const ALL_VECTORS = [...IPV4_VECTORS, ...IPV6_VECTORS];

describe('Toeplitz', () => {
  const toeplitz = new Toeplitz();
  toeplitz.setKey(VERIFICATION_KEY);
  const hash = (input: readonly number[]): number =>
    toeplitz.extend(0, Uint8Array.from(input), 0, input.length, 0) >>> 0;

  test.each(ALL_VECTORS)('$source to $destination', (vector) => {
    const addresses = [...addressBytes(vector.source), ...addressBytes(vector.destination)];
    const ports = [vector.sourcePort, vector.destinationPort].flatMap((port) => [port >> 8, port & 0xff]);
    expect(hash(addresses)).toBe(vector.addresses);
    expect(hash([...addresses, ...ports])).toBe(vector.ports);
  });

  test('is linear: the hash of a XOR is the XOR of the hashes, whatever the key', () => {
    const words = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(words(40), words(36), words(36), (key, a, b) => {
        const other = new Toeplitz();
        other.setKey(key);
        const of = (input: Uint8Array): number => other.extend(0, input, 0, 36, 0);
        expect(of(a.map((byte, i) => byte ^ b[i]))).toBe(of(a) ^ of(b));
      }),
      { numRuns: 20 },
    );
  });

  test('takes a new key', () => {
    const changed = new Toeplitz();
    changed.setKey(VERIFICATION_KEY.map((byte) => byte ^ 0xff));
    changed.setKey(VERIFICATION_KEY);
    expect(changed.extend(0, Uint8Array.from([66, 9, 149, 187, 161, 142, 100, 80]), 0, 8, 0) >>> 0).toBe(
      0x323e8fc2,
    );
  });
});

describe('frames written back', () => {
  let card: BenchCard;
  let ring: RxRing;
  let slot: number;

  beforeEach(() => {
    [card] = new Bench().cards;
    card.start();
    const key = new DataView(VERIFICATION_KEY.buffer);
    for (let word = 0; word < 10; word++) card.write(rssrk(word), key.getUint32(word * 4, true));
    hashBy(MRQC_HASH_ALL);
    ring = new RxRing(card, 0, { slots: 16 }).start();
    slot = 0;
  });

  function hashBy(fields: number): void {
    card.write(MRQC, MRQC_RSS | fields);
  }

  /** RSS type and hash in the write-back of this frame. */
  function written(frame: Uint8Array): [number, number] {
    card.arrive(frame);
    card.step();
    const { done, rssType, hash } = ring.at(slot++);
    expect(done).toBe(true);
    return [rssType, hash];
  }

  test.each(IPV4_VECTORS)('IPv4 $source to $destination, with ports and without', (vector) => {
    expect(written(packetFrame({ ...vector, protocol: TCP }))).toEqual([RSS_TYPE_TCP_IPV4, vector.ports]);
    expect(written(packetFrame({ ...vector, protocol: UDP }))).toEqual([RSS_TYPE_UDP_IPV4, vector.ports]);
    expect(written(packetFrame({ ...vector, protocol: ICMP }))).toEqual([RSS_TYPE_IPV4, vector.addresses]);
    hashBy(MRQC_IPV4);
    expect(written(packetFrame({ ...vector, protocol: TCP }))).toEqual([RSS_TYPE_IPV4, vector.addresses]);
  });

  test.each(IPV6_VECTORS)('IPv6 $source to $destination, with ports and without', (vector) => {
    expect(written(packetFrame({ ...vector, protocol: TCP }))).toEqual([RSS_TYPE_TCP_IPV6, vector.ports]);
    expect(written(packetFrame({ ...vector, protocol: UDP }))).toEqual([RSS_TYPE_UDP_IPV6, vector.ports]);
    expect(written(packetFrame({ ...vector, protocol: 58 }))).toEqual([RSS_TYPE_IPV6, vector.addresses]);
    hashBy(MRQC_IPV6);
    expect(written(packetFrame({ ...vector, protocol: UDP }))).toEqual([RSS_TYPE_IPV6, vector.addresses]);
  });

  const [vector] = IPV4_VECTORS;

  test.each([
    ['the first fragment', 0x2000],
    ['a fragment in the middle', 0x2010],
    ['the last fragment', 0x0001],
    ['a fragment far behind', 0x1000],
  ])('%s of a datagram hashes its addresses only', (_, fragment) => {
    for (const protocol of [TCP, UDP]) {
      const frame = packetFrame({ ...vector, protocol, fragment });
      expect(written(frame)).toEqual([RSS_TYPE_IPV4, vector.addresses]);
    }
  });

  test('"don’t fragment" is no fragment', () => {
    const frame = packetFrame({ ...vector, protocol: TCP, fragment: 0x4000 });
    expect(written(frame)).toEqual([RSS_TYPE_TCP_IPV4, vector.ports]);
  });

  test('ports lie behind the options, and behind a VLAN tag', () => {
    const frame = packetFrame({ ...vector, protocol: TCP, options: 12, vlan: 5 });
    expect(written(frame)).toEqual([RSS_TYPE_TCP_IPV4, vector.ports]);
  });

  test('ports beyond the end of the frame are not there', () => {
    const frame = packetFrame({ ...vector, protocol: TCP }).subarray(0, 14 + 20 + 3);
    expect(written(frame)).toEqual([RSS_TYPE_IPV4, vector.addresses]);
  });

  test('each tuple has its own hash, whatever came before it', () => {
    const toeplitz = new Toeplitz();
    toeplitz.setKey(VERIFICATION_KEY);
    // One field after the other goes through more values than the card can remember, all others stay.
    const values = 1500;
    for (let i = 0; i < 6 * values; i++) {
      const tuple = [198, 18, 0, 0, 198, 19, 0, 1, 0, 7, 0, 7];
      tuple.splice(2 * Math.floor(i / values), 2, (i % values) >> 8, i & 0xff);
      const frame = packetFrame({
        source: tuple.slice(0, 4).join('.'),
        destination: tuple.slice(4, 8).join('.'),
        sourcePort: (tuple[8] << 8) | tuple[9],
        destinationPort: (tuple[10] << 8) | tuple[11],
      });
      slot &= 15;
      ring.fill(slot);
      const hash = toeplitz.extend(0, Uint8Array.from(tuple), 0, 12, 0) >>> 0;
      expect(written(frame)).toEqual([RSS_TYPE_UDP_IPV4, hash]);
      ring.tail((slot + 15) & 15);
    }
  });

  test('another key makes another hash of the same tuple', () => {
    const frame = packetFrame({ ...vector, protocol: TCP });
    expect(written(frame)).toEqual([RSS_TYPE_TCP_IPV4, vector.ports]);
    for (let word = 0; word < 10; word++) card.write(rssrk(word), 0);
    expect(written(frame)).toEqual([RSS_TYPE_TCP_IPV4, 0]);
  });

  test('only what MRQC allows is hashed', () => {
    hashBy(MRQC_TCP_IPV4);
    expect(written(packetFrame({ ...vector, protocol: UDP }))).toEqual([RSS_TYPE_NONE, 0]);
    expect(written(packetFrame({ ...vector, protocol: TCP }))).toEqual([RSS_TYPE_TCP_IPV4, vector.ports]);
    hashBy(MRQC_UDP_IPV4 | MRQC_IPV4);
    expect(written(packetFrame({ ...vector, protocol: UDP }))).toEqual([RSS_TYPE_UDP_IPV4, vector.ports]);
    expect(written(packetFrame({ ...vector, protocol: TCP }))).toEqual([RSS_TYPE_IPV4, vector.addresses]);
    expect(written(packetFrame({ ...IPV6_VECTORS[0], protocol: TCP }))).toEqual([RSS_TYPE_NONE, 0]);
    card.write(MRQC, MRQC_HASH_ALL); // fields without RSS
    expect(written(packetFrame({ ...vector, protocol: TCP }))).toEqual([RSS_TYPE_NONE, 0]);
  });

  test('what is no IP has no hash', () => {
    expect(written(testFrame(1))).toEqual([RSS_TYPE_NONE, 0]);
  });
});
