/** A CPU's loop: steps, sleeps, and looks at its control words. */
import type { Control } from '../../host/control.ts';
import type { Cpu } from '../../host/cpu.ts';
import type { Tenure } from '../../host/tenure.ts';
import type { Clock } from '../../hw/clock.ts';
import type { Timetable } from '../../swap/timetable.ts';
import { IdleWatch, type Occupancy, type Spins } from './idle.ts';
import type { Orders } from './orders.ts';

const STEPS_PER_LOOK = 32;
/** After so many it is said to serve, though there was nothing to be served. */
const STEPS_WITHOUT_WORK = 1000;
/** Steps that swaps under way may take to end when the run does. */
const CLOSING_STEPS = 5_000_000;

/** What a serving CPU is told by. */
export interface Service {
  readonly control: Control;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly spins: Spins;
  readonly orders: Orders | undefined;
  /** Somebody else goes on if this CPU fails: it does not keep its books, but throws. */
  readonly relieved: boolean;
  /** Called once: when the first frame or request was served, or none has come for a while. */
  readonly began?: (nowUs: number) => void;
}

/** When traffic began, and when the last frame was served. */
export interface Served {
  startUs: number;
  endUs: number;
  occupancy: Occupancy;
  /** The devices are another CPU's from now on: what of the timetable it has to go on with. */
  left: Timetable | undefined;
}

/** Serves until told to stop, then until the swaps under way have ended; or until told to leave, and passes the devices on. */
export function serve(cpu: Cpu, service: Service): Served {
  const { control, tenure, clock, spins, orders } = service;
  const idle = new IdleWatch(cpu.port.bell, clock, spins);
  // Another thread's requests come without an interrupt: `idle` looks at them.
  const hasWork = () =>
    cpu.port.anyPending() || control.cpuStopped || orders?.waiting === true || !cpu.idle();
  const nextUs = () => cpu.desk.nextDueUs();
  const served: Served = {
    startUs: Number.POSITIVE_INFINITY,
    endUs: 0,
    occupancy: idle.occupancy(),
    left: undefined,
  };
  let { began } = service;
  let beats = control.cpuBeat;
  let before = 0;
  try {
    for (let steps = 0; ; steps++) {
      const frames = cpu.step();
      if (frames === 0 && before > 0) served.endUs = clock.nowUs();
      before = frames;
      if (frames > 0) idle.busy();
      else if (!cpu.idle()) idle.rest();
      else if (idle.pause(hasWork, nextUs)) cpu.sleptThrough();
      if (began !== undefined && (frames > 0 || steps >= STEPS_WITHOUT_WORK)) {
        began(clock.nowUs());
        began = undefined;
      }
      if (steps % STEPS_PER_LOOK !== 0 && frames > 0) continue;
      control.beatCpu(++beats);
      if (served.startUs === Number.POSITIVE_INFINITY && control.going) {
        served.startUs = begin(tenure, clock);
        idle.restart();
        cpu.start(served.startUs);
      }
      // Times count from the first frame: no swap begins before it.
      if (orders?.waiting === true && served.startUs !== Number.POSITIVE_INFINITY)
        orders.take(cpu.desk, clock.nowUs() - served.startUs);
      if (control.trafficEnded) cpu.endTraffic();
      if (control.cpuStopped) break;
      if (orders?.leavingTo === undefined) continue;
      served.left = cpu.desk.hold();
      if (cpu.desk.busy) continue;
      served.occupancy = idle.occupancy();
      tenure.pass(orders.leavingTo, clock.nowUs());
      return served;
    }
    served.left = undefined;
    served.occupancy = idle.occupancy();
    cpu.desk.close();
    for (let steps = 0; cpu.desk.busy && steps < CLOSING_STEPS; steps++) cpu.step();
  } catch (error) {
    if (service.relieved) throw error;
    cpu.crashed = true; // the violation is noted; the report is still to be made
    served.endUs = clock.nowUs();
  }
  return served;
}

/** When traffic began, on whichever CPU. */
function begin(tenure: Tenure, clock: Clock): number {
  if (tenure.startedUs === 0) tenure.begin(clock.nowUs());
  return tenure.startedUs;
}
