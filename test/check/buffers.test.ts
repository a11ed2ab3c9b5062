/** Every buffer has one owner: what accountBuffers finds when a ring, a shadow or the pool is tampered with. */
import { describe, expect, it } from 'vitest';
import { accountBuffers, type BufferProblem, buffersAway } from '../../src/check/buffers.ts';
import { RX, TX } from '../../src/drivers/nic/state.ts';
import { TestMachine } from '../machine.ts';

/** Two cards with frames in their rings. */
function running(): TestMachine {
  const card = { driver: 'polling', app: 'forward', frames: 5000 } as const;
  const machine = TestMachine.started({ cards: [card, card] });
  machine.runFor(40);
  return machine;
}

function problems(machine: TestMachine): BufferProblem[] {
  const cards = machine.cpu.slots.map(({ name, environment }) => ({ name, state: environment.state }));
  return accountBuffers(machine.cpu.pool, cards);
}

/** Word of the shadow of the slot that is `ahead` of the oldest one in flight. */
function shadow(
  machine: TestMachine,
  kind: 'rx' | 'tx',
  card: number,
  ahead: number,
): { word: number; slot: number } {
  const { state } = machine.slot(card).environment;
  const { words } = machine.memory;
  const record = kind === 'rx' ? state.rx(0) : state.tx(0);
  const head = words[record + (kind === 'rx' ? RX.consumed : TX.reclaimed)];
  const slot = (head + ahead) & (words[record + RX.slots] - 1);
  return { slot, word: words[record + RX.shadow] + slot };
}

describe('accounting for buffers', () => {
  it('finds nothing in a running machine between two turns, ever', () => {
    const machine = running();
    for (let turn = 0; turn < 200; turn++) {
      machine.turn();
      expect(problems(machine)).toEqual([]);
    }
  });

  it('finds a buffer with two owners, on two cards, and the one that nobody has', () => {
    const machine = running();
    const { words } = machine.memory;
    const mine = shadow(machine, 'rx', 0, 2);
    const other = shadow(machine, 'rx', 1, 3);
    words[other.word] = words[mine.word];
    expect(problems(machine)).toEqual([
      {
        device: 'eth1',
        queue: 0,
        message: `buffer ${words[mine.word]} has two owners: eth0 rx0 slot ${mine.slot} and eth1 rx0 slot ${other.slot}`,
      },
      { device: 'eth0', queue: undefined, message: '1 buffers have no owner' },
    ]);
  });

  it('finds a buffer that came home while a transmit ring still has it', () => {
    const machine = running();
    machine.hardware.nics[0].paused(0xffff, machine.clock.us);
    machine.runFor(40);
    const held = shadow(machine, 'tx', 0, 1);
    const buffer = machine.memory.words[held.word];
    machine.cpu.pool.put(buffer);
    expect(problems(machine)).toEqual([
      {
        device: 'eth0',
        queue: 0,
        message: `buffer ${buffer} has two owners: the free list and eth0 tx0 slot ${held.slot}`,
      },
    ]);
  });

  it('finds a buffer that nobody has', () => {
    const machine = running();
    machine.finish();
    machine.runFor(10);
    machine.cpu.pool.take();
    machine.cpu.pool.take();
    expect(problems(machine)).toEqual([
      { device: 'eth0', queue: undefined, message: '2 buffers have no owner' },
    ]);
  });

  it('finds a buffer that does not exist', () => {
    const machine = running();
    const { word, slot } = shadow(machine, 'rx', 1, 0);
    machine.memory.words[word] = 1_000_000;
    expect(problems(machine)[0]).toEqual({
      device: 'eth1',
      queue: 0,
      message: `eth1 rx0 slot ${slot} holds buffer 1000000, which does not exist`,
    });
  });

  it('does not miss those that left in a shrink', () => {
    const machine = running();
    machine.finish();
    const { pool } = machine.cpu;
    pool.shrink(pool.capacity - 100);
    while (!pool.settle(64));
    expect(problems(machine)).toEqual([]);
  });

  it('counts those that are not home at the end', () => {
    const machine = running();
    machine.finish();
    for (const _ of machine.cpu.halt()) machine.stepHardware();
    expect(buffersAway(machine.cpu.pool)).toBe(0);
    machine.cpu.pool.take();
    expect(buffersAway(machine.cpu.pool)).toBe(1);
  });
});
