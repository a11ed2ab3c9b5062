/** A CPU's loop: steps, sleeps, and looks at its control words. */
import type { Control } from '../../host/control.ts';
import type { Cpu } from '../../host/cpu.ts';
import type { Tenure } from '../../host/tenure.ts';
import type { Clock } from '../../hw/clock.ts';
import type { Timetable } from '../../swap/timetable.ts';
import { IdleWatch, type Occupancy, type Spins } from './idle.ts';
import type { Orders } from './orders.ts';

const STEPS_PER_LOOK = 32;
/** Steps that swaps under way may take to end when the run does. */
const CLOSING_STEPS = 5_000_000;
/** Steps that a CPU makes at the most until its successor is ready: some hundred milliseconds. */
const STEPS_UNTIL_READY = 20_000;

/** What a serving CPU is told by. */
export interface Surroundings {
  readonly control: Control;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly spins: Spins;
  readonly orders: Orders | undefined;
  /** Somebody else goes on if this CPU fails: it makes no report of it, but throws. */
  readonly relieved: boolean;
}

/** When traffic began, and when the last frame was served. */
export interface Served {
  startUs: number;
  endUs: number;
  occupancy: Occupancy;
}

export type Began = (adoptedUs: number, servedUs: number) => void;

/** Why the loop stands still: it was told to stop; the devices are another CPU's; or a driver is to be loaded. */
export type Pause = 'stopped' | 'left' | 'loading';

export class Service {
  readonly served: Served;
  /** What of the timetable whoever serves next has to go on with. */
  timetable: Timetable = { timed: [], round: undefined };
  private readonly cpu: Cpu;
  private readonly around: Surroundings;
  private readonly idle: IdleWatch;
  /** Called once: after the first step, in which all was served that had come, with when it had taken over, and now. */
  private began: Began | undefined;
  private adoptedUs = 0;
  private beats = 0;
  private practised = false;

  constructor(cpu: Cpu, around: Surroundings, began?: Began) {
    this.cpu = cpu;
    this.around = around;
    this.began = began;
    this.idle = new IdleWatch(cpu.port.bell, around.clock, around.spins);
    this.served = { startUs: Number.POSITIVE_INFINITY, endUs: 0, occupancy: this.idle.occupancy() };
  }

  /** Takes the devices over, then as `run`: one piece, which is compiled in practice as it is needed in the pause. Throws what adopting throws. */
  succeed(): Pause {
    const { cpu } = this;
    if (cpu.adopts === 'later') cpu.succeed();
    else for (const _ of cpu.adopt());
    this.adoptedUs = this.around.clock.nowUs();
    return this.run();
  }

  /**
   * Serves until told to stop, then until the swaps under way have ended; or until told to leave and none is under way, and passes the
   * devices on. While a driver is to be loaded, a few steps alone: the thread's events are to have their turn then, without which
   * no import comes to its end.
   */
  run(): Pause {
    try {
      return this.loop();
    } catch (error) {
      if (this.around.relieved) throw error;
      this.cpu.crashed = true; // the violation is noted; the report is still to be made
      this.served.endUs = this.around.clock.nowUs();
      return 'stopped';
    }
  }

  private loop(): Pause {
    const { cpu, idle, served } = this;
    const { control, clock, orders } = this.around;
    this.beats = control.cpuBeat;
    // Another thread's requests come without an interrupt: `idle` looks at them.
    const hasWork = () =>
      cpu.port.anyPending() || control.cpuStopped || orders?.pressing === true || !cpu.idle();
    const nextUs = () => cpu.desk.nextDueUs();
    let before = 0;
    for (let steps = 0; ; steps++) {
      const frames = cpu.step();
      if (frames === 0 && before > 0) served.endUs = clock.nowUs();
      before = frames;
      if (frames > 0) idle.busy();
      else if (!cpu.idle()) idle.rest();
      else if (idle.pause(hasWork, nextUs)) cpu.sleptThrough();
      if (this.began !== undefined) this.tellBeginning();
      if (steps % STEPS_PER_LOOK !== 0 && frames > 0) continue;
      const pause = this.look();
      if (pause === undefined || (pause === 'loading' && steps === 0)) continue;
      if (before > 0) served.endUs = clock.nowUs();
      return pause;
    }
  }

  /** At the control words. Returns why the loop is to stand still, if it is. */
  private look(): Pause | undefined {
    const { cpu, served } = this;
    const { control, clock, orders } = this.around;
    for (const { index, deliveries, mediator } of cpu.devices)
      control.tellProgress(index, deliveries, mediator !== null);
    control.beatCpu(++this.beats);
    if (served.startUs === Number.POSITIVE_INFINITY && control.going) this.begin();
    // Times count from the first frame: no swap begins before it.
    if (orders?.pressing === true && served.startUs !== Number.POSITIVE_INFINITY)
      orders.take(cpu.desk, clock.nowUs() - served.startUs);
    if (control.trafficEnded) cpu.endTraffic();
    if (control.cpuStopped) return this.close();
    if (orders?.loading === true) return 'loading';
    return orders?.leavingTo === undefined ? undefined : this.leaveTo(orders.leavingTo);
  }

  /** Traffic began, on this CPU or on one before it. */
  private begin(): void {
    const { tenure, clock } = this.around;
    if (tenure.startedUs === 0) tenure.begin(clock.nowUs());
    this.served.startUs = tenure.startedUs;
    this.idle.restart();
    this.cpu.start(this.served.startUs);
  }

  private tellBeginning(): void {
    this.began?.(this.adoptedUs, this.around.clock.nowUs());
    this.began = undefined;
    if (this.cpu.adopts === 'later') this.cpu.settleIn();
  }

  private close(): Pause {
    const { cpu, idle, served } = this;
    served.occupancy = idle.occupancy();
    cpu.desk.close();
    for (let steps = 0; cpu.desk.busy && steps < CLOSING_STEPS; steps++) cpu.step();
    return 'stopped';
  }

  private leaveTo(successor: number): Pause | undefined {
    const { cpu, idle, served } = this;
    const { tenure, clock } = this.around;
    this.timetable = cpu.desk.hold();
    if (cpu.desk.busy) return undefined;
    if (!this.practised) {
      // Whoever waits is served once more.
      this.practised = true;
      cpu.practiseLeaving();
      return undefined;
    }
    this.awaitSuccessor(successor);
    served.occupancy = idle.occupancy();
    const sinceUs = clock.nowUs();
    cpu.leave();
    tenure.pass(successor, sinceUs, true);
    return 'left';
  }

  /** Serves on until the one that stands ready says that it runs: else the devices may wait for a core as long as others have it. */
  private awaitSuccessor(successor: number): void {
    const { tenure } = this.around;
    if (!tenure.isCalled(successor)) return; // nobody answers
    tenure.ask();
    for (let steps = 0; !tenure.answered && steps < STEPS_UNTIL_READY; steps++) this.cpu.step();
  }
}
