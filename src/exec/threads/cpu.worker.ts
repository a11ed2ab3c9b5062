/** The CPU thread: drivers, applications and swaps, until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { accountBuffers, buffersAway } from '../../check/buffers.ts';
import { NIC_DRIVERS } from '../../drivers/index.ts';
import { Control } from '../../host/control.ts';
import { Cpu, type CpuPlan } from '../../host/cpu.ts';
import { dumpCards } from '../../host/dump.ts';
import { MonotonicClock } from '../../hw/clock.ts';
import { Memory } from '../../hw/memory.ts';
import { describeSwap } from '../../swap/record.ts';
import { rehearse } from '../../swap/rehearsal.ts';
import { isWarm } from '../../swap/warm.ts';
import { loadApplication } from '../modules/application-module.ts';
import { loadDriver } from '../modules/driver-module.ts';
import { IdleWatch } from './idle.ts';
import { type CpuResult, type CpuStart, failure, type ThreadMessage } from './messages.ts';

const STEPS_PER_LOOK = 32;
/** Steps that swaps under way may take to end when the run does. */
const CLOSING_STEPS = 5_000_000;

function post(message: ThreadMessage<CpuResult>): void {
  parentPort?.postMessage(message);
}

async function main(start: CpuStart): Promise<void> {
  const memory = new Memory(start.buffer);
  const clock = new MonotonicClock(start.originUs);
  const control = new Control(memory, start.layout.control);
  const loaded = await loadModules(start);
  const cpu = makeCpu(memory, clock, control, start, loaded);
  for (const _ of cpu.boot());
  if (start.timed.length > 0 || start.round !== undefined)
    for (const _ of rehearse(loaded.drivers.filter(isWarm), clock));
  post({ kind: 'ready' });
  const served = runCpu(cpu, control, clock);
  post({ kind: 'finished', result: conclude(cpu, memory, start, served) });
}

async function loadModules(start: CpuStart): Promise<Pick<CpuPlan, 'drivers' | 'applications'>> {
  const drivers = await Promise.all(start.driverModules.map(loadDriver));
  const applications = await Promise.all(start.applicationModules.map(loadApplication));
  return { drivers: [...NIC_DRIVERS, ...drivers], applications };
}

function makeCpu(
  memory: Memory,
  clock: MonotonicClock,
  control: Control,
  start: CpuStart,
  loaded: Pick<CpuPlan, 'drivers' | 'applications'>,
): Cpu {
  let swaps = 0;
  return new Cpu(memory, start.layout, clock, {
    timed: start.timed,
    round: start.round,
    ...loaded,
    swapEnded: (record) => {
      if (record.outcome === 'done') control.countSwaps(++swaps);
      start.annotations?.postMessage(describeSwap(record));
    },
  });
}

/** When traffic began, and when the last frame was served. */
interface Served {
  startUs: number;
  endUs: number;
}

/** Serves until told to stop, then until the swaps under way have ended. */
function runCpu(cpu: Cpu, control: Control, clock: MonotonicClock): Served {
  const idle = new IdleWatch(cpu.port.bell, clock);
  const hasWork = () => cpu.port.anyPending() || control.cpuStopped;
  const nextUs = () => cpu.desk.nextDueUs();
  const served = { startUs: Number.POSITIVE_INFINITY, endUs: 0 };
  let beats = 0;
  let before = 0;
  try {
    for (let steps = 0; ; steps++) {
      const frames = cpu.step();
      if (frames === 0 && before > 0) served.endUs = clock.nowUs();
      before = frames;
      if (frames > 0) idle.busy();
      else if (!cpu.idle()) idle.rest();
      else if (idle.pause(hasWork, nextUs)) cpu.sleptThrough();
      if (steps % STEPS_PER_LOOK !== 0 && frames > 0) continue;
      control.beatCpu(++beats);
      if (served.startUs === Number.POSITIVE_INFINITY && control.going) {
        served.startUs = clock.nowUs();
        cpu.desk.start(served.startUs);
      }
      if (control.cpuStopped) break;
    }
    cpu.desk.close();
    for (let steps = 0; cpu.desk.busy && steps < CLOSING_STEPS; steps++) cpu.step();
  } catch {
    cpu.crashed = true; // the violation is noted; the report is still to be made
    served.endUs = clock.nowUs();
  }
  return served;
}

/** What the ledger wants to know, then the end of service and a last count of the buffers. */
function conclude(cpu: Cpu, memory: Memory, start: CpuStart, served: Served): CpuResult {
  cpu.collect();
  const cards = cpu.slots.map((slot) => ({ name: slot.name, state: slot.environment.state }));
  const bufferProblems = accountBuffers(cpu.pool, cards);
  const buffers = cpu.pool.capacity;
  const dump = start.wantsDump ? dumpCards(memory, start.layout, cpu.slots) : undefined;
  const drivers = cpu.slots.map((slot) => slot.definition.name);
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
    records: cpu.desk.records,
    scheduled: cpu.desk.scheduled,
    violations: cpu.violations,
    anomalies: cpu.checks.map((check) => check.verifier.anomalies),
    bufferProblems,
    buffers,
    drivers,
    startUs: served.startUs,
    endUs: served.endUs,
    dump,
  };
}

main(workerData as CpuStart).catch((error: unknown) => post(failure(error)));
