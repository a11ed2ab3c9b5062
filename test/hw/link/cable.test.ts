import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connect } from '../../../src/hw/link/cable.ts';
import {
  CTRL,
  CTRL_RST,
  FCCFG,
  FCCFG_TFCE_802_3X,
  FCRTH,
  FCRTH_FCEN,
  FCRTL,
  FCRTL_XONE,
  FCTTV,
  GPRC,
  GPTC,
  LXOFFRXCNT,
  LXOFFTXC,
  LXONRXCNT,
  LXONTXC,
  MFLCN,
  MFLCN_RFCE,
  ROC,
  rxmpc,
  rxpbsize,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, markOf, testFrame, testFrames } from '../bench-card.ts';
import { RxRing, TxRing } from '../bench-rings.ts';

const BUFFER_BYTES = 4096;

/** Two cards on one cable, PAUSE on at both ends. */
function makePair() {
  const bench = new Bench({ cards: 2, dmaBytes: 2 << 20 });
  const [a, b] = bench.cards;
  connect(bench.memory, a.nic, b.nic);
  for (const card of bench.cards) {
    card.write(rxpbsize(0), BUFFER_BYTES);
    card.write(FCTTV, 0xffff);
    card.write(FCRTH, (BUFFER_BYTES / 2) | FCRTH_FCEN);
    card.write(FCRTL, (BUFFER_BYTES / 8) | FCRTL_XONE);
    card.write(FCCFG, FCCFG_TFCE_802_3X);
    card.write(MFLCN, MFLCN_RFCE);
    card.start();
  }
  return { bench, a, b };
}

/** Sends frames as there is room in its ring, and receives with a ring of its own. */
class End {
  readonly card: BenchCard;
  readonly transmit: TxRing;
  readonly receive: RxRing;
  readonly received: Uint8Array[] = [];
  private slot = 0;

  constructor(card: BenchCard) {
    this.card = card;
    this.transmit = new TxRing(card, 0, { slots: 64 }).start();
    this.receive = new RxRing(card, 0, { slots: 16 }).start();
  }

  /** Queues as many of these as find room; returns the others. */
  send(frames: readonly Uint8Array[]): Uint8Array[] {
    const room = (this.transmit.head() - this.transmit.next - 1 + 64) % 64;
    for (const frame of frames.slice(0, room)) this.transmit.put(frame);
    this.transmit.doorbell();
    return frames.slice(room);
  }

  take(most = Number.POSITIVE_INFINITY): number {
    let taken = 0;
    for (; taken < most && this.receive.at(this.slot).done; taken++) {
      this.received.push(this.receive.bytes(this.slot));
      this.receive.fill(this.slot);
      this.receive.tail(this.slot);
      this.slot = (this.slot + 1) % this.receive.slots;
    }
    return taken;
  }
}

describe('a cable between two cards', () => {
  test('carries frames both ways at once, byte for byte', () => {
    const { a, b } = makePair();
    const [left, right] = [new End(a), new End(b)];
    const sizes = [60, 61, 64, 65, 1000, 1514];
    const [there, back] = [1, 100].map((first) => sizes.map((size, i) => testFrame(first + i, size)));
    left.send(there);
    right.send(back);
    for (let i = 0; i < 3; i++) {
      a.step();
      b.step();
    }
    left.take();
    right.take();
    expect(right.received).toEqual(there);
    expect(left.received).toEqual(back);
    expect([a.read(GPTC), b.read(GPRC), b.read(GPTC), a.read(GPRC)]).toEqual([6, 6, 6, 6]);
  });

  test('loses nothing, whoever steps when: PAUSE holds the sender back', () => {
    const action = fc.record({
      us: fc.nat(1500),
      first: fc.nat(1),
      budgets: fc.tuple(fc.nat(40), fc.nat(40)),
      takes: fc.tuple(fc.nat(20), fc.nat(20)),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.nat(200), (actions, total) => {
        const { bench, a, b } = makePair();
        const ends = [new End(a), new End(b)];
        const sent = [0, 1].map((side) =>
          Array.from({ length: total }, (_, i) => testFrame(side * 1000 + i, 60 + ((i * 37) % 300))),
        );
        let waiting = sent;
        const turn = (budgets: readonly number[], takes: readonly number[], first: number): void => {
          waiting = waiting.map((frames, side) => ends[side].send(frames));
          for (const side of [first, 1 - first]) ends[side].card.step(budgets[side]);
          takes.forEach((most, side) => {
            ends[side].take(most);
          });
        };
        for (const { us, first, budgets, takes } of actions) {
          bench.clock.us += us;
          turn(budgets, takes, first);
        }
        for (let i = 0; i < 200; i++) turn([40, 40], [99, 99], 0);
        expect(ends[1].received.map(markOf)).toEqual(sent[0].map(markOf));
        expect(ends[0].received.map(markOf)).toEqual(sent[1].map(markOf));
        expect([a.read(rxmpc(0)), b.read(rxmpc(0))]).toEqual([0, 0]);
        expect([a.read(LXOFFTXC), a.read(LXONTXC)]).toEqual([b.read(LXOFFRXCNT), b.read(LXONRXCNT)]);
      }),
      { numRuns: 40 },
    );
  });

  test('a receiver without descriptors stops the sender, whose frames wait in its ring', () => {
    const { a, b } = makePair();
    const left = new End(a);
    const ring = new RxRing(b, 0, { slots: 64 }).program().enable();
    left.send(testFrames(1, 60));
    for (let i = 0; i < 10; i++) {
      a.step();
      b.step();
    }
    expect(left.transmit.head()).toBe(32); // the high mark is half of 64 frames
    expect(a.nic.hasWork(a.nowUs)).toBe(false);
    ring.tail(63);
    for (let i = 0; i < 10; i++) {
      b.step();
      a.step();
    }
    expect(ring.marks).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });

  test('a link down at the far end holds frames back, and they follow when it is up', () => {
    const { bench, a, b } = makePair();
    const [left, right] = [new End(a), new End(b)];
    b.nic.setCarrier(false, bench.clock.us);
    left.send(testFrames(1, 5));
    for (let i = 0; i < 10; i++) {
      a.after(1000);
      b.step();
    }
    expect(left.transmit.head()).toBe(0);
    b.nic.setCarrier(true, bench.clock.us);
    b.linkUp();
    a.step();
    b.step();
    right.take();
    expect(right.received.map(markOf)).toEqual([1, 2, 3, 4, 5]);
  });

  test('a reset at the far end is seen before the next frame leaves', () => {
    const { a, b } = makePair();
    const left = new End(a);
    b.write(CTRL, CTRL_RST);
    left.send(testFrames(1, 5));
    a.step();
    const { probes } = b.nic;
    const lost = probes.read('dropped.reset') + probes.read('dropped.receiverOff');
    expect(left.transmit.head()).toBe(lost);
    expect(lost).toBeLessThanOrEqual(1);
  });

  test('frames that are too long for the far end are its to count', () => {
    const { a, b } = makePair();
    const left = new End(a);
    left.send([testFrame(1, 1515), testFrame(2, 1514)]);
    a.step();
    b.step();
    expect([b.read(ROC), b.read(GPRC)]).toEqual([1, 1]);
  });
});
