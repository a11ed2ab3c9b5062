/**
 * Swaps with every access to shared words a scheduling point: the card may make a step in the middle of the
 * driver's, and the CPU in the middle of the card's.
 */
import { describe, expect, it, vi } from 'vitest';
import { IMIX } from '../../src/hw/link/frames.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { IRREGULAR, type MachineOptions, TestMachine } from '../machine.ts';
import { throwingIn, throwingInPoll } from './faulty.ts';

const scheduling = vi.hoisted(() => ({ point: (): void => undefined }));

vi.mock('../../src/hw/shared.ts', async (original) => {
  const real = await original<typeof import('../../src/hw/shared.ts')>();
  const reading = <A extends unknown[], R>(access: (...args: A) => R) => {
    return (...args: A): R => {
      scheduling.point();
      return access(...args);
    };
  };
  const writing = <A extends unknown[], R>(access: (...args: A) => R) => {
    return (...args: A): R => {
      scheduling.point();
      const result = access(...args);
      scheduling.point();
      return result;
    };
  };
  return {
    ...real,
    load: reading(real.load),
    store: writing(real.store),
    add: writing(real.add),
    or: writing(real.or),
    and: writing(real.and),
    exchange: writing(real.exchange),
    compareExchange: writing(real.compareExchange),
  };
});

/** Traffic on, and each access a scheduling point that is used one time in `odds`. */
function interleaved(options: MachineOptions, odds: number): TestMachine {
  scheduling.point = () => undefined;
  const machine = new TestMachine({ pattern: IRREGULAR, ...options });
  machine.boot();
  machine.pointOdds = odds;
  scheduling.point = () => machine.point();
  machine.start();
  return machine;
}

const DRIVERS = ['interrupt', 'polling', 'batching'] as const;
const FAULTY = [throwingIn('activate', 'after'), throwingInPoll(3)];
const SEEDS = [1, 2, 3, 4, 5, 6];

describe('with every access to shared words a scheduling point', () => {
  it.each(SEEDS.flatMap((seed) => DRIVERS.map((driver) => ({ seed, driver }))))(
    '$driver serves alone (seed $seed)',
    ({ seed, driver }) => {
      const machine = interleaved(
        { cards: [{ driver, app: 'echo', queues: 2, flows: 8, sizes: IMIX, frames: 2500 }], seed },
        5 + 10 * seed,
      );
      expectClean(machine.conclude());
    },
  );

  it.each(SEEDS)('all nine ordered pairs, one after another (seed %d)', (seed) => {
    const machine = interleaved(
      { cards: [{ driver: 'interrupt', app: 'echo', queues: 2, flows: 8, frames: 200_000 }], seed },
      10 + 30 * seed,
    );
    for (const to of ['interrupt', 'polling', 'polling', 'batching', 'batching', 'polling', 'interrupt'])
      expect(machine.swap(to).outcome).toBe('done');
    for (const to of ['batching', 'interrupt']) expect(machine.swap(to).outcome).toBe('done');
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });

  it.each(SEEDS)('rings of another length, order kept in every flow (seed %d)', (seed) => {
    const queues = 1 + (seed % 4);
    const sizes = seed % 3 === 0 ? [9216, 64, 1518] : IMIX;
    const machine = interleaved(
      {
        cards: [{ driver: DRIVERS[seed % 3], app: 'sink', queues, flows: 24, sizes, frames: 400_000 }],
        seed,
      },
      20 + 40 * seed,
    );
    for (const rxRing of [1024, 64, 4096, 512])
      expect(machine.swap(DRIVERS[(seed + rxRing) % 3], { rxRing }).outcome).toBe('done');
    expect(countCard(machine.memory, machine.layout.cards[0]).offered).toBeLessThan(400_000);
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });

  it.each(SEEDS)('by drain and by reset (seed %d)', (seed) => {
    const pace = { kind: 'rate', framesPerSecond: 500_000 } as const;
    const machine = interleaved(
      { cards: [{ driver: 'polling', app: 'echo', queues: 2, flows: 8, frames: 100_000, pace }], seed },
      20 + 10 * seed,
    );
    expect(machine.swap('interrupt', {}, 'drain').outcome).toBe('done');
    expect(machine.swap('batching', { rxRing: 128 }, 'reset').outcome).toBe('done');
    machine.hardware.endTraffic();
    const verdict = machine.conclude();
    expectClean(verdict);
  });

  // A reset undone is a second reset: what the first left on the way must be counted before it is gone.
  it.each(
    [1, 2, 4, 5, 8, 10].flatMap((seed) => FAULTY.map((driver) => ({ seed, driver, name: driver.name }))),
  )('a reset that is rolled back loses nothing uncounted (seed $seed, $name)', ({ seed, driver }) => {
    const pace = { kind: 'rate', framesPerSecond: seed % 2 === 1 ? 4e6 : 300_000 } as const;
    const card = { driver: DRIVERS[seed % 3], app: 'echo', queues: 2, flows: 16, frames: 1e9, pace } as const;
    const machine = interleaved({ cards: [card], drivers: FAULTY, seed }, [5, 20, 60][seed % 3]);
    machine.runFor(30);
    expect(machine.swap(driver.name, {}, 'reset').outcome).toBe('rolledBack');
    machine.runFor(50);
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });
});
