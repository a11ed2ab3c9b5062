/** Scheduling points, and the module of shared accesses that passes one before each access. */
import { describe, expect, it } from 'vitest';
import { POINTS, Points } from '../../../src/exec/sim/points.ts';
import * as simulated from '../../../src/exec/sim/shared.ts';
import { Memory } from '../../../src/hw/memory.ts';

// With a query, the path is not exchanged for the simulation's as that of an ordinary import is.
const path = '../../../src/hw/shared.ts?as-on-threads';
const onThreads: typeof import('../../../src/hw/shared.ts') = await import(path);

/** What both have in common. */
type Shared = Omit<typeof onThreads, 'wait'>;

/** Points, what to strike with, and before which of so many accesses it struck, counted from 1. */
function bench() {
  const points = new Points();
  const struck: number[] = [];
  let access = 0;
  return {
    points,
    hit: () => void struck.push(access),
    strikes(accesses: number, word = (_: number): number => 0): number[] {
      for (access = 1; access <= accesses; access++) points.pass(word(access));
      return struck;
    },
  };
}

describe('scheduling points', () => {
  it('are passed without a strike until one is armed', () => {
    const { strikes } = bench();
    expect(strikes(1000)).toEqual([]);
  });

  it.each([1, 2, 17])('strike before the access that is number %i', (accesses) => {
    const { points, hit, strikes } = bench();
    const once = () => {
      hit();
      points.disarm();
    };
    points.arm(accesses, once);
    expect(strikes(40)).toEqual([accesses]);
  });

  it('strike again where the strike has armed them again', () => {
    const { points, hit, strikes } = bench();
    const again = () => {
      hit();
      points.arm(3, again);
    };
    points.arm(3, again);
    expect(strikes(10)).toEqual([3, 6, 9]);
  });

  it('are hastened, but never put off', () => {
    const { points, hit, strikes } = bench();
    points.arm(10, hit);
    points.hasten(4);
    points.hasten(7);
    expect(strikes(4)).toEqual([4]);
  });

  it('cannot be hastened while nothing is armed', () => {
    const { points, hit, strikes } = bench();
    points.arm(10, hit);
    points.disarm();
    points.hasten(1);
    expect(strikes(20)).toEqual([]);
  });

  it('strike before a hot word is touched, the next time right behind it, and so on', () => {
    const { points, hit, strikes } = bench();
    const again = () => {
      hit();
      points.arm(1000, again);
    };
    points.heat([7, 8, 9]);
    points.arm(1000, again);
    const touched = new Map([
      [10, 7],
      [20, 7],
      [30, 8],
      [40, 9],
    ]);
    expect(strikes(60, (access) => touched.get(access) ?? 6)).toEqual([10, 21, 30, 41]);
  });

  it('strike as if nothing had been before once other words are hot', () => {
    const { points, hit, strikes } = bench();
    const again = () => {
      hit();
      points.arm(1000, again);
    };
    points.arm(1000, again);
    points.heat([7]);
    expect(strikes(1, () => 7)).toEqual([1]);
    points.heat([7]);
    expect(strikes(1, () => 7)).toEqual([1, 1]);
    points.heat([]);
    expect(strikes(40, () => 7)).toEqual([1, 1]);
  });

  it('leave hot words alone under a guard and while nothing is armed', () => {
    const { points, hit, strikes } = bench();
    points.heat([7]);
    expect(strikes(20, () => 7)).toEqual([]);
    points.guard(100, hit);
    expect(strikes(20, () => 7)).toEqual([]);
  });

  it('keep a guard over a strike, which does not hasten', () => {
    const { points, hit, strikes } = bench();
    points.arm(1, () => undefined);
    points.guard(6, hit);
    points.hasten(1);
    expect(strikes(6)).toEqual([6]);
  });

  it('forget a strike when they are disarmed', () => {
    const { points, hit, strikes } = bench();
    points.arm(2, hit);
    points.disarm();
    expect(strikes(50)).toEqual([]);
  });
});

const LOW = 3;
const OTHER = 0x12345678;

function memory(): Memory {
  const made = new Memory(new SharedArrayBuffer(256));
  for (let word = 0; word < made.words.length; word++) made.words[word] = word * 0x01010101;
  return made;
}

/** Each access to shared words, with arguments of its own. */
const ACCESSES: Readonly<
  Record<Exclude<keyof typeof simulated, 'wait'>, readonly ((shared: Shared, memory: Memory) => unknown)[]>
> = {
  put: [(shared, { words }) => shared.put(words, LOW, OTHER)],
  load: [(shared, { words }) => shared.load(words, LOW)],
  store: [(shared, { words }) => shared.store(words, LOW, -1)],
  add: [(shared, { words }) => shared.add(words, LOW, 5), (shared, { words }) => shared.add(words, 63, -7)],
  or: [(shared, { words }) => shared.or(words, LOW, 0x80000001 | 0)],
  and: [(shared, { words }) => shared.and(words, LOW, 0x00ff00ff)],
  exchange: [(shared, { words }) => shared.exchange(words, LOW, OTHER)],
  compareExchange: [
    (shared, { words }) => shared.compareExchange(words, LOW, 0x03030303, OTHER),
    (shared, { words }) => shared.compareExchange(words, LOW, OTHER, 1),
  ],
  notify: [(shared, { words }) => shared.notify(words, LOW)],
  count: [
    (shared, { words }) => shared.count(words, LOW, 9),
    (shared, { words }) => shared.count(words, LOW, 0xfffffff0), // over the carry
  ],
  counted: [(shared, { words }) => shared.counted(words, LOW)],
  copy: [
    (shared, whole) => shared.copy(whole, 8, 128, 17),
    (shared, whole) => shared.copy(whole, 9, 130, 64),
    (shared, whole) => shared.copy(whole, 0, 64, 100),
  ],
};
const CASES = Object.entries(ACCESSES).flatMap(([name, accesses]) =>
  accesses.map((access, i) => ({ name, i, access })),
);

describe('shared words in a simulation', () => {
  it('are reached by the same functions as on threads', () => {
    expect(Object.keys(simulated).sort()).toEqual(Object.keys(onThreads).sort());
    expect(onThreads.load).not.toBe(simulated.load);
    expect([...Object.keys(ACCESSES), 'wait'].sort()).toEqual(Object.keys(simulated).sort());
  });

  it.each(CASES)('hold and give the same as on threads: $name, $i', ({ access }) => {
    const here = memory();
    const there = memory();
    expect(access(simulated, here)).toEqual(access(onThreads, there));
    expect([...here.words]).toEqual([...there.words]);
  });

  it.each(CASES)('are untouched when the other side gets in between: $name, $i', ({ access }) => {
    const whole = memory();
    const before = [...whole.words];
    const seen: number[][] = [];
    POINTS.arm(1, () => {
      seen.push([...whole.words]);
      POINTS.disarm();
    });
    try {
      access(simulated, whole);
    } finally {
      POINTS.disarm();
    }
    expect(seen).toEqual([before]);
  });

  it('are read after the point: what the other side stored there is seen', () => {
    const reads: (keyof typeof simulated)[] = ['load', 'add', 'or', 'and', 'exchange', 'compareExchange'];
    for (const name of reads) {
      const { words } = memory();
      POINTS.arm(1, () => {
        words[LOW] = 77;
        POINTS.disarm();
      });
      const [access] = ACCESSES[name as keyof typeof ACCESSES];
      expect(access?.(simulated, { words } as Memory), name).toBe(77);
    }
    POINTS.disarm();
  });

  it('have a point before either half of a counter, in writing and in reading', () => {
    const whole = memory();
    whole.words[LOW] = -1;
    let passed = 0;
    const strike = () => {
      passed++;
      POINTS.arm(1, strike);
    };
    POINTS.arm(1, strike);
    simulated.count(whole.words, LOW, 1);
    const counting = passed;
    simulated.counted(whole.words, LOW);
    POINTS.disarm();
    expect([counting, passed - counting]).toEqual([2, 2]);
  });

  it.each(CASES.filter(({ name }) => name !== 'counted'))(
    'are known by their place: $name, $i',
    ({ name, i, access }) => {
      const words = { add: [LOW, 63], copy: [2, 2, 0] }[name] ?? [LOW, LOW];
      let struck = false;
      POINTS.heat([words[i] ?? LOW]);
      POINTS.arm(1000, () => {
        struck = true;
        POINTS.disarm();
      });
      try {
        access(simulated, memory());
      } finally {
        POINTS.disarm();
        POINTS.heat([]);
      }
      expect(struck).toBe(true);
    },
  );

  it('are not waited for', () => {
    expect(() => simulated.wait()).toThrow('must not block');
  });
});
