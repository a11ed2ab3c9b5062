/** A CPU takes the disk of another one over, whatever that one's driver has forgotten. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../src/drivers/index.ts';
import { H, PAIR } from '../../src/drivers/nvme/state.ts';
import { AdoptionError } from '../../src/host/adoption.ts';
import { countDisk } from '../../src/host/books.ts';
import { cqHead, sqTail } from '../../src/hw/nvme/datasheet.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';

const NAMES = DISK_DRIVERS.map(({ name }) => name);
/** Turns in which a disk that is told nothing comes to a standstill for sure. */
const LONG = 20_000;

describe('a CPU that takes a disk over', () => {
  it.each(
    NAMES.flatMap((name) => [
      [name, 'of commands', sqTail(1)] as const,
      [name, 'that completions were taken', cqHead(1)] as const,
    ]),
  )('from %s tells the disk %s, though that driver has noted that it did', (driver, _, doorbell) => {
    const parameters = { queueDepth: 31 };
    const machine = TestMachine.started({
      disks: [{ driver, parameters, workload: { flushEvery: 10 } }], // which no buffer answers
    });
    const completed = () => countDisk(machine.memory, machine.layout.disks[0]).completed;
    machine.runFor(500);
    const { port } = machine.disk().environment;
    const write = port.write32.bind(port);
    port.write32 = (offset, value) => {
      if (offset !== doorbell) write(offset, value);
    };
    machine.runFor(LONG);
    const before = completed();
    machine.runFor(LONG);
    expect(completed()).toBe(before);
    machine.succeed();
    expect(machine.runUntil(() => completed() > before + 1000)).toBe(true);
    machine.cpu.endTraffic();
    expectClean(machine.conclude());
    expect(machine.hardware.disks[0].probes.read('invalidDoorbells')).toBe(0);
  });
});

describe('a disk whose state block does not hold together', () => {
  const DAMAGES: [string, RegExp, number][] = [
    ['without its magic number', /no magic number/, H.magic],
    ['with a queue pair that is none', /queue pair 1: 5 slots/, -1],
  ];
  const damaged = (driver: string, field: number): TestMachine => {
    const machine = TestMachine.started({ disks: [{ driver, workload: { flushEvery: 10 } }] });
    machine.runFor(500);
    const { state } = machine.disk().environment;
    machine.memory.words[field < 0 ? state.pair(1) + PAIR.slots : (state.region.address >>> 2) + field] = 5;
    return machine;
  };

  it.each(DAMAGES)('%s is reset, and loses nothing', (_, reason, field) => {
    for (const driver of NAMES.filter((name) => name !== 'buffered')) {
      const machine = damaged(driver, field);
      const completed = () => countDisk(machine.memory, machine.layout.disks[0]).completed;
      const before = completed();
      machine.succeed();
      expect(machine.cpu.resets).toMatchObject([{ device: 'nvme0', reason: expect.stringMatching(reason) }]);
      expect(machine.runUntil(() => completed() > before + 1000)).toBe(true);
      machine.cpu.endTraffic();
      expectClean(machine.conclude());
    }
  });

  it('is so again, when the CPU that resets it ends in the middle of that', () => {
    for (let slices = 1; slices < 40; slices++) {
      const machine = damaged('interrupt', H.magic);
      const next = machine.successor('atOnce').adopt();
      for (let slice = 0; slice < slices && next.next().done !== true; slice++) machine.stepHardware();
      machine.succeed();
      machine.runFor(500);
      machine.cpu.endTraffic();
      expectClean(machine.conclude());
    }
  });

  it.each(DAMAGES)(
    '%s is nobody’s where its driver kept finished writes: they are lost',
    (_, reason, field) => {
      const machine = damaged('buffered', field);
      for (const told of [AdoptionError, reason, /what buffered kept of finished writes is lost/])
        expect(() => machine.succeed()).toThrow(told);
    },
  );
});
