/** Disks in scenarios: power cuts and media errors are survived, and drivers that go wrong are found. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../../src/drivers/index.ts';
import type {
  DiskDriver,
  DiskDriverDefinition,
  DiskEnvironment,
} from '../../../src/drivers/nvme/contract.ts';
import { polling } from '../../../src/drivers/nvme/polling.ts';
import { OP, REQUEST } from '../../../src/drivers/nvme/requests.ts';
import type { FaultRates } from '../../../src/exec/sim/faults.ts';
import { SimMachine } from '../../../src/exec/sim/machine.ts';
import type { SimResult } from '../../../src/exec/sim/run.ts';
import type { SimScenario } from '../../../src/exec/sim/scenario.ts';
import { Lines } from '../../../src/exec/sim/trace.ts';
import { watched, watchedDisk } from '../../../src/exec/sim/watched-driver.ts';
import { PHASES } from '../../../src/swap/plan.ts';
import { DISK, diskScenario } from './scenarios.ts';

function run(what: SimScenario, drivers: readonly DiskDriverDefinition[] = [], trace?: Lines): SimResult {
  const diskDrivers = [...DISK_DRIVERS, ...drivers].map(watchedDisk);
  const parts = { drivers: NIC_DRIVERS.map(watched), diskDrivers, applications: [], checkers: [] };
  return new SimMachine(what, parts, trace).run();
}

/** The polling driver, but for what it does with requests on their way in. */
function like(
  name: string,
  submit: (environment: DiskEnvironment, driver: DiskDriver) => Partial<DiskDriver>,
): DiskDriverDefinition {
  return {
    ...polling,
    name,
    create(environment, parameters) {
      const driver = polling.create(environment, parameters);
      return Object.assign(driver, submit(environment, { ...driver, submit: driver.submit.bind(driver) }));
    },
  };
}

function opOf({ memory, requests }: DiskEnvironment, request: number): number {
  return memory.words[requests.at(request) + REQUEST.op];
}

/** Takes its tenth request and does nothing with it. */
const forgets = like('forgets', (_, { submit }) => {
  let seen = 0;
  return {
    submit(queue, requests, count) {
      seen += count;
      if (seen < 10 || seen - count >= 10) return submit(queue, requests, count);
      const before = 9 - (seen - count);
      if (before > 0) submit(queue, requests.slice(0, before), before);
      const behind = count - before - 1;
      return before + 1 + (behind > 0 ? submit(queue, requests.slice(before + 1), behind) : 0);
    },
  };
});
/** A flush is done as soon as it comes. */
const lies = like('lies', (environment, { submit }) => ({
  submit(queue, requests, count) {
    let taken = 0;
    for (; taken < count; taken++) {
      const one = requests.slice(taken, taken + 1);
      if (opOf(environment, one[0]) !== OP.flush) {
        if (submit(queue, one, 1) === 0) break;
      } else if (environment.requests.finish(one[0], 0)) environment.complete(queue, one, 1);
    }
    return taken;
  },
}));
/** A write is done as soon as it comes, and never reaches the disk. */
const drops = like('drops', (environment, { submit }) => ({
  submit(queue, requests, count) {
    let taken = 0;
    for (; taken < count; taken++) {
      const one = requests.slice(taken, taken + 1);
      if (opOf(environment, one[0]) !== OP.write) {
        if (submit(queue, one, 1) === 0) break;
      } else if (environment.requests.finish(one[0], 0)) environment.complete(queue, one, 1);
    }
    return taken;
  },
}));

/** Violations of many seeds of a scenario. */
function violations(what: SimScenario, seeds: number, drivers: readonly DiskDriverDefinition[] = []) {
  return Array.from({ length: seeds }, (_, seed) => run({ ...what, seed }, drivers).violation);
}

function invariants(all: ReturnType<typeof violations>): (string | undefined)[] {
  return [...new Set(all.map((violation) => violation?.invariant))];
}

describe('a driver that goes wrong is found', () => {
  it('when it forgets a request', () => {
    const result = run(diskScenario([{ driver: 'forgets' }]), [forgets]);
    expect(result.violation).toMatchObject({ invariant: 'delivery', device: 'nvme0' });
    expect(result.violation?.message).toContain('outstanding');
  });

  it('when what it acknowledged was never written', () => {
    const result = run(diskScenario([{}, { driver: 'drops' }]), [drops]);
    expect(result.violation).toMatchObject({ invariant: 'order', device: 'nvme1' });
  });

  it('when a flush does not wait, once the power fails', () => {
    const what = diskScenario([{ driver: 'lies', flushEvery: 3, rwmixread: 10 }]);
    expect(invariants(violations(what, 5, [lies]))).toEqual([undefined]);
    const cut = { ...what, rates: { ...what.rates, powerCut: 6 } };
    expect(invariants(violations(cut, 20, [lies]))).toContain('promise');
  });

  it('after a swap that brought it, and named with it', () => {
    const { violation, during } = run(diskScenario([{}], [{ to: 'drops', after: 60 }]), [drops]);
    expect(violation?.invariant).toBe('order');
    expect(during).toMatchObject({ swap: 1 });
  });
});

describe('drivers that do not are not accused', () => {
  const RATES: Partial<FaultRates>[] = [
    { powerCut: 6 },
    { mediaError: 60 },
    { powerCut: 6, mediaError: 60, lateWriteBack: 400, delayedInterrupt: 200, stalledCpu: 10 },
  ];

  it.each(DISK_DRIVERS.map(({ name }) => name))('%s, under power cuts and media errors', (driver) => {
    const disk = { driver, parameters: {}, flushEvery: 5, fua: 10, zeroes: 10, mediaUs: 20, cacheBlocks: 64 };
    for (const rates of RATES)
      expect(invariants(violations(diskScenario([disk], [], rates), 4))).toEqual([undefined]);
  });

  it('all of their requests are done, once more than asked for after each power cut', () => {
    const lines = new Lines();
    const { requests, violation } = run(diskScenario([{}], [], { powerCut: 20 }), [], lines);
    expect(violation).toBeUndefined();
    const cuts = lines.lines.filter((line) => line.includes('the power fails')).length;
    expect(cuts).toBeGreaterThan(0);
    expect(requests).toBeGreaterThanOrEqual(DISK.requests + DISK.area); // some went down with the power, all blocks were read at the end
  });
});

describe('the power', () => {
  it.each(PHASES.filter((phase) => phase !== 'move'))(
    'fails in %s of a swap, and nothing promised is lost',
    (phase) => {
      const ambushes = [{ phase, fault: 'powerCut' }] as const;
      for (const { name: from } of DISK_DRIVERS)
        for (const { name: to } of DISK_DRIVERS) {
          const disk = { driver: from, parameters: { queueDepth: 8 }, flushEvery: 3, requests: 100 };
          const what = diskScenario([disk], [{ to, ambushes, after: 50 }]);
          // A phase may be over before anything strikes in it: that is by lot.
          let struck = false;
          for (let seed = 0; seed < 40 && !struck; seed++) {
            const { violation, covered, records } = run({ ...what, seed });
            expect(violation, `${from} to ${to}`).toBeUndefined();
            struck = covered.outcomes.cutOff === 1;
            if (!struck) continue;
            expect(Object.keys(covered.cells)).toEqual([`${phase}|powerCut|${from}|${to}|blocks`]);
            expect(records).toEqual([]); // whoever would have written it down is no more
          }
          expect(struck, `${from} to ${to}`).toBe(true);
        }
    },
  );
});
