/** A CPU thread: serves until it is told to stop or to leave, or stands by until the devices are passed to it. */
import { parentPort, workerData } from 'node:worker_threads';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../drivers/index.ts';
import { Control } from '../../host/control.ts';
import { Cpu, type CpuPlan } from '../../host/cpu.ts';
import { Tenure } from '../../host/tenure.ts';
import { MonotonicClock } from '../../hw/clock.ts';
import { Memory } from '../../hw/memory.ts';
import { rehearseDisks } from '../../swap/disk-rehearsal.ts';
import { describeSwap, type SwapRecord } from '../../swap/record.ts';
import { rehearse } from '../../swap/rehearsal.ts';
import type { AnySlot } from '../../swap/slot.ts';
import { loadApplication } from '../modules/application-module.ts';
import { loadDriver } from '../modules/driver-module.ts';
import { conclude, tourOf } from './conclude.ts';
import { spinsFor } from './idle.ts';
import { type CpuResult, type CpuStart, failure, type ThreadMessage } from './messages.ts';
import { Orders } from './orders.ts';
import { type Service, serve } from './serve.ts';

type Parts = Pick<CpuPlan, 'drivers' | 'applications' | 'understudy'>;

function post(message: ThreadMessage<CpuResult>): void {
  parentPort?.postMessage(message);
}

class CpuThread {
  private readonly start: CpuStart;
  private readonly parts: Parts;
  private readonly memory: Memory;
  private readonly clock: MonotonicClock;
  private readonly control: Control;
  private readonly tenure: Tenure;
  private readonly orders: Orders | undefined;

  private constructor(start: CpuStart, memory: Memory, clock: MonotonicClock, parts: Parts) {
    this.start = start;
    this.parts = parts;
    this.memory = memory;
    this.clock = clock;
    this.control = new Control(memory, start.layout.control);
    this.tenure = new Tenure(memory, start.layout.tenure);
    this.orders =
      start.orders === undefined ? undefined : new Orders(start.orders, this.control, start.number);
  }

  /** All that it will need is loaded, and has been practised. */
  static async prepare(start: CpuStart): Promise<CpuThread> {
    const memory = new Memory(start.buffer);
    const clock = new MonotonicClock(start.originUs);
    const loaded = await loadModules(start);
    const swaps = start.timed.length > 0 || start.round !== undefined || start.orders !== undefined;
    const understudy = swaps ? rehearse(loaded.drivers, clock) : undefined;
    if (understudy !== undefined && start.layout.disks.length > 0)
      rehearseDisks(DISK_DRIVERS, clock, understudy);
    return new CpuThread(start, memory, clock, { ...loaded, understudy });
  }

  /** Serves from the machine's beginning. */
  begin(): void {
    const { timed, round } = this.start;
    const cpu = this.makeCpu({ timed, round, adopts: false });
    for (const _ of cpu.boot());
    post({ kind: 'ready' });
    this.serve(cpu);
  }

  /** Awake until the devices are passed to it, so that nobody has to be woken in the pause; or until it is not called any more. */
  standReady(): void {
    const { tenure, clock } = this;
    const { number } = this.start;
    post({ kind: 'awake' });
    while (tenure.holder !== number) if (!tenure.isCalled(number)) return;
    const leftUs = tenure.passedUs;
    this.orders?.stay();
    const cpu = this.makeCpu({ timed: [], round: undefined, adopts: true });
    for (const _ of cpu.adopt());
    const adoptedUs = clock.nowUs();
    this.serve(cpu, (servedUs) =>
      post({ kind: 'took', handover: { from: 1 - number, to: number, leftUs, adoptedUs, servedUs } }),
    );
  }

  private serve(cpu: Cpu, began?: (nowUs: number) => void): void {
    const { control, tenure, clock, orders, start, memory } = this;
    const service: Service = {
      ...{ control, tenure, clock, orders },
      spins: spinsFor(start.layout),
      relieved: start.relieved,
      ...(began === undefined ? {} : { began }),
    };
    const served = serve(cpu, service);
    if (served.left !== undefined)
      post({ kind: 'left', tour: tourOf(cpu, served.occupancy), timetable: served.left });
    else post({ kind: 'finished', result: conclude(cpu, memory, start.layout, start.wantsDump, served) });
  }

  private makeCpu(more: Pick<CpuPlan, 'timed' | 'round' | 'adopts'>): Cpu {
    return new Cpu(this.memory, this.start.layout, this.clock, {
      ...this.parts,
      ...more,
      number: this.start.number,
      diskDrivers: DISK_DRIVERS,
      swapEnded: (record, slot) => this.swapEnded(record, slot),
    });
  }

  private swapEnded(record: SwapRecord, { definition, parameters }: AnySlot): void {
    const { control, start, orders } = this;
    if (record.outcome === 'done') control.countSwaps(control.swapsDone + 1);
    start.annotations?.postMessage(describeSwap(record));
    if (orders === undefined) return;
    const ended = { record, ticket: orders.ticketOf(record), driver: definition.name, parameters };
    post({ kind: 'swapEnded', ended });
  }
}

async function loadModules(start: CpuStart): Promise<Pick<CpuPlan, 'drivers' | 'applications'>> {
  const drivers = await Promise.all(start.driverModules.map(loadDriver));
  const applications = await Promise.all(start.applicationModules.map(loadApplication));
  return { drivers: [...NIC_DRIVERS, ...drivers], applications };
}

async function main(start: CpuStart): Promise<void> {
  const thread = await CpuThread.prepare(start);
  if (start.relieved)
    parentPort?.on('message', () => {
      attempt(() => thread.standReady());
    });
  if (start.standsBy) post({ kind: 'ready' });
  else attempt(() => thread.begin());
}

/** What a relieved CPU fails of is told, and its thread ends: nothing of it is to run on. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    post(failure(error));
    parentPort?.close();
  }
}

main(workerData as CpuStart).catch((error: unknown) => post(failure(error)));
