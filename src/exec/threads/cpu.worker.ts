/** The CPU thread: drivers, applications and swaps, until it is told to stop. */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../drivers/index.ts';
import { Control } from '../../host/control.ts';
import { Cpu, type CpuPlan } from '../../host/cpu.ts';
import { MonotonicClock } from '../../hw/clock.ts';
import { Memory } from '../../hw/memory.ts';
import type { SwapDesk } from '../../swap/desk.ts';
import { rehearseDisks } from '../../swap/disk-rehearsal.ts';
import { describeSwap } from '../../swap/record.ts';
import { rehearse } from '../../swap/rehearsal.ts';
import { reasonOf } from '../../swap/slices.ts';
import { loadApplication } from '../modules/application-module.ts';
import type { Bundle } from '../modules/bundle.ts';
import { isOfCards, isOfDisks, loadDriver } from '../modules/driver-module.ts';
import { type OwnModule, renamed } from '../modules/own-module.ts';
import { conclude } from './conclude.ts';
import { spinsFor } from './idle.ts';
import { type CpuResult, type CpuStart, failure, type ThreadMessage } from './messages.ts';
import { Orders } from './orders.ts';
import { Service } from './serve.ts';

function post(message: ThreadMessage<CpuResult>): void {
  parentPort?.postMessage(message);
}

async function main(start: CpuStart): Promise<void> {
  const memory = new Memory(start.buffer);
  const clock = new MonotonicClock(start.originUs);
  const control = new Control(memory, start.layout.control);
  const loaded = await loadModules(start);
  const orders = start.orders === undefined ? undefined : new Orders(start.orders, control);
  const swaps = start.timed.length > 0 || start.round !== undefined || orders !== undefined;
  const understudy = swaps ? rehearse(loaded.drivers, clock) : undefined;
  if (understudy !== undefined && start.layout.disks.length > 0)
    rehearseDisks(loaded.diskDrivers, clock, understudy);
  const cpu = makeCpu(memory, clock, control, start, orders, { ...loaded, understudy });
  for (const _ of cpu.boot());
  post({ kind: 'ready' });
  const service = new Service(cpu, control, clock, spinsFor(start.layout), orders);
  while (!service.run()) {
    if (orders !== undefined) loadOrdered(orders, cpu.desk);
    await turn(); // in which an import goes on
  }
  const { served } = service;
  post({ kind: 'finished', result: conclude(cpu, memory, start.layout, start.wantsDump, served) });
}

type Modules = Required<Pick<CpuPlan, 'drivers' | 'diskDrivers' | 'applications'>>;

async function loadModules(start: CpuStart): Promise<Modules> {
  const own = await Promise.all(start.driverModules.map((module) => named(module, loadDriver)));
  return {
    drivers: [...NIC_DRIVERS, ...own.filter(isOfCards)],
    diskDrivers: [...DISK_DRIVERS, ...own.filter(isOfDisks)],
    applications: await Promise.all(start.applicationModules.map((module) => named(module, loadApplication))),
  };
}

async function named<D extends { readonly name: string }>(
  { bundle, name }: OwnModule,
  load: (bundle: Bundle) => Promise<D>,
): Promise<D> {
  return renamed(await load(bundle), name);
}

/** Begins to load a driver, if one is ordered, and tells what has come of it when that is known. */
function loadOrdered(orders: Orders, desk: SwapDesk): void {
  const order = orders.takeLoad();
  if (order === undefined) return;
  const { ticket, module } = order;
  const end = (failure: string | undefined) => {
    orders.loading = false;
    post({ kind: 'loaded', loaded: { ticket, failure } });
  };
  named(module, loadDriver)
    .then((definition) => desk.know(definition))
    .then(
      () => end(undefined),
      (error: unknown) => end(reasonOf(error)),
    );
}

function makeCpu(
  memory: Memory,
  clock: MonotonicClock,
  control: Control,
  start: CpuStart,
  orders: Orders | undefined,
  parts: Modules & Pick<CpuPlan, 'understudy'>,
): Cpu {
  let swaps = 0;
  return new Cpu(memory, start.layout, clock, {
    timed: start.timed,
    round: start.round,
    ...parts,
    swapEnded: (record, slot) => {
      if (record.outcome === 'done') control.countSwaps(++swaps);
      start.annotations?.postMessage(describeSwap(record));
      if (orders === undefined) return;
      const { definition, parameters } = slot;
      const ended = { record, ticket: orders.ticketOf(record), driver: definition.name, parameters };
      post({ kind: 'swapEnded', ended });
    },
  });
}

main(workerData as CpuStart).catch((error: unknown) => post(failure(error)));
