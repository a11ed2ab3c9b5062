import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { HLREG0, HLREG0_JUMBOEN } from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, markOf, testFrame, testFrames } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';

const JUMBO_MAXFRS = 9216;

let card: BenchCard;

beforeEach(() => {
  card = makeCard();
});

function makeCard(): BenchCard {
  const [made] = new Bench().cards;
  made.start();
  made.set(HLREG0, HLREG0_JUMBOEN);
  made.write(0x04268, JUMBO_MAXFRS << 16); // MAXFRS
  made.step();
  return made;
}

/** Receives like the simplest driver: takes what is done, and gives the buffers back one slot behind. */
class Reader {
  readonly ring: RxRing;
  readonly frames: Uint8Array[] = [];
  private slot = 0;
  private parts: Uint8Array[] = [];

  constructor(ring: RxRing) {
    this.ring = ring;
  }

  /** Takes at most so many descriptors; returns how many there were. */
  take(most = Number.POSITIVE_INFINITY): number {
    let taken = 0;
    for (; taken < most && this.ring.at(this.slot).done; taken++) {
      this.parts.push(this.ring.bytes(this.slot));
      if (this.ring.at(this.slot).last) {
        this.frames.push(Buffer.concat(this.parts));
        this.parts = [];
      }
      this.ring.fill(this.slot);
      this.ring.tail(this.slot);
      this.slot = (this.slot + 1) % this.ring.slots;
    }
    return taken;
  }
}

describe('a receive ring', () => {
  test('with RDT = RDH is empty: no descriptor is used, and the frame waits', () => {
    const ring = new RxRing(card, 0).program().enable();
    card.arrive(testFrame(1));
    expect(card.step()).toBe(0);
    expect(ring.at(0).done).toBe(false);
    ring.tail(1);
    expect(card.step()).toBe(1);
    expect(ring.marks).toEqual([1]);
  });

  test('is used up to the slot before RDT, and RDH comes to stand there', () => {
    const ring = new RxRing(card, 0).start();
    card.arrive(...testFrames(1, 9));
    expect(card.step()).toBe(7);
    expect(ring.marks).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(ring.at(7).done).toBe(false);
    expect(ring.head()).toBe(7);
  });

  test('wraps: the last slot is followed by the first', () => {
    const ring = new RxRing(card, 0).start();
    const reader = new Reader(ring);
    for (let round = 0; round < 5; round++) {
      card.arrive(...testFrames(round * 5, round * 5 + 4));
      card.step();
      expect(reader.take()).toBe(5);
      expect(ring.head()).toBe(((round + 1) * 5) % 8);
    }
    expect(Buffer.concat(reader.frames).equals(Buffer.concat(testFrames(0, 24)))).toBe(true);
  });

  test('begins where RDH stood when it was enabled', () => {
    const ring = new RxRing(card, 0).program({ head: 6 }).enable();
    ring.tail(1);
    card.arrive(...testFrames(1, 4));
    expect(card.step()).toBe(3);
    expect([6, 7, 0, 1].map((slot) => ring.at(slot).done)).toEqual([true, true, true, false]);
    expect(ring.head()).toBe(1);
  });

  test('delivers the frame whole, and writes nothing else', () => {
    const { bytes } = card.bench.memory;
    const ring = new RxRing(card, 0).start();
    bytes.fill(0xa5, ring.buffers.address, ring.buffers.address + ring.buffers.bytes);
    const sizes = [60, 61, 63, 64, 65, 127, 1514];
    const frames = sizes.map((size, i) => testFrame(i, size));
    card.arrive(...frames);
    card.step();
    sizes.forEach((size, slot) => {
      expect(ring.at(slot)).toMatchObject({ done: true, last: true, error: false, length: size });
      expect(ring.bytes(slot)).toEqual(frames[slot]);
      const rest = bytes.subarray(ring.bufferOf(slot) + size, ring.bufferOf(slot + 1));
      expect(rest.every((byte) => byte === 0xa5)).toBe(true);
    });
  });

  test('moves no more frames in a step than its budget', () => {
    const ring = new RxRing(card, 0).start();
    card.arrive(...testFrames(1, 5));
    expect(card.step(3)).toBe(3);
    expect(ring.marks).toEqual([1, 2, 3]);
    expect(card.step(3)).toBe(2);
  });
});

describe('a frame longer than a buffer', () => {
  test.each([
    [1024, 1],
    [1025, 2],
    [2048, 2],
    [2049, 3],
    [9000, 9],
  ])('of %i bytes takes %i descriptors of 1 KB, and only the last has EOP', (length, parts) => {
    const ring = new RxRing(card, 0, { slots: 16, bufferBytes: 1024 }).start();
    const frame = testFrame(1, length);
    card.arrive(frame);
    card.step();
    const used = Array.from({ length: parts }, (_, slot) => ring.at(slot));
    expect(used.map(({ done, error }) => done && !error)).not.toContain(false);
    expect(used.map(({ last }) => last)).toEqual(used.map((_, i) => i === parts - 1));
    expect(ring.at(parts).done).toBe(false);
    expect(Uint8Array.from(used.flatMap((_, slot) => [...ring.bytes(slot)]))).toEqual(frame);
  });

  test('waits until there is room for all of it', () => {
    const ring = new RxRing(card, 0, { bufferBytes: 1024 }).program().enable();
    ring.tail(2);
    card.arrive(testFrame(1, 3000));
    expect(card.step()).toBe(0);
    expect(ring.at(0).done).toBe(false);
    ring.tail(3);
    expect(card.step()).toBe(1);
    expect([0, 1, 2].map((slot) => ring.at(slot).length)).toEqual([1024, 1024, 952]);
  });

  test('may lie around the end of the ring', () => {
    const ring = new RxRing(card, 0, { bufferBytes: 1024 }).program({ head: 6 }).enable();
    ring.tail(5);
    const frame = testFrame(1, 4000);
    card.arrive(frame);
    card.step();
    const parts = [6, 7, 0, 1].flatMap((slot) => [...ring.bytes(slot)]);
    expect(Uint8Array.from(parts)).toEqual(frame);
    expect([6, 7, 0, 1].map((slot) => ring.at(slot).last)).toEqual([false, false, false, true]);
  });
});

test('however arrivals, steps and refills interleave, every frame comes out once, whole and in order', () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant('arrive' as const), sizes: fc.array(fc.integer({ min: 60, max: 4000 })) }),
    fc.record({ kind: fc.constant('step' as const), budget: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('take' as const), most: fc.integer({ min: 1, max: 20 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.constantFrom(8, 16, 64), (actions, slots) => {
      card = makeCard();
      const reader = new Reader(new RxRing(card, 0, { slots, bufferBytes: 1024 }).start());
      const sent: Uint8Array[] = [];
      for (const step of actions)
        if (step.kind === 'step') card.step(step.budget);
        else if (step.kind === 'take') reader.take(step.most);
        else
          for (const size of step.sizes) {
            const frame = testFrame(sent.length, size);
            if (card.arrive(frame) >= 0) sent.push(frame);
          }
      while (card.step() + reader.take() > 0);
      expect(reader.frames.map(markOf)).toEqual(sent.map(markOf));
      expect(Buffer.concat(reader.frames).equals(Buffer.concat(sent))).toBe(true);
    }),
    { numRuns: 60 },
  );
});
