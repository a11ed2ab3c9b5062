import { beforeEach, describe, expect, test } from 'vitest';
import {
  AUTOC,
  AUTOC_AN_RESTART,
  CTRL,
  CTRL_LRST,
  CTRL_RST,
  EICS,
  EIMS,
  EITR_INTERVAL_SHIFT,
  eitr,
  FCCFG,
  FCCFG_TFCE_802_3X,
  FCRTH,
  FCRTH_FCEN,
  FCTTV,
  GORCL,
  GPRC,
  LINKS,
  LINKS_SPEED_10G,
  LINKS_UP,
  qprc,
  RAH_AV,
  RXMEMWRAP,
  RXMEMWRAP_EMPTY,
  rah,
  ral,
  TPR,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame, testFrames } from '../bench-card.ts';
import { RxRing, TxRing } from '../bench-rings.ts';

let bench: Bench;
let card: BenchCard;

beforeEach(() => {
  bench = new Bench();
  [card] = bench.cards;
  card.start();
});

function reset(bit = CTRL_RST): void {
  card.write(CTRL, bit);
  card.step();
}

const linkIsUp = (): boolean => card.read(LINKS) === (LINKS_UP | LINKS_SPEED_10G);

describe.each([
  ['CTRL.RST', CTRL_RST],
  ['CTRL.LRST', CTRL_LRST],
])('%s', (_, bit) => {
  test('stays set until the card has done it', () => {
    card.write(CTRL, bit);
    expect(card.read(CTRL) & bit).toBe(bit);
    card.step();
    expect(card.read(CTRL)).toBe(0);
  });

  test('stops all queues, and no ring is touched any more', () => {
    const receive = new RxRing(card, 0).start();
    const transmit = new TxRing(card, 0).start();
    transmit.put(testFrame(1));
    transmit.doorbell();
    reset(bit);
    expect([receive.enabled, transmit.enabled]).toEqual([false, false]);
    card.start();
    card.arrive(testFrame(2));
    card.step();
    expect(receive.at(0).done).toBe(false);
    expect(card.wire.sent).toEqual([]);
  });

  test('takes the link down, which trains anew', () => {
    reset(bit);
    expect([linkIsUp(), card.nic.linkUp]).toEqual([false, false]);
    const upUs = card.nic.nextTimerUs();
    expect(upUs).toBeGreaterThan(card.nowUs);
    expect(upUs).toBeLessThan(Number.POSITIVE_INFINITY);
    card.after(upUs - card.nowUs - 0.5);
    expect(linkIsUp()).toBe(false);
    card.after(0.5);
    expect(linkIsUp()).toBe(true);
    expect(card.nic.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a reset', () => {
  test('throws away what is in the packet buffer, and counts it', () => {
    const ring = new RxRing(card, 0).program().enable();
    card.arrive(...testFrames(1, 4));
    card.step();
    card.arrive(...testFrames(5, 6));
    reset();
    expect(card.nic.probes.read('dropped.reset')).toBe(6);
    expect(card.read(RXMEMWRAP)).toBe(RXMEMWRAP_EMPTY);
    card.start();
    ring.start();
    card.arrive(testFrame(7));
    card.step();
    expect(ring.marks).toEqual([7]);
    expect(card.nic.probes.read('dropped.reset')).toBe(6);
  });

  test('begins all statistics at zero, and frames from before it are in none', () => {
    new RxRing(card, 0).start();
    card.arrive(...testFrames(1, 3));
    card.step();
    card.arrive(...testFrames(4, 5));
    reset();
    card.step();
    expect([GPRC, GORCL, TPR, qprc(0)].map((counter) => card.read(counter))).toEqual([0, 0, 0, 0]);
  });

  test('forgets moderation and masks', () => {
    card.port.connectVector(0, 0, 0);
    card.write(eitr(0), 500 << EITR_INTERVAL_SHIFT);
    card.write(EIMS, 1);
    card.write(EICS, 1);
    card.step();
    expect(bench.interrupts()).toEqual([0]);
    reset();
    expect(card.read(EIMS)).toBe(0);
    card.write(EIMS, 1);
    card.write(EICS, 1);
    card.step();
    expect(bench.interrupts()).toEqual([0]);
  });

  test('gives back the station address of the card', () => {
    const own = [card.read(ral(0)), card.read(rah(0))];
    card.write(ral(0), 0x12345678);
    card.write(rah(0), RAH_AV);
    reset();
    expect([card.read(ral(0)), card.read(rah(0))]).toEqual(own);
  });

  test('forgets that it has paused its partner', () => {
    card.write(FCCFG, FCCFG_TFCE_802_3X);
    card.write(FCRTH, FCRTH_FCEN | 64);
    card.write(FCTTV, 0xffff);
    card.arrive(...testFrames(1, 3));
    expect(card.wire.pauses).toHaveLength(1);
    reset();
    card.after(10_000);
    expect(card.wire.pauses).toHaveLength(1);
  });

  test('asked for while frames arrive is done before they are classified', () => {
    new RxRing(card, 0).start();
    card.write(CTRL, CTRL_RST);
    card.arrive(testFrame(1));
    expect(card.nic.probes.read('dropped.receiverOff')).toBe(1);
    expect(card.read(CTRL)).toBe(0);
  });

  test('leaves the other card on the same thread alone', () => {
    const pair = new Bench({ cards: 2 });
    const [first, second] = pair.cards.map((each) => each.start());
    const ring = new RxRing(second, 0).start();
    first.write(CTRL, CTRL_RST);
    first.step();
    expect(second.nic.linkUp).toBe(true);
    second.arrive(testFrame(1));
    second.step();
    expect(ring.marks).toEqual([1]);
  });
});

describe('the link', () => {
  test('goes down when the cable is pulled and trains when it is back', () => {
    card.nic.setCarrier(false, card.nowUs);
    card.after(1_000_000);
    expect(linkIsUp()).toBe(false);
    card.nic.setCarrier(true, card.nowUs);
    expect(linkIsUp()).toBe(false);
    card.linkUp();
    expect(linkIsUp()).toBe(true);
  });

  test.each([
    ['a reset', CTRL, CTRL_RST],
    ['AUTOC.AN_RESTART', AUTOC, AUTOC_AN_RESTART],
  ])('does not come up by %s while the cable is pulled', (_, register, bit) => {
    card.nic.setCarrier(false, card.nowUs);
    card.write(register, bit);
    card.after(1_000_000);
    card.step();
    expect(linkIsUp()).toBe(false);
    card.nic.setCarrier(true, card.nowUs);
    card.linkUp();
    expect(linkIsUp()).toBe(true);
  });

  test('trains anew on AUTOC.AN_RESTART, which clears itself; the rest of AUTOC stays', () => {
    card.write(AUTOC, AUTOC_AN_RESTART | (3 << 13));
    card.step();
    expect(card.read(AUTOC)).toBe(3 << 13);
    expect(linkIsUp()).toBe(false);
    card.linkUp();
    expect(linkIsUp()).toBe(true);
  });

  test('frames already inside reach their ring while it is down', () => {
    const ring = new RxRing(card, 0).program().enable();
    card.arrive(testFrame(1));
    card.nic.setCarrier(false, card.nowUs);
    ring.tail(1);
    card.step();
    expect(ring.marks).toEqual([1]);
  });
});

test('the heartbeat beats once a step', () => {
  const before = card.nic.probes.heartbeat();
  for (let i = 0; i < 5; i++) card.step();
  expect(card.nic.probes.heartbeat()).toBe(before + 5);
});
