/** A CPU: its interrupt lines, its cards in turn, its sleep, and what its applications take. */
import { describe, expect, it } from 'vitest';
import { PoolExhausted } from '../../src/drivers/pool.ts';
import { dumpCards } from '../../src/host/dump.ts';
import { IMIX } from '../../src/hw/link/frames.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { IRREGULAR, TestMachine } from '../machine.ts';

describe('a CPU', () => {
  it('tells each interrupt to the driver of the card and queue that it comes from', () => {
    const card = { driver: 'interrupt', queues: 3 } as const;
    const machine = new TestMachine({ cards: [card, card] });
    machine.boot();
    machine.runFor(10);
    const told: string[] = [];
    machine.cpu.slots.forEach(({ driver, name }) => {
      driver.interrupt = (vector) => told.push(`${name} ${vector}`);
    });
    for (const line of [0, 2, 16, 17, 18]) machine.cpu.port.raise(line, machine.clock.us);
    machine.cpu.step();
    machine.cpu.step();
    expect(told.sort()).toEqual(['eth0 0', 'eth0 2', 'eth1 0', 'eth1 1', 'eth1 2']);
  });

  it('sleeps only when no card has anything to do, and not while one is being swapped', () => {
    const machine = new TestMachine({ cards: [{ driver: 'interrupt' }, { driver: 'batching' }] });
    machine.boot();
    machine.runFor(20);
    expect(machine.cpu.idle()).toBe(true);
    machine.ask('interrupt', {}, 'inplace', 1);
    expect(machine.cpu.idle()).toBe(false);
    machine.runUntil(() => machine.ended.length > 0);
    machine.runFor(20);
    expect(machine.cpu.idle()).toBe(true);
    machine.swap('polling', {}, 'inplace', 1);
    machine.runFor(20);
    expect(machine.cpu.idle()).toBe(false);
  });

  it('serves all of its cards while one of them takes all it can', () => {
    const machine = TestMachine.started({
      cards: [
        { driver: 'polling', frames: 1e9 },
        { driver: 'interrupt', frames: 300 },
      ],
    });
    const { memory, layout } = machine;
    expect(machine.runUntil(() => countCard(memory, layout.cards[1]).delivered.frames === 300, 2000)).toBe(
      true,
    );
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });

  it('refuses to boot with fewer buffers than its rings need, with the numbers', () => {
    const machine = new TestMachine({ cards: [{ queues: 4 }], buffers: 1000 });
    expect(() => machine.boot()).toThrow(PoolExhausted);
    expect(() => machine.boot()).toThrow(/packet buffers .* are needed, the machine has memory for 1000/);
  });

  it('names the driver that fails in normal service, its card, and why', () => {
    const machine = TestMachine.started({ cards: [{}, {}] });
    const { driver } = machine.slot(1);
    driver.poll = () => {
      throw new Error('enough');
    };
    expect(() => machine.cpu.step()).toThrow('enough');
    expect(machine.cpu.violations).toEqual([
      expect.objectContaining({
        invariant: 'driver',
        device: 'eth1',
        message: 'driver polling threw: enough',
      }),
    ]);
  });
});

describe('applications that send', () => {
  it('take whole frames only, and only what the exit has room for', () => {
    const parameters = { txRing: 64, rxRing: 512, burst: 256 };
    const machine = TestMachine.started({
      cards: [{ app: 'echo', parameters, sizes: [9216, 64, 4000], frames: 900 }],
      pattern: IRREGULAR,
    });
    const { environment } = machine.slot();
    const { driver } = machine.slot();
    const transmit = driver.transmit.bind(driver);
    driver.transmit = (queue, burst, segments, source, position) => {
      expect(segments).toBeLessThanOrEqual(driver.room(queue));
      expect(burst.ends[segments - 1]).toBe(1);
      transmit(queue, burst, segments, source, position);
    };
    expect(environment.queues).toBe(1);
    expectClean(machine.conclude());
  });

  it('forward both ways at once, each card sending what the other received', () => {
    const card = { driver: 'interrupt', app: 'forward', sizes: IMIX, queues: 2 } as const;
    const machine = TestMachine.started({
      cards: [
        { ...card, flows: 8, frames: 3000 },
        { ...card, flows: 5, frames: 1000 },
      ],
      pattern: IRREGULAR,
    });
    const verdict = machine.conclude();
    expectClean(verdict);
    expect(verdict.facts.map(({ returned }) => returned.frames)).toEqual([1000, 3000]);
  });

  it('wait for a card that is being reset, and lose nothing of what they wait with', () => {
    const card = { driver: 'polling', app: 'forward', frames: 20_000 } as const;
    const pace = { kind: 'rate', framesPerSecond: 1e6 } as const;
    const machine = TestMachine.started({ cards: [{ ...card, pace }, card] });
    machine.runFor(50);
    expect(machine.swap('interrupt', {}, 'reset', 0).outcome).toBe('done');
    const verdict = machine.conclude();
    expectClean(verdict);
    expect(verdict.facts[1].delivered.frames).toBe(20_000); // the neighbour was not reset
  });
});

describe('a dump', () => {
  it('has the rings as they are, and taking it changes nothing', () => {
    const machine = TestMachine.started({ cards: [{ app: 'echo', queues: 2, flows: 8, frames: 3000 }] });
    machine.runFor(40);
    const { memory, layout, cpu } = machine;
    const before = memory.words.slice();
    const [dump] = dumpCards(memory, layout, cpu.slots);
    expect(Buffer.from(memory.words.buffer).equals(Buffer.from(before.buffer))).toBe(true);
    expect(dump).toMatchObject({ name: 'eth0', driver: 'polling' });
    expect(dump.rx.map(({ queue }) => queue)).toEqual([0, 1]);
    const held = dump.rx.flatMap(({ descriptors }) => descriptors.filter(({ buffer }) => buffer >= 0));
    const inRings: number[] = [];
    machine.slot().environment.state.forEachBuffer((buffer, kind) => {
      if (kind === 'rx') inRings.push(buffer);
    });
    expect(held.map(({ buffer }) => buffer).sort()).toEqual(inRings.sort());
    expectClean(machine.conclude());
  });
});
