import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RXMEMWRAP, RXMEMWRAP_EMPTY, RXMEMWRAP_WRAPS, rxpbsize } from '../../../src/hw/nic/datasheet.ts';
import { PacketFifo } from '../../../src/hw/nic/fifo.ts';
import { Bench, testFrame, testFrames } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';

const BASE = 0x10000;
const CAPACITY = 16 * 1024;
const FCS = 4;

interface Held {
  readonly at: number;
  readonly length: number;
  readonly mark: number;
}

/** Pushes a frame; where it was put, or -1. */
function push(fifo: PacketFifo, length: number, mark: number): number {
  const at = fifo.reserve(length + FCS);
  if (at >= 0) fifo.push(length, mark & 7, mark, mark % 9);
  return at;
}

describe('the packet buffer', () => {
  test('whatever comes and goes: first in, first out, each frame in a place of its own, all inside', () => {
    const action = fc.oneof(
      { weight: 1, arbitrary: fc.record({ push: fc.integer({ min: 60, max: 9212 }) }) },
      { weight: 4, arbitrary: fc.record({ push: fc.integer({ min: 60, max: 3000 }) }) },
      { weight: 1, arbitrary: fc.record({ push: fc.constantFrom(60, 61, 124, 125) }) },
      { weight: 4, arbitrary: fc.record({ pop: fc.integer({ min: 1, max: 2 }) }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
        const held: Held[] = [];
        actions.forEach((step, mark) => {
          if ('pop' in step) {
            for (let i = 0; i < step.pop && held.length > 0; i++) {
              const { at, length, mark: first } = held.shift() ?? { at: 0, length: 0, mark: 0 };
              expect([fifo.addressAt(0), fifo.lengthAt(0), fifo.hashAt(0)]).toEqual([at, length, first]);
              expect([fifo.queueAt(0), fifo.typeAt(0)]).toEqual([first & 7, first % 9]);
              fifo.pop(1);
            }
          } else {
            const length = step.push;
            const at = push(fifo, length, mark);
            if (at < 0) return;
            expect(at % 64).toBe(0);
            expect(at).toBeGreaterThanOrEqual(BASE);
            expect(at + length + FCS).toBeLessThanOrEqual(BASE + CAPACITY);
            const clash = held.find((h) => at < h.at + h.length + FCS && h.at < at + length + FCS);
            expect(clash).toBeUndefined();
            held.push({ at, length, mark });
          }
          expect(fifo.frames).toBe(held.length);
          const inside = held.reduce((sum, { length }) => sum + length + FCS, 0);
          expect(fifo.used).toBeGreaterThanOrEqual(inside);
          expect(fifo.used).toBeLessThanOrEqual(CAPACITY);
          if (held.length === 0) expect(fifo.used).toBe(0);
        });
      }),
      { numRuns: 200 },
    );
  });

  test('an empty one takes any frame that it can hold, wherever the last one lay', () => {
    const frames = fc.array(fc.integer({ min: 60, max: CAPACITY - FCS }), { maxLength: 20 });
    fc.assert(
      fc.property(frames, (lengths) => {
        const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
        for (const length of lengths) {
          expect(push(fifo, length, 0)).toBeGreaterThanOrEqual(BASE);
          fifo.pop(1);
        }
      }),
    );
  });

  test('is full at its size, in units of 64 bytes, and has room again for what has left', () => {
    const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
    for (let i = 0; i < CAPACITY / 64; i++) expect(push(fifo, 60, i)).toBe(BASE + i * 64);
    expect(push(fifo, 60, 0)).toBe(-1);
    fifo.pop(1);
    expect(push(fifo, 61, 0)).toBe(-1); // 65 bytes with FCS are two units
    expect(push(fifo, 60, 0)).toBe(BASE);
  });

  test('a refused frame changes nothing', () => {
    const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
    push(fifo, 9000, 1);
    const used = fifo.used;
    expect(push(fifo, 9000, 2)).toBe(-1);
    expect([fifo.used, fifo.frames]).toEqual([used, 1]);
    expect(push(fifo, 60, 3)).toBe(BASE + Math.ceil(9004 / 64) * 64);
  });

  test('takes a new size while it is empty, and only then', () => {
    const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
    push(fifo, 9000, 0);
    fifo.resize(1024);
    expect(push(fifo, 5000, 1)).toBeGreaterThanOrEqual(0);
    fifo.pop(1);
    fifo.pop(1);
    fifo.resize(1024);
    expect(push(fifo, 1021, 2)).toBe(-1);
    for (let i = 0; i < 16; i++) {
      const at = push(fifo, 60, i);
      expect(at).toBeGreaterThanOrEqual(BASE);
      expect(at + 64).toBeLessThanOrEqual(BASE + 1024);
    }
    expect(fifo.used).toBe(1024);
    expect(push(fifo, 60, 3)).toBe(-1);
  });

  test('never grows beyond its memory', () => {
    const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
    fifo.resize(0xffc00);
    for (let i = 0; i < CAPACITY / 64; i++) push(fifo, 60, i);
    expect(push(fifo, 60, 0)).toBe(-1);
  });

  test('thrown away, it tells how many frames were inside, and is as new', () => {
    const fifo = new PacketFifo({ address: BASE, bytes: CAPACITY });
    for (let i = 0; i < 5; i++) push(fifo, 1000, i);
    expect(fifo.flush()).toBe(5);
    expect([fifo.frames, fifo.used, fifo.flush()]).toEqual([0, 0, 0]);
    expect(push(fifo, 60, 0)).toBe(BASE);
  });
});

describe('RXMEMWRAP', () => {
  function makeCard(kilobytes: number) {
    const [card] = new Bench().cards;
    card.start();
    card.write(rxpbsize(0), kilobytes * 1024);
    card.step();
    return { card, ring: new RxRing(card, 0).program().enable() };
  }

  test('says "empty" while nothing is inside, and not from the announcement of arrivals to their leaving', () => {
    const { card, ring } = makeCard(512);
    const empty = (): boolean => (card.read(RXMEMWRAP) & RXMEMWRAP_EMPTY) !== 0;
    expect(empty()).toBe(true);
    card.nic.beginArrivals(card.nowUs);
    expect(empty()).toBe(false);
    card.arrive(testFrame(1));
    card.step();
    expect(empty()).toBe(false);
    ring.tail(1);
    card.step();
    expect(empty()).toBe(true);
  });

  test('says "empty" again when announced frames did not come, or were filtered', () => {
    const { card } = makeCard(512);
    card.nic.beginArrivals(card.nowUs);
    card.step();
    expect(card.read(RXMEMWRAP) & RXMEMWRAP_EMPTY).not.toBe(0);
  });

  test('counts the wraps, modulo eight', () => {
    const { card, ring } = makeCard(4);
    const seen: number[] = [];
    for (let i = 0; i < 60; i++) {
      // Two frames stay inside, so the buffer never begins anew at its start.
      while (card.nic.receive.fifo.frames < 3) card.arrive(testFrame(i, 1000));
      ring.fill(i % 8);
      ring.tail((i + 1) % 8);
      card.step();
      expect(card.read(RXMEMWRAP) & RXMEMWRAP_EMPTY).toBe(0);
      const wraps = card.read(RXMEMWRAP) & RXMEMWRAP_WRAPS;
      if (wraps !== (seen.at(-1) ?? 0)) seen.push(wraps);
    }
    expect(seen.length).toBeGreaterThan(9);
    seen.forEach((wraps, i) => {
      expect(wraps).toBe((i + 1) % 8);
    });
  });

  test('a frame that was inside when the configuration changed is gone once it says "empty"', () => {
    const { card, ring } = makeCard(512);
    card.arrive(...testFrames(1, 3));
    card.step();
    ring.tail(2);
    card.step();
    expect(card.read(RXMEMWRAP) & RXMEMWRAP_EMPTY).toBe(0);
    ring.tail(3);
    card.step();
    expect(card.read(RXMEMWRAP) & RXMEMWRAP_EMPTY).not.toBe(0);
    expect(ring.marks).toEqual([1, 2, 3]);
  });
});
