/** The workload above a disk of nothing but memory: what it asks for, and what it finds of a disk that misbehaves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskBalance, diskFacts } from '../../../src/check/blocks/balance.ts';
import { RequestTable, requestBytes } from '../../../src/drivers/nvme/requests.ts';
import { resolveWorkload, WorkloadError, type WorkloadOptions } from '../../../src/host/workload/options.ts';
import { layoutWorkload, Workload, workloadDataBytes } from '../../../src/host/workload/workload.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../../../src/hw/memory.ts';
import { type Mischief, TinyDisk, type TinyDiskOptions } from './tiny-disk.ts';

/** Steps without progress after which nothing more will come. */
const PATIENCE = 2000;

/** A workload and its disk, a step a microsecond. */
class Bench {
  readonly disk: TinyDisk;
  readonly memory: Memory;
  readonly data: number;
  readonly requests: RequestTable;
  workload: Workload;
  us = 0;
  private readonly remake: () => Workload;

  constructor(given: Partial<WorkloadOptions>, disk: Partial<TinyDiskOptions> = {}) {
    const options = resolveWorkload(given);
    const map = new MemoryMap();
    const layout = layoutWorkload(map, options);
    const table = map.take(requestBytes(options.iodepth));
    const data = map.take(workloadDataBytes(options), PAGE_BYTES);
    this.memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.data = data.address;
    const requests = new RequestTable(this.memory, table);
    this.requests = requests;
    const sectors = (options.area * options.bs) / 512;
    this.disk = new TinyDisk(this.memory, requests, { sectors, depth: 64, seed: options.seed, ...disk });
    this.disk.complete = (queue, numbers, count) => this.workload.completed(queue, numbers, count, this.us);
    this.remake = () => new Workload(this.memory, layout, requests, data, options);
    this.workload = this.remake();
  }

  /** As after the death of a CPU: another workload on the same memory. */
  adopt(): void {
    this.workload = this.remake();
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) {
      this.us++;
      this.workload.step(this.disk, this.us);
      this.disk.step();
    }
  }

  /** Until all is done, or nothing more happens. */
  run(): void {
    for (let idle = 0; !this.workload.finished && idle < PATIENCE; idle++) {
      this.us++;
      if (this.workload.step(this.disk, this.us) > 0) idle = 0;
      if (this.disk.step()) idle = 0;
    }
  }

  powerCut(): void {
    this.disk.cut();
    this.workload.powerCut();
  }

  /** Runs to the end, then reads all once. */
  finish() {
    this.run();
    this.workload.giveUp(this.us);
    this.workload.recheck();
    this.run();
    this.workload.giveUp(this.us);
    return this.balance();
  }

  balance() {
    const facts = diskFacts('nvme0', this.workload.books, this.workload.outstanding, true);
    return { ...diskBalance(facts), counts: facts.counts, kinds: facts.anomalies.map(({ kind }) => kind) };
  }
}

const SMALL = { area: 24, iodepth: 8, requests: 1000, zeroes: 30 } as const;
const SEEDS = [1, 2, 3, 4, 5, 6];

describe('after a CPU that ended in the middle of it', () => {
  const ends = (): never => {
    throw new Error('the CPU is no more');
  };

  it.each<[string, (bench: Bench) => void]>([
    [
      'of a batch that is done',
      ({ workload }) => {
        workload.books.close = ends;
      },
    ],
    [
      'of an offer',
      ({ workload }) => {
        workload.books.took = ends;
      },
    ],
    [
      'of making a request ready',
      ({ requests }) => {
        requests.prepare = ends;
      },
    ],
  ])('%s, all is asked for and done once', (_, spoil) => {
    for (const seed of SEEDS) {
      const bench = new Bench({ ...SMALL, rw: 'randrw', seed });
      bench.steps(100);
      spoil(bench);
      expect(() => bench.steps(2000)).toThrow('the CPU is no more');
      Reflect.deleteProperty(bench.requests, 'prepare'); // the class has it as it was
      bench.adopt();
      bench.workload.takeBack();
      bench.workload.settle(bench.us);
      const { counts, violations } = bench.finish();
      expect(violations).toEqual([]);
      expect(counts).toMatchObject({ submitted: 1024, completed: 1024, lost: 0, duplicated: 0 });
    }
  });
});

describe('what it asks for', () => {
  it('keeps so many requests outstanding, in one batch, as the driver has room', () => {
    const bench = new Bench({ iodepth: 8 });
    expect(bench.workload.step(bench.disk, 0)).toBe(8);
    expect(bench.disk.calls.map(({ requests }) => requests)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
    expect(bench.workload.outstanding).toBe(8);
    expect(bench.workload.step(bench.disk, 1)).toBe(0);
    for (let i = 0; i < 200; i++) {
      bench.disk.step();
      bench.workload.step(bench.disk, i);
      expect(bench.workload.outstanding).toBe(8);
    }
  });

  it('asks no more of a driver than it has room for', () => {
    const bench = new Bench({ iodepth: 8, requests: 50 }, { depth: 3 });
    bench.steps(1);
    expect(bench.workload.outstanding).toBeLessThanOrEqual(3);
    bench.run();
    expect(bench.balance().counts.completed).toBe(50);
  });

  it('offers again what a driver did not take, each request once and in order', () => {
    const bench = new Bench({ iodepth: 8, requests: 8 });
    const taken: number[] = [];
    const driver = {
      room: () => 8,
      submit: (_: number, requests: Int32Array, count: number) => {
        const some = Math.min(3, count);
        taken.push(...requests.subarray(0, some));
        return some;
      },
    };
    expect([1, 2, 3, 4].map((us) => bench.workload.step(driver, us))).toEqual([3, 3, 2, 0]);
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bench.workload.outstanding).toBe(8);
    expect(bench.workload.books.read('submitted')).toBe(8);
  });

  it('offers what was left by another CPU', () => {
    const bench = new Bench({ iodepth: 8, requests: 8 });
    const taken: number[] = [];
    const driver = {
      room: () => 8,
      submit: (_: number, requests: Int32Array, count: number) => {
        taken.push(...requests.subarray(0, Math.min(3, count)));
        return Math.min(3, count);
      },
    };
    for (let us = 0; us < 4; us++) {
      bench.workload.step(driver, us);
      bench.adopt();
    }
    expect([...taken].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bench.workload.outstanding).toBe(8);
  });

  it('takes its queues in turn', () => {
    const bench = new Bench({ iodepth: 8, queues: 3, requests: 100 }, { depth: 4 });
    bench.run();
    expect(new Set(bench.disk.calls.map(({ queue }) => queue))).toEqual(new Set([0, 1, 2]));
    expect(bench.balance()).toMatchObject({ violations: [], counts: { completed: 100 } });
  });

  it('goes past a queue that is full', () => {
    const bench = new Bench({ iodepth: 8, queues: 2 });
    const driver = { room: (queue: number) => queue * 8, submit: bench.disk.submit.bind(bench.disk) };
    expect(bench.workload.step(driver, 0)).toBe(8);
    expect(bench.disk.calls.map(({ queue }) => queue)).toEqual([1]);
  });

  it('is finished when so many requests are done', () => {
    const bench = new Bench({ requests: 300, iodepth: 8 });
    expect(bench.workload.finished).toBe(false);
    bench.run();
    expect(bench.workload.finished).toBe(true);
    expect(bench.balance().counts).toMatchObject({ submitted: 300, completed: 300 });
  });

  it('without a number goes on until it is told to end, then waits for what is outstanding', () => {
    const bench = new Bench({ iodepth: 8 });
    bench.steps(1000);
    bench.workload.end();
    expect(bench.workload.finished).toBe(false);
    const { submitted } = bench.balance().counts;
    bench.run();
    expect(bench.workload.finished).toBe(true);
    expect(bench.balance().counts).toMatchObject({ submitted, completed: submitted });
  });

  it('keeps the books balanced at every moment', () => {
    const bench = new Bench({ ...SMALL, requests: 200, fua: 10, flushEvery: 10 });
    while (!bench.workload.finished) {
      bench.steps(1);
      const { submitted, completed } = bench.balance().counts;
      expect(submitted).toBe(completed + bench.workload.outstanding);
    }
  });

  it('counts bytes that were read and written, and no others', () => {
    const bench = new Bench({ rw: 'randrw', rwmixread: 30, bs: 1024, requests: 1000, zeroes: 0, iodepth: 4 });
    bench.run();
    const { bytesRead, bytesWritten } = bench.balance().counts;
    expect(bytesRead + bytesWritten).toBe(1000 * 1024);
    expect(bytesRead / (1000 * 1024)).toBeCloseTo(0.3, 1);
  });

  it('takes the time from submission to completion', () => {
    const bench = new Bench({ iodepth: 1, requests: 1 });
    bench.us = 100;
    bench.workload.step(bench.disk, bench.us);
    bench.us = 350;
    while (bench.disk.step());
    expect(bench.workload.latency.maxUs()).toBe(250);
  });

  it('puts the data of each request on pages of its own', () => {
    const bench = new Bench({ rw: 'write', bs: 512, iodepth: 4, area: 8 });
    bench.workload.step(bench.disk, 0);
    for (let request = 0; request < 4; request++) {
      const at = (bench.data + request * PAGE_BYTES) / 4;
      expect([0, 127].map((word) => bench.memory.words[at + word])).not.toContain(0);
      expect(bench.memory.words.subarray(at + 128, at + 1024).every((word) => word === 0)).toBe(true);
    }
  });

  it('needs memory for its requests, and says how much', () => {
    const options = resolveWorkload({ iodepth: 8 });
    const map = new MemoryMap();
    const layout = layoutWorkload(map, options);
    const table = map.take(requestBytes(8));
    const small = map.take(7 * 4096, PAGE_BYTES);
    const memory = new Memory(new SharedArrayBuffer(map.bytes));
    const make = (): Workload =>
      new Workload(memory, layout, new RequestTable(memory, table), small, options);
    expect(make).toThrow(WorkloadError);
    expect(make).toThrow(/8 requests and 32768 bytes of data; there are 8 and 28672/);
  });
});

describe('a disk that keeps its promises', () => {
  const options = fc.record({
    rw: fc.constantFrom('randread', 'randwrite', 'randrw', 'read', 'write'),
    bs: fc.constantFrom(512, 2048, 4096, 8192),
    iodepth: fc.integer({ min: 1, max: 16 }),
    rwmixread: fc.integer({ min: 20, max: 80 }),
    wholeOneIn: fc.constantFrom(1, 8),
    seed: fc.nat(2 ** 31 - 1),
    area: fc.integer({ min: 1, max: 24 }),
    flushEvery: fc.constantFrom(0, 3, 10),
    fua: fc.constantFrom(0, 30),
    zeroes: fc.constantFrom(0, 30),
    queues: fc.integer({ min: 1, max: 3 }),
  }) as fc.Arbitrary<Partial<WorkloadOptions>>;
  const disks = fc.record({
    depth: fc.integer({ min: 1, max: 16 }),
    failsOneIn: fc.constantFrom(0, 10),
    eager: fc.boolean(),
  });

  it('raises no alarm, out of order, with failures and power cuts, and after a change of CPU', () => {
    fc.assert(
      fc.property(options, disks, fc.array(fc.boolean(), { maxLength: 4 }), (given, disk, cuts) => {
        const { bs } = resolveWorkload(given);
        const bench = new Bench(
          { ...given, requests: 250 },
          { ...disk, atomicBytes: bs > 4096 ? 512 : 4096 },
        );
        for (const cut of cuts) {
          bench.steps(150);
          if (cut) bench.powerCut();
          bench.adopt();
        }
        const { violations, counts, ...rest } = bench.finish();
        expect(violations).toEqual([]);
        expect(rest).toEqual({ lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0, kinds: [] });
        expect(counts.submitted).toBe(counts.completed + counts.cut);
      }),
      { numRuns: 150 },
    );
  });

  it('reads zeroes where nothing was written', () => {
    expect(new Bench({ ...SMALL, rw: 'read' }).finish().violations).toEqual([]);
    const bench = new Bench({ ...SMALL, rw: 'read' });
    bench.disk.view.fill(7);
    expect(new Set(bench.finish().kinds)).toEqual(new Set(['foreign']));
  });

  it('is not looked at without verify, and neither is its data made', () => {
    const bench = new Bench({ ...SMALL, verify: false, rw: 'randrw' });
    bench.disk.view.fill(7);
    bench.run();
    bench.powerCut();
    expect(bench.balance()).toMatchObject({ corrupt: 0, violations: [], counts: { completed: 1000 } });
    expect(bench.disk.view.every((byte) => byte === 7 || byte === 0)).toBe(true);
  });

  it('is read once, all of it, after a power cut', () => {
    const bench = new Bench({ ...SMALL, rw: 'randwrite', zeroes: 0 });
    bench.steps(200);
    bench.powerCut();
    const { bytesRead } = bench.balance().counts;
    bench.workload.end();
    bench.run();
    expect(bench.workload.finished).toBe(true);
    expect(bench.balance().counts.bytesRead - bytesRead).toBe(SMALL.area * 4096);
  });

  it('loses with the power what was outstanding, and that is counted', () => {
    const bench = new Bench({ ...SMALL });
    bench.steps(50);
    const { outstanding } = bench.workload;
    expect(outstanding).toBeGreaterThan(0);
    bench.powerCut();
    expect(bench.balance().counts.cut).toBe(outstanding);
    expect(bench.workload.outstanding).toBe(0);
  });
});

/** What is found of each, and what may be found beside it. */
const FOUND: readonly (readonly [Mischief, string, readonly string[]])[] = [
  ['loses a request', 'lost', []],
  ['completes a request twice', 'duplicated', []],
  ['completes a request again later', 'duplicated', []],
  ['completes what nobody submitted', 'duplicated', []],
  ['reads another block', 'misplaced', []],
  ['writes another block', 'misplaced', ['stale']],
  ['reads what was before', 'stale', []],
  ['reads what nobody wrote', 'unwritten', []],
  ['reads nothing', 'foreign', ['damaged']],
  ['reads a part', 'damaged', ['foreign']],
  ['flips a bit', 'damaged', []],
  ['writes a part', 'torn', []],
  ['writes nothing', 'stale', []],
  ['zeroes nothing', 'stale', []],
];

describe('a disk that', () => {
  it.each(FOUND)('%s is found, and what it did is called %s', (mischief, kind, others) => {
    for (const seed of SEEDS) {
      const { kinds, violations } = new Bench({ ...SMALL, seed }, { mischief }).finish();
      expect(kinds).toContain(kind);
      expect([kind, ...others]).toEqual(expect.arrayContaining([...new Set(kinds)]));
      expect(violations.length).toBeGreaterThanOrEqual(kinds.length);
    }
  });

  it.each([
    ['flushes nothing', 'forgotten', { flushEvery: 5 }],
    ['takes FUA for a hint', 'forgotten', { fua: 50 }],
    ['tears when the power is cut', 'torn', {}],
  ] as const)('%s is found after a power cut: blocks are %s', (mischief, kind, given) => {
    for (const seed of SEEDS) {
      const bench = new Bench({ ...SMALL, ...given, seed, rw: 'randwrite', zeroes: 0 }, { mischief });
      bench.run();
      bench.powerCut();
      const { kinds, brokenPromises, corrupt, violations } = bench.finish();
      expect(new Set(kinds)).toEqual(new Set([kind]));
      expect(brokenPromises).toBeGreaterThan(0);
      if (kind === 'forgotten') {
        expect(corrupt).toBe(0);
        expect(violations[0]).toMatchObject({ invariant: 'promise', device: 'nvme0' });
      }
    }
  });

  it.each(['flushes nothing', 'takes FUA for a hint'] as const)(
    '%s is right as long as there is power',
    (mischief) => {
      expect(new Bench({ ...SMALL, flushEvery: 5, fua: 50 }, { mischief }).finish().violations).toEqual([]);
    },
  );

  it('fails now and then is found none the less', () => {
    const given = { ...SMALL, area: 1, iodepth: 1, zeroes: 0 };
    const { kinds, counts } = new Bench(given, { mischief: 'writes nothing', failsOneIn: 4 }).finish();
    expect(counts.failed).toBeGreaterThan(100);
    expect(new Set(kinds)).toEqual(new Set(['stale']));
  });

  it('loses and repeats no more than it is charged with', () => {
    const bench = new Bench({ ...SMALL }, { mischief: 'loses a request' });
    bench.run();
    const { outstanding } = bench.workload;
    expect(outstanding).toBeGreaterThan(0);
    expect(bench.balance().lost).toBe(outstanding); // still outstanding: lost, if this is the end
    bench.workload.giveUp(bench.us);
    expect(bench.balance().lost).toBe(outstanding);
    expect(bench.balance().violations).toHaveLength(outstanding);
  });

  it('has the anomaly named with request, block, versions and time', () => {
    const bench = new Bench({ ...SMALL, zeroes: 0 }, { mischief: 'writes nothing' });
    bench.finish();
    const [first] = bench.workload.books.anomalies();
    expect(first.kind).toBe('stale');
    expect(first.found).toBeLessThan(first.expected);
    expect(first.block).toBeLessThan(SMALL.area);
    expect(first.timeUs).toBeGreaterThan(0);
    expect(first.timeUs).toBeLessThanOrEqual(bench.us);
  });
});
