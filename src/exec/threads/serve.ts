/** A CPU's loop: steps, sleeps, and looks at its control words. */
import type { Control } from '../../host/control.ts';
import type { Cpu } from '../../host/cpu.ts';
import type { Clock } from '../../hw/clock.ts';
import { IdleWatch, type Occupancy, type Spins } from './idle.ts';
import type { Orders } from './orders.ts';

const STEPS_PER_LOOK = 32;
/** Steps that swaps under way may take to end when the run does. */
const CLOSING_STEPS = 5_000_000;

/** When traffic began, and when the last frame was served. */
export interface Served {
  startUs: number;
  endUs: number;
  occupancy: Occupancy;
}

/** Serves until told to stop, then until the swaps under way have ended. */
export function serve(
  cpu: Cpu,
  control: Control,
  clock: Clock,
  spins: Spins,
  orders: Orders | undefined,
): Served {
  const idle = new IdleWatch(cpu.port.bell, clock, spins);
  // Another thread's requests come without an interrupt: `idle` looks at them.
  const hasWork = () =>
    cpu.port.anyPending() || control.cpuStopped || orders?.waiting === true || !cpu.idle();
  const nextUs = () => cpu.desk.nextDueUs();
  const served: Served = { startUs: Number.POSITIVE_INFINITY, endUs: 0, occupancy: idle.occupancy() };
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
        idle.restart();
        cpu.start(served.startUs);
      }
      // Times count from the first frame: no swap begins before it.
      if (orders?.waiting === true && served.startUs !== Number.POSITIVE_INFINITY) orders.take(cpu.desk);
      if (control.trafficEnded) cpu.endTraffic();
      if (control.cpuStopped) break;
    }
    served.occupancy = idle.occupancy();
    cpu.desk.close();
    for (let steps = 0; cpu.desk.busy && steps < CLOSING_STEPS; steps++) cpu.step();
  } catch {
    cpu.crashed = true; // the violation is noted; the report is still to be made
    served.endUs = clock.nowUs();
  }
  return served;
}
