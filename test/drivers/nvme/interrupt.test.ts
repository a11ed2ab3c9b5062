import { describe, expect, it } from 'vitest';
import { OP } from '../../../src/drivers/nvme/requests.ts';
import { cqHead } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench, OUT_OF_ORDER } from './bench.ts';

/** Completions that the disk posted, and told of, while the driver looked elsewhere. */
function posted(bench: DiskBench): void {
  for (let step = 0; step < 400; step++) bench.step();
}

describe('the interrupt driver', () => {
  it('finds a completion that comes between its last look and its leaving', () => {
    const bench = DiskBench.started('interrupt', {}, OUT_OF_ORDER);
    bench.submit(bench.prepare(OP.read, 0, 8));
    bench.until('the first interrupt', () => bench.cpu.anyPending() || bench.handed.length > 0);
    bench.turns(5);
    expect(bench.handed.length).toBe(1);
    bench.submit(bench.prepare(OP.read, 8, 8));
    // The next completion is posted, and its interrupt taken, while the driver is in the middle of a poll.
    const write = bench.port.write32.bind(bench.port);
    bench.port.write32 = (offset, value) => {
      write(offset, value);
      if (offset !== cqHead(1)) return;
      bench.port.write32 = write;
      bench.submit(bench.prepare(OP.read, 16, 8));
      posted(bench);
      bench.interrupt();
    };
    bench.until('both reads', () => bench.handed.length === 3);
  });

  it('finds what was completed between the unmasking of its vectors and its first look, without any interrupt', () => {
    const bench = DiskBench.started('interrupt', {}, OUT_OF_ORDER);
    bench.submit(bench.prepare(OP.read, 0, 8));
    bench.driver.quiesce();
    posted(bench);
    bench.driver.activate();
    bench.cpu.takeSummary();
    bench.cpu.takeGroup(0); // and no interrupt is left to tell of it
    expect(bench.driver.idle()).toBe(false);
    expect(bench.driver.poll(256)).toBe(1);
  });

  it('looks at every queue when it takes over, without any interrupt', () => {
    const bench = DiskBench.started('polling', {}, OUT_OF_ORDER);
    bench.submit(bench.prepare(OP.read, 0, 8));
    posted(bench);
    bench.swap('interrupt');
    expect(bench.cpu.anyPending()).toBe(false); // the disk has not stepped: nothing tells of it
    expect(bench.driver.idle()).toBe(false);
    expect(bench.driver.poll(256)).toBe(1);
  });

  it('looks at no queue until it is told, and at those alone of which it is told', () => {
    const bench = DiskBench.started('interrupt', {}, { queues: 2 });
    bench.port.maskVector(1);
    bench.submit(bench.prepare(OP.read, 0, 8));
    posted(bench);
    expect(bench.state.workWaits()).toBe(true);
    expect(bench.driver.poll(256)).toBe(0);
    bench.driver.interrupt(2);
    expect(bench.driver.poll(256)).toBe(0);
    bench.driver.interrupt(1);
    expect(bench.driver.poll(256)).toBe(1);
    expect(bench.state.workWaits()).toBe(false);
  });

  it('lets the CPU sleep when nothing is to do; an interrupt of the admin queue does not keep it awake', () => {
    const bench = DiskBench.started('interrupt');
    expect(bench.driver.idle()).toBe(true);
    bench.driver.interrupt(0);
    expect(bench.driver.idle()).toBe(true);
  });

  it('goes on with what its budget has left', () => {
    const bench = DiskBench.started('interrupt');
    bench.submit(...Array.from({ length: 10 }, (_, nth) => bench.prepare(OP.read, nth * 8, 8)));
    posted(bench);
    bench.interrupt();
    expect([bench.driver.poll(4), bench.driver.poll(4), bench.driver.poll(4)]).toEqual([4, 4, 2]);
    expect(bench.driver.idle()).toBe(true);
  });

  it('quiesces with its vectors masked: nothing is signalled', () => {
    const bench = DiskBench.started('interrupt');
    bench.submit(bench.prepare(OP.read, 0, 8));
    bench.driver.quiesce();
    posted(bench);
    expect(bench.cpu.anyPending()).toBe(false);
    expect(bench.controller.msix.isMasked(1)).toBe(true);
    expect(bench.controller.msix.isPending(1)).toBe(true);
  });
});

describe('the polling driver', () => {
  it('gets no interrupt, and never sleeps', () => {
    const bench = DiskBench.started('polling', {}, OUT_OF_ORDER);
    bench.submit(...Array.from({ length: 10 }, (_, nth) => bench.prepare(OP.read, nth * 8, 8)));
    bench.until('all reads', () => bench.handed.length === 10);
    expect(bench.cpu.anyPending()).toBe(false);
    expect(bench.driver.idle()).toBe(false);
  });

  it('masks its vectors, however it found them', () => {
    const bench = DiskBench.started('polling', {}, { queues: 2 });
    for (const vector of [1, 2]) bench.port.unmaskVector(vector);
    bench.driver.activate();
    expect([1, 2].map((vector) => bench.controller.msix.isMasked(vector))).toEqual([true, true]);
  });

  it('acknowledges the completions of one look with one doorbell', () => {
    const bench = DiskBench.started('polling');
    bench.submit(...Array.from({ length: 10 }, (_, nth) => bench.prepare(OP.read, nth * 8, 8)));
    posted(bench);
    expect(bench.driver.poll(256)).toBe(10);
    expect(bench.written(cqHead(1))).toEqual([10]);
    expect(bench.driver.poll(256)).toBe(0);
    expect(bench.written(cqHead(1))).toEqual([10]);
  });
});
