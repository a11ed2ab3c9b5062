import { describe, expect, it } from 'vitest';
import { EICR, EIMS, eitr, QUEUES } from '../../src/hw/nic/datasheet.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';
import { benchOf, stepCard, transmit } from './bench.ts';

describe('the interrupt driver', () => {
  it('finds a frame that arrives between the empty look and the unmasking, without any interrupt', () => {
    const { machine, driver, environment } = benchOf('interrupt', {}, { frames: 3 });
    const { port } = environment;
    const write = port.write32.bind(port);
    port.write32 = (offset, value) => {
      if (offset === EIMS) {
        port.write32 = write;
        machine.start();
        stepCard(machine); // the link offers
        stepCard(machine); // the card writes to the ring
        write(EICR, 0xffffffff); // and no cause is left to tell of it
      }
      write(offset, value);
    };
    driver.interrupt(0);
    expect(driver.poll(256)).toBe(0);
    expect(environment.state.workWaits()).toBe(true);
    expect(driver.idle()).toBe(false);
    expect(port.read32(EIMS) & 1).toBe(0); // told already: no interrupt is wanted
    expect(driver.poll(256)).toBe(3);
  });

  it('finds a completion that comes between the last reclaim and the unmasking', () => {
    const bench = benchOf('interrupt');
    const { machine, driver, environment } = bench;
    const { port, pool } = environment;
    const free = pool.available;
    const write = port.write32.bind(port);
    transmit(bench, 4);
    port.write32 = (offset, value) => {
      if (offset === EIMS) {
        stepCard(machine);
        write(EICR, 0xffffffff);
      }
      write(offset, value);
    };
    driver.interrupt(0);
    driver.poll(256);
    expect(driver.idle()).toBe(false);
    driver.poll(256);
    expect(pool.available).toBe(free);
  });

  it('looks at no ring until it is told', () => {
    const { machine, driver, environment } = benchOf('interrupt', {}, { frames: 5 });
    environment.port.maskVector(0);
    machine.start();
    stepCard(machine, 10);
    expect(environment.state.workWaits()).toBe(true);
    expect(driver.poll(256)).toBe(0);
    driver.interrupt(1); // of another queue
    expect(driver.poll(256)).toBe(0);
    driver.interrupt(0);
    expect(driver.poll(256)).toBe(5);
  });

  it('unmasks every vector when there is nothing to do, and lets the CPU sleep', () => {
    const { machine, driver, environment } = benchOf('interrupt', {}, { queues: 3 });
    expect(driver.idle()).toBe(true);
    expect(machine.asleep).toBe(true);
    expect(environment.port.read32(EIMS) & 0xff).toBe(0xff);
  });

  it('is woken for each of a few frames far apart, and sleeps in between', () => {
    const machine = TestMachine.started({
      cards: [
        { driver: 'interrupt', app: 'echo', frames: 50, pace: { kind: 'rate', framesPerSecond: 1000 } },
      ],
    });
    let asleep = 0;
    machine.onTurn = () => {
      if (machine.asleep) asleep++;
    };
    const verdict = machine.conclude();
    expectClean(verdict);
    expect(verdict.facts[0].delivered.frames).toBe(50);
    expect(asleep).toBeGreaterThan(0.9 * machine.turns);
  });

  it('takes few interrupts for many frames: its vector stays masked while there is work', () => {
    const { machine } = benchOf('interrupt', {}, { frames: 5000 });
    machine.pattern = () => ({ hardware: 2, cpu: 1, us: 1 }); // always frames there when it looks
    machine.start();
    const { driver } = machine.slot();
    let interrupts = 0;
    const told = driver.interrupt.bind(driver);
    driver.interrupt = (vector) => {
      interrupts++;
      told(vector);
    };
    expectClean(machine.conclude());
    expect(interrupts).toBeLessThan(20);
  });

  it('quiesces with every vector masked, and looks at every ring when it goes on', () => {
    const { machine, driver, environment } = benchOf('interrupt', {}, { frames: 4, queues: 2 });
    driver.quiesce();
    expect(environment.port.read32(EIMS)).toBe(0);
    machine.start();
    stepCard(machine, 10);
    expect(environment.state.workWaits()).toBe(true);
    driver.activate();
    expect(driver.poll(256)).toBe(4);
  });

  it.each([
    [0, 0],
    [1, 1],
    [50, 25],
    [1022, 511],
  ])('sets EITR of every queue in use from coalesceUs=%d: %d units of 2 us', (coalesceUs, units) => {
    const { environment } = benchOf('interrupt', { coalesceUs }, { queues: 3 });
    for (let vector = 0; vector < QUEUES; vector++)
      expect(environment.port.read32(eitr(vector)) >>> 3).toBe(vector < 3 ? units : 0);
  });

  it('sets EITR of a queue that is added later, and of the transmit queue that stays behind', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', app: 'echo', queues: 2, flows: 8, frames: 100_000 }],
    });
    machine.runFor(20);
    expect(machine.swap('interrupt', { rxRing: 1024, coalesceUs: 30 }).outcome).toBe('done');
    const { port, state } = machine.slot().environment;
    const used = state.receiving | state.sending;
    expect(used).not.toBe(0b11); // a spare queue is in use
    for (let vector = 0; vector < QUEUES; vector++)
      if ((used & (1 << vector)) !== 0) expect(port.read32(eitr(vector)) >>> 3).toBe(15);
    machine.hardware.endTraffic();
    expectClean(machine.conclude());
  });

  it('is interrupted no more often than coalesceUs allows', () => {
    const machine = TestMachine.started({
      cards: [
        {
          driver: 'interrupt',
          parameters: { coalesceUs: 100 },
          frames: 1000,
          pace: { kind: 'rate', framesPerSecond: 200_000 },
        },
      ],
    });
    const { driver } = machine.slot();
    const told = driver.interrupt.bind(driver);
    const times: number[] = [];
    driver.interrupt = (vector) => {
      times.push(machine.clock.us);
      told(vector);
    };
    expectClean(machine.conclude());
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    expect(times.length).toBeGreaterThan(10);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
  });
});
