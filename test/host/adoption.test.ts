/** A CPU takes the cards of another one over, or says why it does not. */
import { describe, expect, it } from 'vitest';
import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import { H, RX, TX } from '../../src/drivers/nic/state.ts';
import { StateError } from '../../src/drivers/state-block.ts';
import { AdoptionError } from '../../src/host/adoption.ts';
import { expectClean } from '../check/verdict.ts';
import { IRREGULAR, TestMachine } from '../machine.ts';

const CARD = { queues: 2, flows: 8, frames: 4000 } as const;

describe('a CPU that takes over', () => {
  it.each(NIC_DRIVERS.map(({ name }) => name))('serves on under %s, however often', (driver) => {
    for (const app of ['sink', 'echo'] as const) {
      const machine = TestMachine.started({ cards: [{ ...CARD, driver, app }], pattern: IRREGULAR });
      for (let times = 0; times < 5; times++) {
        machine.runFor(20);
        machine.succeed();
      }
      const verdict = machine.conclude();
      expectClean(verdict);
      expect(verdict.facts[0].delivered.frames).toBe(CARD.frames);
    }
  });

  it('finds the driver and the parameters that a swap has left, and the buffers that its rings need', () => {
    const machine = TestMachine.started({ cards: [{ ...CARD, frames: 20_000 }, CARD] });
    machine.runFor(20);
    expect(machine.swap('batching', { coalesceUs: 7, rxBuffers: 300 }).outcome).toBe('done');
    const { definition, parameters, keptBuffers } = machine.slot();
    machine.succeed();
    expect(machine.slot().definition).toBe(definition);
    expect(machine.slot().parameters).toEqual(parameters);
    expect(machine.slot()).toMatchObject({ keptBuffers, parameters: { coalesceUs: 7, rxBuffers: 300 } });
    expect(machine.slot(1).definition.name).toBe('polling');
    expectClean(machine.conclude());
  });

  it('does not find what a swap was undone for', () => {
    const machine = TestMachine.started({ cards: [{ ...CARD, frames: 20_000 }] });
    machine.runFor(20);
    machine.ask('interrupt');
    machine.runUntil(() => machine.slot().definition.name === 'interrupt');
    machine.slot().driver.poll = () => {
      throw new Error('not on probation');
    };
    machine.runUntil(() => machine.ended.length > 0);
    expect(machine.ended).toMatchObject([{ outcome: 'rolledBack' }]);
    machine.succeed();
    expect(machine.slot().definition.name).toBe('polling');
    expectClean(machine.conclude());
  });
});

describe('a CPU that was made before the one that serves has left', () => {
  it.each(NIC_DRIVERS.map(({ name }) => name))('serves on under %s, however often', (driver) => {
    for (const app of ['sink', 'echo'] as const) {
      const machine = TestMachine.started({ cards: [{ ...CARD, driver, app }], pattern: IRREGULAR });
      for (let times = 0; times < 5; times++) {
        machine.runFor(20);
        expect(machine.handOver(20).fits()).toBe(true);
      }
      const verdict = machine.conclude();
      expectClean(verdict);
      expect(verdict.facts[0].delivered.frames).toBe(CARD.frames);
    }
  });

  it('finds the free buffers as they are by then', () => {
    const card = { ...CARD, driver: 'polling', app: 'echo', frames: 20_000 } as const;
    const machine = TestMachine.started({ cards: [card], pattern: IRREGULAR });
    for (let times = 0; times < 10; times++) {
      const { pool } = machine.cpu;
      machine.runFor(20);
      expect(machine.handOver(20).pool.available).toBe(pool.available);
    }
    expectClean(machine.conclude());
  });

  it('does not fit any more when a driver was swapped meanwhile, or swapped and swapped back', () => {
    for (const others of [['batching'], ['interrupt', 'polling'], ['polling']]) {
      const machine = TestMachine.started({ cards: [{ ...CARD, frames: 40_000 }] });
      machine.runFor(20);
      const next = machine.successor('later');
      expect(next.fits()).toBe(true);
      for (const other of others) expect(machine.swap(other).outcome).toBe('done');
      expect(next.fits()).toBe(false);
    }
  });

  it('is not left to by a driver that throws in its last act: the error is told, and its name', () => {
    const machine = TestMachine.started({ cards: [CARD] });
    machine.slot().driver.quiesce = () => {
      throw new Error('not now');
    };
    expect(() => machine.cpu.leave()).toThrow('not now');
    expect(machine.cpu.violations).toMatchObject([{ device: 'eth0' }]);
  });
});

describe('what is refused', () => {
  type Damage = (machine: TestMachine) => void;
  const word = (machine: TestMachine, at: number, value: number) => {
    machine.memory.words[at] = value;
  };
  const block = (machine: TestMachine) => machine.slot().environment.state;
  const last = (machine: TestMachine, record: number, shadow: number, head: number, tail: number) => {
    const { words } = machine.memory;
    expect(words[record + tail] - words[record + head]).toBeGreaterThan(0);
    return words[record + shadow] + ((words[record + tail] - 1) & (words[record + RX.slots] - 1));
  };
  const DAMAGES: [string, RegExp, Damage][] = [
    [
      'a block without its magic number',
      /no magic number/,
      (machine) => word(machine, (block(machine).region.address >>> 2) + H.magic, 0),
    ],
    [
      'a receive ring that is not one',
      /receive queue 1: 7 slots/,
      (machine) => word(machine, block(machine).rx(1) + RX.slots, 7),
    ],
    [
      'a buffer that there is not, in the last slot of a ring',
      /no such buffer as 1000000/,
      (machine) => word(machine, last(machine, block(machine).rx(1), RX.shadow, RX.consumed, RX.posted), 1e6),
    ],
    [
      'more filled than there is',
      /transmit queue 0: -1 descriptors filled/,
      (machine) =>
        word(
          machine,
          block(machine).tx(0) + TX.filled,
          machine.memory.words[block(machine).tx(0) + TX.reclaimed] - 1,
        ),
    ],
    [
      'a driver that is not known',
      /its driver is not known here/,
      ({ memory, layout }) => {
        const at = layout.cards[0].assignment.address >>> 2;
        memory.words.fill(77, at + 2, (at + layout.cards[0].assignment.bytes) >>> 0);
      },
    ],
    [
      'a block outside of DMA memory',
      /which is no DMA memory/,
      ({ memory, layout }) => {
        memory.words[layout.cards[0].assignment.address >>> 2] = layout.arena.address;
      },
    ],
  ];

  it.each(DAMAGES)('%s', (_, reason, damage) => {
    const machine = TestMachine.started({ cards: [CARD] });
    machine.runFor(30);
    damage(machine);
    const before = machine.memory.words.slice();
    expect(() => machine.succeed()).toThrow(AdoptionError);
    expect(() => machine.succeed()).toThrow(reason);
    expect(Buffer.from(machine.memory.buffer).equals(Buffer.from(before.buffer))).toBe(true); // nothing is done by it
  });

  it('a card that no driver has served', () => {
    const machine = new TestMachine({ cards: [CARD] });
    expect(() => machine.succeed()).toThrow(/eth0 cannot be taken over: no driver has served it/);
  });

  it('two slots with one buffer', () => {
    const machine = TestMachine.started({ cards: [CARD] });
    machine.runFor(30);
    const { words } = machine.memory;
    const [a, b] = [0, 1].map((queue) =>
      last(machine, block(machine).rx(queue), RX.shadow, RX.consumed, RX.posted),
    );
    words[a] = words[b];
    expect(() => machine.succeed()).toThrow(StateError);
    expect(() => machine.succeed()).toThrow(/lies in two slots/);
  });
});
