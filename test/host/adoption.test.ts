/** A CPU takes the cards of another one over, or says why it does not. */
import { describe, expect, it } from 'vitest';
import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import { H, type NicState, RX, TX } from '../../src/drivers/nic/state.ts';
import { AdoptionError } from '../../src/host/adoption.ts';
import { CpuPort } from '../../src/hw/msix.ts';
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

  it('is told of frames in queues that come later, and the one that left is not', () => {
    const machine = TestMachine.started({ cards: [{ ...CARD, driver: 'interrupt', frames: 100_000 }] });
    machine.runFor(20);
    machine.handOver(20);
    const { state } = machine.slot().environment;
    const used = state.receiving;
    expect(machine.swap('interrupt', { rxRing: 2048 })).toMatchObject({ outcome: 'done' });
    expect(state.receiving & ~used).not.toBe(0);
    new CpuPort(machine.memory, machine.layout.cpus[0]).takeSummary();
    machine.runFor(200);
    expect(new CpuPort(machine.memory, machine.layout.cpus[0]).anyPending()).toBe(false);
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

type Damage = (machine: TestMachine) => void;

function word(machine: TestMachine, at: number, value: number): void {
  machine.memory.words[at] = value;
}

function block(machine: TestMachine, card = 0): NicState {
  return machine.slot(card).environment.state;
}

function last(machine: TestMachine, record: number, shadow: number, head: number, tail: number): number {
  const { words } = machine.memory;
  expect(words[record + tail] - words[record + head]).toBeGreaterThan(0);
  return words[record + shadow] + ((words[record + tail] - 1) & (words[record + RX.slots] - 1));
}

const lastBuffer = (machine: TestMachine, queue: number): number =>
  last(machine, block(machine).rx(queue), RX.shadow, RX.consumed, RX.posted);

describe('a card whose state block does not hold together is reset', () => {
  const DAMAGES: [string, RegExp, Damage][] = [
    [
      'without its magic number',
      /no magic number/,
      (machine) => word(machine, (block(machine).region.address >>> 2) + H.magic, 0),
    ],
    [
      'with a receive ring that is none',
      /receive queue 1: 7 slots/,
      (machine) => word(machine, block(machine).rx(1) + RX.slots, 7),
    ],
    [
      'with a buffer that there is not, in the last slot of a ring',
      /no such buffer as 1000000/,
      (machine) => word(machine, lastBuffer(machine, 1), 1e6),
    ],
    [
      'with more filled than there is',
      /transmit queue 0: -1 descriptors filled/,
      (machine) =>
        word(
          machine,
          block(machine).tx(0) + TX.filled,
          machine.memory.words[block(machine).tx(0) + TX.reclaimed] - 1,
        ),
    ],
    [
      'with one buffer in two slots',
      /lies in two slots/,
      (machine) => word(machine, lastBuffer(machine, 0), machine.memory.words[lastBuffer(machine, 1)]),
    ],
    [
      'in which nothing is left',
      /no magic number/,
      (machine) => {
        const { address, bytes } = block(machine).region;
        machine.memory.words.fill(0x5a5a5a5a, address >>> 2, (address + bytes) >>> 2);
      },
    ],
  ];

  it.each(DAMAGES)('%s: what that costs is counted, and the rest goes on', (_, reason, damage) => {
    for (const app of ['sink', 'echo', 'forward'] as const) {
      const card = { ...CARD, app, frames: 40_000 };
      const machine = TestMachine.started({ cards: [card, card], pattern: IRREGULAR });
      machine.runFor(60);
      for (let step = 0; step < 8; step++) machine.stepHardware(); // frames lie in the rings
      damage(machine);
      machine.succeed();
      expect(machine.cpu.resets[0]).toMatchObject({ reason: expect.stringMatching(reason) });
      const verdict = machine.conclude();
      expect(verdict.violations, app).toEqual([]);
      expect(verdict.away).toBe(0);
      const { offered, delivered, dropped, wasReset } = verdict.facts[0];
      expect(wasReset).toBe(true);
      expect(delivered.frames).toBeGreaterThan(30_000);
      const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
      expect(gone).toBeGreaterThan(0);
      expect(delivered.frames + gone).toBe(offered);
    }
  });

  it('and no other, unless the frames of one leave by the other', () => {
    for (const app of ['echo', 'forward'] as const) {
      const machine = TestMachine.started({ cards: [CARD, { ...CARD, app }, { ...CARD, app }, CARD] });
      machine.runFor(30);
      word(machine, block(machine, 1).rx(0) + RX.slots, 7);
      machine.succeed();
      const reset = machine.cpu.resets.map(({ device }) => device);
      expect(reset).toEqual(app === 'echo' ? ['eth1'] : ['eth1', 'eth0']);
      expect(machine.conclude().violations).toEqual([]);
    }
  });

  it('again, when the CPU that resets it ends in the middle of that', () => {
    for (let slices = 1; slices < 30; slices++) {
      const machine = TestMachine.started({ cards: [{ ...CARD, app: 'echo' }], pattern: IRREGULAR });
      machine.runFor(60);
      word(machine, block(machine).rx(0) + RX.slots, 7);
      const next = machine.successor('atOnce').adopt();
      for (let slice = 0; slice < slices && next.next().done !== true; slice++) machine.stepHardware();
      machine.succeed();
      const verdict = machine.conclude();
      expect(verdict.violations, `after ${slices} slices`).toEqual([]);
      expect(verdict.away).toBe(0);
    }
  });
});

describe('what is refused', () => {
  const DAMAGES: [string, RegExp, Damage][] = [
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
});
