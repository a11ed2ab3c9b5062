import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  ETQF_ENABLE,
  ETQS_QUEUE_ENABLE,
  ETQS_QUEUE_SHIFT,
  etqf,
  etqs,
  MRQC,
  MRQC_HASH_ALL,
  MRQC_RSS,
  QUEUES,
  RETA_WORDS,
  reta,
  rssrk,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';
import { packetFrame, UDP } from '../packets.ts';
import { VERIFICATION_KEY } from './rss-vectors.ts';

let card: BenchCard;
let rings: RxRing[];
let next: number[];

beforeEach(() => {
  [card] = new Bench().cards;
  card.start();
  const key = new DataView(VERIFICATION_KEY.buffer);
  for (let word = 0; word < 10; word++) card.write(rssrk(word), key.getUint32(word * 4, true));
  card.write(MRQC, MRQC_RSS | MRQC_HASH_ALL);
  rings = Array.from({ length: QUEUES }, (_, queue) => new RxRing(card, queue).start());
  next = rings.map(() => 0);
});

function redirect(queueOf: (entry: number) => number): void {
  for (let word = 0; word < RETA_WORDS; word++) {
    let entries = 0;
    for (let byte = 0; byte < 4; byte++) entries |= queueOf(word * 4 + byte) << (8 * byte);
    card.write(reta(word), entries);
  }
}

function filter(index: number, etherType: number, queue: number): void {
  card.write(etqf(index), ETQF_ENABLE | etherType);
  card.write(etqs(index), ETQS_QUEUE_ENABLE | (queue << ETQS_QUEUE_SHIFT));
}

/** Which queues have received since the last look, once for each frame; makes room again. */
function landed(): { queue: number; hash: number }[] {
  card.step();
  return rings.flatMap((ring, queue) => {
    const frames: { queue: number; hash: number }[] = [];
    while (ring.at(next[queue]).done) {
      const slot = next[queue];
      frames.push({ queue, hash: ring.at(slot).hash });
      ring.fill(slot);
      ring.tail(slot);
      next[queue] = (slot + 1) % ring.slots;
    }
    return frames;
  });
}

function flow(sourcePort: number, more: { vlan?: number } = {}): Uint8Array {
  return packetFrame({
    source: '198.18.0.1',
    destination: '198.19.0.1',
    protocol: UDP,
    sourcePort,
    destinationPort: 7,
    ...more,
  });
}

const ARP = 0x0806;
const arp = testFrame(1);
arp.set([ARP >> 8, ARP & 0xff], 12);

describe('RETA', () => {
  test('the low seven bits of the hash choose the entry, and the entry the queue', () => {
    const table = fc.array(fc.nat(QUEUES - 1), { minLength: 128, maxLength: 128 });
    fc.assert(
      fc.property(table, fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 7 }), (queues, ports) => {
        redirect((entry) => queues[entry]);
        card.arrive(...ports.map((port) => flow(port)));
        const frames = landed();
        expect(frames).toHaveLength(ports.length);
        for (const { queue, hash } of frames) expect(queue).toBe(queues[hash & 127]);
      }),
      { numRuns: 50 },
    );
  });

  test('all queues are reached, and frames of one flow stay together', () => {
    redirect((entry) => entry % QUEUES);
    const queues = new Set<number>();
    for (let port = 0; port < 100; port++) {
      card.arrive(flow(port), flow(port), flow(port));
      const [first, ...others] = landed().map(({ queue }) => queue);
      expect(others).toEqual([first, first]);
      queues.add(first);
    }
    expect(queues.size).toBe(QUEUES);
  });

  test('a change does not move frames already inside', () => {
    redirect(() => 3);
    card.arrive(flow(1), flow(2));
    redirect(() => 5);
    card.arrive(flow(1), flow(2));
    expect(landed().map(({ queue }) => queue)).toEqual([3, 3, 5, 5]);
  });

  test('frames that have no hash go to queue 0', () => {
    redirect(() => 6);
    card.arrive(testFrame(1), arp, flow(1));
    expect(landed().map(({ queue }) => queue)).toEqual([0, 0, 6]);
  });

  test('without RSS everything goes to queue 0', () => {
    redirect(() => 6);
    card.write(MRQC, 0);
    card.arrive(flow(1), flow(2));
    expect(landed().map(({ queue }) => queue)).toEqual([0, 0]);
  });
});

describe('EtherType filters', () => {
  beforeEach(() => redirect(() => 6));

  test('steer frames without a hash', () => {
    filter(0, ARP, 4);
    card.arrive(arp, testFrame(1));
    expect(landed().map(({ queue }) => queue)).toEqual([0, 4]);
  });

  test('win over RSS', () => {
    filter(7, 0x0800, 2);
    card.arrive(flow(1));
    expect(landed().map(({ queue }) => queue)).toEqual([2]);
  });

  test('see the EtherType behind a VLAN tag', () => {
    filter(0, 0x0800, 2);
    card.arrive(flow(1, { vlan: 9 }));
    expect(landed().map(({ queue }) => queue)).toEqual([2]);
  });

  test('the first that fits decides', () => {
    filter(3, ARP, 5);
    filter(1, ARP, 1);
    card.arrive(arp);
    expect(landed().map(({ queue }) => queue)).toEqual([1]);
  });

  test('need both enable bits', () => {
    filter(0, ARP, 4);
    card.write(etqf(0), ARP);
    card.arrive(arp);
    expect(landed().map(({ queue }) => queue)).toEqual([0]);
    filter(0, ARP, 4);
    card.write(etqs(0), 4 << ETQS_QUEUE_SHIFT);
    card.arrive(arp);
    expect(landed().map(({ queue }) => queue)).toEqual([0]);
  });

  test('a change does not move frames already inside', () => {
    filter(0, ARP, 4);
    card.arrive(arp);
    card.write(etqs(0), ETQS_QUEUE_ENABLE | (7 << ETQS_QUEUE_SHIFT));
    card.arrive(arp);
    expect(landed().map(({ queue }) => queue)).toEqual([4, 7]);
  });
});
