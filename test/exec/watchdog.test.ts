import { describe, expect, it } from 'vitest';
import { type Hang, Watchdog } from '../../src/exec/threads/watchdog.ts';
import type { StandingWork } from '../../src/host/standing-work.ts';

const BEATS = 100;

function watchdog() {
  const cpu = { beat: 0, asleep: false, serving: 0 };
  const device = { work: [] as StandingWork[], offers: 0, swapping: false };
  const hangs: Hang[] = [];
  const idle = { look: () => [], offers: () => 0, isSwapping: () => false };
  const watched = { look: () => device.work, offers: () => device.offers, isSwapping: () => device.swapping };
  const dog = new Watchdog(
    {
      beat: () => cpu.beat,
      asleep: () => cpu.asleep,
      serving: () => cpu.serving,
      devices: [idle, watched],
    },
    (hang) => hangs.push(hang),
  );
  const look = (times: number, meanwhile: (i: number) => void = () => undefined) => {
    for (let i = 0; i < times; i++) {
      dog.look();
      meanwhile(i);
    }
  };
  /** The CPU steps all the time. */
  const steps = (times: number, meanwhile: (i: number) => void = () => undefined) =>
    look(times, (i) => {
      cpu.beat += BEATS;
      meanwhile(i);
    });
  return { dog, cpu, device, hangs, look, steps };
}

function lies(at: number, what = 'frames lie there', word = 'consumed'): StandingWork {
  return { what, word, at };
}

describe('a watchdog', () => {
  it('lets a CPU alone that steps or sleeps', () => {
    const { cpu, hangs, look } = watchdog();
    look(1000, () => cpu.beat++);
    cpu.asleep = true;
    look(1000);
    cpu.asleep = false;
    look(19);
    cpu.beat++;
    look(19);
    expect(hangs).toEqual([]);
  });

  it('tells once of one that does neither, with the device that it is at, and again when it stands still again', () => {
    const { cpu, hangs, look } = watchdog();
    cpu.serving = 1;
    look(100);
    const reason = 'it made no step for 2 s, and did not sleep';
    expect(hangs).toEqual([{ device: 1, reason, steps: false }]);
    cpu.beat++;
    look(100);
    expect(hangs.length).toBe(2);
  });

  it('begins anew with another CPU', () => {
    const { dog, device, hangs, look, steps } = watchdog();
    look(15);
    dog.restart();
    look(15);
    device.work = [lies(7)];
    steps(15);
    dog.restart();
    steps(15);
    expect(hangs).toEqual([]);
  });
});

describe('a watchdog over a device of a CPU that steps', () => {
  it('tells of work that lies while its word stands still, once', () => {
    const { device, hangs, steps } = watchdog();
    device.work = [lies(7)];
    steps(100);
    const reason = 'frames lie there: `consumed` stood at 7 for 2 s';
    expect(hangs).toEqual([{ device: 1, reason, steps: true }]);
  });

  it('lets a driver alone that does some of it, or all of it, now and then', () => {
    const { device, hangs, steps } = watchdog();
    steps(100, (i) => {
      device.work = [lies(Math.floor(i / 18))];
    });
    steps(100, (i) => {
      device.work = i % 19 === 0 ? [] : [lies(3)];
    });
    expect(hangs).toEqual([]);
  });

  it('lets one alone whose frames are offered, and held by the application; not if it lets others lie', () => {
    const { device, hangs, steps } = watchdog();
    device.work = [lies(7)];
    steps(100, () => device.offers++);
    expect(hangs).toEqual([]);
    device.work = [lies(7), lies(5, 'frames lie behind the tail', 'TDT')];
    steps(100, () => device.offers++);
    expect(hangs).toMatchObject([{ reason: 'frames lie behind the tail: `TDT` stood at 5 for 2 s' }]);
  });

  it('lets one alone that takes nothing while it is being exchanged; not if a doorbell is not rung', () => {
    const { device, hangs, steps } = watchdog();
    device.work = [lies(7)];
    steps(15);
    device.swapping = true;
    steps(100);
    device.swapping = false;
    steps(15);
    expect(hangs).toEqual([]);
    device.swapping = true;
    device.work = [lies(5, 'frames lie behind the tail', 'TDT')];
    steps(100);
    expect(hangs.length).toBe(1);
  });

  it('lets one alone whose CPU loses its core, and hardly steps', () => {
    const { cpu, device, hangs, look } = watchdog();
    device.work = [lies(7)];
    look(1000, () => cpu.beat++);
    expect(hangs).toEqual([]);
  });
});
