/** The model of the blocks against a history that forgets nothing: never a false alarm, and what it finds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HELD, NEVER_WRITTEN, STALE } from '../../../src/check/blocks/model.ts';
import type { Memory } from '../../../src/hw/memory.ts';
import { makeModel, Run } from './model-run.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

describe('the model of the blocks', () => {
  it('never accuses a disk that keeps the rules, whatever overlaps, fails or is cut off', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 2, max: 8 }),
        (seed, blocks, depth) => {
          new Run(seed, { blocks, depth, exact: false }).steps(120);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is exact where writes to a block do not overlap: it refuses all that the history refuses', () => {
    let asked = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (seed, blocks, depth) => {
          const run = new Run(seed, { blocks, depth, exact: true });
          run.steps(120);
          asked += run.asked;
          refused += run.refused;
        },
      ),
      { numRuns: 400 },
    );
    expect(refused / asked).toBeGreaterThan(0.2); // there was something to refuse
  });
});

/** One block, requests by number, each step by name. */
function oneBlock() {
  const { remake } = makeModel(1, 8);
  const model = remake();
  const read = (request: number, version: number | 'zeroes'): number => {
    model.submitRead(request, 0, 1);
    return version === 'zeroes' ? model.readZeroes(request, 0) : model.readVersion(request, 0, version);
  };
  const write = (request = 0, fua = false): void => {
    model.submitWrite(request, 0, 1, false);
    model.writeDone(request, fua);
  };
  const flush = (request = 7): void => {
    model.submitFlush(request);
    model.flushDone(request);
  };
  return { model, read, write, flush };
}

describe('a read', () => {
  it('returns zeroes of a block that was never written, and no version', () => {
    const { read } = oneBlock();
    expect(read(1, 'zeroes')).toBe(HELD);
    expect(read(1, 0)).toBe(NEVER_WRITTEN);
    expect(read(1, 1)).toBe(NEVER_WRITTEN);
  });

  it('returns the last acknowledged write, and nothing before', () => {
    const { read, write } = oneBlock();
    write();
    write();
    expect([2, 1, 3].map((version) => read(1, version))).toEqual([HELD, STALE, NEVER_WRITTEN]);
    expect(read(1, 'zeroes')).toBe(STALE);
  });

  it('may return a write that was outstanding while it was, or what that has overwritten', () => {
    const { model, write } = oneBlock();
    write();
    model.submitRead(1, 0, 1);
    model.submitWrite(0, 0, 1, false);
    model.writeDone(0, false);
    expect([1, 2].map((version) => model.readVersion(1, 0, version))).toEqual([HELD, HELD]);
  });

  it('finds writes in either order if they were outstanding together', () => {
    const { model, read } = oneBlock();
    model.submitWrite(0, 0, 1, false);
    model.submitWrite(1, 0, 1, false);
    model.writeDone(1, false);
    model.writeDone(0, false);
    expect([1, 2].map((version) => read(2, version))).toEqual([HELD, HELD]);
    expect(read(2, 'zeroes')).toBe(STALE);
  });

  it('may find a failed write done or not, until another is acknowledged', () => {
    const { model, read, write } = oneBlock();
    write();
    model.submitWrite(0, 0, 1, false);
    model.writeDropped(0);
    expect([1, 2].map((version) => read(1, version))).toEqual([HELD, HELD]);
    write();
    expect([1, 2, 3].map((version) => read(1, version))).toEqual([STALE, STALE, HELD]);
  });

  it('finds zeroes after a write of zeroes, and not what was before', () => {
    const { model, read, write } = oneBlock();
    write();
    model.submitWrite(0, 0, 1, true);
    model.writeDone(0, false);
    expect([read(1, 1), read(1, 2), read(1, 'zeroes')]).toEqual([STALE, NEVER_WRITTEN, HELD]);
  });

  it('does not find what was overwritten three rounds ago, though writes never ceased', () => {
    const { model, read } = oneBlock();
    model.submitWrite(0, 0, 1, false);
    for (let round = 1; round <= 6; round++) {
      model.submitWrite(round & 1, 0, 1, false); // before the other one is done
      model.writeDone((round - 1) & 1, false);
    }
    expect(read(2, 2)).toBe(STALE);
    expect([6, 7].map((version) => read(2, version))).toEqual([HELD, HELD]);
  });

  it('does not find again what a late acknowledgement of an early write would let it', () => {
    const { model, read } = oneBlock();
    model.submitWrite(1, 0, 1, false);
    model.submitWrite(2, 0, 1, false);
    model.writeDone(1, false);
    model.submitWrite(3, 0, 1, false);
    model.writeDone(2, false);
    model.submitWrite(4, 0, 1, false);
    model.writeDone(4, false);
    model.writeDone(3, false);
    expect([2, 3, 4].map((version) => read(5, version))).toEqual([STALE, HELD, HELD]);
  });

  it('knows each block of a request by itself', () => {
    const { remake } = makeModel(4, 2);
    const model = remake();
    model.submitWrite(0, 1, 2, false);
    model.writeDone(0, false);
    model.submitRead(1, 0, 3);
    expect(model.readZeroes(1, 0)).toBe(HELD);
    expect([1, 2].map((index) => model.readVersion(1, index, 1))).toEqual([HELD, HELD]);
    expect(model.readZeroes(1, 2)).toBe(STALE);
  });

  it('is told right when versions run over 31 and 32 bits', () => {
    for (const start of [2 ** 31 - 3, 2 ** 32 - 3]) {
      const { memory, remake } = makeModel(1, 8);
      const version = start | 0;
      const model = remake();
      agedTo(memory, version);
      for (let more = 1; more <= 6; more++) {
        model.submitWrite(0, 0, 1, false);
        model.writeDone(0, false);
        model.submitRead(1, 0, 1);
        expect(model.readVersion(1, 0, (version + more) | 0)).toBe(HELD);
        expect(model.readVersion(1, 0, (version + more - 1) | 0)).toBe(STALE);
        expect(model.readVersion(1, 0, (version + more + 1) | 0)).toBe(NEVER_WRITTEN);
        expect(model.readZeroes(1, 0)).toBe(STALE);
      }
      model.submitWrite(0, 0, 1, false);
      expect(model.readVersion(1, 0, (version + 7) | 0)).toBe(HELD);
    }
  });
});

/**
 * As after so many writes of block 0: its record begins with four versions that go along; the newest of zeroes and of those
 * that a power cut took lie far back.
 */
function agedTo(memory: Memory, version: number): void {
  const record = 4096 / 4 + 16;
  for (let word = 0; word < 4; word++) memory.words[record + word] = version;
  for (let word = 6; word < 8; word++) memory.words[record + word] = version - 2 ** 31 + 4;
}

describe('after a power cut', () => {
  it('a block is in any version since the promised one, and in none before', () => {
    const { model, read, write, flush } = oneBlock();
    write();
    write();
    flush();
    write();
    write();
    model.cut();
    expect(model.unsettled(0)).toBe(true);
    expect(read(1, 1)).toBe(STALE);
    expect(read(1, 3)).toBe(HELD);
  });

  it('what was found stays: neither an older version comes back, nor a newer one that was lost', () => {
    const { model, read, write } = oneBlock();
    for (let i = 0; i < 4; i++) write();
    model.cut();
    expect(read(1, 2)).toBe(HELD);
    expect(model.unsettled(0)).toBe(false);
    expect([1, 2, 3, 4].map((version) => read(1, version))).toEqual([STALE, HELD, STALE, STALE]);
    write();
    expect([2, 5].map((version) => read(1, version))).toEqual([STALE, HELD]);
  });

  it('a flush that is not done promises nothing', () => {
    const { model, read, write } = oneBlock();
    write();
    model.submitFlush(7);
    model.cut();
    expect(read(1, 'zeroes')).toBe(HELD);
  });

  it('a flush promises nothing that was acknowledged after it was submitted', () => {
    const { model, read, write } = oneBlock();
    write();
    model.submitFlush(7);
    write();
    model.flushDone(7);
    model.cut();
    expect(read(1, 'zeroes')).toBe(STALE);
    expect(read(1, 1)).toBe(HELD);
  });

  it('of two flushes that wait each keeps its promise, whichever is done first', () => {
    const submitted = oneBlock();
    submitted.write();
    submitted.model.submitFlush(6);
    submitted.write();
    submitted.model.submitFlush(7);
    submitted.write();
    submitted.model.flushDone(6);
    submitted.model.cut();
    expect([submitted.read(1, 'zeroes'), submitted.read(1, 1)]).toEqual([STALE, HELD]);

    const { model, read, write } = oneBlock();
    write();
    model.submitFlush(6);
    write();
    model.submitFlush(7);
    model.flushDone(7);
    model.flushDone(6);
    model.cut();
    expect([read(1, 1), read(1, 2)]).toEqual([STALE, HELD]);
  });

  it('a flush of later promises nothing of what one before the power cut would have', () => {
    const { model, read, write } = oneBlock();
    write();
    model.submitFlush(7);
    write();
    model.cut();
    model.submitFlush(7);
    write();
    model.flushDone(7);
    model.cut();
    expect(read(1, 'zeroes')).toBe(HELD);
  });

  it.each([
    ['promised', true, STALE],
    ['not promised', false, HELD],
  ])('a write with FUA %s is there', (_, fua, verdict) => {
    const { model, read, write } = oneBlock();
    write();
    write(0, fua);
    model.cut();
    expect(read(1, 1)).toBe(verdict);
  });

  it('a write that was cut off may be there, and may not', () => {
    for (const found of [1, 2]) {
      const { model, read, write, flush } = oneBlock();
      write();
      flush();
      model.submitWrite(0, 0, 1, false);
      model.writeDropped(0);
      model.cut();
      expect(read(1, found)).toBe(HELD);
    }
  });

  it('a second one takes nothing that the first has left', () => {
    const { model, read, write } = oneBlock();
    write();
    write();
    model.cut();
    expect(read(1, 2)).toBe(HELD);
    model.cut();
    expect(model.unsettled(0)).toBe(true);
    expect(read(1, 1)).toBe(STALE);
    expect(read(1, 2)).toBe(HELD);
  });

  it('reads that were submitted together agree, whichever is looked at first', () => {
    const { model, write } = oneBlock();
    for (let i = 0; i < 3; i++) write();
    model.cut();
    model.submitRead(1, 0, 1);
    model.submitRead(2, 0, 1);
    expect([1, 2].map((request) => model.readVersion(request, 0, 2))).toEqual([HELD, HELD]);
  });
});
