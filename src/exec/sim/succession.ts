/** One CPU follows another: after a power cut it begins with nothing, after a crash it takes over what is in memory. */
import type { SwapRecord } from '../../swap/record.ts';
import type { CauseOfEnd } from './cpu-end.ts';
import { stepThrough } from './endless.ts';
import type { SimMachine } from './machine.ts';

export class Succession {
  /** Of swaps on CPUs that have ended. */
  readonly records: SwapRecord[] = [];
  private readonly machine: SimMachine;

  constructor(machine: SimMachine) {
    this.machine = machine;
  }

  /** May the CPU end now? What a reset has thrown away is in no word yet, nor who follows whom while a queue moves. */
  mayFollow(cause: CauseOfEnd): boolean {
    return cause !== 'crash' || !this.machine.cpu.devices.some(({ index }) => this.cannotBeLeft(index));
  }

  follow(): void {
    if (this.machine.cpuEnd.cause === 'crash') this.takeOver();
    else this.restart();
  }

  /** After a power cut. */
  restart(): void {
    const { machine } = this;
    machine.note('the power fails');
    this.bury();
    machine.fabric.lose();
    machine.power.restore(() => machine.renewCpu(false));
    machine.attend();
    stepThrough(machine.cpu.boot(), machine.hardware, machine.clock);
    this.beginService();
  }

  /**
   * After a crash. Memory stays as it is, and so do interrupts on their way. What the CPU's checks have said of frames was
   * said: it is the judge's, who lists it further. What they have counted, and which frame they expect next, is the
   * application's, which the next CPU must find in memory like all else.
   */
  private takeOver(): void {
    const { machine } = this;
    machine.note('the CPU dies');
    const said = machine.cpu.checks.map(({ verifier }) => verifier.anomalies);
    this.bury();
    machine.renewCpu(true);
    machine.cpu.checks.forEach(({ verifier }, i) => {
      verifier.anomalies.push(...said[i]);
    });
    machine.attend();
    if (!this.adopt()) return this.follow();
    this.beginService();
    machine.note('another CPU has taken over its cards');
    const { situations } = machine.covered;
    situations['cards taken over'] = (situations['cards taken over'] ?? 0) + 1;
  }

  /** Under strikes, like all that a CPU does. False when it has died meanwhile. */
  private adopt(): boolean {
    const { machine } = this;
    const { cpuEnd } = machine;
    const slices = machine.cpu.adopt();
    for (let done = false; !done && !cpuEnd.down; machine.clock.us++)
      machine.inCpu(() => {
        done = this.next(slices);
      });
    cpuEnd.settle();
    return !cpuEnd.down;
  }

  private next(slices: Generator<void>): boolean {
    try {
      return slices.next().done === true;
    } catch (error) {
      if (this.machine.cpuEnd.down) return false;
      throw error;
    }
  }

  private beginService(): void {
    const { cpu, clock, progress } = this.machine;
    cpu.start(clock.us);
    progress.worked();
  }

  private bury(): void {
    const { machine } = this;
    machine.swaps.cutOff();
    this.records.push(...machine.cpu.desk.records);
    machine.mischief.restart();
    machine.cpuEnd.over();
  }

  private cannotBeLeft(device: number): boolean {
    const record = this.machine.exchangeOf(device)?.record;
    if (record === undefined || record.phase === 'negotiate' || record.phase === 'prepare') return false;
    return record.phase === 'move' || record.method === 'reset';
  }
}
