/** How a driver of a disk is made, and which calls it answers. */
import type { DiskDriverDefinition, DiskEnvironment } from '../../../drivers/nvme/contract.ts';
import { DmaExhausted } from '../../../hw/dma.ts';
import { DISK_CALLS } from '../../modules/driver-module.ts';
import type { SimSwap } from '../draw-swaps.ts';
import { stepThrough } from '../endless.ts';
import { NO_FAULTS } from '../faults.ts';
import { SimMachine } from '../machine.ts';
import type { SimParts } from '../run.ts';
import type { SimScenario } from '../scenario.ts';
import { defaultsOf } from './bench.ts';
import { askWays, makingProblem, plainCalls } from './making.ts';
import { type Finding, failWith, pass } from './point.ts';

/** The disk that another driver serves must not notice. Memory it may take: there may be too little for the largest values. */
export function askDiskMaking(parts: SimParts, definition: DiskDriverDefinition): Finding {
  const environment = servedDisk(parts, definition);
  return askWays(definition, (parameters) =>
    makingProblem(environment, 'disk', () => {
      try {
        const driver = definition.create(environment, parameters);
        driver.release();
        return driver;
      } catch (error) {
        if (error instanceof DmaExhausted) return error;
        throw error;
      }
    }),
  );
}

/** All calls are there; those that may wait are generators. */
export function askDiskMethods(parts: SimParts, definition: DiskDriverDefinition): Finding {
  const driver = definition.create(servedDisk(parts, definition), defaultsOf(definition));
  const missing = DISK_CALLS.filter((call) => typeof driver[call] !== 'function');
  if (missing.length > 0) return failWith(missing.map((call) => `there is no method ${call}`));
  const plain = plainCalls(driver, ['start', 'stop', 'configure']);
  return plain.length > 0 ? failWith(plain) : pass('all of them');
}

/** One that the polling driver has brought up, with memory for the driver to come. */
function servedDisk(parts: SimParts, { name }: DiskDriverDefinition): DiskEnvironment {
  const toCome: SimSwap = { device: 0, after: 0, to: name, parameters: {}, method: 'inplace', ambushes: [] };
  const machine = new SimMachine({ ...SCENARIO, swaps: [toCome] }, parts);
  stepThrough(machine.cpu.boot(), machine.hardware, machine.clock);
  const [{ slot }] = machine.cpu.disks;
  return slot.environment;
}

const SCENARIO: SimScenario = {
  seed: 1,
  cards: [],
  disks: [
    {
      driver: 'polling',
      parameters: { queueDepth: 16 },
      queues: 2,
      rw: 'randrw',
      bs: 4096,
      iodepth: 16,
      rwmixread: 50,
      flushEvery: 10,
      fua: 0,
      zeroes: 0,
      area: 16,
      requests: 100,
      cacheBlocks: 128,
      mediaUs: 0,
    },
  ],
  swaps: [],
  rates: NO_FAULTS,
  strikeEvery: 1000,
  cpuTurns: 4,
  budget: 16,
};
