import { describe, expect, it } from 'vitest';
import { EIMS, rdt } from '../../src/hw/nic/datasheet.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';
import { benchOf, stepCard, transmit, written } from './bench.ts';

describe('the polling driver', () => {
  it('is never interrupted: all vectors masked, also where another driver had unmasked them', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'interrupt', frames: 20_000 }] });
    machine.runFor(20);
    expect(machine.swap('polling').outcome).toBe('done');
    const { driver, environment } = machine.slot();
    let interrupts = 0;
    driver.interrupt = () => {
      interrupts++;
    };
    machine.stepCpu(); // one that was on its way
    interrupts = 0;
    expect(environment.port.read32(EIMS)).toBe(0);
    expectClean(machine.conclude());
    expect(interrupts).toBe(0);
  });

  it.each(['interrupt', 'batching'])('finds all vectors masked when it takes over from %s', (name) => {
    const { machine } = benchOf(name, {}, { queues: 2, frames: 500 });
    machine.start();
    machine.runFor(200);
    machine.cpu.desk.ask(0, 'polling', {}, 'inplace');
    machine.runFor(400_000);
    expect(machine.cpu.desk.records.map(({ outcome }) => outcome)).toEqual(['done']);
    expect(machine.slot().environment.port.read32(EIMS)).toBe(0);
  });

  it('never lets the CPU sleep', () => {
    const { machine, driver } = benchOf('polling');
    expect(driver.idle()).toBe(false);
    expect(machine.asleep).toBe(false);
  });

  it('finds frames without being told', () => {
    const { machine, driver } = benchOf('polling', {}, { frames: 7 });
    machine.start();
    stepCard(machine, 10);
    expect(driver.poll(256)).toBe(7);
  });

  it('takes no more than its burst from a ring, and no more than its budget', () => {
    const { machine, driver } = benchOf('polling', { burst: 16 }, { frames: 64 });
    machine.start();
    stepCard(machine, 10);
    expect(driver.poll(256)).toBe(16);
    expect(driver.poll(5)).toBe(5);
    expect(driver.poll(256)).toBe(16);
  });

  it('posts new buffers when refillBurst are missing, one doorbell for all of them', () => {
    const bench = benchOf('polling', { burst: 10, refillBurst: 30 }, { frames: 60 });
    const { machine, driver } = bench;
    machine.start();
    stepCard(machine, 10);
    driver.poll(256);
    driver.poll(256);
    expect(written(bench, rdt(0))).toEqual([]);
    driver.poll(256);
    expect(written(bench, rdt(0))).toEqual([(511 + 30) % 512]);
  });

  it('reclaims sent descriptors late: when there is nothing to receive, or no room', () => {
    const bench = benchOf('polling', { txRing: 64, burst: 32 });
    const { machine, driver, environment } = bench;
    const free = environment.pool.available;
    transmit(bench, 20);
    stepCard(machine);
    expect(environment.pool.available).toBe(free - 20);
    expect(driver.room(0)).toBe(43); // enough for a burst: nothing reclaimed
    transmit(bench, 20);
    stepCard(machine);
    expect(driver.room(0)).toBe(63);
    expect(environment.pool.available).toBe(free);
    transmit(bench, 5);
    stepCard(machine);
    driver.poll(256);
    expect(environment.pool.available).toBe(free);
  });

  it('brings home no buffer that the card has not reported as sent', () => {
    const bench = benchOf('polling', { txRing: 64 });
    const free = bench.environment.pool.available;
    transmit(bench, 63);
    expect(bench.driver.room(0)).toBe(0);
    bench.driver.poll(256);
    expect(bench.environment.pool.available).toBe(free - 63);
  });
});
