/** An order wakes a CPU thread that sleeps: by its bell, not by the end of its sleep. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ThreadedMachine } from '../../src/exec/threads/machine.ts';
import type { SwapEnded } from '../../src/exec/threads/messages.ts';
import { CpuPort } from '../../src/hw/msix.ts';
import { openApplications } from '../../src/testbed/applications.ts';
import { buildMachine } from '../../src/testbed/build.ts';
import { openDrivers } from '../../src/testbed/drivers.ts';
import { resolveRun } from '../../src/testbed/resolve.ts';

const ORDERS_AT_MOST = 20;

it('an order rings the bell of a CPU that sleeps', async () => {
  const scenario = { nics: [{ name: 'eth0', size: 64, rate: 1 }], frames: 2 } as const;
  const books = { drivers: await openDrivers(scenario), applications: await openApplications(scenario) };
  const { memory, layout } = buildMachine({ ...resolveRun(scenario, books), takesOrders: true }, scenario);
  const machine = await ThreadedMachine.start(memory, layout, {
    ...{ timed: [], round: undefined, driverModules: [], applicationModules: [] },
    ...{ pcapOut: undefined, wantsDump: false, takesOrders: true },
  });
  try {
    const { bell } = new CpuPort(memory, layout.cpus[0]);
    const ends: SwapEnded[] = [];
    machine.onSwapEnded((ended) => ends.push(ended));
    machine.go();
    // Its sleep may end by itself right before an order comes: then there is nobody to be woken, and the next one tells.
    let rung = false;
    for (let ticket = 1; ticket <= ORDERS_AT_MOST && !rung; ticket++) {
      while (!bell.asleep()) await turn();
      const orderedUs = machine.clock.nowUs();
      machine.order({
        kind: 'swap',
        ticket,
        slot: 0,
        to: 'batching',
        parameters: {},
        method: 'inplace',
        lazy: false,
      });
      while (ends.length < ticket) await Promise.race([turn(), machine.failed]);
      rung = bell.lastWokenUs() >= orderedUs;
    }
    expect(rung).toBe(true);
    expect(ends.map(({ record }) => record.outcome)).toEqual(ends.map(() => 'done'));
    expect(ends.map(({ ticket }) => ticket)).toEqual(ends.map((_, i) => i + 1));
    machine.endTraffic();
    await machine.finish();
  } finally {
    await machine.kill();
  }
});
