/** What a driver may see while a burst is written back: the stores of the engines, watched one by one. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TX_EOP, TX_IFCS, TX_RS } from '../../../src/hw/nic/datasheet.ts';
import type { Words } from '../../../src/hw/shared.ts';
import { Bench, type BenchCard, testFrame, testFrames } from '../bench-card.ts';
import { RxRing, TxRing } from '../bench-rings.ts';

interface Access {
  readonly kind: 'put' | 'store';
  readonly index: number;
}

const watch = vi.hoisted(() => ({ seen: undefined as ((access: Access) => void) | undefined }));

vi.mock('../../../src/hw/shared.ts', async (original) => {
  const shared = await original<typeof import('../../../src/hw/shared.ts')>();
  return {
    ...shared,
    put: (words: Words, index: number, value: number) => {
      watch.seen?.({ kind: 'put', index });
      shared.put(words, index, value);
    },
    store: (words: Words, index: number, value: number) => {
      watch.seen?.({ kind: 'store', index });
      shared.store(words, index, value);
    },
  };
});

let bench: Bench;
let card: BenchCard;

beforeEach(() => {
  bench = new Bench();
  [card] = bench.cards;
  card.start();
});

afterEach(() => {
  watch.seen = undefined;
});

describe('a run of received frames', () => {
  test.each([
    ['short frames', 60],
    ['frames of two descriptors', 1500],
  ])('of %s is complete when its first DD is published, atomically, as its last store', (_, length) => {
    const ring = new RxRing(card, 0, { slots: 16, bufferBytes: 1024 }).start();
    const frames = testFrames(1, 5, length);
    const parts = frames.flatMap((frame) => [frame.subarray(0, 1024), frame.subarray(1024)]);
    const expected = parts.filter((part) => part.length > 0);
    card.arrive(...frames);

    const stores: Access[] = [];
    const firstStatus = ring.word(0) + 2;
    watch.seen = (access) => {
      const { index } = access;
      if (index < ring.word(0) || index >= ring.word(0) + 16 * 4) return;
      stores.push(access);
      if (index !== firstStatus) return;
      // What the driver finds behind the first DD, once it sees that.
      expected.forEach((part, slot) => {
        expect(ring.at(slot).done).toBe(slot > 0);
        expect(ring.bytes(slot)).toEqual(part);
      });
    };
    card.step();

    expect(ring.at(0).done).toBe(true);
    expect(stores.filter(({ index }) => index === firstStatus)).toEqual([
      { kind: 'store', index: firstStatus },
    ]);
    expect(stores.at(-1)).toEqual({ kind: 'store', index: firstStatus });
  });

  test('is published at the end of every step, so the next one begins with its own first DD', () => {
    const ring = new RxRing(card, 0).start();
    const published: number[] = [];
    watch.seen = ({ kind, index }) => {
      const slot = (index - 2 - ring.word(0)) / 4;
      if (kind === 'store' && slot >= 0 && slot < 8 && Number.isInteger(slot)) published.push(slot);
    };
    card.arrive(...testFrames(1, 6));
    for (let step = 0; step < 3; step++) card.step(2);
    expect(published).toEqual([0, 2, 4]);
    expect(ring.marks).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('is in the ring before its interrupt is raised', () => {
    const ring = new RxRing(card, 0).start();
    card.route(0, 3);
    card.write(0x00880, 1 << 3); // EIMS
    card.step();
    let doneAtRaise: boolean | undefined;
    const raise = bench.cpu.raise.bind(bench.cpu);
    vi.spyOn(bench.cpu, 'raise').mockImplementation((irq, nowUs) => {
      doneAtRaise = ring.at(0).done;
      raise(irq, nowUs);
    });
    card.arrive(testFrame(1));
    card.step();
    expect(doneAtRaise).toBe(true);
  });
});

describe('frames sent', () => {
  test('are on the wire before their descriptors are done, and these are done in ring order, once a step', () => {
    const ring = new TxRing(card, 0).start();
    const done: [slot: number, sent: number][] = [];
    watch.seen = ({ kind, index }) => {
      const slot = (index - 3 - (ring.ring.address >>> 2)) / 4;
      if (kind === 'store' && slot >= 0 && slot < 8 && Number.isInteger(slot))
        done.push([slot, card.wire.sent.length]);
    };
    ring.put(testFrame(1));
    ring.put(testFrame(2).subarray(0, 30), TX_RS);
    ring.put(testFrame(2).subarray(30), TX_EOP | TX_IFCS | TX_RS);
    ring.put(testFrame(3));
    ring.doorbell();
    card.step();
    expect(done).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });
});
