/** Disks pass from one CPU to another. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../../src/drivers/index.ts';
import type { SimDisk } from '../../../src/exec/sim/draw-disks.ts';
import type { SimScenario } from '../../../src/exec/sim/scenario.ts';
import { Workbench } from '../../../src/exec/sim/seeds.ts';
import { PHASES } from '../../../src/swap/plan.ts';
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

/** A strike before each access. */
const EVERY_ACCESS = 0.5;
const TAKEN_OVER = 'disks taken over';

/** The CPU dies before each of its accesses to shared words in turn, a run for each. Returns how many there were. */
function dieEverywhere(what: SimScenario): number {
  const { requests: asked } = bench.run({ ...what, strikeEvery: EVERY_ACCESS });
  for (let at = 1; ; at++) {
    const { violation, requests, covered } = bench.run({ ...what, strikeEvery: EVERY_ACCESS, crashAt: [at] });
    expect(violation?.message, `at access ${at}`).toBeUndefined();
    // Who dies when the last reading of all that was written is about to begin may have it done twice.
    expect([asked, asked + what.disks[0].area], `at access ${at}`).toContain(requests);
    if (covered.situations[TAKEN_OVER] === undefined) return at - 1;
  }
}

const SHORT: Partial<SimDisk> = { requests: 6, iodepth: 3, flushEvery: 2, area: 2 };

/** Little memory to look through: at each access of it the CPU dies once. */
function short(driver: string): Partial<SimDisk> {
  const parameters = driver === 'buffered' ? { queueDepth: 4, buffers: 8, readAhead: 2 } : { queueDepth: 4 };
  return { ...SHORT, driver, parameters };
}

describe('a CPU that dies before any of its accesses', () => {
  it.each(DRIVERS)('is survived by its disk under %s', (driver) => {
    expect(dieEverywhere(diskScenario([short(driver)]))).toBeGreaterThan(300);
  });

  it('is survived with requests that share a command, and with a list of pages', () => {
    const disk = {
      ...short('batching'),
      rw: 'write',
      iodepth: 4,
      requests: 4,
      flushEvery: 0,
      area: 4,
    } as const;
    expect(dieEverywhere(diskScenario([disk]))).toBeGreaterThan(300);
  });

  it.each(DRIVERS)('and whose successor dies while it takes over, is survived under %s', (driver) => {
    let most = 0;
    for (const first of [200, 300])
      for (let second = 1; ; second++) {
        const what = { ...diskScenario([short(driver)]), strikeEvery: EVERY_ACCESS };
        const { violation, covered } = bench.run({ ...what, crashAt: [first, second] });
        expect(violation, `at accesses ${first} and ${second}`).toBeUndefined();
        if (covered.situations[TAKEN_OVER] !== 1) break; // the second one had taken over when it died, if it did
        most = Math.max(most, second);
      }
    expect(most).toBeGreaterThan(50);
  });

  it('again and again is survived, and so is the power failing in between', () => {
    let times = 0;
    for (const driver of DRIVERS)
      for (let seed = 1; seed <= 3; seed++) {
        const disk = { driver, queues: 2, mediaUs: 40 };
        const what = diskScenario([disk, { ...disk, rw: 'write' }], [], { crash: 12, powerCut: 2 });
        const { violation, covered } = bench.run({ ...what, seed });
        expect(violation, `${driver}, seed ${seed}`).toBeUndefined();
        times += covered.situations[TAKEN_OVER] ?? 0;
      }
    expect(times).toBeGreaterThan(30);
  });
});

describe('a CPU that dies in a swap of a disk', () => {
  it.each(PHASES)('in %s leaves the one driver or the other', (phase) => {
    let times = 0;
    for (const from of DRIVERS)
      for (const to of DRIVERS)
        for (let seed = 1; seed <= 4; seed++) {
          const swap = { to, after: 40, ambushes: [{ phase, fault: 'crash' as const }] };
          const what = diskScenario(
            [{ driver: from, queues: 2 }],
            [{ ...swap, parameters: { queueDepth: 8 } }],
          );
          const { violation, covered } = bench.run({ ...what, seed });
          expect(violation, `${from} to ${to}, seed ${seed}`).toBeUndefined();
          times += covered.situations[TAKEN_OVER] ?? 0;
        }
    expect(times).toBeGreaterThan(16);
  });
});

describe('a CPU that dies while a disk is reset, or gets a queue pair of another depth', () => {
  const CASES = (['reset', 'inplace'] as const).flatMap((method) =>
    DRIVERS.map((driver) => ({ method, driver })),
  );
  const swapped = ({ method, driver }: (typeof CASES)[number]): SimScenario => {
    const { parameters = {}, ...disk } = { ...short(driver), requests: 8 };
    const swap = { to: driver, method, after: 4, parameters: { ...parameters, queueDepth: 6 } };
    return { ...diskScenario([{ ...disk, parameters }], [swap]), strikeEvery: EVERY_ACCESS };
  };

  it.each(CASES)('at any access of it is survived: $method, $driver', (of) => {
    const what = swapped(of);
    let inSwap = 0;
    const stride = of.driver === 'polling' ? 1 : 3; // the swap itself is the same under all
    for (let at = 1; ; at += inSwap === 0 ? 9 : stride) {
      const { violation, covered } = bench.run({ ...what, crashAt: [at] });
      expect(violation?.message, `at access ${at}`).toBeUndefined();
      if (covered.outcomes.cutOff !== undefined) inSwap++;
      else if (inSwap > 0) break;
    }
    expect(inSwap).toBeGreaterThan(60);
  });

  it.each(CASES)('and whose successor dies, is survived: $method, $driver', (of) => {
    const what = swapped(of);
    for (let first = 300; first < 1000; first += 97)
      for (let second = 20; second < 500; second += 43) {
        const { violation } = bench.run({ ...what, crashAt: [first, second] });
        expect(violation?.message, `at accesses ${first} and ${second}`).toBeUndefined();
      }
  });
});
