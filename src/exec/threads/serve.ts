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

export class Service {
  readonly served: Served;
  private readonly cpu: Cpu;
  private readonly control: Control;
  private readonly clock: Clock;
  private readonly orders: Orders | undefined;
  private readonly idle: IdleWatch;
  private beats = 0;

  constructor(cpu: Cpu, control: Control, clock: Clock, spins: Spins, orders: Orders | undefined) {
    this.cpu = cpu;
    this.control = control;
    this.clock = clock;
    this.orders = orders;
    this.idle = new IdleWatch(cpu.port.bell, clock, spins);
    this.served = { startUs: Number.POSITIVE_INFINITY, endUs: 0, occupancy: this.idle.occupancy() };
  }

  /**
   * Serves until told to stop, then until the swaps under way have ended: true. While a driver is to be loaded, a few steps
   * alone: false. The thread's events are to have their turn then, without which no import comes to its end.
   */
  run(): boolean {
    const { cpu, control, clock, orders, idle, served } = this;
    // Another thread's requests come without an interrupt: `idle` looks at them.
    const hasWork = () =>
      cpu.port.anyPending() || control.cpuStopped || orders?.pressing === true || !cpu.idle();
    const nextUs = () => cpu.desk.nextDueUs();
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
        control.beatCpu(++this.beats);
        if (served.startUs === Number.POSITIVE_INFINITY && control.going) {
          served.startUs = clock.nowUs();
          idle.restart();
          cpu.start(served.startUs);
        }
        // Times count from the first frame: no swap begins before it.
        if (orders?.pressing === true && served.startUs !== Number.POSITIVE_INFINITY) orders.take(cpu.desk);
        if (control.trafficEnded) cpu.endTraffic();
        if (control.cpuStopped) return this.close();
        if (orders?.loading === true && steps > 0) break;
      }
    } catch {
      cpu.crashed = true; // the violation is noted; the report is still to be made
      served.endUs = clock.nowUs();
      return true;
    }
    if (before > 0) served.endUs = clock.nowUs();
    return false;
  }

  private close(): true {
    const { cpu, idle, served } = this;
    served.occupancy = idle.occupancy();
    cpu.desk.close();
    for (let steps = 0; cpu.desk.busy && steps < CLOSING_STEPS; steps++) cpu.step();
    return true;
  }
}
