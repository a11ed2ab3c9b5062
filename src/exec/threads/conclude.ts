/** The end of a CPU's service: its books, its drivers stopped, its buffers counted. */
import { diskFacts } from '../../check/blocks/balance.ts';
import { accountBuffers, buffersAway } from '../../check/buffers.ts';
import type { Cpu } from '../../host/cpu.ts';
import type { Disk } from '../../host/disk.ts';
import { dumpCards } from '../../host/dump.ts';
import type { MachineLayout } from '../../host/machine.ts';
import type { Memory } from '../../hw/memory.ts';
import type { Occupancy } from './idle.ts';
import type { CpuResult, DiskResult, Tour } from './messages.ts';
import type { Served } from './serve.ts';

/** What the ledger wants to know, then the end of service and a last count of the buffers. */
export function conclude(
  cpu: Cpu,
  memory: Memory,
  layout: MachineLayout,
  wantsDump: boolean,
  served: Served,
): CpuResult {
  cpu.collect();
  const cards = cpu.slots.map((slot) => ({ name: slot.name, state: slot.environment.state }));
  const bufferProblems = accountBuffers(cpu.pool, cards);
  const buffers = cpu.pool.capacity;
  const dump = wantsDump ? dumpCards(memory, layout, cpu.slots) : undefined;
  const drivers = cpu.slots.map((slot) => slot.definition.name);
  const disks = cpu.disks.map(diskResult);
  if (!cpu.crashed) {
    try {
      for (const _ of cpu.halt());
    } catch (error) {
      bufferProblems.push({
        device: cards[0]?.name ?? '',
        queue: undefined,
        message: `the end of service failed: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
    const away = buffersAway(cpu.pool);
    if (away !== 0)
      bufferProblems.push({
        device: cards[0]?.name ?? '',
        queue: undefined,
        message: `${away} buffers are not home at the end`,
      });
  }
  return {
    ...tourOf(cpu, served.occupancy),
    bufferProblems,
    buffers,
    drivers,
    disks,
    startUs: served.startUs,
    endUs: served.endUs,
    dump,
  };
}

/** What it did, and what it saw. Of its devices nothing is asked: they may be another CPU's. */
export function tourOf(cpu: Cpu, occupancy: Occupancy): Tour {
  return {
    records: cpu.desk.records,
    unkept: cpu.desk.unkept,
    scheduled: cpu.desk.scheduled,
    violations: cpu.violations,
    anomalies: cpu.checks.map((check) => check.verifier.anomalies),
    occupancy,
  };
}

function diskResult(disk: Disk): DiskResult {
  const { slot, client } = disk;
  return {
    driver: slot.definition.name,
    facts: diskFacts(slot.name, client.books, client.outstanding, client.mayFail, slot.losses.ended),
    served: disk.conclude(),
    latencyUs: client.latency.summary(),
  };
}
