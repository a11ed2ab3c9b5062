/** A disk is reset under its drivers: no request is lost or done twice, and what was acknowledged stays. */
import { describe, expect, it } from 'vitest';
import { runAdmin } from '../../src/drivers/nvme/admin-queue.ts';
import { DISK_DRIVERS } from '../../src/drivers/nvme/index.ts';
import { OP, REQUEST_FUA } from '../../src/drivers/nvme/requests.ts';
import { PAIR } from '../../src/drivers/nvme/state.ts';
import { lowestBit } from '../../src/drivers/state-block.ts';
import { ADMIN, FEATURE, STATUS } from '../../src/hw/nvme/datasheet.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import { OUT_OF_ORDER } from '../drivers/nvme/bench.ts';
import { Workload } from '../drivers/nvme/workload.ts';
import { SwappedDisk, type SwappedOptions } from './disk-bench.ts';

const NAMES = DISK_DRIVERS.map(({ name }) => name);
const PAIRS = NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const));
const SLOW = {
  timing: { readUs: 100, writeUs: 100, flushUs: 100, megabytesPerSecond: 1e5, jitter: 0, seed: 1 },
};
const QUEUES = { ...OUT_OF_ORDER, cacheBlocks: 1024, queues: 2 } as const;

function underLoad(name: string, seed = 1, options: SwappedOptions = {}, queueDepth = 24) {
  const bench = SwappedDisk.up(name, { queueDepth }, { ...QUEUES, lazy: 3, ...options });
  const load = new Workload(bench, { seed, atOnce: 40, queues: 2 });
  load.run(150 + 7 * seed);
  return { bench, load };
}

/** Each request was handed back once, with what it should bring, and the disk found nothing wrong with the driver. */
function expectWhole(load: Workload): void {
  const { bench } = load;
  load.run(200);
  load.drain();
  expect(load.mistakes).toEqual([]);
  expect(load.notOnce()).toEqual([]);
  expect(load.differences()).toEqual([]);
  expect(bench.controller.probes.read('invalidDoorbells')).toBe(0);
  expect(bench.controller.probes.read('dmaFaults')).toBe(0);
}

function sum(records: readonly SwapRecord[], of: 'resubmitted' | 'aborted'): number {
  return records.reduce((total, record) => total + record[of], 0);
}

function depthsOf({ state, memory }: SwappedDisk): number[] {
  const depths: number[] = [];
  for (let left = state.active; left !== 0; left &= left - 1)
    depths.push(memory.words[state.pair(lowestBit(left)) + PAIR.depth]);
  return depths;
}

/** Commands that carry more than one request, and those that are a driver's own. */
function kindsInFlight({ state }: SwappedDisk) {
  let merged = 0;
  let own = 0;
  state.forEachCommand((first, count) => {
    if (first < 0) own++;
    else if (count > 1) merged++;
  });
  return { merged, own };
}

describe.each(PAIRS)('a reset from %s to %s', (from, to) => {
  it.each([1, 2, 3])('under load loses and repeats nothing, seed %d', (seed) => {
    const { bench, load } = underLoad(from, seed);
    const { dma } = bench.environment;
    for (const name of [to, from, to]) {
      const record = bench.reset(name, {}, () => load.run(1));
      expect(record).toMatchObject({ outcome: 'done', reason: '', to: name });
      load.run(100);
    }
    expectWhole(load);
    expect(sum(bench.ended, 'resubmitted')).toBeGreaterThan(10);
    expect(sum(bench.ended, 'aborted')).toBe(load.aborted);
    expect(depthsOf(bench)).toEqual([24, 24]);
    const used = dma.freeBytes();
    bench.reset(from);
    bench.reset(to);
    expect(dma.freeBytes()).toBe(used);
  });

  it('hands over what the disk had completed, submits reads and writes again, and ends the rest once', () => {
    if (from === 'buffered' && to !== 'buffered') return; // it settles before: nothing is left in that state
    const parameters = { queueDepth: 32, ...(from === 'buffered' ? { readAhead: 0 } : {}) };
    const bench = SwappedDisk.up(from, parameters, { ...SLOW, cacheBlocks: 1024 });
    bench.write(0, 64, 1, REQUEST_FUA);
    // Nobody is told of completions until the reset, and a driver that looks for them by itself finds none.
    const tell = bench.interrupt.bind(bench);
    bench.interrupt = () => undefined;
    const submit = (...requests: readonly number[]): readonly number[] => {
      bench.submit(...requests);
      if (from !== 'polling') bench.serve();
      return requests;
    };
    const early = submit(bench.prepare(OP.read, 0, 8), bench.prepareWrite(100, 3, 2, REQUEST_FUA));
    if (from === 'batching') bench.clock.us += 60;
    if (from === 'batching') bench.serve(); // its plug is pulled by time
    if (from === 'polling') bench.slot.driver.poll = () => 0;
    bench.step(1); // fetched
    const fetched = submit(bench.prepare(OP.flush), bench.prepareWrite(104, 3, 2, REQUEST_FUA));
    if (from === 'batching') bench.clock.us += 60;
    if (from === 'batching') bench.serve();
    bench.step(60);
    bench.step(60); // what was early is completed, the others are not
    const late = submit(
      ...[bench.prepare(OP.read, 8, 8), bench.prepare(OP.read, 16, 8), bench.prepare(OP.read, 24, 5)],
      ...[bench.prepare(OP.writeZeroes, 40, 4), bench.prepare(OP.discard, 48, 4)],
    );
    const shared = kindsInFlight(bench).merged;
    expect(shared).toBe(from === 'batching' ? 1 : 0);
    const record = bench.reset(to, {}, () => {
      bench.clock.us += 1; // the disk hears of nothing until the pause
      bench.serve();
      if (bench.heldTurns === 0) return;
      bench.interrupt = tell;
      bench.step();
      bench.interrupt();
    });
    bench.settle(...early, ...fetched, ...late);
    expect(record).toMatchObject({ outcome: 'done', resubmitted: 4, aborted: 3 });
    expect(bench.takenLate).toBe(2);
    const statuses = [...early, ...fetched, ...late].map((request) => bench.requests.status(request));
    const gone = STATUS.abortedSqDeletion;
    expect(statuses).toEqual([0, 0, gone, 0, 0, 0, 0, gone, gone]);
    const ends = bench.handed.map(({ request }) => request);
    expect(new Set(ends).size).toBe(ends.length);
    expect(bench.versionsIn(early[0], 0, 8)).toEqual(Array(8).fill(1));
    expect(late.slice(0, 3).flatMap((request, i) => bench.versionsIn(request, 8 + 8 * i, 5))).toEqual(
      Array(15).fill(1),
    );
    expect([...bench.read(100, 3), ...bench.read(104, 3)]).toEqual(Array(6).fill(2));
    expect(bench.execute(bench.prepare(OP.flush))).toBe(0);
    expect(bench.onMedia(104, 3)).toEqual([2, 2, 2]);
  });

  it.each([
    [24, 3],
    [3, 24],
  ])('takes a queue depth from %d to %d', (before, after) => {
    const { bench, load } = underLoad(from, 1, {}, before);
    const record = bench.reset(to, { queueDepth: after }, () => load.run(1));
    expect(record).toMatchObject({ outcome: 'done', reason: '' });
    expect(depthsOf(bench)).toEqual([after, after]);
    expect(bench.slot.parameters.queueDepth).toBe(after);
    expectWhole(load);
    expect(bench.reset(from, {}, () => load.run(1)).outcome).toBe('done');
    expect(depthsOf(bench)).toEqual([after, after]);
    expectWhole(load);
  });
});

describe('a reset', () => {
  it('leaves what lies in the volatile cache of the disk, and a flush that comes later brings it to the media', () => {
    const bench = SwappedDisk.up('polling', {}, { cacheBlocks: 1024 });
    bench.write(0, 24, 1);
    bench.reset('interrupt');
    expect(bench.onMedia(0, 24)).toEqual(Array(24).fill(0));
    expect(bench.read(0, 24)).toEqual(Array(24).fill(1));
    expect(bench.flush()).toBe(0);
    expect(bench.onMedia(0, 24)).toEqual(Array(24).fill(1));
  });

  it.each(PAIRS)('from %s to %s keeps what was promised over a power cut', (from, to) => {
    const { bench, load } = underLoad(from, 2, { cacheBlocks: 256 });
    for (const name of [to, from]) {
      bench.reset(name, {}, () => load.run(1));
      load.run(300);
    }
    expect(load.promised.some((version) => version > 0)).toBe(true);
    bench.controller.powerCut(7, bench.clock.us);
    const left = bench.onMedia(0, load.promised.length);
    // Zeroes have no version, and may be what is newest.
    const broken = left.flatMap((version, block) =>
      version >= load.promised[block] || version === 0 ? [] : [block],
    );
    expect(broken).toEqual([]);
  });

  it('hands requests back on the queue on which they came', () => {
    const bench = SwappedDisk.up('batching', { queueDepth: 16 }, { ...SLOW, queues: 3 });
    const [read, flush] = [bench.prepare(OP.read, 0, 8), bench.prepare(OP.flush)];
    bench.offer(read, 2);
    bench.offer(flush, 1);
    bench.reset('polling');
    bench.settle(read, flush);
    expect(bench.handed).toEqual([
      { queue: 1, request: flush },
      { queue: 2, request: read },
    ]);
  });

  it.each([
    ['batching', 31 | (1 << 8)],
    ['interrupt', 0],
  ])('tells the disk anew how %s wants its interrupts', (to, coalescing) => {
    const bench = SwappedDisk.up('batching');
    bench.reset(to);
    let answer = -1;
    bench.run(
      (function* () {
        const command = {
          name: 'Get Features',
          opcode: ADMIN.getFeatures,
          cdw10: FEATURE.interruptCoalescing,
        };
        answer = yield* runAdmin(bench.environment, command);
      })(),
    );
    expect(answer).toBe(coalescing);
  });

  it('happens in slices, while the disk takes its time: whoever shares the CPU has its turns', () => {
    const { bench, load } = underLoad('polling', 1, { readyUs: 400, lazy: 0 });
    const record = bench.reset('polling', {}, () => load.run(1));
    expect(bench.heldTurns).toBeGreaterThan(2 * 400);
    expect(record.criticalSectionUs).toBeGreaterThan(2 * 400);
  });

  it('counts as stall as long as requests wait for it', () => {
    const bench = SwappedDisk.up('polling', {}, { ...SLOW, readyUs: 400 });
    const request = bench.prepare(OP.read, 0, 8);
    bench.submit(request);
    bench.step();
    const record = bench.reset('polling');
    expect(record.resubmitted).toBe(1);
    expect(record.stallUs).toBeGreaterThan(2 * 400);
    bench.settle(request);
    expect(bench.reset('polling').stallUs).toBeLessThan(400); // nobody waits
  });

  it('gives a client no room until what was in flight is submitted again, through a small queue too', () => {
    const bench = SwappedDisk.up('polling', { queueDepth: 32 }, SLOW);
    const requests = Array.from({ length: 32 }, (_, nth) => bench.prepareWrite(16 * nth, 8, 1));
    bench.submit(...requests);
    let tooSoon = 0;
    const record = bench.reset('polling', { queueDepth: 2 }, () => {
      bench.turn();
      if (bench.heldTurns > 0 && requests.length - bench.handed.length > 2) tooSoon += bench.driver.room(0);
    });
    expect(record).toMatchObject({ outcome: 'done', resubmitted: 32 });
    expect(tooSoon).toBe(0);
    bench.settle(...requests);
    expect(bench.handed).toHaveLength(32);
  });
});

describe('the buffer of the buffered driver in a reset', () => {
  /** Some pages dirty, some on their way to the disk, and a flush that waits for them. */
  function dirty(buffers: number, method: SwappedOptions = SLOW) {
    const bench = SwappedDisk.up('buffered', { buffers: 16 }, { ...method, cacheBlocks: 1024 });
    for (let page = 0; page < 12; page++) bench.write(page * 8, 8, 1);
    bench.serve();
    const flush = bench.prepare(OP.flush);
    bench.submit(flush);
    bench.serve();
    bench.step();
    expect(kindsInFlight(bench).own).toBe(12);
    return { bench, flush, record: bench.reset('buffered', { buffers }, () => bench.turn()) };
  }

  it.each([8, 16, 64])(
    'is taken over, what was being written out is written out again, to one of %d pages',
    (buffers) => {
      const { bench, flush, record } = dirty(buffers);
      expect(record).toMatchObject({ outcome: 'done', resubmitted: 0, aborted: 0 });
      bench.settle(flush);
      expect(bench.requests.status(flush)).toBe(0);
      expect(bench.onMedia(0, 96)).toEqual(Array(96).fill(1));
      expect(bench.read(0, 96)).toEqual(Array(96).fill(1));
    },
  );

  it('has lost no slot to reads ahead that never ended', () => {
    const bench = SwappedDisk.up('buffered', { buffers: 16, readAhead: 8 }, SLOW);
    bench.read(0, 8);
    const next = bench.prepare(OP.read, 8, 8);
    bench.submit(next);
    bench.serve();
    bench.step();
    expect(kindsInFlight(bench).own).toBe(8);
    bench.reset('buffered', { buffers: 16, readAhead: 8 }, () => bench.turn());
    for (let page = 0; page < 16; page++) bench.write(8 * page, 8, 2);
    bench.flush();
    expect(bench.onMedia(0, 128)).toEqual(Array(128).fill(2));
    bench.settle(next);
    expect(bench.swapTo('polling', {}, 'inplace').outcome).toBe('done'); // it comes to rest
  });
});
