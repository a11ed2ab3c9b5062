/** No work waits with its vector enabled and nobody told. */
import { describe, expect, it } from 'vitest';
import { WakeupCheck } from '../../src/check/wakeups.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { EIMS } from '../../src/hw/nic/datasheet.ts';
import { Probes } from '../../src/hw/nic/probes.ts';
import { TestMachine } from '../machine.ts';
import { isScratch } from '../swap/faulty.ts';
import { expectClean } from './verdict.ts';

/** A card with frames in its ring of which its driver has not been told. */
function withWork(frames = 5): { machine: TestMachine; check: WakeupCheck } {
  const machine = new TestMachine({ cards: [{ driver: 'interrupt', frames }] });
  machine.boot();
  machine.runFor(10);
  const { environment } = machine.slot();
  environment.port.maskVector(0);
  machine.start();
  for (let i = 0; i < 8; i++) machine.stepHardware();
  expect(environment.state.workWaits()).toBe(true);
  return {
    machine,
    check: new WakeupCheck(environment.state, new Probes(machine.memory, machine.layout.cards[0].nic.probes)),
  };
}

describe('the check for lost wake-ups', () => {
  it('speaks up after more than three sleeps in a row that nobody ended, and not before', () => {
    const { machine, check } = withWork();
    const told = Array.from({ length: 5 }, () => {
      machine.stepHardware();
      machine.stepHardware();
      return check.missed();
    });
    expect(told).toEqual([false, false, false, true, false]);
  });

  it('does not count a sleep in which the card made no step: it may still tell', () => {
    const { machine, check } = withWork();
    machine.stepHardware();
    machine.stepHardware();
    const told = Array.from({ length: 50 }, () => check.missed());
    expect(told).not.toContain(true);
  });

  it('begins anew when the work was done meanwhile', () => {
    const { machine, check } = withWork();
    const sleep = (): boolean => {
      machine.stepHardware();
      machine.stepHardware();
      return check.missed();
    };
    expect([sleep(), sleep(), sleep()]).toEqual([false, false, false]);
    const { driver } = machine.slot();
    driver.interrupt(0);
    driver.poll(256);
    expect([sleep(), sleep(), sleep(), sleep(), sleep()]).not.toContain(true);
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
