/** The desk: swaps at their times, rounds through all pairs, control windows, and the end of it all. */
import { describe, expect, it } from 'vitest';
import { ControlWindow } from '../../src/swap/control-window.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import type { TimedSwap } from '../../src/swap/timetable.ts';
import { expectClean } from '../check/verdict.ts';
import { type MachineOptions, TestMachine } from '../machine.ts';

const PACE = { kind: 'rate', framesPerSecond: 1e6 } as const;

function timed(atUs: number, to: string, slot = 0): TimedSwap {
  return { atUs, slot, to, parameters: {}, method: 'inplace' };
}

/** The latest time at which the control window of a swap is over. */
function controlOver({ acceptedUs, endedUs }: SwapRecord): number {
  return endedUs + 2.25 * (endedUs - acceptedUs);
}

/** Traffic from time 0 of the timetable. */
function started(options: MachineOptions): { machine: TestMachine; startUs: number } {
  const machine = TestMachine.started(options);
  return { machine, startUs: machine.clock.us };
}

describe('swaps at their times', () => {
  it('begin when they are due, in the order of their times, counted from the first frame', () => {
    const { machine, startUs } = started({
      cards: [{ frames: 3000, pace: PACE }],
      timed: [timed(2000, 'batching'), timed(500, 'interrupt')],
    });
    expect(machine.cpu.desk.nextDueUs()).toBe(startUs + 500);
    expectClean(machine.conclude());
    expect(machine.ended.map(({ to, outcome }) => `${to} ${outcome}`)).toEqual([
      'interrupt done',
      'batching done',
    ]);
    const late = machine.ended.map(({ acceptedUs }, i) => acceptedUs - startUs - [500, 2000][i]);
    for (const us of late) {
      expect(us).toBeGreaterThanOrEqual(0);
      expect(us).toBeLessThan(40); // looked at every few steps
    }
  });

  it('wake a CPU that sleeps: an idle card is swapped in time', () => {
    const machine = new TestMachine({ cards: [{ driver: 'interrupt' }], timed: [timed(5000, 'batching')] });
    machine.boot();
    machine.cpu.desk.start(machine.clock.us);
    const startUs = machine.clock.us;
    machine.runUntil(() => machine.ended.length > 0);
    expect(machine.ended[0].outcome).toBe('done');
    expect(machine.ended[0].acceptedUs - startUs - 5000).toBeLessThan(5);
  });

  it('do not begin before traffic does', () => {
    const machine = new TestMachine({ timed: [timed(0, 'batching')] });
    machine.boot();
    machine.runFor(3000);
    expect(machine.cpu.desk.scheduled).toBe(0);
    expect(machine.cpu.desk.nextDueUs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a round of swaps', () => {
  const round = { intervalUs: 1000, method: 'inplace', vary: { rxBuffers: [511, 64] } } as const;

  it('goes through all nine pairs, an interval apart, with varied parameters', () => {
    const { machine, startUs } = started({ cards: [{ frames: 19_500, pace: PACE }], round });
    expectClean(machine.conclude());
    const { records } = machine.cpu.desk;
    const pairs = records.slice(0, 9).map(({ from, to }) => `${from}>${to}`);
    expect(new Set(pairs).size).toBe(9);
    expect(records[0].from).toBe('polling');
    expect(records[8].to).toBe('polling');
    expect(records.slice(9, 18).map(({ from, to }) => `${from}>${to}`)).toEqual(pairs);
    expect(records.every(({ outcome }) => outcome === 'done')).toBe(true);
    // Each at its place in the grid, or when the control window of the one before is over; who is late shifts the grid.
    let due = startUs + 1000;
    records.forEach(({ acceptedUs }, i) => {
      const before = i === 0 ? 0 : controlOver(records[i - 1]);
      expect(acceptedUs).toBeGreaterThanOrEqual(due);
      // With traffic on, the CPU looks at its timetable every sixteen steps.
      expect(acceptedUs - Math.max(due, before)).toBeLessThan(120);
      due = Math.max(due + 1000, acceptedUs);
    });
  });

  it('lets two cards take turns within the interval', () => {
    const card = { app: 'forward', frames: 10_000, pace: PACE } as const;
    const { machine, startUs } = started({ cards: [card, card], round });
    expectClean(machine.conclude());
    const first = ['eth0', 'eth1'].map(
      (name) => machine.cpu.desk.records.find(({ device }) => device === name)?.acceptedUs ?? 0,
    );
    expect(first[0] - startUs).toBeGreaterThanOrEqual(1000);
    expect(first[0] - startUs).toBeLessThan(1040);
    expect(first[1] - startUs).toBeGreaterThanOrEqual(1500);
    expect(first[1] - startUs).toBeLessThan(1540);
  });

  it('does not swap twice at once to make up for lost time', () => {
    const { machine } = started({ cards: [{ frames: 30_000, pace: PACE }], round });
    machine.runFor(500);
    machine.clock.us += 10_000; // the machine was held up
    machine.runFor(3000);
    expect(machine.cpu.desk.records.length).toBeGreaterThanOrEqual(3);
    expect(machine.cpu.desk.records.length).toBeLessThanOrEqual(5); // not the ten that were missed
    expectClean(machine.conclude());
  });
});

describe('control windows', () => {
  it('follow each done swap, as long as it was, some time later, with nothing swapped', () => {
    const { machine } = started({ cards: [{ frames: 8000, pace: PACE }], timed: [timed(1000, 'interrupt')] });
    machine.runUntil(() => machine.ended.length > 0);
    const [record] = machine.ended;
    expect(record.controlStallUs).toBeUndefined();
    const length = record.endedUs - record.acceptedUs;
    machine.runUntil(() => machine.slot().mediator instanceof ControlWindow);
    const began = machine.clock.us;
    expect(began - record.endedUs).toBeGreaterThanOrEqual(0.25 * length);
    expect(began - record.endedUs).toBeLessThan(1.25 * length + 40);
    machine.runUntil(() => record.controlStallUs !== undefined);
    expect(machine.clock.us - began).toBeGreaterThanOrEqual(length - 2);
    expect(machine.clock.us - began).toBeLessThan(length + 40);
    expect(machine.slot().mediator).toBeNull();
    expect(record.controlStallUs).toBeGreaterThan(0);
    expectClean(machine.conclude());
  });

  it('begin at moments that follow from the seed', () => {
    const begins = [1, 1, 0x7654321].map((seed) => {
      const { machine } = started({
        cards: [{ frames: 8000, pace: PACE }],
        timed: [timed(1000, 'interrupt')],
        seed,
      });
      machine.runUntil(() => machine.slot().mediator instanceof ControlWindow);
      return machine.clock.us;
    });
    expect(begins[0]).toBe(begins[1]);
    expect(begins[2]).not.toBe(begins[0]);
  });

  it('measure how long frames waited though nothing was swapped', () => {
    const { machine } = started({
      cards: [{ frames: 20_000, pace: PACE }],
      timed: [timed(1000, 'interrupt')],
    });
    machine.runUntil(() => machine.slot().mediator instanceof ControlWindow);
    machine.pattern = () => ({ hardware: 40, cpu: 1, us: 40 }); // the CPU comes by every 40 us
    const [record] = machine.ended;
    machine.runUntil(() => record.controlStallUs !== undefined);
    expect(record.controlStallUs).toBeGreaterThanOrEqual(40);
    expectClean(machine.conclude());
  });

  it('measure it under the old driver too, since that one serves in a part of the swap', () => {
    const { machine } = started({
      cards: [{ frames: 40_000, pace: PACE }],
      timed: [timed(1000, 'interrupt'), timed(8000, 'polling')],
    });
    const { pattern } = machine;
    machine.runUntil(() => machine.slot().mediator instanceof ControlWindow);
    machine.pattern = () => ({ hardware: 40, cpu: 1, us: 40 });
    machine.runUntil(() => machine.ended[0].controlStallUs !== undefined);
    machine.pattern = pattern;
    machine.runUntil(() => machine.ended.length === 2 && machine.ended[1].controlStallUs !== undefined);
    const [first, second] = machine.ended;
    expect(second.stallUs).toBeLessThan(40);
    expect(second.controlStallUs).toBe(first.controlStallUs);
    machine.swap('polling');
    machine.runUntil(() => machine.ended.length === 3 && machine.ended[2].controlStallUs !== undefined);
    expect(machine.ended[2].controlStallUs).toBeLessThan(40); // of two drivers ago it says nothing
    expectClean(machine.conclude());
  });

  it('do not follow a refused swap', () => {
    const { machine } = started({ cards: [{ frames: 5000, pace: PACE }] });
    machine.swap('interrupt', { rxBuffers: 3 });
    machine.runUntil(() => machine.slot().mediator !== null, 3000);
    expect(machine.slot().mediator).toBeNull();
    expectClean(machine.conclude());
  });

  it('give way to a request that comes before they have begun', () => {
    const { machine } = started({ cards: [{ frames: 5000, pace: PACE }] });
    machine.runFor(50);
    const first = machine.swap('interrupt');
    machine.ask('polling');
    machine.runUntil(() => machine.ended.length === 2);
    expect(machine.ended[1].outcome).toBe('done');
    expect(first.controlStallUs).toBeUndefined();
    expectClean(machine.conclude());
  });
});

describe('a closed desk', () => {
  it('begins nothing more, and lets what is under way come to its end', () => {
    const round = { intervalUs: 500, method: 'inplace', vary: {} } as const;
    const { machine } = started({
      cards: [{ frames: 20_000, pace: PACE }],
      round,
      timed: [timed(3000, 'batching')],
    });
    machine.runUntil(() => machine.cpu.desk.busy && machine.ended.length === 0);
    const { scheduled } = machine.cpu.desk;
    machine.cpu.desk.close();
    expect(machine.cpu.desk.nextDueUs()).toBe(Number.POSITIVE_INFINITY);
    machine.runFor(10_000);
    expect(machine.cpu.desk.scheduled).toBe(scheduled);
    expect(machine.ended).toHaveLength(scheduled);
    expect(machine.cpu.desk.busy).toBe(false);
    expectClean(machine.conclude());
  });
});

describe('a swap that is asked for lazily', () => {
  const lazily = (machine: TestMachine, to: string, slot = 0): void =>
    machine.cpu.desk.ask(slot, to, {}, 'inplace', true);

  /** Busy from its first frame to its last. */
  const BUSY = { driver: 'polling', app: 'echo', frames: 60_000 } as const;

  it('begins when nothing waits and nothing is on its way, and not before', () => {
    const { machine } = started({ cards: [{ driver: 'polling', app: 'echo', frames: 4000 }] });
    machine.runFor(20);
    const { environment, kind } = machine.slot();
    const busy = (): boolean => !kind.idle(environment);
    expect(busy()).toBe(true);
    lazily(machine, 'batching');
    let waited = 0;
    while (machine.exchange() === undefined) {
      waited += busy() ? 1 : 0;
      machine.turn();
    }
    expect(waited).toBeGreaterThan(20);
    machine.runUntil(() => machine.ended.length > 0);
    expect(machine.ended[0]).toMatchObject({ outcome: 'done', to: 'batching', notes: [] });
    expectClean(machine.conclude());
  });

  it('begins at once where nothing is to be done, also while the CPU sleeps', () => {
    const machine = new TestMachine({ cards: [{ driver: 'interrupt' }] });
    machine.boot();
    machine.cpu.desk.start(machine.clock.us);
    machine.runUntil(() => machine.asleep);
    const askedUs = machine.clock.us;
    lazily(machine, 'batching');
    machine.runUntil(() => machine.ended.length > 0);
    expect(machine.ended[0]).toMatchObject({ outcome: 'done', acceptedUs: askedUs });
  });

  it('begins after ten seconds all the same, and says so', () => {
    const { machine, startUs } = started({ cards: [{ ...BUSY, driver: 'interrupt' }] });
    machine.runFor(20);
    machine.hardware.nics[0].paused(0xffff, machine.clock.us); // what is to be sent stays for a while
    lazily(machine, 'batching');
    machine.runFor(40);
    expect(machine.exchange()).toBeUndefined();
    const askedUs = machine.clock.us;
    machine.clock.us += 10_000_000;
    machine.hardware.nics[0].paused(0xffff, machine.clock.us);
    machine.runUntil(() => machine.ended.length > 0);
    expect(machine.ended[0]).toMatchObject({ outcome: 'done', notes: ['eth0 was not idle once until then'] });
    expect(machine.ended[0].acceptedUs).toBeGreaterThan(askedUs);
    expect(machine.ended[0].acceptedUs).toBeGreaterThan(startUs + 10_000_000);
  });

  it('is refused when another one is asked for while it waits, and that one is done', () => {
    const { machine } = started({ cards: [BUSY] });
    machine.runFor(20);
    lazily(machine, 'batching');
    expect(machine.swap('interrupt')).toMatchObject({
      ...{ id: 1, to: 'batching', outcome: 'refused' },
      reason: 'swap 2 of eth0 was asked for while it waited',
    });
    machine.runUntil(() => machine.ended.length > 1);
    expect(machine.ended[1]).toMatchObject({ id: 2, to: 'interrupt', outcome: 'done' });
  });

  it('waits no longer when the CPU is to leave, and not at all when the run ends', () => {
    const { machine } = started({ cards: [BUSY, BUSY] });
    machine.runFor(20);
    lazily(machine, 'batching');
    machine.cpu.desk.hold();
    expect(machine.exchange()?.record).toMatchObject({ to: 'batching' });
    machine.runUntil(() => machine.ended.length > 0);
    expect(machine.ended[0]).toMatchObject({ outcome: 'done', notes: ['eth0 was not idle once until then'] });
    lazily(machine, 'batching', 1);
    machine.cpu.desk.close();
    expectClean(machine.conclude());
    expect(machine.ended).toHaveLength(1);
  });
});
