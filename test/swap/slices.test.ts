/** Work that grows with rings and buffers is done in slices: between two of them the card is served. */
import { describe, expect, it } from 'vitest';
import type { NicDriverDefinition } from '../../src/drivers/contract.ts';
import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { rehearse } from '../../src/swap/rehearsal.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';
import { altered, throwingIn } from './faulty.ts';
import { telling } from './spied.ts';

/** Polls of the new driver before the old one is released, and of the old one from the request on. */
function pollsOf(rxRing: number, queues = 1): { before: number; after: number } {
  const polls = { before: 0, after: 0 };
  let counting: keyof typeof polls | undefined;
  const counted = (name: string, which: keyof typeof polls) =>
    altered(name, polling, (driver) => ({
      poll: (budget) => {
        if (counting !== undefined) polls[which]++;
        return driver.poll(budget);
      },
      release: () => {
        driver.release();
        counting = undefined;
      },
    }));
  const machine = TestMachine.started({
    cards: [{ driver: 'old', queues, parameters: { rxRing, rxBuffers: rxRing - 1 }, frames: 300_000 }],
    drivers: [counted('old', 'before'), counted('new', 'after')],
    buffers: 2 * queues * (rxRing + 4096),
  });
  machine.runFor(100);
  counting = 'before';
  expect(machine.swap('new').outcome).toBe('done');
  machine.hardware.endTraffic();
  expectClean(machine.conclude());
  return polls;
}

describe('a swap', () => {
  it('is planned and made ready in slices, the old driver polled after each', () => {
    expect(pollsOf(64).before).toBe(2);
  });

  it('walks long rings in more slices than short ones, the new driver polled after each', () => {
    expect(pollsOf(64, 8).after).toBeLessThan((8 * 4096) / 1024);
    expect(pollsOf(4096, 8).after).toBeGreaterThanOrEqual((8 * 4095) / 1024);
  });

  it('between drivers that differ in what they take at a time leaves the pool as it is', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', app: 'echo', frames: 100_000 }] });
    machine.runFor(20);
    const { pool } = machine.cpu;
    const { capacity } = pool;
    for (const to of ['polling', 'batching', 'interrupt']) {
      expect(machine.swap(to, to === 'polling' ? { burst: 1 } : {}).outcome).toBe('done');
      expect([pool.capacity, pool.gone]).toEqual([capacity, 0]);
    }
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });
});

describe('a rehearsal', () => {
  let us = 0;
  const clock = { nowUs: () => (us += 0.125) };

  it('swaps between all drivers, each made many times', () => {
    const made = new Map<string, number>();
    const counted = NIC_DRIVERS.map((definition) => ({
      ...definition,
      create: (...given: Parameters<typeof definition.create>) => {
        made.set(definition.name, (made.get(definition.name) ?? 0) + 1);
        return definition.create(...given);
      },
    }));
    rehearse(counted, clock);
    expect([...made.values()].every((times) => times > 1000)).toBe(true);
  });

  it('leaves behind who plays the pause of any pair through', () => {
    const calls: string[] = [];
    const drivers = NIC_DRIVERS.map((definition) => spied(definition, (call) => calls.push(call)));
    const understudy = rehearse(drivers, clock);
    for (const from of drivers)
      for (const to of drivers) {
        calls.length = 0;
        understudy.play(from, to);
        expect(calls).toEqual([
          ...['quiesce', 'exportState'].map((call) => `${from.name} ${call}`),
          ...['importState', 'activate'].map((call) => `${to.name} ${call}`),
        ]);
      }
  });

  it('does not let a driver play again that throws in it', () => {
    const calls: string[] = [];
    let throws = false;
    const [from, to] = NIC_DRIVERS.map((definition) =>
      spied(definition, (call) => {
        calls.push(call);
        if (throws) throw new Error(call);
      }),
    );
    const understudy = rehearse([from, to], clock);
    calls.length = 0;
    throws = true;
    understudy.play(from, to);
    understudy.play(from, to);
    expect(calls).toEqual([`${from.name} quiesce`]);
  });

  it('ends with a driver that throws there, and says nothing', () => {
    const bad = throwingIn('activate', 'before');
    const everywhere = { ...bad, create: () => bad.create(elsewhere(), { burst: 1 }) };
    expect(() => rehearse([everywhere], clock)).not.toThrow();
  });

  it('comes to no end when it is needed elsewhere', () => {
    const calls: string[] = [];
    const drivers = NIC_DRIVERS.map((definition) => spied(definition, (call) => calls.push(call)));
    const quiesced = () => calls.splice(0).filter((call) => call.endsWith('quiesce')).length;
    let looks = 0;
    rehearse(drivers, clock, () => ++looks > 20);
    expect(quiesced()).toBeLessThan(1000); // as they were warmed
    rehearse(drivers, clock);
    const whole = quiesced();
    looks = 0;
    rehearse(drivers, clock, () => ++looks > 100);
    expect(quiesced()).toBeLessThan(whole / 20);
  });

  it('has nothing to do without drivers', () => {
    expect(() => rehearse([], clock)).not.toThrow();
  });
});

/** An environment that is not the scratch card's, on which faulty drivers behave. */
function elsewhere() {
  return new TestMachine().slot().environment;
}

function spied(definition: NicDriverDefinition, tell: (call: string) => void): NicDriverDefinition {
  const { name, create } = definition;
  return {
    ...definition,
    create: (environment, parameters) => telling(create(environment, parameters), name, tell),
  };
}
