/** Swaps that change how many buffers a card has, swaps of an idle card, and two cards that swap at once. */
import { describe, expect, it } from 'vitest';
import { RX } from '../../src/drivers/nic/state.ts';
import { buffersFor } from '../../src/swap/plan.ts';
import { expectClean } from '../check/verdict.ts';
import { IRREGULAR, TestMachine } from '../machine.ts';

const DRIVERS = ['interrupt', 'polling', 'batching'] as const;

function posted(machine: TestMachine, queue = 0, slot = 0): number {
  const { state } = machine.slot(slot).environment;
  const record = state.rx(queue);
  const { words } = machine.memory;
  return words[record + RX.posted] - words[record + RX.consumed];
}

describe('an idle card', () => {
  it.each(DRIVERS)('is swapped to %s all the same: the probation ends without a frame', (to) => {
    const machine = new TestMachine({ cards: [{ driver: 'interrupt', app: 'echo', frames: 500 }] });
    machine.boot();
    const record = machine.swap(to);
    expect(record).toMatchObject({ outcome: 'done', phase: 'retire' });
    expect(record.stallUs).toBe(0);
    machine.start();
    expectClean(machine.conclude());
  });

  it.each(DRIVERS)('serves the frames that come after a reset to %s', (to) => {
    const machine = new TestMachine({ cards: [{ driver: 'polling', app: 'echo', frames: 500 }] });
    machine.boot();
    expect(machine.swap(to, {}, 'reset')).toMatchObject({ outcome: 'done', discarded: 0 });
    machine.start();
    const verdict = machine.conclude();
    expectClean(verdict);
    expect(verdict.facts[0].delivered.frames).toBe(500);
  });
});

describe('receive buffers on the same ring', () => {
  it.each(DRIVERS)('more of them: %s posts as many as it was asked to', (to) => {
    const machine = TestMachine.started({
      cards: [{ driver: 'interrupt', parameters: { rxRing: 2048, rxBuffers: 32 }, frames: 6000 }],
    });
    machine.runFor(20);
    expect(machine.swap(to, { rxBuffers: 2000 }).outcome).toBe('done');
    expectCapacity(machine);
    machine.finish();
    machine.runFor(2000);
    expect(posted(machine)).toBe(2000);
    expectClean(machine.halt());
  });

  it.each(DRIVERS)('fewer of them: %s posts no more until enough have come home', (to) => {
    const machine = TestMachine.started({
      cards: [
        { driver: 'polling', app: 'echo', parameters: { rxRing: 2048, rxBuffers: 2000 }, frames: 9000 },
      ],
      pattern: IRREGULAR,
    });
    machine.runFor(50);
    expect(machine.swap(to, { rxBuffers: 32 }).outcome).toBe('done');
    machine.finish();
    machine.runFor(2000);
    expect(posted(machine)).toBe(32);
    expectClean(machine.halt());
  });

  it('up and down many times under load, the memory follows and nothing is lost', () => {
    const machine = TestMachine.started({
      cards: [
        { driver: 'polling', app: 'echo', queues: 2, flows: 8, frames: 60_000, parameters: { rxRing: 1024 } },
      ],
      pattern: IRREGULAR,
      seed: 3,
    });
    [16, 1023, 100, 700, 64, 1000, 16, 511].forEach((rxBuffers, i) => {
      expect(machine.swap(DRIVERS[i % 3], { rxBuffers }).outcome).toBe('done');
    });
    machine.finish();
    expect(machine.swap('polling', { rxBuffers: 16 }).outcome).toBe('done'); // what was still away has come home
    expectCapacity(machine);
    expectClean(machine.halt());
  });

  it('more than the machine has memory for: refused with the numbers, nothing disturbed', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', app: 'echo', parameters: { rxRing: 4096, rxBuffers: 64 }, frames: 3000 }],
      buffers: 2000,
    });
    const { capacity } = machine.cpu.pool;
    const record = machine.swap('interrupt', { rxBuffers: 4000 });
    expect(record).toMatchObject({ outcome: 'refused', phase: 'prepare' });
    expect(record.reason).toMatch(/^4\d{3} packet buffers .* the machine has memory for 2000/);
    expect(machine.cpu.pool.capacity).toBe(capacity);
    expect(machine.slot().definition.name).toBe('polling');
    expectClean(machine.conclude());
  });

  it('a number out of range: refused in negotiation with the range', () => {
    const machine = TestMachine.started();
    expect(machine.swap('interrupt', { rxBuffers: 5 })).toMatchObject({
      outcome: 'refused',
      phase: 'negotiate',
      reason: 'rxBuffers=5 does not fit driver interrupt: give a whole number from 8 to 4095 (buffers)',
    });
    expectClean(machine.conclude());
  });

  it('kept over a swap that does not name them, with rings and transmit rings', () => {
    const parameters = { rxRing: 128, rxBuffers: 77, txRing: 64 };
    const machine = TestMachine.started({ cards: [{ driver: 'polling', parameters, frames: 5000 }] });
    machine.swap('batching');
    machine.swap('interrupt', { burst: 5 });
    expect(machine.slot().parameters).toMatchObject({ ...parameters, burst: 5 });
    expectClean(machine.conclude());
  });
});

describe('a ring that gets fewer buffers and no frames', () => {
  it('keeps those that lie on it, and no other ring goes without', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', queues: 4, flows: 1, frames: 20_000, parameters: { rxBuffers: 500 } }],
    });
    machine.runFor(50);
    expect(machine.swap('interrupt', { rxBuffers: 16 }).outcome).toBe('done');
    expect(machine.slot().buffers - machine.slot().keptBuffers).toBeGreaterThanOrEqual(3 * (500 - 16));
    expectClean(machine.conclude());
  });

  it('gives back what frames bring home, between swaps', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', frames: 200_000, parameters: { rxBuffers: 500 } }],
    });
    machine.runFor(50);
    expect(machine.swap('interrupt', { rxBuffers: 16 }).outcome).toBe('done');
    machine.finish();
    expect(machine.slot().buffers).toBe(machine.slot().keptBuffers);
    expectClean(machine.conclude());
  });
});

describe('two cards that swap at once', () => {
  it('each gets the buffers it asked for, whoever ends first', () => {
    const card = { driver: 'polling', app: 'forward', frames: 40_000, parameters: { rxRing: 2048 } } as const;
    const machine = TestMachine.started({ cards: [card, card], buffers: 20_000 });
    machine.runFor(20);
    machine.ask('interrupt', { rxBuffers: 2000 }, 'inplace', 0);
    machine.turn();
    machine.ask('batching', { rxBuffers: 16 }, 'inplace', 1);
    machine.runFor(3);
    machine.runUntil(() => machine.ended.length === 2);
    machine.ask('batching', { rxBuffers: 64 }, 'inplace', 0);
    machine.ask('polling', { rxBuffers: 2000 }, 'inplace', 1);
    machine.runUntil(() => machine.ended.length === 4);
    expect(machine.ended.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done', 'done']);
    expectCapacity(machine);
    machine.finish();
    machine.runFor(3000);
    expect([posted(machine, 0, 0), posted(machine, 0, 1)]).toEqual([64, 2000]);
    expectClean(machine.halt());
  });

  it('a refused swap of one takes nothing from the other', () => {
    const card = { driver: 'polling', app: 'forward', frames: 20_000, parameters: { rxRing: 4096 } } as const;
    const machine = TestMachine.started({ cards: [card, card], buffers: 5000 });
    machine.runFor(20);
    machine.ask('interrupt', { rxBuffers: 1500 }, 'inplace', 0);
    machine.turn();
    machine.ask('batching', { rxBuffers: 4000 }, 'inplace', 1);
    machine.runUntil(() => machine.ended.length === 2);
    expect(machine.ended.map(({ device, outcome }) => `${device} ${outcome}`).sort()).toEqual([
      'eth0 done',
      'eth1 refused',
    ]);
    machine.finish();
    machine.runFor(3000);
    expect([posted(machine, 0, 0), posted(machine, 0, 1)]).toEqual([1500, 511]);
    expectClean(machine.halt());
  });
});

/** The pool has room for all that the cards' rings may hold: what they should, and what still lies on them. */
function expectCapacity({ cpu }: TestMachine): void {
  const wanted = cpu.slots.reduce((sum, slot) => {
    const own = buffersFor(slot.parameters, slot.environment.queues);
    expect(slot.keptBuffers).toBe(own);
    expect(slot.buffers).toBeGreaterThanOrEqual(own);
    return sum + slot.buffers;
  }, 0);
  expect(cpu.pool.capacity - cpu.pool.gone).toBeGreaterThanOrEqual(wanted);
}
