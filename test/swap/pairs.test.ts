/** Each ordered pair of drivers, each way of swapping, under load. */
import { describe, expect, it } from 'vitest';
import { RX, TX } from '../../src/drivers/nic/state.ts';
import { IMIX } from '../../src/hw/link/frames.ts';
import type { Method } from '../../src/swap/plan.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { IRREGULAR, TestMachine } from '../machine.ts';

const DRIVERS = ['interrupt', 'polling', 'batching'];
const PAIRS = DRIVERS.flatMap((from) => DRIVERS.map((to) => [from, to] as const));
const METHODS: readonly Method[] = ['inplace', 'drain', 'reset'];
const MAX = { kind: 'max' } as const;
const APPS = ['sink', 'echo'] as const;

describe.each(PAIRS)('%s -> %s under load', (from, to) => {
  const ways = METHODS.flatMap((method) => APPS.map((app) => ({ method, app })));
  it.each(ways)('$method, $app: done with frames in flight, all accounted for', ({ method, app }) => {
    // A reset throws away what comes while the receiver is off: at full speed, all there is.
    const pace = method === 'reset' ? ({ kind: 'rate', framesPerSecond: 400_000 } as const) : MAX;
    const machine = TestMachine.started({
      cards: [{ driver: from, app, queues: 2, flows: 8, sizes: IMIX, frames: 12_000, pace }],
      pattern: IRREGULAR,
      seed: PAIRS.findIndex(([a, b]) => a === from && b === to),
    });
    machine.runFor(20);
    const record = machine.swap(to, {}, method);
    const { offered, delivered } = countCard(machine.memory, machine.layout.cards[0]);
    expect(offered).toBeLessThan(12_000); // it was under load to its end
    expect(delivered.frames).toBeGreaterThan(0);
    expect(record).toMatchObject({ from, to, method, outcome: 'done', phase: 'retire', reason: '' });
    expect(machine.slot().definition.name).toBe(to);
    const verdict = machine.conclude();
    expectClean(verdict);
    if (method !== 'reset') expect(record).toMatchObject({ discarded: 0, discardedTransmit: 0 });
    else expect(verdict.facts[0].offered).toBe(12_000);
  });
});

describe('what a swap in place leaves alone', () => {
  it('rings and buffers in them: no descriptor is posted or stripped in the pause', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', app: 'echo', frames: 6000 }] });
    machine.runFor(10);
    const { state } = machine.slot().environment;
    const before = [state.rx(0), state.tx(0)].map((record) => machine.memory.words.slice(record, record + 3));
    machine.swap('polling');
    const after = [state.rx(0), state.tx(0)].map((record) => machine.memory.words.slice(record, record + 3));
    expect(after).toEqual(before);
    expectClean(machine.conclude());
  });

  it('transmit descriptors in flight: sent by the old driver, reported to the new one', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', app: 'echo', frames: 3000 }],
      pattern: () => ({ hardware: 1, cpu: 1, us: 1 }),
    });
    machine.hardware.nics[0].paused(0xffff, machine.clock.us); // nothing leaves the card for 3.3 ms
    machine.runFor(200);
    const { state } = machine.slot().environment;
    const { words } = machine.memory;
    const inFlight = () => words[state.tx(0) + 4] - words[state.tx(0) + 3];
    expect(inFlight()).toBe(511);
    machine.ask('batching');
    expect(machine.runUntil(() => machine.slot().definition.name === 'batching', 3000)).toBe(true);
    expect(inFlight()).toBe(511);
    expectClean(machine.conclude());
    expect(machine.ended[0].outcome).toBe('done');
  });
});

describe('a drain', () => {
  it.each(DRIVERS)('has emptied the rings of %s when it quiesces, sent frames reported', (from) => {
    const machine = TestMachine.started({ cards: [{ driver: from, app: 'echo', frames: 8000 }] });
    machine.runFor(30);
    const { driver, environment } = machine.slot();
    const { state, memory } = environment;
    const inFlight = (): number[] => [
      memory.words[state.rx(0) + RX.posted] - memory.words[state.rx(0) + RX.consumed],
      memory.words[state.tx(0) + TX.posted] - memory.words[state.tx(0) + TX.reclaimed],
    ];
    const quiesce = driver.quiesce.bind(driver);
    let left: number[] = [];
    driver.quiesce = () => {
      left = inFlight();
      quiesce();
    };
    expect(inFlight()[0]).toBeGreaterThan(0);
    expect(machine.swap('polling', {}, 'drain').outcome).toBe('done');
    expect(left).toEqual([0, 0]);
    expectClean(machine.conclude());
  });
});
