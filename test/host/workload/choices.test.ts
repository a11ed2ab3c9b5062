import { describe, expect, it } from 'vitest';
import { OP, REQUEST_FUA } from '../../../src/drivers/nvme/requests.ts';
import { CHOICES_BYTES, Choices } from '../../../src/host/workload/choices.ts';
import { resolveWorkload, type WorkloadOptions } from '../../../src/host/workload/options.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';

function makeChoices(given: Partial<WorkloadOptions>) {
  const options = resolveWorkload(given);
  const map = new MemoryMap();
  const region = map.take(CHOICES_BYTES);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  const remake = (): Choices => new Choices(memory, region, options);
  return { choices: remake(), remake };
}

interface Chosen {
  readonly op: number;
  readonly block: number;
  readonly fua: boolean;
}

function take(choices: Choices, count: number): Chosen[] {
  return Array.from({ length: count }, () => {
    choices.next();
    return { op: choices.op, block: choices.block, fua: (choices.flags & REQUEST_FUA) !== 0 };
  });
}

function choose(given: Partial<WorkloadOptions>, count: number): Chosen[] {
  return take(makeChoices(given).choices, count);
}

function share(chosen: readonly Chosen[], what: (one: Chosen) => boolean): number {
  return chosen.filter(what).length / chosen.length;
}

describe('choices', () => {
  it.each([
    ['randread', 100],
    ['randwrite', 0],
    ['read', 100],
    ['write', 0],
  ] as const)('%s reads %i per cent', (rw, percent) => {
    expect(share(choose({ rw }, 500), ({ op }) => op === OP.read) * 100).toBe(percent);
  });

  it.each([0, 1, 30, 70, 99, 100])('randrw reads the share that it is told: %i per cent', (rwmixread) => {
    const reads = share(choose({ rw: 'randrw', rwmixread }, 20_000), ({ op }) => op === OP.read);
    expect(Math.abs(reads * 100 - rwmixread)).toBeLessThan(1.5);
    if (rwmixread % 100 === 0) expect(reads * 100).toBe(rwmixread);
  });

  it.each([1, 2, 3, 12345])('random blocks are anywhere in the area, about as often (seed %i)', (seed) => {
    const hits = new Array(16).fill(0);
    for (const { block } of choose({ rw: 'randread', area: 16, seed }, 16_000)) hits[block]++;
    expect(hits).toHaveLength(16);
    for (const hit of hits) expect(Math.abs(hit - 1000)).toBeLessThan(200);
  });

  it('sequential blocks follow each other, and begin again', () => {
    const blocks = choose({ rw: 'write', area: 5 }, 12).map(({ block }) => block);
    expect(blocks).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
  });

  it('a flush follows after so many writes, whatever is read between', () => {
    const chosen = choose({ rw: 'randrw', flushEvery: 4 }, 5000);
    let writes = 0;
    for (const { op } of chosen) {
      if (op === OP.write) writes++;
      if (op !== OP.flush) continue;
      expect(writes).toBe(4);
      writes = 0;
    }
    expect(share(chosen, ({ op }) => op === OP.flush)).toBeGreaterThan(0.1);
  });

  it('of the writes the share that it is told is FUA, but no discard and no read', () => {
    const chosen = choose({ rw: 'randrw', fua: 25, zeroes: 40 }, 20_000);
    const writes = chosen.filter(({ op }) => op === OP.write || op === OP.writeZeroes);
    expect(share(writes, ({ fua }) => fua)).toBeCloseTo(0.25, 1);
    expect(chosen.filter(({ op, fua }) => fua && op !== OP.write && op !== OP.writeZeroes)).toEqual([]);
  });

  it('of the writes the share that it is told has no data: zeroes and discards in turn', () => {
    const chosen = choose({ rw: 'randwrite', zeroes: 20 }, 20_000);
    expect(share(chosen, ({ op }) => op !== OP.write)).toBeCloseTo(0.2, 1);
    const turns = chosen.filter(({ op }) => op !== OP.write).map(({ op }) => op);
    for (const [i, op] of turns.entries()) expect(op).toBe(i % 2 === 0 ? OP.writeZeroes : OP.discard);
  });

  it('are the same for one seed, others for another, and go on on another CPU', () => {
    const given = { rw: 'randrw', fua: 10, zeroes: 10, flushEvery: 7 } as const;
    const { choices, remake } = makeChoices({ ...given, seed: 5 });
    const parts = [...take(choices, 50), ...take(remake(), 50)];
    expect(parts).toEqual(choose({ ...given, seed: 5 }, 100));
    expect(parts).not.toEqual(choose({ ...given, seed: 6 }, 100));
  });

  it('end after so many requests, or when they are told to', () => {
    const { choices } = makeChoices({ requests: 3 });
    expect(choices.more).toBe(true);
    take(choices, 3);
    expect(choices.more).toBe(false);
    const endless = makeChoices({}).choices;
    take(endless, 100);
    endless.end();
    expect(endless.more).toBe(false);
  });

  it('a pass reads each block once, in between or after the end', () => {
    const { choices } = makeChoices({ rw: 'randwrite', area: 4, requests: 2 });
    take(choices, 1);
    choices.beginPass();
    expect(take(choices, 5).map(({ op, block }) => [op, op === OP.read ? block : -1])).toEqual([
      [OP.read, 0],
      [OP.read, 1],
      [OP.read, 2],
      [OP.read, 3],
      [OP.write, -1],
    ]);
    expect(choices.more).toBe(false);
    choices.beginPass();
    expect(choices.more).toBe(true);
    take(choices, 4);
    expect(choices.more).toBe(false);
  });
});
