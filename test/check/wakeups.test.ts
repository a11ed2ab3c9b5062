/** No work waits with its vector enabled and nobody told. */
import { describe, expect, it } from 'vitest';
import { completionsThatWait, framesThatWait, WakeupCheck } from '../../src/check/wakeups.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { OP } from '../../src/drivers/nvme/requests.ts';
import { EIMS } from '../../src/hw/nic/datasheet.ts';
import { Probes } from '../../src/hw/nic/probes.ts';
import { DiskBench } from '../drivers/nvme/bench.ts';
import { TestMachine } from '../machine.ts';
import { isScratch } from '../swap/faulty.ts';
import { expectClean } from './verdict.ts';

/** A card with frames in its ring of which its driver has not been told. */
function withWork(frames = 5, queues = 1): { machine: TestMachine; check: WakeupCheck } {
  const machine = new TestMachine({ cards: [{ driver: 'interrupt', frames, queues, flows: 8 }] });
  machine.boot();
  machine.runFor(10);
  const { environment } = machine.slot();
  for (let vector = 0; vector < queues; vector++) environment.port.maskVector(vector);
  machine.start();
  for (let i = 0; i < 8; i++) machine.stepHardware();
  expect(environment.state.workWaits()).toBe(true);
  return {
    machine,
    check: new WakeupCheck(
      framesThatWait(environment.state),
      new Probes(machine.memory, machine.layout.cards[0].nic.probes),
    ),
  };
}

describe('the check for lost wake-ups', () => {
  it('speaks up after more than three sleeps in a row that nobody ended, and not before', () => {
    const { machine, check } = withWork();
    const told = Array.from({ length: 5 }, (_, sleep) => {
      machine.stepHardware();
      machine.stepHardware();
      return check.missed(sleep * 20_000);
    });
    expect(told).toEqual([false, false, false, true, false]);
  });

  it('waits for longer than an interrupt can be moderated, however short the sleeps', () => {
    const { machine, check } = withWork();
    const told = Array.from({ length: 40 }, (_, sleep) => {
      machine.stepHardware();
      machine.stepHardware();
      return check.missed(sleep * 200);
    });
    expect(told.indexOf(true)).toBe(25);
  });

  it('is silent when each sleep that nobody ended finds another frame, and all are served in between', () => {
    const { machine, check } = withWork(200);
    const { driver, environment } = machine.slot();
    const told = Array.from({ length: 12 }, (_, sleep) => {
      machine.stepHardware();
      machine.stepHardware();
      expect(environment.state.workWaits()).toBe(true);
      const missed = check.missed(sleep * 20_000);
      driver.interrupt(0);
      driver.poll(4);
      return missed;
    });
    expect(told).not.toContain(true);
  });

  it('finds a queue that nobody tells of while another one is served', () => {
    const { machine, check } = withWork(400, 2);
    const { driver } = machine.slot();
    const told = Array.from({ length: 6 }, (_, sleep) => {
      machine.stepHardware();
      machine.stepHardware();
      const missed = check.missed(sleep * 20_000);
      driver.interrupt(1);
      driver.poll(4);
      return missed;
    });
    expect(told).toContain(true);
  });

  it('does not count a sleep in which the card made no step: it may still tell', () => {
    const { machine, check } = withWork();
    machine.stepHardware();
    machine.stepHardware();
    const told = Array.from({ length: 50 }, (_, sleep) => check.missed(sleep * 20_000));
    expect(told).not.toContain(true);
  });

  it('begins anew when the work was done meanwhile', () => {
    const { machine, check } = withWork();
    let slept = 0;
    const sleep = (): boolean => {
      machine.stepHardware();
      machine.stepHardware();
      return check.missed(++slept * 20_000);
    };
    expect([sleep(), sleep(), sleep()]).toEqual([false, false, false]);
    const { driver } = machine.slot();
    driver.interrupt(0);
    driver.poll(256);
    expect([sleep(), sleep(), sleep(), sleep(), sleep()]).not.toContain(true);
  });
});

describe('the check for lost wake-ups of a disk', () => {
  function withCompletion(): { bench: DiskBench; sleep: () => boolean } {
    const bench = DiskBench.started('interrupt');
    const check = new WakeupCheck(completionsThatWait(bench.state), bench.controller.probes);
    expect(bench.submit(bench.prepare(OP.read, 0, 8))).toBe(1);
    const sleep = (): boolean => {
      bench.step(30_000);
      return check.missed(bench.clock.us);
    };
    return { bench, sleep };
  }

  it('speaks up when a completion lies there longer than it can be held back', () => {
    const { bench, sleep } = withCompletion();
    expect([sleep(), sleep(), sleep(), sleep(), sleep()]).toEqual([false, false, false, false, true]);
    expect(bench.handed).toEqual([]);
  });

  it('is silent when it was taken in between', () => {
    const { bench, sleep } = withCompletion();
    expect([sleep(), sleep(), sleep()]).toEqual([false, false, false]);
    bench.turn();
    expect(bench.handed.length).toBe(1);
    expect([sleep(), sleep(), sleep(), sleep(), sleep(), sleep()]).not.toContain(true);
  });
});

describe('a driver that goes to sleep without unmasking its vector', () => {
  /** Loses each write of the interrupt mask after so many. */
  function deaf(after: number): typeof interrupt {
    return {
      ...interrupt,
      name: 'deaf',
      create: (environment, parameters) => {
        if (isScratch(environment)) return interrupt.create(environment, parameters);
        const { port } = environment;
        const write = port.write32.bind(port);
        let unmaskings = 0;
        port.write32 = (offset, value) => {
          if (offset !== EIMS || ++unmaskings <= after) write(offset, value);
        };
        return interrupt.create(environment, parameters);
      },
    };
  }

  it('is found by frames that lie in its ring, and the frames are served all the same', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'deaf', frames: 40, pace: { kind: 'rate', framesPerSecond: 1000 } }],
      drivers: [deaf(10)],
    });
    const verdict = machine.conclude();
    expect(verdict.violations.length).toBeGreaterThan(0);
    expect(verdict.violations[0]).toMatchObject({
      invariant: 'interrupts',
      device: 'eth0',
      message: 'frames lie in a ring, its vector is enabled, and nobody was told',
    });
    expect(verdict.facts[0].delivered.frames).toBe(40);
    expect(verdict.balances[0].lost).toBe(0);
  });

  it('is told from one that is moderated as long as the card can', () => {
    const machine = TestMachine.started({
      cards: [
        {
          driver: 'batching',
          parameters: { coalesceUs: 1022 },
          frames: 200,
          pace: { kind: 'rate', framesPerSecond: 2000 },
        },
      ],
    });
    expectClean(machine.conclude());
  });
});
