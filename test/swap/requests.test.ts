/** Requests that are refused, that wait, and a new driver that gets nothing done. */
import { describe, expect, it } from 'vitest';
import { polling } from '../../src/drivers/nic/polling.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';
import { altered, Fault } from './faulty.ts';

function delivered(machine: TestMachine): number {
  return countCard(machine.memory, machine.layout.cards[0]).delivered.frames;
}

describe('a request for a busy card', () => {
  /** Turns until the swap asked for last is in the given phase. */
  function inPhase(machine: TestMachine, phase: 'prepare' | 'probation' | 'move'): void {
    const reached = (): boolean => {
      const { mediator } = machine.slot();
      return mediator !== null && 'record' in mediator && phaseOf(mediator.record) === phase;
    };
    expect(machine.runUntil(reached, 10_000)).toBe(true);
  }

  it('is refused while the swap under way is prepared, and that one is done', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', frames: 20_000 }] });
    machine.runFor(10);
    machine.ask('polling', { rxRing: 1024, rxBuffers: 1000 });
    inPhase(machine, 'prepare');
    machine.ask('batching');
    const [refused] = machine.ended;
    expect(refused).toMatchObject({
      id: 2,
      to: 'batching',
      outcome: 'refused',
      phase: 'negotiate',
      reason: 'swap 1 of eth0 is under way',
    });
    machine.runUntil(() => machine.ended.length === 2);
    expect(machine.ended[1]).toMatchObject({ id: 1, to: 'polling', outcome: 'done' });
    expectClean(machine.conclude());
    expect(machine.cpu.desk.records).toHaveLength(2);
  });

  it.each(['probation', 'move'] as const)('waits for the end of a %s, and is done then', (phase) => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', queues: 2, frames: 60_000 }] });
    machine.runFor(10);
    machine.ask('polling', { rxRing: 1024 });
    inPhase(machine, phase);
    machine.ask('batching');
    machine.ask('interrupt');
    expect(machine.ended).toEqual([]);
    machine.runUntil(() => machine.ended.length === 3);
    expect(machine.ended.map(({ id, from, to, outcome }) => [id, from, to, outcome])).toEqual([
      [1, 'interrupt', 'polling', 'done'],
      [2, 'polling', 'batching', 'done'],
      [3, 'batching', 'interrupt', 'done'],
    ]);
    const ends = machine.ended.map(({ acceptedUs, endedUs }) => [acceptedUs, endedUs]);
    expect(ends[1][0]).toBeGreaterThanOrEqual(ends[0][1]);
    expect(ends[2][0]).toBeGreaterThanOrEqual(ends[1][1]);
    expectClean(machine.conclude());
  });

  it('is done beside the swap of another card', () => {
    const card = { driver: 'interrupt', app: 'forward', frames: 10_000 } as const;
    const machine = TestMachine.started({ cards: [card, card] });
    machine.runFor(10);
    machine.ask('polling', {}, 'inplace', 0);
    machine.turn();
    machine.ask('batching', {}, 'inplace', 1);
    machine.runUntil(() => machine.ended.length === 2);
    expect(machine.ended.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expectClean(machine.conclude());
  });
});

describe('a request that cannot be met', () => {
  const foreign = { ...polling, name: 'foreign', imports: ['other.1'], exports: ['other.1'] };

  it('names both sides when there is no common state format', () => {
    const machine = TestMachine.started({ drivers: [foreign] });
    expect(machine.swap('foreign')).toMatchObject({
      outcome: 'refused',
      phase: 'negotiate',
      reason: 'no common state format: polling exports ringswap.nic.2, foreign imports other.1',
    });
    expectClean(machine.conclude());
  });

  it('names a driver that there is not', () => {
    const machine = TestMachine.started();
    machine.ask('poling');
    const reason = 'there is no driver poling; there are interrupt, polling, batching';
    expect(machine.ended[0]).toMatchObject({ outcome: 'refused', reason });
    expect(machine.slot().mediator).toBeNull();
    expectClean(machine.conclude());
  });

  it('a driver that cannot stop posting buffers is not drained, but swapped in place', () => {
    const stubborn = altered('stubborn', polling, () => ({}));
    const withoutSetting = {
      ...stubborn,
      create: (...args: Parameters<typeof stubborn.create>) => {
        const { setReceiveBuffers: _, ...rest } = stubborn.create(...args);
        return rest;
      },
    };
    const machine = TestMachine.started({
      cards: [{ driver: 'stubborn', app: 'echo', frames: 8000 }],
      drivers: [withoutSetting],
    });
    machine.runFor(10);
    const record = machine.swap('interrupt', {}, 'drain');
    expect(record.outcome).not.toBe('done');
    expect(record.reason).toBe('stubborn cannot stop posting buffers: it has no setReceiveBuffers');
    expect(machine.swap('interrupt').outcome).toBe('done');
    expectClean(machine.conclude());
  });
});

describe('a new driver that makes no progress', () => {
  const lazy = altered('lazy', polling, () => ({ poll: () => 0 }));

  it('is swapped back after polls with work waiting, however long they take; nothing is lost', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', frames: 8000 }], drivers: [lazy] });
    machine.runFor(20);
    machine.ask('lazy');
    machine.pattern = () => ({ hardware: 1, cpu: 1000, us: 1 });
    machine.runUntil(() => machine.ended.length > 0, 2000);
    const before = delivered(machine);
    expect(machine.ended[0]).toMatchObject({ outcome: 'rolledBack', phase: 'probation' });
    expect(machine.ended[0].reason).toMatch(/^lazy made no progress in \d+ polls with work waiting$/);
    expectClean(machine.conclude());
    expect(delivered(machine)).toBeGreaterThan(before);
  });

  it('is kept when there is nothing to do, for then nobody can tell', () => {
    const machine = new TestMachine({ cards: [{ driver: 'interrupt' }], drivers: [lazy] });
    machine.boot();
    expect(machine.swap('lazy').outcome).toBe('done');
  });

  it('is not blamed for an application that takes nothing', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', app: 'echo', frames: 3000 }] });
    machine.runFor(10);
    machine.hardware.nics[0].paused(0xffff, machine.clock.us); // the transmit ring fills up
    machine.runFor(100);
    const taken = delivered(machine);
    machine.ask('polling');
    machine.pattern = () => ({ hardware: 1, cpu: 2000, us: 0.001 });
    machine.runFor(300); // 600,000 polls in which frames wait
    expect(delivered(machine)).toBe(taken);
    machine.pattern = () => ({ hardware: 1, cpu: 1, us: 1 });
    expectClean(machine.conclude());
    expect(machine.ended[0].outcome).toBe('done');
  });

  it('that fails only when its probation is over ends the run, with its name', () => {
    const late = altered('late', polling, (driver) => {
      let polls = 0;
      return {
        poll: (budget) => {
          if (++polls > 500) throw new Fault('too late');
          return driver.poll(budget);
        },
      };
    });
    const machine = TestMachine.started({
      cards: [{ driver: 'interrupt', frames: 100_000 }],
      drivers: [late],
    });
    machine.runFor(10);
    expect(machine.swap('late').outcome).toBe('done');
    expect(() => machine.runFor(2000)).toThrow('too late');
    expect(machine.cpu.violations).toEqual([
      expect.objectContaining({
        invariant: 'driver',
        device: 'eth0',
        message: 'driver late threw: too late',
      }),
    ]);
  });
});

function phaseOf(record: unknown): unknown {
  return typeof record === 'object' && record !== null && 'phase' in record ? record.phase : undefined;
}
