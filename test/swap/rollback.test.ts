/** A driver fails in one phase after another: the right outcome, the right reason, and traffic goes on. */
import { describe, expect, it } from 'vitest';
import type { NicDriverDefinition } from '../../src/drivers/contract.ts';
import { batching } from '../../src/drivers/nic/batching.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { RX } from '../../src/drivers/nic/state.ts';
import type { Method, Phase } from '../../src/swap/plan.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { type CardOptions, IRREGULAR, TestMachine } from '../machine.ts';
import { altered, Fault, throwingIn, throwingInPoll } from './faulty.ts';

const METHODS: readonly Method[] = ['inplace', 'drain', 'reset'];

interface Trial {
  readonly record: SwapRecord;
  readonly machine: TestMachine;
}

/** A swap under load, from `from` to `to`; then everything delivered, nothing lost, another swap possible. */
function attempt(
  from: NicDriverDefinition,
  to: NicDriverDefinition,
  method: Method,
  card: CardOptions = {},
  parameters: Record<string, number> = {},
): Trial {
  const built = [interrupt, polling, batching];
  const drivers = [from, to].filter((driver, i, all) => !built.includes(driver) && all.indexOf(driver) === i);
  const machine = TestMachine.started({
    cards: [
      {
        driver: from.name,
        app: 'echo',
        queues: 2,
        flows: 8,
        frames: 30_000,
        pace: { kind: 'rate', framesPerSecond: 600_000 },
        ...card,
      },
    ],
    drivers,
    pattern: IRREGULAR,
    seed: from.name.length + to.name.length,
  });
  machine.runFor(20);
  const record = machine.swap(to.name, parameters, method);
  const before = countCard(machine.memory, machine.layout.cards[0]);
  expect(before.offered).toBeLessThan(30_000);
  machine.runFor(400);
  const after = countCard(machine.memory, machine.layout.cards[0]);
  expect(after.delivered.frames).toBeGreaterThan(before.delivered.frames); // traffic goes on
  return { record, machine };
}

function expectUndone({ record, machine }: Trial, from: string, slotBuffers?: number): void {
  expect(machine.slot().definition.name).toBe(from);
  expect(machine.slot().mediator).toBeNull();
  expect(machine.swap('polling').outcome).toBe('done'); // the card can still be swapped
  expectClean(machine.conclude());
  expect(record.endedUs).toBeGreaterThanOrEqual(record.acceptedUs);
  if (slotBuffers !== undefined) expect(machine.slot().buffers).toBe(slotBuffers);
}

const ROLLED_BACK: readonly (readonly [string, NicDriverDefinition, Phase, Phase, string])[] = [
  ['importState, at once', throwingIn('importState', 'before'), 'transfer', 'commit', 'importState failed'],
  ['importState, at its end', throwingIn('importState', 'after'), 'transfer', 'commit', 'importState failed'],
  ['activate, at once', throwingIn('activate', 'before'), 'commit', 'commit', 'activate failed'],
  ['activate, at its end', throwingIn('activate', 'after'), 'commit', 'commit', 'activate failed'],
  ['its first poll', throwingInPoll(1), 'probation', 'probation', 'poll 1 failed'],
  ['its third poll', throwingInPoll(3), 'probation', 'probation', 'poll 3 failed'],
  ['its first poll, and in every way out', hopeless(), 'probation', 'probation', 'poll failed'],
];

/** Fails in its first poll, and then in quiesce and export too. */
function hopeless(): NicDriverDefinition {
  const fail = (what: string) => () => {
    throw new Fault(`${what} failed`);
  };
  return altered('hopeless', polling, () => ({
    poll: fail('poll'),
    quiesce: fail('quiesce'),
    exportState: fail('exportState'),
    release: fail('release'),
  }));
}

describe('a new driver that throws', () => {
  it.each(METHODS)('in create: refused, nothing disturbed (%s)', (method) => {
    const bad = { ...polling, name: 'bad-create', create: () => fail('create failed') };
    const trial = attempt(interrupt, bad, method);
    expect(trial.record).toMatchObject({ outcome: 'refused', phase: 'prepare', reason: 'create failed' });
    expect(trial.record.criticalSectionUs).toBe(0);
    expectUndone(trial, 'interrupt');
  });

  it('on the scratch card, while it is warmed: refused, nothing disturbed', () => {
    const bad = altered('bad-warm', polling, () => ({}));
    const spoiled = { ...bad, create: badOnScratch(bad) };
    const trial = attempt(interrupt, spoiled, 'inplace');
    expect(trial.record).toMatchObject({ outcome: 'refused', phase: 'prepare', reason: 'not even here' });
    expectUndone(trial, 'interrupt');
  });

  it.each(ROLLED_BACK)('in %s: rolled back, in place', (_, driver, phase, __, reason) => {
    const trial = attempt(interrupt, driver, 'inplace');
    expect(trial.record).toMatchObject({ outcome: 'rolledBack', phase, reason });
    expectUndone(trial, 'interrupt');
  });

  it.each(ROLLED_BACK)('in %s: rolled back after a drain', (_, driver, phase, __, reason) => {
    const trial = attempt(batching, driver, 'drain');
    expect(trial.record).toMatchObject({ outcome: 'rolledBack', phase, reason });
    expectUndone(trial, 'batching');
  });

  it.each(ROLLED_BACK.filter(([, { name }]) => name !== 'bad-importState'))(
    'in %s: rolled back after a reset, what the resets threw away is counted',
    (_, driver, __, phase, reason) => {
      const trial = attempt(polling, driver, 'reset');
      expect(trial.record).toMatchObject({ outcome: 'rolledBack', phase, reason });
      expectUndone(trial, 'polling');
    },
  );

  it('in its cold start: rolled back in transfer, the old one starts from nothing', () => {
    const bad = altered('bad-start', polling, (driver) => ({
      *start() {
        const steps = driver.start();
        for (let slice = 0; slice < 4; slice++) {
          steps.next();
          yield;
        }
        throw new Fault('start failed');
      },
    }));
    const trial = attempt(interrupt, bad, 'reset', {}, { rxRing: 128 });
    expect(trial.record).toMatchObject({ outcome: 'rolledBack', phase: 'transfer', reason: 'start failed' });
    expectUndone(trial, 'interrupt');
  });

  it('with new buffers and rings already made: they are given back', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'interrupt', queues: 2, flows: 8, frames: 40_000 }],
      drivers: [throwingIn('activate', 'after')],
      pattern: IRREGULAR,
    });
    machine.runFor(30);
    const { dma } = machine.slot().environment;
    const { buffers } = machine.slot();
    const free = dma.freeBytes();
    const record = machine.swap('bad-activate', { rxRing: 4096, rxBuffers: 3000 });
    expect(record).toMatchObject({ outcome: 'rolledBack', phase: 'commit' });
    expect(dma.freeBytes()).toBe(free);
    expect(machine.slot().buffers).toBe(buffers);
    expect(machine.slot().parameters).toMatchObject({ rxRing: 512, rxBuffers: 511 });
    machine.finish();
    machine.runFor(2000);
    while (!machine.cpu.pool.settle(64));
    expect(machine.cpu.pool.capacity - machine.cpu.pool.gone).toBeLessThan(buffers + 8);
    expectClean(machine.halt());
  });
});

describe('a new driver that throws when it is told of a new ring', () => {
  it.each([1, 2, 3, 4].flatMap((call) => (['before', 'after'] as const).map((when) => ({ call, when }))))(
    '$when its work, the $call. time: it is swapped back, with the rings as they are then',
    ({ call, when }) => {
      let calls = 0;
      const bad = altered('bad-told', polling, (driver) => ({
        queuesChanged: () => {
          const due = ++calls === call;
          if (due && when === 'before') throw new Fault('not now');
          driver.queuesChanged?.();
          if (due) throw new Fault('not now');
        },
      }));
      const trial = attempt(interrupt, bad, 'inplace', { queues: 2 }, { rxRing: 1024 });
      expect(trial.record).toMatchObject({ outcome: 'rolledBack', phase: 'move', reason: 'not now' });
      expect(calls).toBe(call);
      expectUndone(trial, 'interrupt');
    },
  );
});

describe('an old driver that throws', () => {
  const phases: readonly (readonly ['quiesce' | 'exportState', Phase])[] = [
    ['quiesce', 'quiesce'],
    ['exportState', 'transfer'],
  ];
  it.each(
    phases.flatMap(([method, phase]) =>
      (['before', 'after'] as const).map((when) => ({ method, phase, when })),
    ),
  )('in $method ($when its work): rolled back, it goes on itself', ({ method, phase, when }) => {
    for (const base of [interrupt, polling, batching]) {
      const bad = throwingIn(method, when, base);
      const { record, machine } = attempt(bad, polling, 'inplace');
      expect(record).toMatchObject({ outcome: 'rolledBack', phase, reason: `${method} failed` });
      expect(machine.slot().definition.name).toBe(bad.name);
      machine.finish();
      // It cannot halt either, being what it is: what matters is that nothing was lost.
      const { offered, delivered, returned } = countCard(machine.memory, machine.layout.cards[0]);
      expect([delivered.frames, returned.frames]).toEqual([offered, offered]);
    }
  });

  it('exports a state block that does not hold together: refused with the reason, and put back as it was', () => {
    const bad = altered('bad-export', interrupt, (driver, { state, memory }) => ({
      exportState: (format) => {
        driver.exportState(format);
        memory.words[state.rx(1) + RX.posted] += 5000;
      },
    }));
    const { record, machine } = attempt(bad, polling, 'inplace');
    expect(record).toMatchObject({ outcome: 'rolledBack', phase: 'transfer' });
    expect(record.reason).toMatch(
      /^state block refused: receive queue 1: \d+ descriptors in flight on 512 slots$/,
    );
    expect(machine.slot().definition.name).toBe('bad-export');
    expectClean(machine.conclude());
  });

  it('exports slots with buffers that do not exist: found when the slots are walked', () => {
    const bad = altered('bad-slots', interrupt, (driver, { state, memory }) => ({
      exportState: (format) => {
        driver.exportState(format);
        const { words } = memory;
        words[words[state.rx(0) + RX.shadow] + ((words[state.rx(0) + RX.posted] - 1) & 511)] = 99_999;
      },
    }));
    const machine = TestMachine.started({ cards: [{ driver: 'bad-slots', frames: 50 }], drivers: [bad] });
    const record = machine.swap('polling');
    expect(record).toMatchObject({ outcome: 'rolledBack', phase: 'probation' });
    expect(record.reason).toMatch(/^state block refused: rx queue 0, slot \d+: no such buffer as 99999$/);
  });

  it('in release: done all the same, with a note', () => {
    const { record, machine } = attempt(throwingIn('release', 'before'), polling, 'inplace');
    expect(record).toMatchObject({ outcome: 'done', phase: 'retire', reason: '' });
    expect(record.notes).toEqual(['bad-release failed in release: release failed']);
    expectClean(machine.conclude());
  });

  it('when its queues change: no matter, the new one is asked', () => {
    const { record, machine } = attempt(
      throwingIn('queuesChanged', 'before'),
      polling,
      'inplace',
      {},
      { rxRing: 64 },
    );
    expect(record).toMatchObject({ outcome: 'done', notes: [expect.stringContaining('queue 0 keeps')] });
    expectClean(machine.conclude());
  });
});

function fail(message: string): never {
  throw new Fault(message);
}

function badOnScratch(driver: NicDriverDefinition): NicDriverDefinition['create'] {
  return (environment, parameters) =>
    environment.port.name === 'scratch' ? fail('not even here') : driver.create(environment, parameters);
}
