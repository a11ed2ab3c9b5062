/** Versions of a driver whose state formats differ: what each keeps for itself goes along, and comes back when a swap is undone. */
import { describe, expect, it } from 'vitest';
import type { Converter, NicDriverDefinition } from '../../src/drivers/contract.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { STATE_FORMAT } from '../../src/drivers/nic/state.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { IRREGULAR, STEADY, TestMachine } from '../machine.ts';
import { altered, Fault, throwingIn, throwingInPoll } from './faulty.ts';
import { converter, formatOf, framesOf, marked, markOf, type Version } from './marked.ts';

const FRAMES = 20_000;

function loaded(...drivers: readonly NicDriverDefinition[]): TestMachine {
  const machine = TestMachine.started({
    cards: [{ driver: drivers[0].name, app: 'echo', queues: 2, flows: 8, frames: FRAMES }],
    drivers,
    pattern: IRREGULAR,
  });
  machine.runFor(30);
  return machine;
}

/** All frames are delivered, and counted by whoever served them. */
function expectAllCounted(machine: TestMachine, version: Version, missing = 0): void {
  machine.finish();
  const { state } = machine.slot().environment;
  expect(countCard(machine.memory, machine.layout.cards[0]).delivered.frames).toBe(FRAMES);
  expect(state.own.isIn(formatOf(version))).toBe(true);
  expect(framesOf(state, version)).toBe(FRAMES - missing);
  expectClean(machine.halt());
}

function swapped(machine: TestMachine, to: NicDriverDefinition): SwapRecord {
  const record = machine.swap(to.name);
  expect(machine.slot().mediator).toBeNull();
  return record;
}

const failing = (from: Version, to: Version, convert: Converter['convert']): Converter => ({
  ...converter(from, to),
  convert,
});

describe('a swap to a version with another format', () => {
  it('converts what the old one keeps, there and back, under load', () => {
    const [first, second] = [marked(1), marked(2)];
    const machine = loaded(first, second);
    for (let i = 0; i < 6; i++) {
      const record = swapped(machine, i % 2 === 0 ? second : first);
      expect(record).toMatchObject({ outcome: 'done', reason: '' });
      machine.runFor(10);
    }
    expectAllCounted(machine, 1);
  });

  it('goes by several converters, of the old driver and of the new one', () => {
    const first = marked(1, [converter(1, 2)]);
    const third = marked(3, [converter(2, 3)]);
    const machine = loaded(first, third);
    expect(swapped(machine, third).outcome).toBe('done');
    expectAllCounted(machine, 3);
  });

  it('carries it along between drivers that speak the same, without a converter', () => {
    const again = { ...marked(1, []), name: 'marked-once-more' };
    const machine = loaded(marked(1, []), again);
    expect(swapped(machine, again).outcome).toBe('done');
    expect(swapped(machine, again).outcome).toBe('done');
    expectAllCounted(machine, 1);
  });

  it('begins anew where another driver came in between: it speaks the common format alone', () => {
    const machine = loaded(marked(1), marked(2));
    expect(machine.swap('interrupt').outcome).toBe('done');
    const { own } = machine.slot().environment.state;
    expect(own.isIn(STATE_FORMAT)).toBe(true);
    expect(own.get(0)).toBe(0);
    expect(machine.swap('marked-2').outcome).toBe('done');
    expect(own.get(5)).toBe(markOf(0));
    expect(framesOf(machine.slot().environment.state, 2)).toBeLessThan(
      countCard(machine.memory, machine.layout.cards[0]).delivered.frames,
    );
    expectClean(machine.conclude());
  });
});

describe('a converter that fails', () => {
  const promising = failing(1, 2, () => Promise.reject(new Error('too late')));
  it.each<readonly [string, Converter, RegExp]>([
    [
      'by throwing',
      failing(1, 2, () => {
        throw new Fault('no mark');
      }),
      /^converter marked\.1 → marked\.2: no mark$/,
    ],
    [
      'by throwing, when it has written',
      failing(1, 2, (from, to) => {
        to.fill(7);
        from.fill(8);
        throw new Fault('half done');
      }),
      /half done$/,
    ],
    ['by doing it later', promising, /it has to write to its second argument, at once$/],
  ])('%s: rolled back, and the old driver goes on with what it had', (_, bad, reason) => {
    const second = marked(2, [bad]);
    const machine = loaded(marked(1), second);
    expect(swapped(machine, second)).toMatchObject({
      outcome: 'rolledBack',
      phase: 'transfer',
      reason: expect.stringMatching(reason),
    });
    machine.runFor(10);
    expect(swapped(machine, second).outcome).toBe('rolledBack');
    expectAllCounted(machine, 1);
  });

  it('as the second of two: the same', () => {
    const third = marked(3, [
      converter(1, 2),
      failing(2, 3, () => {
        throw new Fault('not the second');
      }),
    ]);
    const machine = loaded(marked(1), third);
    expect(swapped(machine, third)).toMatchObject({ outcome: 'rolledBack', phase: 'transfer' });
    expectAllCounted(machine, 1);
  });
});

describe('a new version that fails when its words were converted', () => {
  it.each([
    ['importState', throwingIn('importState', 'after')],
    ['activate', throwingIn('activate', 'before')],
  ] as const)('in %s: the old one has counted every frame', (_, base) => {
    const second = marked(2, undefined, base);
    const machine = loaded(marked(1), second);
    expect(swapped(machine, second).outcome).toBe('rolledBack');
    expectAllCounted(machine, 1);
  });

  it('on probation: the old one counts on from what it had exported', () => {
    const second = marked(2, undefined, throwingInPoll(3));
    const machine = loaded(marked(1), second);
    machine.pattern = STEADY;
    const { state } = machine.slot().environment;
    machine.ask(second.name);
    let [before, after] = [0, 0];
    machine.runUntil(() => {
      const { definition } = machine.slot();
      if (definition.name === 'marked-1' && after === 0) before = framesOf(state, 1);
      if (definition.name === 'marked-2') after = framesOf(state, 2);
      return machine.ended.length > 0;
    });
    expect(machine.ended[0]).toMatchObject({ outcome: 'rolledBack', phase: 'probation' });
    expect(after).toBeGreaterThan(before);
    expectAllCounted(machine, 1, after - before);
  });

  it('on probation, of one that speaks the same: the old one counts what that one has served too', () => {
    const again = { ...marked(1, [], throwingInPoll(3)), name: 'marked-once-more' };
    const machine = loaded(marked(1), again);
    expect(swapped(machine, again)).toMatchObject({ outcome: 'rolledBack', phase: 'probation' });
    expectAllCounted(machine, 1);
  });
});

describe('a driver that is told nothing of what the old one keeps, and fails', () => {
  it.each([
    ['in activate', throwingIn('activate', 'after')],
    ['on probation', throwingInPoll(3)],
    ['when its queues move', throwingIn('queuesChanged', 'after')],
  ] as const)('%s: the old one goes on with what it had', (_, bad) => {
    const machine = loaded(marked(1), bad);
    machine.pattern = STEADY;
    const { state } = machine.slot().environment;
    machine.ask(bad.name, { rxRing: 1024 });
    let [counted, delivered] = [0, 0];
    const now = () => countCard(machine.memory, machine.layout.cards[0]).delivered.frames;
    machine.runUntil(() => {
      if (machine.slot().definition.name === 'marked-1' && delivered === 0) counted = framesOf(state, 1);
      if (machine.slot().definition.name === bad.name) delivered = now();
      return machine.ended.length > 0;
    });
    expect(machine.ended[0].outcome).toBe('rolledBack');
    const missing = delivered === 0 ? 0 : delivered - counted;
    expect(framesOf(state, 1)).toBeGreaterThanOrEqual(counted);
    expectAllCounted(machine, 1, missing);
  });
});

/** Cannot start from nothing. */
const COLD = altered('cold', polling, () => ({
  *start() {
    yield;
    throw new Fault('too cold');
  },
}));

describe('a reset', () => {
  it.each([
    ['is undone', [marked(2, undefined, throwingIn('activate', 'after'))]],
    ['is undone on probation', [marked(2, undefined, throwingInPoll(2))]],
    ['fails in its cold start', [marked(2, undefined, COLD)]],
    ['is undone, to one that speaks the same', [marked(1, [], throwingIn('activate', 'after'))]],
  ] as const)('that %s leaves the old driver what it keeps, at every moment', (_, [bad]) => {
    const second = { ...bad, name: 'second' };
    const machine = loaded(marked(1), second);
    const { state } = machine.slot().environment;
    const old = machine.slot().driver;
    let counted = framesOf(state, 1);
    expect(counted).toBeGreaterThan(0);
    machine.ask('second', {}, 'reset');
    machine.runUntil(() => {
      if (machine.slot().definition.name === 'marked-1' && machine.slot().driver === old)
        expect(framesOf(state, 1)).toBeGreaterThanOrEqual(counted);
      return machine.ended.length > 0;
    });
    expect(machine.ended[0].outcome).toBe('rolledBack');
    expect(framesOf(state, 1)).toBeGreaterThanOrEqual(counted);
    counted = framesOf(state, 1);
    machine.finish();
    machine.succeed(); // whoever comes after finds the same
    expect(framesOf(machine.slot().environment.state, 1)).toBeGreaterThanOrEqual(counted);
  });

  it.each([
    ['that is done', marked(2), 2],
    ['that is undone', marked(2, undefined, throwingIn('activate', 'after')), 1],
    ['that is undone on probation', marked(2, undefined, throwingInPoll(2)), 1],
  ] as const)('%s leaves the mark that a start makes', (_, second, version) => {
    const machine = loaded(marked(1), second);
    const record = machine.swap('marked-2', {}, 'reset');
    expect(record.outcome).toBe(version === 2 ? 'done' : 'rolledBack');
    const { own } = machine.slot().environment.state;
    expect(own.isIn(formatOf(version))).toBe(true);
    expect(own.get(version === 2 ? 5 : 0)).toBe(markOf(0));
    machine.finish();
    machine.succeed(); // whoever comes after finds the same
    expect(machine.slot().environment.state.own.isIn(formatOf(version))).toBe(true);
    expect(machine.slot().environment.state.own.get(version === 2 ? 5 : 0)).toBe(markOf(0));
  });
});

describe('a CPU that dies', () => {
  it('in the middle of a conversion leaves the old driver with what it had', () => {
    let memory: Int32Array | undefined;
    const second = marked(2, [
      failing(1, 2, (from, to) => {
        converter(1, 2).convert(from, to);
        memory = machine.memory.words.slice();
      }),
    ]);
    const machine = loaded(marked(1), second);
    machine.pattern = STEADY;
    machine.ask(second.name);
    expect(machine.runUntil(() => memory !== undefined)).toBe(true);
    machine.memory.words.set(memory ?? []);
    machine.succeed();
    expect(machine.slot().definition.name).toBe('marked-1');
    expectAllCounted(machine, 1);
  });

  it('on probation leaves the old driver, behind it the new one', () => {
    for (const version of [1, 2] as const) {
      const machine = loaded(marked(1), marked(2));
      machine.pattern = STEADY;
      machine.ask('marked-2');
      const reached = () =>
        version === 1 ? machine.exchange()?.record.phase === 'probation' : machine.ended.length > 0;
      expect(machine.runUntil(reached)).toBe(true);
      expect(machine.slot().definition.name).toBe('marked-2');
      machine.succeed();
      expect(machine.slot().definition.name).toBe(`marked-${version}`);
      const { own } = machine.slot().environment.state;
      expect(own.isIn(formatOf(version))).toBe(true);
      expectClean(machine.conclude());
    }
  });

  it('or leaves: the next one has what the driver kept', () => {
    const machine = loaded(marked(1), marked(2));
    expect(machine.swap('marked-2').outcome).toBe('done');
    machine.handOver(20);
    expectAllCounted(machine, 2);
  });
});
