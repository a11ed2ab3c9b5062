import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  BPRC,
  FCTRL,
  FCTRL_BAM,
  FCTRL_MPE,
  FCTRL_UPE,
  GORCH,
  GORCL,
  GPRC,
  HLREG0,
  HLREG0_JUMBOEN,
  HLREG0_RXCRCSTRP,
  MAXFRS,
  MPRC,
  qbrch,
  qbrcl,
  qprc,
  RAH_AV,
  RDRXCTL,
  RDRXCTL_CRCSTRIP,
  ROC,
  RXCTRL,
  RXCTRL_RXEN,
  rah,
  ral,
  rqsmr,
  rxmpc,
  TPR,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame, testFrames } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';

let card: BenchCard;
let ring: RxRing;

beforeEach(() => {
  [card] = new Bench().cards;
  card.start();
  ring = new RxRing(card, 0, { slots: 64 }).start();
});

function addressed(destination: readonly number[], length = 60): Uint8Array {
  const frame = testFrame(1, length);
  frame.set(destination, 0);
  return frame;
}

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const MULTICAST = [0x01, 0x00, 0x5e, 0, 0, 1];
const STRANGER = [0x02, 9, 9, 9, 9, 9];

/** Was this frame taken in? */
function takes(frame: Uint8Array): boolean {
  const before = card.nic.receive.fifo.frames;
  card.arrive(frame);
  return card.nic.receive.fifo.frames > before;
}

describe('address filtering', () => {
  const own = (): number[] => [...card.port.mac];

  test.each([
    ['nothing else', 0, [true, false, false, false]],
    ['FCTRL.BAM', FCTRL_BAM, [true, true, false, false]],
    ['FCTRL.MPE', FCTRL_MPE, [true, true, true, false]],
    ['FCTRL.UPE', FCTRL_UPE, [true, false, false, true]],
    ['all of them', FCTRL_BAM | FCTRL_MPE | FCTRL_UPE, [true, true, true, true]],
  ])('with %s: own address, broadcast, multicast, other addresses', (_, bits, expected) => {
    card.write(FCTRL, bits);
    expect([own(), BROADCAST, MULTICAST, STRANGER].map((address) => takes(addressed(address)))).toEqual(
      expected,
    );
    const refused = expected.filter((taken) => !taken).length;
    expect(card.nic.probes.read('dropped.filtered')).toBe(refused);
    card.step();
    expect([card.read(GPRC), card.read(TPR)]).toEqual([4 - refused, 4]);
  });

  test('further station addresses count once they are valid, each byte of them', () => {
    card.write(FCTRL, 0);
    card.write(ral(15), 0x0909_0902);
    card.write(rah(15), 0x0909);
    expect(takes(addressed(STRANGER))).toBe(false);
    card.write(rah(15), RAH_AV | 0x0909);
    expect(takes(addressed(STRANGER))).toBe(true);
    for (let byte = 0; byte < 6; byte++)
      expect(takes(addressed(STRANGER.map((value, i) => (i === byte ? value ^ 4 : value))))).toBe(false);
  });
});

describe('statistics', () => {
  test('frames and octets are counted as they were on the wire, FCS included', () => {
    const sizes = fc.array(fc.integer({ min: 60, max: 1514 }), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const bench = new Bench();
        [card] = bench.cards;
        card.start();
        card.write(rqsmr(0), 5); // queue 0 has counter 5
        new RxRing(card, 0, { slots: 64 }).start();
        card.arrive(...lengths.map((length) => testFrame(2, length)));
        card.step();
        const octets = lengths.reduce((sum, length) => sum + length + 4, 0);
        expect([card.read(GPRC), card.read(TPR), card.read(qprc(5))]).toEqual(Array(3).fill(lengths.length));
        expect([card.read(GORCL), card.read(GORCH)]).toEqual([octets, 0]);
        expect([card.read(qbrcl(5)), card.read(qbrch(5))]).toEqual([octets, 0]);
        expect([card.read(qprc(0)), card.read(qbrcl(0))]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  test('octet counters carry into their high halves', () => {
    card.nic.registers.set(GORCL, 0xffff_ffff);
    card.nic.registers.set(qbrcl(0), 0xffff_ffc0);
    card.arrive(testFrame(1));
    card.step();
    expect([card.read(GORCL), card.read(GORCH)]).toEqual([63, 1]);
    expect([card.read(qbrcl(0)), card.read(qbrch(0))]).toEqual([0, 1]);
  });

  test('broadcast is no multicast', () => {
    card.arrive(addressed(BROADCAST), addressed(MULTICAST), addressed(MULTICAST), testFrame(1));
    card.step();
    expect([card.read(BPRC), card.read(MPRC), card.read(GPRC)]).toEqual([1, 2, 4]);
  });

  test('what finds the packet buffer full is missed, and no other counter sees it', () => {
    const [other] = new Bench().cards;
    other.start();
    new RxRing(other, 0).program().enable();
    other.write(0x03c00, 4096); // RXPBSIZE[0]
    other.step();
    other.arrive(...testFrames(1, 10, 1000));
    other.step();
    expect([other.read(GPRC), other.read(rxmpc(0))]).toEqual([4, 6]);
    expect(other.read(TPR)).toBe(4);
  });

  test('what comes while the receiver is off is dropped, and a probe counts it', () => {
    card.write(RXCTRL, 0);
    card.arrive(...testFrames(1, 3));
    card.write(RXCTRL, RXCTRL_RXEN);
    card.arrive(testFrame(4));
    card.step();
    expect(card.nic.probes.read('dropped.receiverOff')).toBe(3);
    expect(card.read(GPRC)).toBe(1);
    expect(ring.marks).toEqual([4]);
  });
});

describe('frame length', () => {
  const received = (length: number, tagged = false): boolean => {
    const frame = testFrame(1, length);
    if (tagged) frame.set([0x81, 0x00], 12);
    return takes(frame);
  };

  test('without jumbo frames 1518 bytes are the most, FCS included', () => {
    expect([received(1514), received(1515)]).toEqual([true, false]);
    card.step();
    expect([card.read(ROC), card.read(GPRC), card.read(TPR)]).toEqual([1, 1, 2]);
  });

  test('with jumbo frames MAXFRS is', () => {
    card.set(HLREG0, HLREG0_JUMBOEN);
    card.write(MAXFRS, 9216 << 16);
    expect([received(9212), received(9213)]).toEqual([true, false]);
    card.step();
    expect(card.read(ROC)).toBe(1);
  });

  test('a VLAN tag may come on top', () => {
    expect([received(1518, true), received(1519, true), received(1518)]).toEqual([true, false, false]);
  });
});

describe('FCS', () => {
  function keepFcs(): void {
    card.clear(HLREG0, HLREG0_RXCRCSTRP);
    card.clear(RDRXCTL, RDRXCTL_CRCSTRIP);
    card.step();
  }

  test('is stripped by default', () => {
    card.arrive(testFrame(1, 100));
    card.step();
    expect(ring.at(0).length).toBe(100);
  });

  test.each([60, 61, 64, 1000, 1514])('is kept when neither register strips it (%i bytes)', (length) => {
    keepFcs();
    const frame = testFrame(1, length);
    card.arrive(frame);
    card.step();
    const got = ring.bytes(0);
    expect(got.length).toBe(length + 4);
    expect(got.subarray(0, length)).toEqual(frame);
    expect(new DataView(got.buffer).getUint32(length, true)).toBe(crc32(frame));
  });

  test('may take a descriptor of its own', () => {
    keepFcs();
    const split = new RxRing(card, 0, { bufferBytes: 1024 });
    ring.disable();
    split.start();
    card.arrive(testFrame(1, 1022));
    card.step();
    expect([split.at(0).length, split.at(1).length]).toEqual([1024, 2]);
    expect([split.at(0).last, split.at(1).last]).toEqual([false, true]);
  });
});
