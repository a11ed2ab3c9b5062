/** Scenarios made by hand, and drivers that go wrong in them. */
import { Burst } from '../../../src/drivers/burst.ts';
import type { NicDriver, NicDriverDefinition, NicEnvironment } from '../../../src/drivers/contract.ts';
import { polling } from '../../../src/drivers/nic/polling.ts';
import type { SimCard } from '../../../src/exec/sim/draw-cards.ts';
import type { SimDisk } from '../../../src/exec/sim/draw-disks.ts';
import type { SimSwap } from '../../../src/exec/sim/draw-swaps.ts';
import { type FaultRates, NO_FAULTS } from '../../../src/exec/sim/faults.ts';
import type { SimScenario } from '../../../src/exec/sim/scenario.ts';

/** Parameters that the memory of a small scenario has room for. */
export const FEW = { rxBuffers: 12, burst: 8 };

export const CARD: SimCard = {
  driver: 'polling',
  parameters: { rxRing: 32, rxBuffers: 24, txRing: 32, burst: 8 },
  app: 'sink',
  queues: 1,
  sizes: [64],
  flows: 1,
  frames: 300,
  gapsUs: [],
  lossless: true,
  fifoKiB: 8,
};

export const DISK: SimDisk = {
  driver: 'polling',
  parameters: { queueDepth: 16 },
  queues: 1,
  rw: 'randrw',
  bs: 4096,
  iodepth: 16,
  rwmixread: 50,
  flushEvery: 10,
  fua: 0,
  zeroes: 0,
  area: 16,
  requests: 300,
  cacheBlocks: 128,
  mediaUs: 0,
};

/** Disks alone, under polling drivers, nothing that goes wrong. */
export function diskScenario(
  disks: readonly Partial<SimDisk>[],
  swaps: readonly Partial<SimSwap>[] = [],
  rates: Partial<FaultRates> = {},
): SimScenario {
  const alone = { ...scenario([], swaps, rates), disks: disks.map((disk) => ({ ...DISK, ...disk })) };
  return { ...alone, swaps: alone.swaps.map((swap, i) => ({ ...swap, parameters: {}, ...swaps[i] })) };
}

/** Small frames to polling drivers, nothing that goes wrong. */
export function scenario(
  cards: readonly Partial<SimCard>[],
  swaps: readonly Partial<SimSwap>[] = [],
  rates: Partial<FaultRates> = {},
): SimScenario {
  return {
    seed: 1,
    cards: cards.map((card) => ({ ...CARD, ...card })),
    disks: [],
    swaps: swaps.map((swap) => ({
      ...{ device: 0, after: 100, to: 'batching', parameters: FEW, method: 'inplace', ambushes: [] },
      ...swap,
    })),
    rates: { ...NO_FAULTS, ...rates },
    strikeEvery: 12,
    cpuTurns: 3,
    budget: 4,
  };
}

/** The polling driver with something else in place of some of its methods. */
export function like(
  name: string,
  change: (environment: NicEnvironment) => {
    readonly deliver?: NicEnvironment['deliver'];
    readonly methods?: (driver: NicDriver) => Partial<NicDriver>;
  },
): NicDriverDefinition {
  return {
    ...polling,
    name,
    create(environment, parameters) {
      const { deliver = environment.deliver.bind(environment), methods } = change(environment);
      const driver = polling.create({ ...environment, deliver }, parameters);
      return methods === undefined ? driver : Object.assign(driver, methods(driver));
    },
  };
}

/** Does something else with its `nth` frame. `spoil` gets the frame as a burst's first, and says how many it took. */
export function spoils(
  name: string,
  nth: number,
  spoil: (environment: NicEnvironment, queue: number, burst: Burst) => number,
): NicDriverDefinition {
  return like(name, (environment) => {
    let seen = 0;
    const deliver = (queue: number, burst: Burst): number => {
      const before = Math.min(burst.segments, nth - 1 - seen);
      if (before > 0) return environment.deliver(queue, first(burst, before));
      return before === 0 ? spoil(environment, queue, burst) : environment.deliver(queue, burst);
    };
    return {
      deliver(queue, burst) {
        const taken = deliver(queue, burst);
        seen += taken;
        return taken;
      },
    };
  });
}

/** The first frames of a burst in which each has one segment. */
export function first(burst: Burst, frames: number): Burst {
  const part = new Burst();
  part.buffers.set(burst.buffers);
  part.lengths.set(burst.lengths);
  part.ring = burst.ring;
  part.fill(frames, burst.position);
  return part;
}
