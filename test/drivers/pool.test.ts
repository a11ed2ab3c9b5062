import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUFFER_BYTES, BufferPool, PoolExhausted, poolTableBytes } from '../../src/drivers/pool.ts';
import { Memory, MemoryMap, PAGE_BYTES, type Region } from '../../src/hw/memory.ts';

const MOST = 64;

class Bench {
  readonly pool: BufferPool;
  /** Taken and not put back. */
  readonly held: number[] = [];
  readonly mappedPages = new Set<number>();
  private readonly remake: () => BufferPool;

  constructor(most = MOST) {
    const map = new MemoryMap();
    const table = map.take(poolTableBytes(most));
    const arena = map.take(most * BUFFER_BYTES, PAGE_BYTES);
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.remake = () =>
      new BufferPool(memory, table, arena, {
        map: (window) => this.pages(window, (page) => this.mappedPages.add(page)),
        unmap: (window) => this.pages(window, (page) => this.mappedPages.delete(page)),
      });
    this.pool = this.remake();
  }

  /** Another pool object on the same shared words, as on another CPU. */
  adopted(): BufferPool {
    return this.remake();
  }

  take(): number {
    const buffer = this.pool.take();
    if (buffer >= 0) this.held.push(buffer);
    return buffer;
  }

  put(index: number): void {
    const [buffer] = this.held.splice(index % this.held.length, 1);
    if (buffer !== undefined) this.pool.put(buffer);
  }

  grow(wanted: number, slice = 8): void {
    for (const _ of this.pool.grow(wanted, slice));
  }

  /** A slice of what a shrink has left to do; when there is no more, no free buffer is above the ceiling. */
  settle(most: number): boolean {
    const { free, gone } = { free: this.pool.available, gone: this.pool.gone };
    const done = this.pool.settle(most);
    expect(free - this.pool.available).toBeLessThanOrEqual(most);
    if (done && this.pool.gone > 0) expect(this.held.length + this.pool.available).toBeGreaterThan(0);
    if (done && this.pool.gone === 0 && gone === 0) expect(this.pool.available).toBe(free);
    return done;
  }

  settleAll(most = 3): void {
    while (!this.settle(most));
  }

  /** Every buffer that exists is in exactly one place: free, held, or gone; all of them mapped. */
  check(): void {
    const { pool, held } = this;
    const places = [...held];
    pool.forEachFree((buffer) => places.push(buffer));
    expect(new Set(places).size).toBe(places.length);
    expect(places.every((buffer) => pool.owns(buffer))).toBe(true);
    expect(places.length + pool.gone).toBe(pool.capacity);
    for (const buffer of places) expect(this.mappedPages.has(pool.address(buffer) >>> 12)).toBe(true);
  }

  private pages({ address, bytes }: Region, visit: (page: number) => void): void {
    for (let page = address >>> 12; page < (address + bytes) >>> 12; page++) visit(page);
  }
}

class Step implements fc.Command<{ growth: Generator<void> | undefined }, Bench> {
  private readonly what: 'take' | 'put' | 'settle' | 'shrink' | 'grow' | 'slice';
  private readonly value: number;

  constructor(what: Step['what'], value: number) {
    this.what = what;
    this.value = value;
  }

  check(): boolean {
    return true;
  }

  run(model: { growth: Generator<void> | undefined }, bench: Bench): void {
    const { pool } = bench;
    if (this.what === 'take') {
      const buffer = bench.take();
      if (buffer >= 0) expect(pool.owns(buffer)).toBe(true);
      else expect(pool.available).toBe(0);
    }
    if (this.what === 'put' && bench.held.length > 0) bench.put(this.value);
    if (this.what === 'settle') bench.settle(1 + (this.value % 7));
    // Growth goes on in slices between the polls of a swap; a shrink comes at its end.
    if (this.what === 'shrink' && model.growth === undefined) pool.shrink(this.value);
    if (this.what === 'grow' && model.growth === undefined)
      model.growth = pool.grow(2 * this.value, 2 * (1 + (this.value % 5)));
    if (this.what === 'slice' && model.growth?.next().done === true) model.growth = undefined;
    bench.check();
  }

  toString(): string {
    return `${this.what}(${this.value})`;
  }
}

describe('the buffer pool', () => {
  it('has every buffer in exactly one place after any sequence of steps', () => {
    const value = fc.nat(MOST / 2);
    const command = (what: Step['what']) => value.map((v) => new Step(what, v));
    fc.assert(
      fc.property(
        fc.commands((['take', 'put', 'settle', 'shrink', 'grow', 'slice', 'slice'] as const).map(command), {
          maxCommands: 200,
        }),
        (commands) =>
          fc.modelRun(() => {
            const real = new Bench();
            return { model: { growth: undefined }, real };
          }, commands),
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  it('hands out each of its buffers once, then none', () => {
    const bench = new Bench();
    bench.grow(10);
    for (let i = 0; i < 10; i++) bench.take();
    expect(bench.take()).toBe(-1);
    expect([...bench.held].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('grows by one more when an odd number is wanted: two buffers share a page', () => {
    const bench = new Bench();
    bench.grow(7);
    expect(bench.pool.capacity).toBe(8);
    bench.check();
  });

  it('refuses to grow beyond the memory, with the numbers, and changes nothing', () => {
    const bench = new Bench();
    bench.grow(10);
    bench.pool.shrink(4);
    expect(() => bench.grow(MOST + 1)).toThrow(PoolExhausted);
    expect(() => bench.grow(MOST + 1)).toThrow(`${MOST + 1} packet buffers`);
    expect(bench.pool.capacity).toBe(10);
    bench.check();
  });

  it('grows to the last buffer of the memory, in slices of one', () => {
    const bench = new Bench();
    let slices = 0;
    for (const _ of bench.pool.grow(MOST, 1)) slices++;
    expect(slices).toBe(MOST);
    expect(bench.pool.available).toBe(MOST);
    bench.check();
  });

  it('shrinks as buffers come home, and unmaps only when all have left', () => {
    const bench = new Bench();
    bench.grow(16);
    for (let i = 0; i < 16; i++) bench.take();
    bench.pool.shrink(8);
    bench.settleAll();
    expect(bench.pool.capacity).toBe(16);
    bench.held.sort((a, b) => a - b); // the last one to come home is above the ceiling
    while (bench.held.length > 1) bench.put(0);
    bench.settleAll();
    expect(bench.pool.capacity).toBe(16);
    expect(bench.mappedPages.size).toBe(8);
    bench.put(0);
    bench.settleAll();
    expect(bench.pool.capacity).toBe(8);
    expect(bench.mappedPages.size).toBe(4);
    bench.check();
  });

  it('looks at so many free buffers at a time, and unmaps so many, whatever is taken and put in between', () => {
    const bench = new Bench(256);
    bench.grow(256);
    for (let i = 0; i < 100; i++) bench.take();
    bench.pool.shrink(32);
    let slices = 0;
    let mapped = bench.mappedPages.size;
    for (let done = false; !done; slices++) {
      done = bench.settle(8);
      expect(mapped - bench.mappedPages.size).toBeLessThanOrEqual(4);
      mapped = bench.mappedPages.size;
      if (bench.held.length > 0) {
        bench.put(slices);
        bench.take();
        bench.put(slices * 7);
      }
      bench.check();
      done &&= bench.held.length === 0;
    }
    expect(slices).toBeGreaterThan(224 / 8);
    expect([bench.pool.capacity, bench.pool.available, bench.mappedPages.size]).toEqual([32, 32, 16]);
  });

  it('keeps what it has not yet unmapped when it grows again', () => {
    const bench = new Bench();
    bench.grow(64);
    bench.pool.shrink(16);
    while (bench.pool.capacity > 16) bench.settle(8);
    expect(bench.mappedPages.size).toBeGreaterThan(8);
    bench.grow(40);
    bench.check();
    bench.settleAll();
    expect(bench.mappedPages.size).toBe(20);
    bench.check();
  });

  it('never hands out a buffer above the ceiling of a shrink', () => {
    const bench = new Bench();
    bench.grow(16);
    bench.pool.shrink(4);
    for (let i = 0; i < 16; i++) bench.take();
    expect(bench.held.every((buffer) => buffer < 4)).toBe(true);
    expect(bench.held).toHaveLength(4);
    expect(bench.pool.gone).toBe(12);
  });

  it('takes back those that left when it grows in the middle of a shrink', () => {
    const bench = new Bench();
    bench.grow(32);
    bench.pool.shrink(4);
    expect(bench.take()).toBeGreaterThanOrEqual(0);
    bench.grow(20);
    expect(bench.pool.gone).toBe(0);
    expect(bench.pool.capacity).toBe(32);
    expect(bench.pool.available).toBe(31);
    bench.check();
  });

  it('does not shrink to more than it has', () => {
    const bench = new Bench();
    bench.grow(8);
    bench.pool.shrink(20);
    expect(bench.pool.settle(1)).toBe(true);
    expect(bench.pool.capacity).toBe(8);
  });

  it('keeps all of its state in shared words: another pool object goes on from there', () => {
    const bench = new Bench();
    bench.grow(12);
    bench.take();
    bench.pool.shrink(6);
    const again = bench.adopted();
    expect([again.capacity, again.available, again.gone]).toEqual([12, 11, 0]);
    while (!again.settle(2));
    expect(again.capacity).toBe(bench.held[0] < 6 ? 6 : 12);
    expect(again.available).toBe(bench.held[0] < 6 ? 5 : 6);
  });
});

describe('buffers claimed and put back many at a time', () => {
  it('are each out once, whatever shrinks meanwhile', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant('claim' as const), count: fc.nat(40) }),
            fc.record({ kind: fc.constant('putAll' as const), count: fc.nat(40) }),
            fc.record({ kind: fc.constant('shrink' as const), count: fc.nat(MOST) }),
            fc.record({ kind: fc.constant('settle' as const), count: fc.nat(8) }),
            fc.record({ kind: fc.constant('grow' as const), count: fc.nat(MOST) }),
          ),
          { maxLength: 60 },
        ),
        (steps) => {
          const { pool, held } = withBuffers(MOST);
          for (const { kind, count } of steps) {
            if (kind === 'claim') {
              const taken = pool.claim(count);
              expect(taken).toBeLessThanOrEqual(count);
              held.push(...pool.claimedIn.subarray(pool.claimed, pool.claimed + taken));
            } else if (kind === 'putAll') {
              const back = held.splice(0, count);
              pool.putAll(Int32Array.from(back), back.length);
            } else if (kind === 'shrink') pool.shrink(count);
            else if (kind === 'settle') pool.settle(count + 1);
            else for (const _ of pool.grow(count, 8));
            const free: number[] = [];
            pool.forEachFree((buffer) => free.push(buffer));
            const all = [...free, ...held];
            expect(new Set(all).size).toBe(all.length);
            expect(all.length + pool.gone).toBe(pool.capacity);
          }
        },
      ),
    );
  });
});

/** A pool with all of its buffers, and a list for those that are out. */
function withBuffers(count: number) {
  const bench = new Bench(count);
  bench.grow(count);
  return { pool: bench.pool, held: bench.held };
}

describe('the pool of someone who is no more', () => {
  it('has what is in use, and all else free, whatever the free list says', () => {
    for (const capacity of [31, 32]) {
      const bench = new Bench();
      bench.grow(capacity);
      for (let i = 0; i < 20; i++) bench.take();
      const inUse = bench.held.splice(3, 9); // the others were on their way
      const pool = bench.adopted();
      pool.takeStock((claim) => {
        for (const buffer of inUse) claim(buffer);
      });
      expect(pool.available).toBe(pool.capacity - inUse.length);
      const free = Array.from({ length: pool.available }, () => pool.take());
      expect([...free, ...inUse].sort((a, b) => a - b)).toEqual(
        Array.from({ length: pool.capacity }, (_, i) => i),
      );
      for (let buffer = 0; buffer < pool.capacity; buffer++)
        expect(bench.mappedPages.has(pool.address(buffer) >>> 12), `${buffer} of ${capacity}`).toBe(true);
    }
  });

  it('shrinks no more, and what had left is back', () => {
    const bench = new Bench();
    bench.grow(32);
    for (let i = 0; i < 10; i++) bench.take();
    bench.pool.shrink(8);
    bench.settleAll();
    expect(bench.pool.gone).toBeGreaterThan(0);
    const pool = bench.adopted();
    pool.takeStock((claim) => {
      for (const buffer of bench.held) claim(buffer);
    });
    expect(pool.shrinking).toBe(false);
    expect({ gone: pool.gone, available: pool.available }).toEqual({ gone: 0, available: 22 });
  });
});
