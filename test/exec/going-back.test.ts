/** Back from a driver that ends its CPUs to the one before, by what the machine's memory tells. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../src/drivers/index.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { buffered } from '../../src/drivers/nvme/buffered.ts';
import type { DiskDriverDefinition } from '../../src/drivers/nvme/contract.ts';
import { polling as pollingDisk } from '../../src/drivers/nvme/polling.ts';
import { DISK_FORMAT, DISK_STATE_BYTES } from '../../src/drivers/nvme/state.ts';
import type { Parameters } from '../../src/drivers/parameters.ts';
import { OWN_BYTES } from '../../src/drivers/state-block.ts';
import { GoingBack } from '../../src/exec/threads/going-back.ts';
import { knownAs } from '../../src/exec/threads/known-drivers.ts';
import { OutOfService } from '../../src/exec/threads/relief.ts';
import { Control } from '../../src/host/control.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';

const BAD = { ...polling, name: 'bad' };
const KNOWN = { nic: [...NIC_DRIVERS, BAD].map(knownAs), nvme: [] };

function machineWith(...drivers: readonly string[]) {
  const cards = drivers.map((driver) => ({ driver, frames: 20_000 }));
  const machine = TestMachine.started({ cards, drivers: [BAD] });
  const back = new GoingBack(machine.memory, machine.layout);
  back.know(KNOWN);
  const control = new Control(machine.memory, machine.layout.control);
  back.look();
  machine.runFor(20);
  const judge = (times: number, card = 0) =>
    Array.from({ length: times }, (_, i) => back.judge(card, `reason ${i}`, false, i)).at(-1);
  return { machine, back, control, judge };
}

describe('a driver that ended the CPU three times', () => {
  it('is followed by the one that served before, with its parameters', () => {
    const { machine, back, judge } = machineWith('batching');
    expect(machine.swap('batching', { coalesceUs: 7 }).outcome).toBe('done');
    back.look();
    expect(machine.swap('bad').outcome).toBe('done');
    back.look();
    expect(judge(2)).toBeUndefined();
    expect(judge(1)).toEqual({ device: 'eth0', from: 'bad', to: 'batching' });
    expect(back.whoServes(0)).toBe('driver batching of eth0');
    machine.succeed();
    expect(machine.slot().definition.name).toBe('batching');
    expect(machine.slot().parameters).toMatchObject({ coalesceUs: 7 });
    expectClean(machine.conclude());
  });

  it('is not followed by one that was on probation when it was seen', () => {
    const { machine, back, control, judge } = machineWith('batching');
    expect(machine.swap('interrupt').outcome).toBe('done');
    control.tellProgress(0, 0, true);
    back.look();
    control.tellProgress(0, 0, false);
    expect(machine.swap('bad').outcome).toBe('done');
    back.look();
    expect(judge(3)).toMatchObject({ to: 'batching' });
  });

  it('is followed by a built-in one where it has served from the beginning', () => {
    const { machine, judge } = machineWith('bad');
    expect(judge(3)).toEqual({ device: 'eth0', from: 'bad', to: 'interrupt' });
    machine.succeed();
    expect(machine.slot().definition.name).toBe('interrupt');
    expectClean(machine.conclude());
  });

  it('is followed by yet another one when that does no better, and by nobody when none is left', () => {
    const { machine, back, judge } = machineWith('polling');
    machine.swap('bad');
    back.look();
    expect(judge(3)).toMatchObject({ from: 'bad', to: 'polling' });
    expect(judge(3)).toMatchObject({ from: 'polling', to: 'interrupt' });
    expect(() => judge(3)).toThrow(OutOfService);
    expect(() => judge(1)).toThrow(
      'eth0 lost its CPU 3 times, the last time: reason 0; there is no driver to go back to: ' +
        'mend it, or start with another one',
    );
  });

  it('serves on on other cards', () => {
    const { machine, back, judge } = machineWith('bad', 'bad');
    judge(2, 1);
    expect(judge(3, 0)).toMatchObject({ device: 'eth0' });
    expect([0, 1].map((card) => back.whoServes(card))).toEqual([
      'driver interrupt of eth0',
      'driver bad of eth1',
    ]);
    machine.succeed();
    expectClean(machine.conclude());
  });
});

describe('ends of CPUs', () => {
  it('by an application are no reason for another driver', () => {
    const { back } = machineWith('bad');
    const judge = () => back.judge(0, 'application mine threw', true, 0);
    judge();
    judge();
    expect(judge).toThrow(
      'eth0 lost its CPU 3 times, the last time: application mine threw; no other driver would help: mend the application',
    );
    expect(back.whoServes(0)).toBe('driver bad of eth0');
  });

  it('in swaps are no fault of the driver that serves again then', () => {
    const { back, control, judge } = machineWith('batching');
    for (let swap = 0; swap < 5; swap++) {
      control.tellProgress(0, 0, true);
      expect(back.whoServes(0)).toBe('a swap of eth0');
      expect(judge(1)).toBeUndefined();
    }
    expect(judge(2)).toBeUndefined();
    expect(judge(1)).toMatchObject({ from: 'batching', to: 'interrupt' });
  });

  it('without end are given up, whoever drives', () => {
    const cards = Array.from({ length: 8 }, () => 'polling');
    const { judge } = machineWith(...cards);
    for (let card = 0; card < 7; card++) judge(2, card);
    judge(1, 7);
    expect(() => judge(1, 7)).toThrow('no CPU lasts, whoever drives eth7; the last time: reason 0');
  });
});

describe('a driver of a disk that ended the CPU three times', () => {
  const BAD_DISK = { ...pollingDisk, name: 'bad' };
  const BAD_BUFFERED = { ...buffered, name: 'bad buffered' };
  const OWN: DiskDriverDefinition = {
    ...pollingDisk,
    name: 'own',
    exports: ['test.own', DISK_FORMAT],
    imports: ['test.own', DISK_FORMAT],
    create: (...given) => Object.assign(pollingDisk.create(...given), { settle: () => true }),
  };
  const BAD_OWN = { ...OWN, name: 'bad own' };
  const diskDrivers = [BAD_DISK, BAD_BUFFERED, OWN, BAD_OWN];
  const known = { ...KNOWN, nvme: [...DISK_DRIVERS, ...diskDrivers].map(knownAs) };

  function diskWith(driver: string) {
    const cards = [{ driver: 'batching', frames: 2000 }];
    const disks = [{ driver, mediaUs: 20, workload: { rw: 'randwrite' } as const }];
    const machine = TestMachine.started({ cards, disks, diskDrivers });
    const back = new GoingBack(machine.memory, machine.layout);
    back.know(known);
    back.look();
    machine.runFor(20);
    const swap = (to: string, parameters: Parameters = {}) => {
      expect(machine.swap(to, parameters, 'inplace', 1).outcome).toBe('done');
      back.look();
    };
    const judge = (times: number) =>
      Array.from({ length: times }, (_, i) => back.judge(1, `reason ${i}`, false, i)).at(-1);
    return { machine, back, judge, swap };
  }

  function expectServedBy(machine: TestMachine, driver: string): void {
    machine.succeed();
    expect(machine.disk().definition.name).toBe(driver);
    expect(machine.slot().definition.name).toBe('batching');
    machine.runFor(500);
    machine.cpu.endTraffic();
    expectClean(machine.conclude());
    expect(machine.cpu.disks[0].client.finished).toBe(true);
  }

  it('is followed by the one that served before, with its parameters', () => {
    const { machine, back, judge, swap } = diskWith('interrupt');
    swap('batching', { batch: 7 });
    swap('bad');
    expect(back.whoServes(1)).toBe('driver bad of nvme0');
    expect(judge(2)).toBeUndefined();
    expect(judge(1)).toEqual({ device: 'nvme0', from: 'bad', to: 'batching' });
    expectServedBy(machine, 'batching');
    expect(machine.disk().parameters).toMatchObject({ batch: 7 });
  });

  it('is followed by a built-in one of disks where it has served from the beginning', () => {
    const { machine, back, judge } = diskWith('bad');
    expect(judge(3)).toEqual({ device: 'nvme0', from: 'bad', to: 'interrupt' });
    expect(back.whoServes(0)).toBe('driver batching of eth0');
    expectServedBy(machine, 'interrupt');
  });

  it('is followed by one that buffers, if that was there before', () => {
    const { machine, judge, swap } = diskWith('buffered');
    swap('bad');
    expect(judge(3)).toMatchObject({ to: 'buffered' });
    expectServedBy(machine, 'buffered');
  });

  it('leaves what it has buffered to one that knows the format, whoever was there before', () => {
    const { machine, judge, swap } = diskWith('interrupt');
    swap('bad buffered');
    machine.runFor(200);
    expect(judge(3)).toEqual({ device: 'nvme0', from: 'bad buffered', to: 'buffered' });
    expect(() => judge(3)).toThrow('nvme0 lost its CPU 3 times, the last time: reason 2; there is no driver');
    expectServedBy(machine, 'buffered');
  });

  it('leaves what it has buffered to the one that knew the format last, whoever was there in between', () => {
    const { machine, judge, swap } = diskWith('interrupt');
    swap('buffered', { buffers: 32 });
    swap('polling');
    swap('bad buffered');
    machine.runFor(200);
    expect(judge(3)).toEqual({ device: 'nvme0', from: 'bad buffered', to: 'buffered' });
    expectServedBy(machine, 'buffered');
    expect(machine.disk().parameters).toMatchObject({ buffers: 32 });
  });

  it('leaves words of its own to the one before as they were last', () => {
    const { machine, judge, swap } = diskWith('own');
    machine.disk().environment.state.own.set(0, 1);
    swap('bad own');
    machine.disk().environment.state.own.set(0, 2);
    expect(judge(3)).toMatchObject({ from: 'bad own', to: 'own' });
    expectServedBy(machine, 'own');
    expect(machine.disk().environment.state.own.get(0)).toBe(2);
  });

  it('and has none leaves none, whatever the one before had', () => {
    const { machine, judge, swap } = diskWith('own');
    const { own } = machine.disk().environment.state;
    own.begin('test.own');
    own.set(0, 1);
    swap('bad');
    expect(judge(3)).toMatchObject({ from: 'bad', to: 'own' });
    expectServedBy(machine, 'own');
    expect(machine.disk().environment.state.own.any).toBe(false);
  });

  it('and left words that are none is followed by nobody', () => {
    const { machine, judge } = diskWith('own');
    const { address } = machine.disk().environment.state.region;
    const end = (address + DISK_STATE_BYTES) >>> 2;
    machine.memory.words.fill(0x7fffffff, end - OWN_BYTES / 4, end);
    expect(() => judge(3)).toThrow(OutOfService);
  });
});
