import { describe, expect, it } from 'vitest';
import { BufferedDriver } from '../../../src/drivers/nvme/buffered.ts';
import { OP, REQUEST_FUA } from '../../../src/drivers/nvme/requests.ts';
import { StateError } from '../../../src/drivers/state-block.ts';
import { STATUS } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench, OUT_OF_ORDER } from './bench.ts';
import { Workload } from './workload.ts';

const SLOW = {
  timing: { readUs: 100, writeUs: 100, flushUs: 100, megabytesPerSecond: 1e4, jitter: 0, seed: 1 },
};

function commandsOf(bench: DiskBench): number {
  return bench.controller.probes.read('commands');
}

function bufferedOf(bench: DiskBench): BufferedDriver {
  if (bench.driver instanceof BufferedDriver) return bench.driver;
  throw new Error('not the buffered driver');
}

function settle(bench: DiskBench): void {
  bench.until('the buffer to be clean', () => bufferedOf(bench).settle());
}

describe('the buffered driver', () => {
  it('has done a write when it is in the buffer, and reads it from there: the disk hears of neither', () => {
    const bench = DiskBench.started('buffered', {}, SLOW);
    const commands = commandsOf(bench);
    const begun = bench.clock.us;
    bench.write(8, 16, 1);
    expect(bench.read(11, 9)).toEqual(Array(9).fill(1));
    expect(bench.clock.us - begun).toBeLessThan(10);
    expect(commandsOf(bench)).toBe(commands);
    expect(bench.onMedia(8, 16)).toEqual(Array(16).fill(0));
  });

  it('writes a page once that was written many times', () => {
    const bench = DiskBench.started('buffered');
    const written = bench.controller.probes.read('blocksWritten');
    for (let version = 1; version <= 20; version++) bench.write(0, 8, version);
    bench.flush();
    expect(bench.controller.probes.read('blocksWritten') - written).toBe(8);
    expect(bench.onMedia(0, 8)).toEqual(Array(8).fill(20));
  });

  it('writes out by itself when half of its buffer is dirty', () => {
    const bench = DiskBench.started('buffered', { buffers: 16 });
    for (let page = 0; page < 8; page++) bench.write(page * 8, 8, 1);
    bench.turns(20);
    expect(bench.onMedia(0, 64)).toEqual(Array(64).fill(0));
    for (let page = 8; page < 100; page++) bench.write(page * 8, 8, 1);
    bench.turns(20);
    expect(bench.onMedia(0, 800).filter((version) => version === 0).length).toBeLessThanOrEqual(64);
    expect(bench.read(0, 256)).toEqual(Array(256).fill(1));
  });

  it('a flush waits for what was dirty when it came, also if that is written anew meanwhile', () => {
    const bench = DiskBench.started('buffered', {}, { ...SLOW, cacheBlocks: 512 });
    bench.write(0, 8, 1);
    const flush = bench.prepare(OP.flush);
    bench.submit(flush);
    const again = bench.prepareWrite(0, 8, 2);
    bench.submit(again);
    bench.settle(flush);
    const versions = new Set(bench.onMedia(0, 8));
    expect([1, 2]).toContain([...versions][0]);
    expect(versions.size).toBe(1);
    bench.settle(again);
    expect(bench.read(0, 8)).toEqual(Array(8).fill(2));
  });

  it('a flush fails with the status of a write that fails, and the data are kept for the next', () => {
    const bench = DiskBench.started('buffered');
    bench.write(0, 8, 1);
    bench.controller.hooks.failsMedia = (op) => (op === 'write' ? STATUS.writeFault : 0);
    expect(bench.flush() & 0x7ff).toBe(STATUS.writeFault);
    expect(bench.read(0, 8)).toEqual(Array(8).fill(1));
    bench.controller.hooks.failsMedia = () => 0;
    expect(bench.flush()).toBe(0);
    expect(bench.onMedia(0, 8)).toEqual(Array(8).fill(1));
  });

  it.each<[string, (bench: DiskBench) => number, number[]]>([
    [
      'a FUA write',
      (bench) => bench.prepareWrite(4, 8, 2, REQUEST_FUA),
      [1, 1, 1, 1, ...Array(8).fill(2), 1, 1, 1, 1],
    ],
    [
      'a write of part of a page',
      (bench) => bench.prepareWrite(3, 2, 2),
      [1, 1, 1, 2, 2, ...Array(11).fill(1)],
    ],
    [
      'write zeroes',
      (bench) => bench.prepare(OP.writeZeroes, 0, 9),
      [...Array(9).fill(0), ...Array(7).fill(1)],
    ],
    ['a discard of all', (bench) => bench.prepare(OP.discard, 0, 65_536), Array(16).fill(0)],
  ])(
    '%s comes after what the buffer holds of its blocks, and before what comes later',
    (_, make, expected) => {
      const bench = DiskBench.started('buffered', {}, SLOW);
      bench.write(0, 16, 1);
      const through = make(bench);
      bench.submit(through);
      bench.turns(2);
      const later = bench.prepareWrite(8, 8, 3);
      bench.settle(through);
      expect(bench.onMedia(0, 8)).toEqual(expected.slice(0, 8));
      expect(bench.read(0, 16)).toEqual(expected);
      bench.submit(later);
      bench.settle(later);
      bench.flush();
      expect(bench.onMedia(0, 16)).toEqual([...expected.slice(0, 8), ...Array(8).fill(3)]);
      expect(bench.read(0, 16)).toEqual(bench.onMedia(0, 16));
    },
  );

  it.each<[string, (request: (bench: DiskBench) => number) => { bench: DiskBench; change: number }]>([
    [
      'sent by itself',
      (make) => {
        const bench = DiskBench.started('buffered', {}, SLOW);
        const change = make(bench);
        bench.submit(change);
        return { bench, change };
      },
    ],
    [
      'that was in flight when it took over',
      (make) => {
        const bench = DiskBench.started('polling', {}, SLOW);
        const change = make(bench);
        bench.submit(change);
        bench.swap('buffered');
        return { bench, change };
      },
    ],
    [
      'sent while the buffer stood aside, for a swap that was undone',
      (make) => {
        const bench = DiskBench.started('buffered', {}, SLOW);
        settle(bench);
        const change = make(bench);
        bench.submit(change);
        bench.driver.quiesce();
        bench.driver.activate();
        return { bench, change };
      },
    ],
  ])('takes no write into the buffer beside a change in flight of the same blocks, %s', (_, begin) => {
    const { bench, change } = begin((made) => made.prepareWrite(0, 8, 1, REQUEST_FUA));
    bench.turns(10);
    const same = bench.prepareWrite(0, 8, 2);
    const other = bench.prepareWrite(8, 8, 2);
    bench.submit(same, other);
    bench.turns(10);
    expect([change, same, other].map((request) => bench.isDone(request))).toEqual([false, false, true]);
    bench.settle(same);
    expect(bench.isDone(change)).toBe(true);
    bench.flush();
    expect(bench.onMedia(0, 8)).toEqual(Array(8).fill(2));
  });

  it('forgets what is changed on the disk while the buffer stands aside', () => {
    const bench = DiskBench.started('buffered');
    bench.write(0, 8, 1);
    bench.flush(); // the page stays in the buffer, clean
    settle(bench);
    bench.write(0, 8, 2);
    bench.driver.quiesce();
    bench.driver.activate();
    expect(bench.read(0, 8)).toEqual(Array(8).fill(2));
  });

  it('reads ahead of reads in order, so that the next ones cost no command', () => {
    const bench = DiskBench.started('buffered', { readAhead: 4 }, SLOW);
    bench.media.write(0, 8, bench.memory.bytes, 0);
    bench.read(0, 8);
    const before = commandsOf(bench);
    bench.read(8, 8);
    expect(commandsOf(bench)).toBe(before + 1 + 4);
    bench.turns(200);
    const begun = bench.clock.us;
    expect(bench.read(16, 8)).toEqual(Array(8).fill(0));
    expect(bench.clock.us - begun).toBeLessThan(10);
  });

  it('reads nothing ahead of reads that are not in order, nor with readAhead 0, nor beyond the disk', () => {
    const commands = (readAhead: number, reads: readonly number[]): number => {
      const bench = DiskBench.started('buffered', { readAhead });
      const before = commandsOf(bench);
      for (const block of reads) bench.read(block, 8);
      return commandsOf(bench) - before;
    };
    expect(commands(4, [0, 80, 16])).toBe(3);
    expect(commands(0, [0, 8, 16])).toBe(3);
    expect(commands(4, [65_512, 65_520])).toBe(3); // one page is left
  });

  it('what is read ahead is not older than what was written: nothing overlaps', () => {
    const bench = DiskBench.started('buffered', { readAhead: 16, buffers: 64 }, OUT_OF_ORDER);
    const load = new Workload(bench, { span: 160, atOnce: 12, seed: 5 });
    for (let round = 0; round < 20; round++) {
      load.run(100);
      load.drain();
      expect(load.differences()).toEqual([]); // reads in order
    }
    expect(load.mistakes).toEqual([]);
  });

  it.each([1, 2, 3, 4])('keeps what a flush or a FUA write promised over a power cut, seed %d', (seed) => {
    const bench = DiskBench.started('buffered', { buffers: 32 }, { ...OUT_OF_ORDER, cacheBlocks: 256 });
    const load = new Workload(bench, { seed, span: 400, atOnce: 16, zeroes: false });
    load.run(1500 + 100 * seed);
    expect(load.promised.some((version) => version > 0)).toBe(true);
    bench.controller.powerCut(seed, bench.clock.us);
    const left = bench.onMedia(0, 400);
    const broken = left.flatMap((version, block) => (version >= load.promised[block] ? [] : [block]));
    expect(broken).toEqual([]);
    expect(left.some((version, block) => version < load.acknowledged[block])).toBe(true); // the cut was felt
  });

  it('works with a buffer that is always full, and waits for room in it', () => {
    const bench = DiskBench.started('buffered', { buffers: 8, queueDepth: 4 }, OUT_OF_ORDER);
    const load = new Workload(bench, { span: 800, atOnce: 60 });
    load.run(2000);
    load.drain();
    expect(load.mistakes).toEqual([]);
    expect(load.notOnce()).toEqual([]);
    expect(load.differences()).toEqual([]);
  });

  it('sleeps when nobody waits, though its buffer is dirty', () => {
    const bench = DiskBench.started('buffered');
    bench.write(0, 8, 1);
    bench.turns(5);
    expect(bench.driver.idle()).toBe(true);
  });
});

describe('the buffer in a swap', () => {
  it('goes dirty to another buffered driver, with who waits in it, and nothing is written out for it', () => {
    const bench = DiskBench.started('buffered', {}, SLOW);
    bench.write(0, 64, 1);
    const waiting = bench.prepareWrite(128, 8, 2);
    bench.submit(waiting);
    const commands = commandsOf(bench);
    bench.swap('buffered');
    bench.settle(waiting);
    expect(bench.read(0, 64)).toEqual(Array(64).fill(1));
    expect(commandsOf(bench)).toBe(commands);
    bench.flush();
    expect(bench.onMedia(0, 64)).toEqual(Array(64).fill(1));
  });

  it.each([8, 64, 2048])(
    'takes the size of its new driver, %d pages, when it is empty for once',
    (buffers) => {
      const bench = DiskBench.started('buffered', { buffers: 256 }, { ...OUT_OF_ORDER, cacheBlocks: 256 });
      const load = new Workload(bench);
      load.run(200);
      const free = bench.environment.dma.freeBytes();
      bench.swap('buffered', { buffers });
      load.run(200);
      expect(bench.state.header('extensionBytes')).toBeGreaterThan(256 * 4096); // the one before may come back for it
      bench.driver.proved?.();
      load.run(2000);
      load.drain();
      const pages = Math.round((free - bench.environment.dma.freeBytes()) / 4096);
      expect(Math.abs(pages - (buffers - 256))).toBeLessThanOrEqual(buffers / 128 + 4 + 32 * 5);
      expect(bench.state.header('extensionBytes')).toBeGreaterThan(buffers * 4096);
      expect(bench.state.header('extensionBytes')).toBeLessThan((buffers + 64) * 4096);
      expect(load.mistakes).toEqual([]);
      expect(load.differences()).toEqual([]);
    },
  );

  it('refuses to be left dirty to a driver without one', () => {
    const bench = DiskBench.started('buffered');
    bench.write(0, 8, 1);
    bench.driver.quiesce();
    expect(() => bench.driver.exportState('ringswap.nvme.2')).toThrow(StateError);
    bench.driver.activate();
    settle(bench);
    bench.swap('polling');
    expect(bench.read(0, 8)).toEqual(Array(8).fill(1));
    expect(bench.state.header('extension')).toBe(0);
  });

  it('settles under load in bounded time, serving, and the next driver sees all that was acknowledged', () => {
    const bench = DiskBench.started('buffered', {}, { ...OUT_OF_ORDER, cacheBlocks: 256 });
    const load = new Workload(bench, { seed: 3 });
    load.run(500);
    let turns = 0;
    for (; !bufferedOf(bench).settle(); turns++) load.run(1);
    expect(turns).toBeLessThan(3000);
    load.run(200);
    expect(bufferedOf(bench).settle()).toBe(true); // it stays so under load
    bench.swap('interrupt');
    load.run(200);
    load.drain();
    expect(load.mistakes).toEqual([]);
    expect(load.differences()).toEqual([]);
  });

  it('remembers nothing of before when it takes its place again after another driver has written', () => {
    const bench = DiskBench.started('buffered');
    bench.write(0, 8, 1);
    bench.flush(); // the page stays in the buffer
    settle(bench);
    bench.swap('polling');
    bench.write(0, 8, 2);
    bench.swap('buffered');
    expect(bench.read(0, 8)).toEqual(Array(8).fill(2));
  });

  it('refuses to take over a buffer that does not hold together', () => {
    const bench = DiskBench.started('buffered');
    bench.driver.quiesce();
    bench.driver.exportState('ringswap.nvme.buffered.2');
    const next = bench.make('buffered');
    bench.memory.words[bench.state.header('extension') >>> 2] = 0;
    expect(() => next.importState('ringswap.nvme.buffered.2')).toThrow(StateError);
  });

  it('ends what waits, and writes out, before the disk is shut down', () => {
    const bench = DiskBench.started('buffered', {}, { ...SLOW, cacheBlocks: 256 });
    bench.write(0, 64, 1);
    const last = bench.prepareWrite(64, 8, 2);
    bench.submit(last);
    bench.run(bench.driver.stop());
    expect(bench.isDone(last)).toBe(true);
    expect(bench.onMedia(0, 72)).toEqual([...Array(64).fill(1), ...Array(8).fill(2)]);
  });

  it('stops though the disk takes no more data', () => {
    const bench = DiskBench.started('buffered');
    bench.write(0, 64, 1);
    bench.controller.hooks.failsMedia = (op) => (op === 'write' ? STATUS.writeFault : 0);
    bench.run(bench.driver.stop());
    expect(bench.state.active).toBe(0);
  });
});
