/** A descriptor or ring outside the card's windows: a counted fault, never a write, and the card works on. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { PAGE_BYTES, type Region } from '../../../src/hw/memory.ts';
import {
  GPTC,
  QUEUE_ENABLE,
  qprdc,
  rdbah,
  rdbal,
  rxdctl,
  TX_RS,
  tdbah,
  tdbal,
  txdctl,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame } from '../bench-card.ts';
import { RxRing, TxRing, WHOLE_FRAME } from '../bench-rings.ts';

let bench: Bench;
let card: BenchCard;
/** Pages that the card may not touch, with a pattern in them. */
let foreign: Region;

beforeEach(() => {
  bench = new Bench({ cards: 2 });
  [card] = bench.cards;
  card.start();
  foreign = bench.dma.allocate(4 * PAGE_BYTES, 'somebody else');
  bench.memory.bytes.fill(0x5a, foreign.address, foreign.address + foreign.bytes);
});

function foreignUntouched(): boolean {
  const { address, bytes } = foreign;
  return bench.memory.bytes.subarray(address, address + bytes).every((byte) => byte === 0x5a);
}

const faults = (): number => card.nic.probes.read('dmaFaults');

describe('a receive buffer', () => {
  let ring: RxRing;

  beforeEach(() => {
    ring = new RxRing(card, 0).start();
  });

  function expectFault(slot: number): void {
    expect(ring.at(slot)).toMatchObject({ done: true, last: true, error: true, length: 0 });
    expect(foreignUntouched()).toBe(true);
  }

  test('outside every window is reported with RXE and no length, and nothing is written', () => {
    ring.fill(1, foreign.address);
    card.arrive(testFrame(1), testFrame(2), testFrame(3));
    card.step();
    expectFault(1);
    expect(faults()).toBe(1);
    expect(card.nic.probes.read('dropped.dmaFault')).toBe(1);
    expect(ring.at(0)).toMatchObject({ error: false, length: 60 });
    expect(ring.bytes(2)).toEqual(testFrame(3));
  });

  test('mapped for another card only is a fault', () => {
    bench.iommu.map(1, foreign);
    ring.fill(0, foreign.address);
    card.arrive(testFrame(1));
    card.step();
    expectFault(0);
  });

  test('whose frame would reach over the end of its window is a fault; a shorter frame fits', () => {
    const edge = bench.dma.allocate(2 * PAGE_BYTES, 'a window and what lies behind it');
    bench.memory.bytes.fill(0x33, edge.address, edge.address + edge.bytes);
    card.port.map({ address: edge.address, bytes: PAGE_BYTES });
    const last = edge.address + PAGE_BYTES - 100;
    ring.fill(0, last);
    ring.fill(1, last);
    card.arrive(testFrame(1, 101), testFrame(2, 100));
    card.step();
    expect(ring.at(0)).toMatchObject({ done: true, error: true, length: 0 });
    expect(ring.at(1)).toMatchObject({ done: true, error: false, length: 100 });
    expect(bench.memory.bytes.slice(last, last + 100)).toEqual(testFrame(2, 100));
    const behind = bench.memory.bytes.subarray(last + 100, edge.address + edge.bytes);
    expect(behind.every((byte) => byte === 0x33)).toBe(true);
  });

  test.each([
    ['zero', 0, 0],
    ['all ones, as drivers fill rings with', -1, -1],
    ['beyond the memory', 0x7fff_f000, 0],
    ['negative as a signed word', -0x8000_0000, 0],
  ])('at %s is a fault', (_, address, high) => {
    ring.fill(0, address, high);
    card.arrive(testFrame(1), testFrame(2));
    card.step();
    expectFault(0);
    expect(ring.bytes(1)).toEqual(testFrame(2));
  });

  test('above four gigabytes is a fault, though its low half would be inside', () => {
    ring.fill(0, ring.bufferOf(0), 1);
    card.arrive(testFrame(1));
    card.step();
    expectFault(0);
    expect(bench.memory.bytes[ring.bufferOf(0)]).toBe(0);
  });

  test('unmapped while it was posted is a fault', () => {
    card.port.unmap(ring.buffers);
    card.arrive(testFrame(1));
    card.step();
    expectFault(0);
    expect(bench.memory.bytes[ring.bufferOf(0)]).toBe(0);
  });

  test('in the middle of a long frame costs that frame, once, and no other', () => {
    const jumbo = new RxRing(card, 0, { bufferBytes: 1024 });
    ring.disable();
    jumbo.start();
    jumbo.fill(1, foreign.address);
    card.arrive(testFrame(1, 1500), testFrame(2, 1000));
    card.step();
    expect([0, 1, 2].map((slot) => jumbo.at(slot).error)).toEqual([false, true, false]);
    expect([0, 1, 2].map((slot) => jumbo.at(slot).last)).toEqual([false, true, true]);
    expect(faults()).toBe(1);
    expect(card.nic.probes.read('dropped.dmaFault')).toBe(1);
    expect(jumbo.bytes(2)).toEqual(testFrame(2, 1000));
    expect(foreignUntouched()).toBe(true);
  });

  test('in the first part of a long frame costs that frame, once', () => {
    const jumbo = new RxRing(card, 0, { bufferBytes: 1024 });
    ring.disable();
    jumbo.start();
    jumbo.fill(0, foreign.address);
    card.arrive(testFrame(1, 1500), testFrame(2, 1000));
    card.step();
    expect([0, 1, 2].map((slot) => jumbo.at(slot).error)).toEqual([true, false, false]);
    expect(card.nic.probes.read('dropped.dmaFault')).toBe(1);
  });

  test('anywhere: no byte outside the card’s windows ever changes', () => {
    const { bytes } = bench.memory;
    const outside = (): number => crc32(bytes.subarray(foreign.address, foreign.address + foreign.bytes));
    const before = outside();
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 1 }), fc.boolean(), (word, high, near) => {
        ring.disable();
        ring.start();
        ring.fill(0, near ? foreign.address - 2048 + (word & 0x7fff) : word, high);
        card.arrive(testFrame(1, 1514));
        card.step();
        expect(outside()).toBe(before);
        expect(ring.at(0).done).toBe(true);
        if (ring.at(0).error) expect(ring.at(0).length).toBe(0);
      }),
    );
  });
});

describe('a transmit buffer', () => {
  let ring: TxRing;

  beforeEach(() => {
    ring = new TxRing(card, 0).start();
  });

  test('outside every window is not sent, is done, and is counted; the next one is sent', () => {
    const slot = ring.putRaw(foreign.address, 60 | WHOLE_FRAME | TX_RS);
    ring.put(testFrame(2));
    ring.doorbell();
    card.step();
    expect(card.wire.marks).toEqual([2]);
    expect(ring.done(slot)).toBe(true);
    expect([faults(), card.nic.probes.read('transmit.dmaFault')]).toEqual([1, 1]);
    expect(card.read(GPTC)).toBe(1);
  });

  test('one piece outside costs the frame that it belongs to', () => {
    ring.put(testFrame(1).subarray(0, 30), 0);
    const last = ring.putRaw(foreign.address, 30 | WHOLE_FRAME | TX_RS);
    ring.put(testFrame(2));
    ring.doorbell();
    card.step();
    expect(card.wire.marks).toEqual([2]);
    expect(ring.done(last)).toBe(true);
    expect(card.nic.probes.read('transmit.dmaFault')).toBe(1);
  });

  test.each([
    ['above four gigabytes', 1, 0],
    ['that ends one byte too late', 0, 1],
  ])('%s is a fault', (_, high, more) => {
    const end = ring.buffers.address + ring.buffers.bytes;
    bench.iommu.unmap(0, { address: end, bytes: PAGE_BYTES });
    ring.putRaw(end - 60 + more, 60 | WHOLE_FRAME, high);
    ring.doorbell();
    card.step();
    expect(card.wire.sent).toEqual([]);
    expect(faults()).toBe(1);
  });
});

describe('a ring outside its window', () => {
  test.each(['receive', 'transmit'])('is not enabled, and counted (%s)', (side) => {
    const [enable, base, high, ring] =
      side === 'receive'
        ? ([rxdctl(0), rdbal(0), rdbah(0), new RxRing(card, 0).program()] as const)
        : ([txdctl(0), tdbal(0), tdbah(0), new TxRing(card, 0).start()] as const);
    card.clear(enable, QUEUE_ENABLE);
    card.step();

    card.write(base, foreign.address);
    card.set(enable, QUEUE_ENABLE);
    card.step();
    expect(card.read(enable) & QUEUE_ENABLE).toBe(0);
    expect(faults()).toBe(1);

    card.write(base, ring.ring.address);
    card.write(high, 1);
    card.step();
    expect(card.read(enable) & QUEUE_ENABLE).toBe(0);

    card.write(high, 0);
    card.step();
    expect(card.read(enable) & QUEUE_ENABLE).not.toBe(0);
    expect(foreignUntouched()).toBe(true);
  });

  test('that lies only half inside is not enabled', () => {
    const edge = bench.dma.allocate(2 * PAGE_BYTES, 'half a ring');
    card.port.map({ address: edge.address, bytes: PAGE_BYTES });
    new RxRing(card, 0).program();
    card.write(rdbal(0), edge.address + PAGE_BYTES - 64);
    card.set(rxdctl(0), QUEUE_ENABLE);
    card.step();
    expect(card.read(rxdctl(0)) & QUEUE_ENABLE).toBe(0);
    card.arrive(testFrame(1));
    card.step();
    expect(card.read(qprdc(0))).toBe(1);
  });
});
