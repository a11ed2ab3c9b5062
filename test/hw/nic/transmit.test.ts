import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  HLREG0,
  HLREG0_TXPADEN,
  TX_DTYP_CONTEXT,
  TX_EOP,
  TX_IFCS,
  TX_RS,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame, testFrames } from '../bench-card.ts';
import { TxRing, WHOLE_FRAME } from '../bench-rings.ts';

let card: BenchCard;
let ring: TxRing;

beforeEach(() => {
  [card] = new Bench().cards;
  card.start();
  ring = new TxRing(card, 0).start();
});

function send(): number {
  ring.doorbell();
  return card.step();
}

describe('a transmit ring', () => {
  test('sends what lies before TDT, byte for byte, and nothing twice', () => {
    const frames = [60, 61, 64, 65, 1000, 1514].map((size, i) => testFrame(i, size));
    for (const frame of frames) ring.put(frame);
    expect(card.step()).toBe(0);
    expect(send()).toBe(6);
    expect(card.wire.sent).toEqual(frames);
    expect(ring.head()).toBe(6);
    expect(card.step()).toBe(0);
    expect(card.wire.sent).toHaveLength(6);
  });

  test('reports only descriptors with RS, and those once their frame is out', () => {
    const commands = [0, TX_RS, 0, 0, TX_RS].map((rs) => rs | WHOLE_FRAME);
    commands.forEach((command, i) => {
      ring.put(testFrame(i), command);
    });
    ring.doorbell();
    card.step(4);
    expect(commands.map((_, slot) => ring.done(slot))).toEqual([false, true, false, false, false]);
    card.step();
    expect(commands.map((_, slot) => ring.done(slot))).toEqual([false, true, false, false, true]);
  });

  test('wraps: the last slot is followed by the first', () => {
    for (let round = 0; round < 5; round++) {
      for (const frame of testFrames(round * 5, round * 5 + 4)) ring.put(frame);
      expect(send()).toBe(5);
      expect(ring.head()).toBe(((round + 1) * 5) % 8);
    }
    expect(card.wire.marks).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  test('sends no more frames in a step than its budget', () => {
    for (const frame of testFrames(0, 4)) ring.put(frame);
    ring.doorbell();
    expect([card.step(3), card.step(3), card.step(3)]).toEqual([3, 2, 0]);
  });

  test('waits while the far end takes nothing', () => {
    for (const frame of testFrames(0, 4)) ring.put(frame);
    card.wire.open = false;
    expect(send()).toBe(0);
    expect(ring.head()).toBe(0);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
    card.wire.open = true;
    expect(card.nic.hasWork(card.nowUs)).toBe(true);
    expect(card.step()).toBe(5);
  });
});

describe('a frame of several descriptors', () => {
  /** Puts the frame in pieces; RS and IFCS on the last, as drivers do, or as told. */
  function putPieces(frame: Uint8Array, pieces: readonly number[]): number[] {
    let from = 0;
    return pieces.map((length, i) => {
      const last = i === pieces.length - 1;
      const slot = ring.put(frame.subarray(from, from + length), last ? WHOLE_FRAME | TX_RS : 0);
      from += length;
      return slot;
    });
  }

  test('leaves as one frame, around the end of the ring too', () => {
    const frame = testFrame(1, 4000);
    for (let round = 0; round < 4; round++) {
      const slots = putPieces(frame, [14, 1986, 2000]);
      expect(send()).toBe(1);
      expect(slots.map((slot) => ring.done(slot))).toEqual([false, false, true]);
    }
    expect(card.wire.sent).toEqual([frame, frame, frame, frame]);
  });

  test('waits for its last descriptor, and so does what comes behind it', () => {
    const frame = testFrame(1, 200);
    ring.put(frame.subarray(0, 100), TX_RS);
    expect(send()).toBe(0);
    expect([ring.head(), ring.done(0)]).toEqual([0, false]);
    ring.put(frame.subarray(100));
    ring.put(testFrame(2));
    expect(send()).toBe(2);
    expect(card.wire.marks).toEqual([1, 2]);
    expect([0, 1, 2].map((slot) => ring.done(slot))).toEqual([true, true, true]);
  });

  test('cut anywhere is the same frame', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(cuts, (pieces) => {
        const length = pieces.reduce((sum, piece) => sum + piece, 0);
        fc.pre(length >= 60);
        const frame = testFrame(pieces.length, length);
        const before = card.wire.sent.length;
        putPieces(frame, pieces);
        send();
        expect(Buffer.compare(card.wire.sent[before], frame)).toBe(0);
        expect(card.wire.sent).toHaveLength(before + 1);
      }),
    );
  });

  test('longer than the card can hold is counted and not sent; the next one is', () => {
    const tall = new TxRing(card, 1, { slots: 16 }).start();
    const piece = testFrame(1, 2048);
    for (let i = 0; i < 8; i++) tall.put(piece, 0);
    const last = tall.put(testFrame(1, 60));
    tall.put(testFrame(9));
    tall.doorbell();
    card.step();
    expect(card.wire.marks).toEqual([9]);
    expect(tall.done(last)).toBe(true);
    expect(card.nic.probes.read('transmit.dmaFault')).toBe(1);
  });

  test('that never ends, with TDT outside the ring, does not hang the card', () => {
    for (let slot = 0; slot < ring.slots; slot++) ring.put(testFrame(slot), 0);
    card.write(0x06018, ring.slots); // TDT[0]
    expect(card.step()).toBe(0);
    expect(card.wire.sent).toEqual([]);
  });
});

describe('padding and FCS', () => {
  test('short frames are padded with zeros to the minimum, and their buffers left as they are', () => {
    for (const length of [59, 42, 17]) {
      const slot = ring.put(testFrame(1, length));
      const end = ring.buffers.address + slot * ring.bufferBytes + length;
      card.bench.memory.bytes.fill(0xee, end, end + 60);
      send();
      const sent = card.wire.sent.at(-1) ?? new Uint8Array();
      expect(sent.subarray(0, length)).toEqual(testFrame(1, length));
      expect([...sent.subarray(length)]).toEqual(Array(60 - length).fill(0));
      expect(card.bench.memory.bytes[end]).toBe(0xee);
    }
  });

  test('a short frame in pieces is padded as a whole', () => {
    ring.put(testFrame(1, 20), 0);
    ring.put(testFrame(2, 20));
    send();
    const expected = new Uint8Array(60);
    expected.set(testFrame(1, 20), 0);
    expected.set(testFrame(2, 20), 20);
    expect(card.wire.sent).toEqual([expected]);
  });

  test('without TXPADEN they leave as they are', () => {
    card.clear(HLREG0, HLREG0_TXPADEN);
    ring.put(testFrame(1, 42));
    send();
    expect(card.wire.sent).toEqual([testFrame(1, 42)]);
  });

  test('without IFCS the last four bytes are the driver’s FCS, which the model’s cable does not carry', () => {
    const frame = testFrame(1, 100);
    ring.put(Uint8Array.from([...frame, 1, 2, 3, 4]), TX_EOP);
    ring.put(frame.subarray(0, 50), 0);
    ring.put(Uint8Array.from([...frame.subarray(50), 1, 2, 3, 4]), TX_EOP);
    send();
    expect(card.wire.sent).toEqual([frame, frame]);
  });

  test.each([
    ['no bytes', 0, WHOLE_FRAME],
    ['no bytes, not even an FCS', 0, TX_EOP],
    ['less than an FCS', 3, TX_EOP],
    ['only an FCS', 4, TX_EOP],
  ])('a frame of %s is counted and not sent, and no memory is touched', (_, length, command) => {
    const { bytes } = card.bench.memory;
    const pool = bytes.subarray(ring.buffers.address);
    pool.fill(0x77, 0, ring.buffers.bytes);
    const before = crc32(pool);
    const slot = ring.putRaw(ring.buffers.address, length | command | TX_RS);
    send();
    expect(crc32(pool)).toBe(before);
    expect(card.wire.sent).toEqual([]);
    expect(ring.done(slot)).toBe(true);
    expect(card.nic.probes.read('transmit.dmaFault')).toBe(1);
  });
});

test('pieces that are no more than an FCS together are counted and not sent', () => {
  for (const command of [0, TX_EOP]) ring.putRaw(ring.buffers.address, 2 | command);
  send();
  expect(card.wire.sent).toEqual([]);
  expect(card.nic.probes.read('transmit.dmaFault')).toBe(1);
});

describe('context descriptors', () => {
  test('carry no frame and are passed over, in order', () => {
    const { address } = ring.buffers;
    ring.putRaw(address, 0, 0, TX_DTYP_CONTEXT);
    const first = ring.put(testFrame(1));
    ring.putRaw(address, TX_RS, 0, TX_DTYP_CONTEXT);
    const second = ring.put(testFrame(2), TX_EOP | TX_IFCS | TX_RS);
    send();
    expect(card.wire.marks).toEqual([1, 2]);
    expect(ring.head()).toBe(4);
    expect([ring.done(0), ring.done(first), ring.done(2), ring.done(second)]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(card.read(0x04080)).toBe(2); // GPTC
  });
});
