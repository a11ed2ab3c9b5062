import { beforeEach, describe, expect, test } from 'vitest';
import {
  DESCRIPTOR_BYTES,
  DMATXCTL,
  DMATXCTL_TE,
  GOTCH,
  GOTCL,
  GPTC,
  LXOFFRXCNT,
  LXONRXCNT,
  MFLCN,
  MFLCN_RFCE,
  QUEUE_ENABLE,
  QUEUES,
  qbtch,
  qbtcl,
  qptc,
  TPT,
  TX_EOP,
  TX_IFCS,
  tdh,
  tdlen,
  tqsm,
  txdctl,
} from '../../../src/hw/nic/datasheet.ts';
import { QUANTUM_US } from '../../../src/hw/nic/wire.ts';
import { Bench, type BenchCard, testFrame, testFrames } from '../bench-card.ts';
import { TxRing } from '../bench-rings.ts';

let card: BenchCard;

beforeEach(() => {
  [card] = new Bench().cards;
  card.start();
});

describe('several queues', () => {
  test('take turns when there is more to send than a step’s budget', () => {
    const busy = [0, 1, 5].map((queue) => new TxRing(card, queue, { slots: 64, bufferBytes: 64 }).start());
    for (const ring of busy) {
      for (const frame of testFrames(ring.queue * 100, ring.queue * 100 + 59)) ring.put(frame);
      ring.doorbell();
    }
    const sentBy = (): number[] => busy.map((ring) => ring.head());
    for (let step = 1; step <= 30; step++) {
      card.step(4);
      const heads = sentBy();
      expect(Math.max(...heads) - Math.min(...heads)).toBeLessThanOrEqual(4);
    }
    expect(sentBy()).toEqual([40, 40, 40]);
  });

  test('a queue with nothing to send costs the others nothing', () => {
    new TxRing(card, 0).start();
    const ring = new TxRing(card, 7).start();
    for (const frame of testFrames(1, 5)) ring.put(frame);
    ring.doorbell();
    expect(card.step(5)).toBe(5);
  });

  test('a frame whose end is missing holds up its own queue only', () => {
    const stuck = new TxRing(card, 0).start();
    const other = new TxRing(card, 1).start();
    stuck.put(testFrame(1), 0);
    stuck.doorbell();
    other.put(testFrame(2));
    other.doorbell();
    card.step();
    expect(card.wire.marks).toEqual([2]);
  });

  test('each keeps its own order', () => {
    const rings = [2, 3, 4].map((queue) => new TxRing(card, queue, { slots: 32 }).start());
    for (let i = 0; i < 30; i++)
      for (const ring of rings) {
        ring.put(testFrame(ring.queue * 256 + i));
        ring.doorbell();
        if (i % 4 === 0) card.step(1);
      }
    while (card.step(2) > 0);
    for (const { queue } of rings)
      expect(card.wire.marks.filter((mark) => mark >> 8 === queue).map((mark) => mark & 0xff)).toEqual(
        Array.from({ length: 30 }, (_, i) => i),
      );
  });
});

describe('enabling', () => {
  test('TXDCTL.ENABLE reads back as the engine has acknowledged it', () => {
    const ring = new TxRing(card, 3);
    ring.start();
    expect(ring.enabled).toBe(true);
    card.clear(txdctl(3), QUEUE_ENABLE);
    expect(ring.enabled).toBe(true);
    card.step();
    expect(ring.enabled).toBe(false);
  });

  test('a stopped queue sends nothing and keeps its place; enabled again it begins at TDH', () => {
    const ring = new TxRing(card, 0).start();
    ring.put(testFrame(1));
    ring.doorbell();
    card.step();
    card.clear(txdctl(0), QUEUE_ENABLE);
    card.step();
    ring.put(testFrame(2));
    ring.doorbell();
    expect(card.step()).toBe(0);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    card.set(txdctl(0), QUEUE_ENABLE);
    card.step();
    expect(card.wire.marks).toEqual([1, 2]);
  });

  test('nothing is sent without DMATXCTL.TE', () => {
    card.write(DMATXCTL, 0);
    const ring = new TxRing(card, 0).start();
    ring.put(testFrame(1));
    ring.doorbell();
    expect(card.step()).toBe(0);
    card.write(DMATXCTL, DMATXCTL_TE);
    expect(card.step()).toBe(1);
  });

  test('nothing is sent while the link is down, and everything when it is up again', () => {
    const ring = new TxRing(card, 0).start();
    card.nic.setCarrier(false, card.nowUs);
    for (const frame of testFrames(1, 3)) ring.put(frame);
    ring.doorbell();
    card.after(5000);
    expect(card.wire.sent).toEqual([]);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    card.nic.setCarrier(true, card.nowUs);
    card.linkUp();
    expect(card.wire.marks).toEqual([1, 2, 3]);
  });

  test.each([
    ['no length', tdlen(0), 0],
    ['room for no descriptor', tdlen(0), DESCRIPTOR_BYTES - 1],
    ['a head behind its end', tdh(0), 8],
  ])('a ring with %s is not enabled', (_, register, value) => {
    const ring = new TxRing(card, 0);
    ring.start();
    card.clear(txdctl(0), QUEUE_ENABLE);
    card.step();
    card.write(register, value);
    card.set(txdctl(0), QUEUE_ENABLE);
    card.step();
    expect(ring.enabled).toBe(false);
    expect(card.nic.probes.read('dmaFaults')).toBe(1);
  });
});

describe('statistics', () => {
  test('count frames and octets as on the wire, padding and FCS included, by queue as TQSM maps them', () => {
    card.write(tqsm(0), 0x0302_0100);
    card.write(tqsm(1), 0x0f06_0504); // queue 7 has counter 15
    const [first, last] = [new TxRing(card, 0).start(), new TxRing(card, 7).start()];
    first.put(testFrame(1, 30));
    first.put(testFrame(2, 100));
    last.put(testFrame(3, 1000), 0);
    last.put(testFrame(3, 500), TX_EOP | TX_IFCS);
    first.doorbell();
    last.doorbell();
    card.step();
    expect([card.read(GPTC), card.read(TPT)]).toEqual([3, 3]);
    expect([card.read(GOTCL), card.read(GOTCH)]).toEqual([64 + 104 + 1504, 0]);
    expect([card.read(qptc(0)), card.read(qbtcl(0)), card.read(qbtch(0))]).toEqual([2, 168, 0]);
    expect([card.read(qptc(15)), card.read(qbtcl(15))]).toEqual([1, 1504]);
    for (let counter = 1; counter < QUEUES; counter++) expect(card.read(qptc(counter))).toBe(0);
    expect(card.read(GPTC)).toBe(0);
  });

  test('octets carry into their high half', () => {
    card.nic.registers.set(GOTCL, 0xffff_ffff);
    const ring = new TxRing(card, 0).start();
    ring.put(testFrame(1));
    ring.doorbell();
    card.step();
    expect([card.read(GOTCL), card.read(GOTCH)]).toEqual([63, 1]);
  });
});

describe('PAUSE from the link partner', () => {
  let ring: TxRing;

  beforeEach(() => {
    card.write(MFLCN, MFLCN_RFCE);
    ring = new TxRing(card, 0).start();
    for (const frame of testFrames(1, 5)) ring.put(frame);
    ring.doorbell();
  });

  test('stops the transmitter for as many quanta as it says', () => {
    card.step(2);
    const fromUs = card.nowUs;
    card.nic.paused(1000, fromUs);
    card.after(1000 * QUANTUM_US - 0.1);
    expect(card.wire.marks).toEqual([1, 2]);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    card.bench.clock.us = fromUs + 1000 * QUANTUM_US;
    card.step();
    expect(card.wire.marks).toEqual([1, 2, 3, 4, 5]);
  });

  test('with zero quanta resumes it at once', () => {
    card.nic.paused(0xffff, card.nowUs);
    expect(card.step()).toBe(0);
    card.nic.paused(0, card.nowUs);
    expect(card.step()).toBe(5);
    expect([card.read(LXOFFRXCNT), card.read(LXONRXCNT)]).toEqual([1, 1]);
  });

  test('is renewed by another one, counted from that', () => {
    card.nic.paused(1000, card.nowUs);
    card.after(40);
    card.nic.paused(1000, card.nowUs);
    card.after(40);
    expect(card.wire.sent).toEqual([]);
    card.after(12);
    expect(card.wire.sent).toHaveLength(5);
  });

  test('that ends with frames waiting wakes the card: nobody rings its bell then', () => {
    card.nic.paused(1000, card.nowUs);
    card.step();
    expect(card.nic.nextTimerUs()).toBeCloseTo(card.nowUs + 51.2);
    card.after(52);
    expect(card.nic.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('is ignored and not counted without MFLCN.RFCE', () => {
    card.write(MFLCN, 0);
    card.nic.paused(0xffff, card.nowUs);
    expect(card.step()).toBe(5);
    expect(card.read(LXOFFRXCNT)).toBe(0);
  });

  test('does not stop the receiver', () => {
    card.nic.paused(0xffff, card.nowUs);
    card.arrive(testFrame(1));
    expect(card.step()).toBe(1);
  });
});
