/** A CPU takes the disk of another one over, whatever that one's driver has forgotten. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../src/drivers/index.ts';
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
