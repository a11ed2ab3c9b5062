import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  DESCRIPTOR_BYTES,
  MRQC,
  MRQC_RSS,
  MRQC_UDP_IPV4,
  QUEUE_ENABLE,
  qprc,
  qprdc,
  RETA_WORDS,
  rdh,
  rdlen,
  reta,
  rqsmr,
  rxdctl,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame, testFrames } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';
import { packetFrame } from '../packets.ts';

let card: BenchCard;

beforeEach(() => {
  [card] = new Bench().cards;
  card.start();
  card.write(rqsmr(0), 0x0302_0100);
  card.write(rqsmr(1), 0x0706_0504);
});

/** Frames with a hash, and all of those steered to one queue; others go to queue 0. */
function steerTo(queue: number): void {
  card.write(MRQC, MRQC_RSS | MRQC_UDP_IPV4);
  for (let word = 0; word < RETA_WORDS; word++) card.write(reta(word), queue * 0x0101_0101);
}
const hashed = packetFrame({ source: '10.0.0.1', destination: '10.0.0.2' });

describe('a queue without room', () => {
  test('holds up all others behind it, and nothing is lost', () => {
    steerTo(3);
    const narrow = new RxRing(card, 0).program().enable();
    const wide = new RxRing(card, 3).start();
    card.arrive(hashed, testFrame(1), hashed, hashed);
    card.step();
    expect([narrow.at(0).done, wide.at(0).done, wide.at(1).done]).toEqual([false, true, false]);
    narrow.tail(1);
    card.step();
    expect([narrow.at(0).done, wide.at(1).done, wide.at(2).done]).toEqual([true, true, true]);
    expect(card.read(qprdc(0))).toBe(0);
  });

  test('with DROP_EN drops what finds no descriptor, counts it, and holds up nobody', () => {
    steerTo(3);
    const narrow = new RxRing(card, 0).program({ drop: true }).enable();
    narrow.tail(2);
    const wide = new RxRing(card, 3).start();
    card.arrive(...testFrames(1, 5), hashed);
    card.step();
    expect(narrow.marks).toEqual([1, 2]);
    expect(wide.at(0).done).toBe(true);
    expect([card.read(qprdc(0)), card.read(qprc(0)), card.read(qprc(3))]).toEqual([3, 2, 1]);
  });

  test('with DROP_EN drops a frame of several descriptors whole', () => {
    const ring = new RxRing(card, 0, { bufferBytes: 1024 }).program({ drop: true }).enable();
    ring.tail(2);
    card.arrive(testFrame(1, 1000), testFrame(2, 1500), testFrame(3, 1000));
    card.step();
    expect(ring.marks).toEqual([1, 3]);
    expect(card.read(qprdc(0))).toBe(1);
  });
});

describe('the enable bit', () => {
  test('reads back as set once the queue runs, and as clear once it has stopped', () => {
    const ring = new RxRing(card, 0).program();
    card.write(rxdctl(0), QUEUE_ENABLE | 0x7f);
    expect(card.read(rxdctl(0))).toBe(0x7f);
    card.step();
    expect(card.read(rxdctl(0))).toBe(QUEUE_ENABLE | 0x7f);
    card.write(rxdctl(0), 0x7f);
    expect(card.read(rxdctl(0))).toBe(QUEUE_ENABLE | 0x7f);
    card.step();
    expect(card.read(rxdctl(0))).toBe(0x7f);
    expect(ring.enabled).toBe(false);
  });

  test('frames to a queue that never ran are dropped and counted', () => {
    card.arrive(...testFrames(1, 3));
    expect(card.step()).toBe(3);
    expect(card.read(qprdc(0))).toBe(3);
    expect(card.read(qprc(0))).toBe(0);
  });

  test('frames to a queue that was stopped are dropped and counted, and its ring stays as it was', () => {
    const ring = new RxRing(card, 0).start();
    card.arrive(...testFrames(1, 2));
    card.step();
    ring.disable();
    card.arrive(...testFrames(3, 5));
    card.step();
    expect(ring.marks).toEqual([1, 2]);
    expect(card.read(qprdc(0))).toBe(3);
  });

  test('a queue that stops while frames wait for it lets them go, and others pass', () => {
    steerTo(3);
    const stuck = new RxRing(card, 0).program().enable();
    const other = new RxRing(card, 3).start();
    card.arrive(testFrame(1), testFrame(2), hashed);
    card.step();
    expect(other.at(0).done).toBe(false);
    stuck.disable();
    card.step();
    expect(other.at(0).done).toBe(true);
    expect(card.read(qprdc(0))).toBe(2);
  });

  test('stopping one queue leaves the others running', () => {
    steerTo(3);
    const first = new RxRing(card, 0).start();
    const other = new RxRing(card, 3).start();
    first.disable();
    expect(other.enabled).toBe(true);
    card.arrive(hashed);
    card.step();
    expect(other.at(0).done).toBe(true);
  });

  test('a queue enabled again goes on with a new ring, from its RDH', () => {
    const old = new RxRing(card, 0).start();
    card.arrive(...testFrames(1, 3));
    card.step();
    old.disable();
    const longer = new RxRing(card, 0, { slots: 32 }).program().enable();
    longer.tail(31);
    card.arrive(...testFrames(10, 29));
    card.step();
    expect(longer.marks).toEqual(Array.from({ length: 20 }, (_, i) => 10 + i));
    expect(old.marks).toEqual([1, 2, 3]);
    expect(old.at(3).done).toBe(false);
  });

  test('a new base written to a running queue waits until it is enabled again', () => {
    const running = new RxRing(card, 0).start();
    const waiting = new RxRing(card, 0).program();
    card.step();
    running.tail(7);
    card.arrive(testFrame(1));
    card.step();
    expect(running.marks).toEqual([1]);
    expect(waiting.at(0).done).toBe(false);
  });
});

describe('a ring that makes no sense is not enabled', () => {
  test.each([
    ['no length', rdlen(0), 0],
    ['room for no descriptor', rdlen(0), DESCRIPTOR_BYTES - 1],
    ['a head behind its end', rdh(0), 8],
  ])('%s', (_, register, value) => {
    const ring = new RxRing(card, 0).program();
    card.write(register, value);
    ring.enable();
    ring.tail(7);
    expect(ring.enabled).toBe(false);
    const before = crc32(card.bench.memory.bytes.subarray(ring.ring.address));
    card.arrive(testFrame(1));
    card.step();
    expect(crc32(card.bench.memory.bytes.subarray(ring.ring.address))).toBe(before);
    expect(card.read(qprdc(0))).toBe(1);
  });
});

describe('before the card sleeps', () => {
  test('a doorbell that came after the last step is seen', () => {
    const ring = new RxRing(card, 0).program().enable();
    card.arrive(testFrame(1));
    card.step();
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    ring.tail(1);
    expect(card.nic.hasWork(card.nowUs)).toBe(true);
  });

  test('a frame without a descriptor is work only where it may be dropped', () => {
    const ring = new RxRing(card, 0).program().enable();
    card.arrive(testFrame(1));
    card.step();
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    ring.disable();
    card.arrive(testFrame(2));
    expect(card.nic.hasWork(card.nowUs)).toBe(true);
  });
});
