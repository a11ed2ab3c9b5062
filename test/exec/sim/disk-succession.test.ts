/** Disks pass from one CPU to another. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../../src/drivers/index.ts';
import { Workbench } from '../../../src/exec/sim/seeds.ts';
import { diskScenario } from './scenarios.ts';

const bench = new Workbench();
const DRIVERS = DISK_DRIVERS.map(({ name }) => name);

describe('a CPU that leaves its disks to another one', () => {
  it.each(DRIVERS)('again and again, loses and repeats nothing under %s', (driver) => {
    let times = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const disk = { driver, queues: 2, mediaUs: 40, requests: 600 };
      const what = { ...diskScenario([disk, { ...disk, rw: 'write' }], [], { handover: 40 }), seed };
      const { violation, requests, covered } = bench.run(what);
      expect(violation, `seed ${seed}`).toBeUndefined();
      expect(requests).toBeGreaterThanOrEqual(1200);
      times += covered.situations['disks handed over'] ?? 0;
    }
    expect(times).toBeGreaterThan(16);
  });

  it.each(DRIVERS)('after a swap to %s, passes on what the swap has left', (to) => {
    let times = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const what = diskScenario([{ requests: 900 }], [{ to, after: 50 }], { handover: 40 });
      const { violation, covered } = bench.run({ ...what, seed });
      expect(violation, `seed ${seed}`).toBeUndefined();
      times += covered.situations['disks handed over after a swap'] ?? 0;
    }
    expect(times).toBeGreaterThan(0);
  });

  it('does so with write buffers full, and the power failing', () => {
    let handed = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const disk = { driver: 'buffered', rw: 'write', flushEvery: 40, mediaUs: 40 } as const;
      const what = diskScenario([disk], [], { handover: 40, powerCut: 2 });
      const { violation, covered } = bench.run({ ...what, seed });
      expect(violation, `seed ${seed}`).toBeUndefined();
      handed += covered.situations['disks handed over'] ?? 0;
    }
    expect(handed).toBeGreaterThan(20);
  });
});
