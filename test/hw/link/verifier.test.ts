import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FRAME_DAMAGED,
  FRAME_GAP,
  FRAME_OK,
  FRAME_OLD,
  type FrameChecker,
} from '../../../src/hw/link/source.ts';
import { layoutTally, readTally, SAVED_BYTES, Verifier } from '../../../src/hw/link/verifier.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';
import { FakeClock } from '../bench-card.ts';

const DAMAGED = -1;

/** Frames here are pairs of flow and number; the address of a frame is `flow * 10000 + number`, or DAMAGED. */
class PairChecker implements FrameChecker {
  flow = -1;
  sequence = 0;
  missing = 0;
  verdict = FRAME_OK;
  octets = 0;
  private readonly next = new Map<number, number>();

  check(address: number, length: number): number {
    this.octets += length;
    if (address === DAMAGED) {
      this.flow = -1;
      return FRAME_DAMAGED;
    }
    this.flow = Math.floor(address / 10_000);
    this.sequence = address % 10_000;
    const expected = this.next.get(this.flow) ?? 0;
    if (this.sequence < expected) return FRAME_OLD;
    this.next.set(this.flow, this.sequence + 1);
    this.missing = this.sequence - expected;
    return this.missing === 0 ? FRAME_OK : FRAME_GAP;
  }

  revert(address: number): void {
    const flow = Math.floor(address / 10_000);
    if ((this.next.get(flow) ?? 0) > address % 10_000) this.next.set(flow, address % 10_000);
  }

  checkRun(
    places: Int32Array,
    lengths: Int32Array,
    from: number,
    to: number,
    base: number,
    shift: number,
  ): number {
    for (let i = from; i < to; i++) {
      this.verdict = this.check(base + (places[i] << shift), lengths[i]);
      if (this.verdict !== FRAME_OK) return i;
    }
    return to;
  }
}

function makeVerifier() {
  const map = new MemoryMap();
  const region = layoutTally(map);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  const clock = new FakeClock();
  const verifier = new Verifier(memory, new PairChecker(), region, clock);
  return { verifier, clock, tally: () => readTally(memory, region) };
}

/** Shows these frames of one flow, a microsecond apart. */
function show(numbers: readonly number[], queue = 0) {
  const made = makeVerifier();
  const verdicts = numbers.map((number) => {
    made.clock.us++;
    return made.verifier.frame(number, 100, queue);
  });
  made.verifier.publish();
  return { ...made, verdicts, anomalies: made.verifier.anomalies, counts: made.tally() };
}

const NOTHING = { damaged: 0, missing: 0, duplicated: 0, reordered: 0 };

describe('the tally', () => {
  test('frames and octets are visible once they are published, and only then', () => {
    const { verifier, tally } = makeVerifier();
    verifier.frame(0, 100, 0);
    verifier.frame(1, 60, 0);
    expect(tally()).toMatchObject({ frames: 0, octets: 0 });
    verifier.publish();
    verifier.publish();
    expect(tally()).toEqual({ frames: 2, octets: 160, ...NOTHING });
  });

  test('every frame is told to be well or not', () => {
    expect(show([0, 1, 3, 3, 2, DAMAGED, 4]).verdicts).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test('whatever is lost, repeated, moved or damaged is counted for what it is', () => {
    const frames = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(30) }, fc.constant(DAMAGED)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(frames, fc.nat(1), (numbers, flows) => {
        const expected = { ...NOTHING };
        const next = [0, 0];
        const absent = [new Set<number>(), new Set<number>()];
        const shown = numbers.map((number, i) => ({ number, flow: i % (flows + 1) }));
        for (const { number, flow } of shown) {
          if (number === DAMAGED) expected.damaged++;
          else if (number < next[flow] && absent[flow].delete(number)) expected.reordered++;
          else if (number < next[flow]) expected.duplicated++;
          else {
            for (let gone = next[flow]; gone < number; gone++) absent[flow].add(gone);
            expected.missing += number - next[flow];
            next[flow] = number + 1;
          }
        }
        const { counts } = show(
          shown.map(({ number, flow }) => (number === DAMAGED ? number : flow * 10_000 + number)),
        );
        expect(counts).toEqual({ frames: numbers.length, octets: numbers.length * 100, ...expected });
      }),
      { numRuns: 300 },
    );
  });
});

describe('anomalies', () => {
  test('name kind, queue, flow, number, how many, and when', () => {
    expect(show([10_000, 10_004, 10_000, DAMAGED], 6).anomalies).toEqual([
      { kind: 'missing', queue: 6, flow: 1, sequence: 1, count: 3, timeUs: 2 },
      { kind: 'duplicated', queue: 6, flow: 1, sequence: 0, count: 1, timeUs: 3 },
      { kind: 'damaged', queue: 6, flow: -1, sequence: 0, count: 1, timeUs: 4 },
    ]);
  });

  test('a frame that was only late is no missing one any more', () => {
    expect(show([0, 2, 1, 3]).anomalies).toEqual([
      { kind: 'reordered', queue: 0, flow: 0, sequence: 1, count: 1, timeUs: 3 },
    ]);
  });

  test('a late frame fills one place of a wider gap, and a second one like it is a duplicate', () => {
    const { anomalies, counts } = show([0, 6, 3, 3, 1]);
    expect(anomalies.map(({ kind, sequence }) => [kind, sequence])).toEqual([
      ['missing', 1],
      ['reordered', 3],
      ['duplicated', 3],
      ['reordered', 1],
    ]);
    expect(counts).toMatchObject({ missing: 5, reordered: 2, duplicated: 1 });
  });

  test('only the first are kept, but all are counted', () => {
    const { anomalies, counts } = show([5, ...Array(500).fill(5)]);
    expect(anomalies[0]).toMatchObject({ kind: 'missing', sequence: 0, count: 5 });
    expect(anomalies.length).toBeLessThan(100);
    expect(counts).toMatchObject({ duplicated: 500, missing: 5 });
  });
});

describe('a verifier after another one', () => {
  test('goes on counting, and takes back what came behind a saved state', () => {
    const map = new MemoryMap();
    const region = layoutTally(map);
    const saved = map.take(SAVED_BYTES).address >>> 2;
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    const checker = new PairChecker();
    const first = new Verifier(memory, checker, region, new FakeClock());
    for (const number of [0, 1, 3]) first.frame(number, 100, 0);
    first.publish();
    first.save(saved, 3, 70);
    const before = readTally(memory, region);
    for (const number of [4, 7]) first.frame(number, 100, 0);
    first.publish();
    expect(readTally(memory, region)).toMatchObject({ frames: 5, octets: 500, missing: 3 });

    const second = new Verifier(memory, checker, region, new FakeClock());
    expect(second.seen).toBe(5);
    expect(second.savedBefore(saved, 3, 70)).toBe(true);
    for (const [ring, position] of [
      [3, 71],
      [4, 70],
    ])
      expect(second.savedBefore(saved, ring, position)).toBe(false);
    for (const number of [7, 4]) second.revert(number);
    second.restore(saved);
    expect(second.seen).toBe(3);
    expect(readTally(memory, region)).toEqual(before);
    for (const number of [4, 7]) second.frame(number, 100, 0);
    second.publish();
    expect(readTally(memory, region)).toMatchObject({ frames: 5, octets: 500, missing: 3, duplicated: 0 });
  });

  test('restores counts that have come past 32 bits since', () => {
    const map = new MemoryMap();
    const region = layoutTally(map);
    const saved = map.take(SAVED_BYTES).address >>> 2;
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    const verifier = new Verifier(memory, new PairChecker(), region, new FakeClock());
    const words = memory.words.subarray(region.address >>> 2);
    const show = (number: number): void => {
      verifier.save(saved, 1, number);
      verifier.frame(number, 100, 0);
      verifier.publish();
    };
    words.set([-2, 7, -150, 8]); // frames and octets two frames below the next carry
    show(0);
    show(1);
    expect(readTally(memory, region)).toMatchObject({ frames: 8 * 2 ** 32, octets: 9 * 2 ** 32 + 50 });
    verifier.restore(saved);
    expect(readTally(memory, region)).toMatchObject({ frames: 8 * 2 ** 32 - 1, octets: 9 * 2 ** 32 - 50 });
    show(1);
    show(2);
    verifier.restore(saved);
    expect(readTally(memory, region)).toMatchObject({ frames: 8 * 2 ** 32, octets: 9 * 2 ** 32 + 50 });
  });
});
