/** Scenarios as a whole: right drivers pass, the same seed is the same run, and who goes wrong is stopped at once. */
import { describe, expect, it } from 'vitest';
import type { NicDriver, NicDriverDefinition } from '../../../src/drivers/contract.ts';
import { DISK_DRIVERS } from '../../../src/drivers/index.ts';
import { addCoverage, nothingCovered, OF_DISKS } from '../../../src/exec/sim/coverage.ts';
import { AMBIENT, FAULT_NAMES } from '../../../src/exec/sim/faults.ts';
import type { SimScenario } from '../../../src/exec/sim/scenario.ts';
import { Workbench } from '../../../src/exec/sim/seeds.ts';
import { Lines } from '../../../src/exec/sim/trace.ts';
import { RDRXCTL } from '../../../src/hw/nic/datasheet.ts';
import { PHASES, type Phase } from '../../../src/swap/plan.ts';
import { CARD, FEW, first, like, scenario, spoils } from './scenarios.ts';

const bench = new Workbench();

describe('seeds', () => {
  it('pass, and most of their swaps are done', () => {
    const { seeds, failed, frames, requests, swaps, covered } = bench.runSeeds(0, 100);
    expect({ seeds, failed }).toEqual({ seeds: 100, failed: [] });
    expect(frames).toBeGreaterThan(50 * 400);
    expect(requests).toBeGreaterThan(40 * 250);
    const { done = 0, rolledBack = 0, refused = 0, cutOff = 0 } = covered.outcomes;
    expect(done + rolledBack + refused + cutOff).toBe(swaps);
    expect(cutOff).toBeGreaterThan(0);
    expect(done).toBeGreaterThan(swaps / 2);
    expect(rolledBack).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('come to the same in portions', () => {
    const whole = bench.runSeeds(200, 12);
    const parts = [bench.runSeeds(205, 7), bench.runSeeds(200, 5)];
    const covered = nothingCovered();
    for (const part of parts) addCoverage(covered, part.covered);
    expect(covered).toEqual(whole.covered);
    expect(parts[0].frames + parts[1].frames).toBe(whole.frames);
  });

  it('run the same again, whatever has run in between, and whoever looks on', () => {
    for (const seed of [3, 8, 21, 34]) {
      const { lines, result } = bench.trace(seed);
      bench.runSeeds(seed + 1, 4);
      const again = new Workbench().trace(seed);
      expect(again.lines).toEqual(lines);
      expect(again.result).toEqual(result);
      expect(bench.run(bench.draw(seed))).toEqual(result);
      expect(lines.length).toBeGreaterThan(1000);
    }
  });

  it('differ from one another', () => {
    expect(bench.trace(40).lines).not.toEqual(bench.trace(41).lines);
  });
});

describe('faults', () => {
  function struck(faults: readonly (typeof FAULT_NAMES)[number][]): string[] {
    const { failed, covered } = bench.runSeeds(0, 16, { faults });
    expect(failed).toEqual([]);
    return [...new Set(Object.keys(covered.cells).map((cell) => cell.split('|')[1]))];
  }

  // A handover waits for the end of a swap.
  const IN_SWAPS = FAULT_NAMES.filter((fault) => fault !== 'handover');
  it.each(IN_SWAPS)('strike where %s alone may, and no other does', (fault) => {
    expect(struck([fault])).toEqual([fault]);
  });

  it('hand over where handover may, as the CPU was made before or made anew', () => {
    const { failed, covered } = bench.runSeeds(0, 60, { faults: ['handover'] });
    expect(failed).toEqual([]);
    expect(covered.situations['cards handed over']).toBeGreaterThan(0);
    expect(covered.situations['cards handed over after a swap']).toBeGreaterThan(0);
    expect(covered.situations['disks handed over']).toBeGreaterThan(0);
    expect(covered.situations['disks handed over after a swap']).toBeGreaterThan(0);
    expect(covered.cells).toEqual({});
  });

  it('do not strike where none may', () => {
    expect(struck([])).toEqual([]);
  });
});

describe('phases', () => {
  /** A phase in which a driver touches nothing shared is one in which only the calls themselves can be interrupted. */
  it('are all interrupted, whoever hands over to whom', () => {
    const { failed, covered } = bench.runSeeds(0, 600, { faults: AMBIENT });
    expect(failed).toEqual([]);
    const struck = new Set(Object.keys(covered.cells).map(phaseAndPair));
    for (const [device, drivers] of [['card', bench.drivers] as const, ['disk', DISK_DRIVERS] as const])
      for (const phase of PHASES)
        for (const from of drivers)
          for (const to of drivers) expect(struck).toContain(`${device}|${phase}|${from.name}|${to.name}`);
  });

  function phaseAndPair(cell: string): string {
    const [phase, , from, to, app] = cell.split('|');
    return `${app === OF_DISKS ? 'disk' : 'card'}|${phase}|${from}|${to}`;
  }
});

/** How a scenario with these drivers beside the built-in ones ends, and what the CPU did after the violation. */
function end(drivers: readonly NicDriverDefinition[], what: SimScenario) {
  const lines = new Lines();
  const result = new Workbench(drivers).run(what, lines);
  const { violation, during } = result;
  const offered = what.cards.reduce((sum, { frames }) => sum + frames, 0);
  const seen = lines.lines.findIndex((line) => line.includes('VIOLATION'));
  const after = seen < 0 ? [] : lines.lines.slice(seen).filter((line) => line.includes('CPU begins'));
  return { ...result, ...violation, ...during, after, offered };
}

const loses = spoils('loses', 5, ({ pool }, _, { buffers }) => {
  pool.put(buffers[0]);
  return 1;
});
const frees = spoils('frees', 5, (environment, queue, burst) => {
  const taken = environment.deliver(queue, first(burst, 1));
  if (taken > 0) environment.pool.put(burst.buffers[0]);
  return taken;
});
const keeps = spoils('keeps', 5, (environment, queue, burst) => {
  const taken = environment.deliver(queue, first(burst, 1));
  if (taken > 0) environment.pool.take();
  return taken;
});
const flips = spoils('flips', 5, (environment, queue, burst) => {
  environment.memory.bytes[environment.pool.address(burst.buffers[0]) + 50] ^= 4;
  return environment.deliver(queue, first(burst, 1));
});
const swaps = spoils('swaps', 5, (environment, queue, burst) => {
  if (burst.segments < 2) return 0;
  const { buffers } = burst;
  [buffers[0], buffers[1]] = [buffers[1], buffers[0]];
  return environment.deliver(queue, first(burst, 2));
});
const throws = spoils('throws', 5, () => {
  throw new Error('on its fifth frame');
});

describe('a driver that goes wrong is stopped at once', () => {
  const CASES = [
    { driver: loses, invariant: 'delivery', message: /frame 4 of flow 0, received, was passed over/ },
    { driver: frees, invariant: 'buffers', message: /buffer/ },
    { driver: keeps, invariant: 'buffers', message: /buffer/ },
    { driver: flips, invariant: 'damage', message: /frame 4 of flow 0, received, was damaged/ },
    { driver: swaps, invariant: 'order', message: /frame 4 of flow 0, received, was reordered/ },
    { driver: throws, invariant: 'driver', message: /on its fifth frame/ },
  ];

  /** A buffer that nobody has may be any card's: the first one is named. */
  // A buffer with two owners is named after either: all cards of a CPU share the pool.
  const deviceOf = (invariant: string) =>
    invariant === 'buffers' ? expect.stringMatching(/^eth[0-2]$/) : 'eth1';

  it.each(CASES)('in normal service: $driver.name', ({ driver, invariant, message }) => {
    const ended = end([driver], scenario([{}, { driver: driver.name }]));
    expect(ended).toMatchObject({ invariant, device: deviceOf(invariant), during: undefined });
    expect(ended.message).toMatch(message);
    expect(ended.frames).toBeLessThan(ended.offered / 4);
    expect(ended.after).toEqual([]);
  });

  it.each(CASES.filter(({ driver }) => driver !== throws))(
    'when a swap has brought it: $driver.name',
    (given) => {
      const { driver, invariant } = given;
      const swap = { device: 1, after: 200, to: driver.name };
      const ended = end([driver], scenario([{}, {}, {}], [swap]));
      const seen = { invariant, device: deviceOf(invariant), swap: 1, phase: 'probation' };
      expect(ended).toMatchObject({ ...seen, records: [], after: [] });
      expect(ended.frames).toBeLessThan(ended.offered);
    },
  );

  it('on what it sends', () => {
    const forgets = like('forgets', ({ pool }) => ({
      methods: (driver) => {
        let sent = 0;
        const transmit = driver.transmit.bind(driver);
        return {
          transmit(queue, burst, segments, source, position) {
            if (++sent !== 3) return transmit(queue, burst, segments, source, position);
            for (let i = 0; i < segments; i++) pool.put(burst.buffers[i]);
          },
        };
      },
    }));
    const ended = end([forgets], scenario([{ driver: 'forgets', app: 'echo' }]));
    expect(ended).toMatchObject({ invariant: 'transmit', device: 'eth0' });
    expect(ended.message).toMatch(/of flow 0, sent, was passed over/);
    expect(ended.frames).toBeLessThan(ended.offered);
  });
});

describe('a driver that does nothing', () => {
  const nothing = { poll: () => 0 };

  it('is found at the end, with what it left', () => {
    const idle = like('idle', () => ({ methods: () => nothing }));
    const ended = end([idle], scenario([{ driver: 'idle' }, {}]));
    expect(ended).toMatchObject({ invariant: 'delivery', device: 'eth0', frames: CARD.frames });
    expect(ended.message).toMatch(/offered frames were neither delivered nor counted/);
  });

  it('and sleeps for good has lost a wakeup', () => {
    const asleep = (driver: NicDriver) => ({
      ...nothing,
      idle: () => true,
      activate: () => void Object.getPrototypeOf(driver).unmask.call(driver, 1),
    });
    const sleeps = like('sleeps', () => ({ methods: asleep }));
    const ended = end([sleeps], scenario([{ driver: 'sleeps' }]));
    expect(ended).toMatchObject({ invariant: 'interrupts', device: 'eth0' });
  });

  it('but wait for a word to change is stopped in the middle of its step', () => {
    const waits = like('waits', ({ port }) => ({
      methods: () => ({
        poll() {
          while (port.read32(RDRXCTL) !== -1);
          return 1;
        },
      }),
    }));
    const ended = end([waits], scenario([{ driver: 'waits' }]));
    expect(ended).toMatchObject({ invariant: 'driver', device: 'eth0', after: [] });
    expect(ended.message).toContain('does not come to its end');
  });

  it('is swapped back on probation, and nothing is broken', () => {
    const idle = like('idle', () => ({ methods: () => nothing }));
    const ended = end([idle], scenario([{}], [{ to: 'idle' }]));
    expect(ended.violation).toBeUndefined();
    expect(ended.records).toMatchObject([{ outcome: 'rolledBack', phase: 'probation', to: 'idle' }]);
    expect(ended.frames).toBe(CARD.frames);
  });
});

describe('a swap whose driver throws', () => {
  const ENDS: [Phase, string, Phase][] = [
    ['prepare', 'refused', 'prepare'],
    ['quiesce', 'rolledBack', 'quiesce'],
    ['transfer', 'rolledBack', 'transfer'],
    ['commit', 'rolledBack', 'commit'],
    ['probation', 'rolledBack', 'probation'],
    ['move', 'rolledBack', 'move'],
    ['retire', 'done', 'retire'],
  ];

  it.each(ENDS)('in %s is %s, and the frames do not notice', (phase, outcome, last) => {
    const ambushes = [{ phase, fault: 'throwingDriver' }] as const;
    const what = scenario([{ queues: 2, flows: 8 }], [{ ambushes, parameters: { ...FEW, rxRing: 16 } }]);
    let thrown = 0;
    for (let seed = 0; seed < 12; seed++) {
      const { violation, frames, records, covered } = bench.run({ ...what, seed });
      expect(violation).toBeUndefined();
      expect(frames).toBe(CARD.frames);
      const [record] = records;
      // Whether it throws before its work, after it or not at all is by lot.
      const cells = Object.keys(covered.cells);
      if (cells.length === 0) {
        expect(record?.outcome).toBe('done');
        continue;
      }
      thrown++;
      expect(cells).toEqual([`${phase}|throwingDriver|polling|batching|sink`]);
      expect(record).toMatchObject({ outcome, phase: last });
      expect([record?.reason, ...(record?.notes ?? [])].join()).toContain('thrown by the simulation');
    }
    expect(thrown).toBeGreaterThan(2);
  });

  it('in the middle of a call, at any of its accesses, goes back as well', () => {
    const cut = new Set<string>();
    for (const [i, phase] of (['quiesce', 'transfer', 'commit'] as const).entries())
      for (let seed = 0; seed < 40; seed++) {
        const ambushes = [{ phase, fault: 'throwingDriver' }] as const;
        const card = { driver: 'interrupt', queues: 1 + i, flows: 8 };
        const what = scenario([card], [{ ambushes, parameters: FEW }]);
        const lines = new Lines();
        const { violation, frames } = bench.run({ ...what, seed }, lines);
        expect(violation).toBeUndefined();
        expect(frames).toBe(CARD.frames);
        for (const line of lines.lines) {
          const [, call] = /thrown in the middle of (\w+)/.exec(line) ?? [];
          if (call !== undefined) cut.add(call);
        }
      }
    expect([...cut].sort()).toEqual(['activate', 'exportState', 'importState', 'quiesce']);
  });
});
