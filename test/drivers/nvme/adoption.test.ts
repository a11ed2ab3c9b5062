import { describe, expect, it } from 'vitest';
import { BufferedDriver } from '../../../src/drivers/nvme/buffered.ts';
import { DISK_DRIVERS } from '../../../src/drivers/nvme/index.ts';
import { CommandWalk } from '../../../src/drivers/nvme/slot-walk.ts';
import { DiskBench, OUT_OF_ORDER } from './bench.ts';
import { Workload } from './workload.ts';

const NAMES = DISK_DRIVERS.map(({ name }) => name);
const PAIRS = NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const));

/** A driver without a buffer can take over only when the buffer is clean: it settles while the load goes on. */
function makeReady(load: Workload, to: string): void {
  const { driver } = load.bench;
  if (!(driver instanceof BufferedDriver) || to === 'buffered') return;
  for (let turn = 0; !driver.settle(); turn++) {
    if (turn > 20_000) throw new Error('the buffer does not settle');
    load.run(1);
  }
  load.run(20); // it goes on, with commands in flight, and stays settled
}

describe.each(PAIRS)('%s hands over to %s', (from, to) => {
  it.each([1, 2])('with commands in flight: each ends once, with its data, seed %d', (seed) => {
    const bench = DiskBench.started(from, { queueDepth: 24 }, { ...OUT_OF_ORDER, cacheBlocks: 1024 });
    const load = new Workload(bench, { seed, atOnce: 20 });
    let inFlight = 0;
    for (const name of [to, from, to]) {
      load.run(150 + 7 * seed);
      makeReady(load, name);
      bench.state.forEachCommand(() => inFlight++);
      bench.swap(name, { queueDepth: 24 });
      const walk = new CommandWalk(bench.state, bench.requests);
      while (!walk.advance(5)) load.run(1);
    }
    load.run(200);
    load.drain();
    expect(inFlight).toBeGreaterThan(10);
    expect(load.mistakes).toEqual([]);
    expect(load.notOnce()).toEqual([]);
    expect(load.differences()).toEqual([]);
    expect(bench.state.header('adoptions')).toBe(3);
    expect(bench.controller.probes.read('invalidDoorbells')).toBe(0);
    expect(bench.controller.probes.read('dmaFaults')).toBe(0);
  });

  it('finds what was completed while nobody looked, and what comes later', () => {
    const bench = DiskBench.started(from, {}, OUT_OF_ORDER);
    const early = [0, 1, 2].map((nth) => bench.prepareWrite(100 + 3 * nth, 3, 1));
    const late = [0, 1, 2].map((nth) => bench.prepareWrite(200 + 3 * nth, 3, 1));
    bench.submit(...early);
    bench.until('the commands', () => inFlightOn(bench) === 3 || from === 'batching');
    bench.driver.quiesce();
    for (let step = 0; step < 500; step++) bench.step();
    bench.interrupt();
    expect(bench.handed).toEqual([]);
    if (bench.driver instanceof BufferedDriver) bench.driver.settle();
    bench.swap(to);
    bench.settle(...early);
    bench.submit(...late);
    bench.settle(...late);
    expect(bench.handed.length).toBe(6);
  });
});

function inFlightOn(bench: DiskBench): number {
  let commands = 0;
  bench.state.forEachCommand(() => commands++);
  return commands;
}

describe('a hand-over that is undone', () => {
  it.each(PAIRS)('%s goes on after %s has imported and was given up', (from, to) => {
    const bench = DiskBench.started(from, { queueDepth: 24 }, { ...OUT_OF_ORDER, cacheBlocks: 1024 });
    const load = new Workload(bench, { atOnce: 20 });
    load.run(150);
    makeReady(load, to);
    const free = bench.environment.dma.freeBytes();
    const copy = new Int32Array(bench.state.region.bytes / 4);
    const next = bench.make(to, { queueDepth: 24 });
    const format = from === 'buffered' && to === 'buffered' ? 'ringswap.nvme.buffered.2' : 'ringswap.nvme.2';
    bench.driver.quiesce();
    bench.state.save(copy);
    bench.driver.exportState(format);
    next.importState(format);
    bench.state.restore(copy);
    bench.driver.activate();
    next.release();
    expect(bench.environment.dma.freeBytes()).toBe(free);
    load.run(300);
    load.drain();
    expect(load.mistakes).toEqual([]);
    expect(load.notOnce()).toEqual([]);
    expect(load.differences()).toEqual([]);
  });

  it.each(PAIRS)('%s takes its place again after %s has served', (from, to) => {
    const bench = DiskBench.started(from, { queueDepth: 24 }, { ...OUT_OF_ORDER, cacheBlocks: 1024 });
    const load = new Workload(bench, { atOnce: 20 });
    load.run(150);
    makeReady(load, to);
    const old = bench.driver;
    old.release = () => undefined; // it is kept until the new one is proved
    bench.swap(to, { queueDepth: 24 });
    load.run(50);
    makeReady(load, from);
    const next = bench.driver;
    const format = from === 'buffered' && to === 'buffered' ? 'ringswap.nvme.buffered.2' : 'ringswap.nvme.2';
    next.quiesce();
    next.exportState(format);
    old.importState(format);
    bench.driver = old;
    old.activate();
    next.release();
    load.run(200);
    load.drain();
    expect(load.mistakes).toEqual([]);
    expect(load.notOnce()).toEqual([]);
    expect(load.differences()).toEqual([]);
  });
});
