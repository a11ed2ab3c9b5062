/** Receive rings that get another length, with traffic on. The ledger watches over the order of each flow. */
import { describe, expect, it } from 'vitest';
import { framesNote, RX } from '../../src/drivers/nic/state.ts';
import { IMIX } from '../../src/hw/link/frames.ts';
import { qprc } from '../../src/hw/nic/datasheet.ts';
import { phaseTookUs } from '../../src/swap/record.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { IRREGULAR, TestMachine } from '../machine.ts';
import { ringsOf, steeredSlots } from './rings.ts';

const DRIVERS = ['interrupt', 'polling', 'batching'] as const;
const CHAIN = [1024, 64, 4096, 512];

function offered(machine: TestMachine): number {
  return countCard(machine.memory, machine.layout.cards[0]).offered;
}

describe('a new ring length under load', () => {
  const cases = [1, 2, 4].flatMap((queues) =>
    (['sink', 'echo'] as const).flatMap((app) =>
      [1, 2, 3].map((seed) => ({ queues, app, seed, from: DRIVERS[seed % 3] })),
    ),
  );
  it.each(cases)(
    'from $from, $app, $queues queues: each steered ring has the new length, flows keep their order (seed $seed)',
    ({ queues, app, seed, from }) => {
      const machine = TestMachine.started({
        cards: [{ driver: from, app, queues, flows: 32, sizes: IMIX, frames: 100_000 }],
        pattern: IRREGULAR,
        seed: seed * 100 + queues,
      });
      machine.runFor(30);
      const free = dmaFree(machine);
      CHAIN.forEach((rxRing, i) => {
        const record = machine.swap(DRIVERS[(seed + i) % 3], { rxRing });
        expect(record).toMatchObject({ outcome: 'done', phase: 'retire' });
        expect(phaseTookUs(record, 'move')).toBeGreaterThan(0);
        expect(steeredSlots(machine)).toEqual(new Array(queues).fill(rxRing));
        // Beside those, only the first ring of queue 0, for frames without a hash.
        const rings = ringsOf(machine);
        expect(rings).toHaveLength(queues + 1);
        expect(rings[0]).toEqual({ queue: 0, slots: 512, logical: 0, steered: false });
      });
      expect(offered(machine)).toBeLessThan(100_000);
      machine.hardware.endTraffic();
      expectClean(machine.conclude());
      expect(dmaFree(machine)).toBeGreaterThan(free); // halted: every ring is given back
    },
  );

  it('an idle card is moved as well', () => {
    const machine = new TestMachine({ cards: [{ driver: 'interrupt', queues: 3, flows: 16 }] });
    machine.boot();
    expect(machine.swap('polling', { rxRing: 2048 }).outcome).toBe('done');
    expect(steeredSlots(machine)).toEqual([2048, 2048, 2048]);
    machine.start();
    expectClean(machine.conclude());
  });

  it('jumbo frames of five descriptors each, into rings that hold a dozen of them and back', () => {
    const machine = TestMachine.started({
      cards: [
        { driver: 'polling', app: 'echo', queues: 2, flows: 8, sizes: [9216, 64, 5000], frames: 30_000 },
      ],
      pattern: IRREGULAR,
      seed: 9,
    });
    machine.runFor(30);
    for (const rxRing of [64, 4096, 128]) {
      expect(machine.swap('interrupt', { rxRing }).outcome).toBe('done');
      expect(steeredSlots(machine)).toEqual([rxRing, rxRing]);
    }
    expect(offered(machine)).toBeLessThan(30_000);
    expectClean(machine.conclude());
  });

  it('every register access a moment at which the card may act', () => {
    const machine = new TestMachine({
      cards: [{ driver: 'interrupt', app: 'echo', queues: 3, flows: 24, frames: 300_000 }],
      seed: 11,
    });
    machine.boot();
    machine.pointsAtRegisters(3);
    machine.start();
    machine.runFor(30);
    CHAIN.forEach((rxRing, i) => {
      expect(machine.swap(DRIVERS[i % 3], { rxRing }).outcome).toBe('done');
    });
    expect(offered(machine)).toBeLessThan(300_000);
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });

  it.each([1, 2, 3, 4])('each step of the card just before a look at its counters (seed %d)', (seed) => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', queues: 2, flows: 3, frames: 200_000 }],
      seed,
    });
    machine.runFor(30);
    const { port } = machine.slot().environment;
    const read = port.read32.bind(port);
    port.read32 = (offset) => {
      if (offset === qprc(0) || offset === qprc(1) || offset === qprc(2)) machine.stepHardware();
      return read(offset);
    };
    machine.pattern = (random) => ({ hardware: random() % 8 === 0 ? 1 : 0, cpu: 1, us: 1 });
    for (const rxRing of [1024, 64, 4096, 512, 128, 2048])
      expect(machine.swap(DRIVERS[rxRing % 3], { rxRing }).outcome).toBe('done');
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });

  it('rings that have run over 2^31 frames still know which of two came first', () => {
    const machine = new TestMachine({
      cards: [{ driver: 'polling', queues: 2, flows: 16, frames: 20_000 }],
      pattern: IRREGULAR,
    });
    machine.boot();
    const { state, statistics } = machine.slot().environment;
    const long = 2 ** 31 - 500;
    for (const queue of [0, 1]) {
      machine.memory.words[framesNote(machine.memory.words, state.rx(queue))] = long;
      machine.memory.doubles[(machine.layout.cards[0].statistics.address >>> 3) + queue] += long;
      expect(statistics.receivedOnRing(queue)).toBe(long);
    }
    machine.start();
    const { words } = machine.memory;
    machine.runUntil(() => words[framesNote(words, state.rx(0))] < 0);
    expect(machine.swap('interrupt', { rxRing: 1024 }).outcome).toBe('done');
    expect(steeredSlots(machine)).toEqual([1024, 1024]);
    expectClean(machine.conclude());
  });

  it('a move and fewer buffers in one swap', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'batching', app: 'echo', queues: 2, flows: 8, frames: 40_000 }],
      pattern: IRREGULAR,
    });
    machine.runFor(30);
    expect(machine.swap('polling', { rxRing: 4096, rxBuffers: 20 }).outcome).toBe('done');
    machine.finish();
    machine.runFor(2000);
    const { state } = machine.slot().environment;
    for (const { queue, steered } of ringsOf(machine)) {
      const { words } = machine.memory;
      const posted = words[state.rx(queue) + RX.posted] - words[state.rx(queue) + RX.consumed];
      if (steered) expect(posted).toBe(20);
    }
    expectClean(machine.halt());
  });
});

describe('queues that a ring cannot be moved to', () => {
  it('seven of eight in use: all move once, one after another through the one spare queue', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', queues: 7, flows: 64, frames: 60_000 }],
      pattern: IRREGULAR,
      seed: 7,
    });
    machine.runFor(30);
    const record = machine.swap('interrupt', { rxRing: 1024 });
    expect(record.outcome).toBe('done');
    expect(record.notes).toEqual([expect.stringContaining('queue 0 keeps its ring of 512')]);
    expect(steeredSlots(machine)).toEqual(new Array(7).fill(1024));
    // Queue 0 has taken the spare one for good: there is none for a second time.
    const again = machine.swap('polling', { rxRing: 256 });
    expect(again).toMatchObject({ outcome: 'refused', phase: 'negotiate' });
    expect(again.reason).toContain('needs a spare receive queue');
    expect(steeredSlots(machine)).toEqual(new Array(7).fill(1024));
    expectClean(machine.conclude());
  });

  it('all eight in use: refused, and a swap without a new length is done', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', queues: 8, flows: 64, frames: 30_000 }],
    });
    machine.runFor(30);
    const record = machine.swap('interrupt', { rxRing: 1024 });
    expect(record).toMatchObject({
      outcome: 'refused',
      phase: 'negotiate',
      reason: 'rxRing=1024 needs a spare receive queue, and all 8 are in use',
    });
    expect(machine.swap('interrupt').outcome).toBe('done');
    expectClean(machine.conclude());
  });

  it('all eight in use: a reset makes rings of the new length all the same', () => {
    const machine = TestMachine.started({
      cards: [
        {
          driver: 'polling',
          queues: 8,
          flows: 64,
          frames: 8000,
          pace: { kind: 'rate', framesPerSecond: 1e6 },
        },
      ],
    });
    machine.runFor(30);
    expect(machine.swap('interrupt', { rxRing: 1024 }, 'reset').outcome).toBe('done');
    expect(steeredSlots(machine)).toEqual(new Array(8).fill(1024));
    expectClean(machine.conclude());
  });

  it('transmit rings keep their length, and the record says so', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'polling', app: 'echo', frames: 6000 }] });
    const record = machine.swap('interrupt', { txRing: 64 });
    expect(record.notes).toEqual([
      'txRing stays 512: transmit rings change their length only with method=reset',
    ]);
    expectClean(machine.conclude());
  });
});

function dmaFree(machine: TestMachine): number {
  return machine.slot().environment.dma.freeBytes();
}
