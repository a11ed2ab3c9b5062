/** One disk to be measured, with its two threads, kept ready between trials that are interleaved with others'. */
import { hostUs } from '../../src/hw/clock.ts';
import type { CellAnswer, HardwareCommand, TimedTurns } from '../drain/messages.ts';
import { CPU, Turns } from '../drain/turns.ts';
import type { SwapSeries } from '../live/messages.ts';
import type { Built } from '../machines.ts';
import type { LedgerResult } from '../results.ts';
import { Thread } from '../thread.ts';
import type { AskerKind, DiskAnswer, DiskCommand, DiskRun, DiskWork } from './messages.ts';

type HardwareThread = Thread<CellAnswer<unknown>, HardwareCommand>;
type CpuThread = Thread<DiskAnswer, DiskCommand>;

export class DiskCell {
  private readonly turns: Turns;
  private readonly hardware: HardwareThread;
  private readonly cpu: CpuThread;
  private swaps = 0;

  private constructor(turns: Turns, hardware: HardwareThread, cpu: CpuThread) {
    this.turns = turns;
    this.hardware = hardware;
    this.cpu = cpu;
  }

  static async start({ memory, layout }: Built, asker: AskerKind): Promise<DiskCell> {
    const turns = Turns.buffer();
    const start = { buffer: memory.buffer, turns, layout, originUs: hostUs() };
    const hardware: HardwareThread = new Thread('drain-hw.worker', start);
    await hardware.next('ready');
    const cpu: CpuThread = new Thread('disk-cpu.worker', { ...start, asker });
    await cpu.next('ready');
    return new DiskCell(new Turns(turns), hardware, cpu);
  }

  /** From now on this is asked for. */
  async work(work: DiskWork): Promise<void> {
    this.command({ kind: 'work', work }, { kind: 'free' });
    await Promise.all([this.cpu.next('working'), this.hardware.next('left')]);
  }

  /** So many times the disk does all that was asked for, then it is taken, and as much asked for again. */
  async trial(turns: number): Promise<TimedTurns> {
    this.command({ kind: 'turns', turns }, { kind: 'brief' });
    const [{ trial }] = await Promise.all([this.cpu.next('turned'), this.hardware.next('left')]);
    return trial;
  }

  /** Both run freely. */
  async run(durationUs: number, swaps?: SwapSeries): Promise<DiskRun> {
    this.command({ kind: 'run', durationUs, swaps }, { kind: 'free' });
    const [{ run }] = await Promise.all([this.cpu.next('ran'), this.hardware.next('left')]);
    this.swaps += run.swaps.length;
    return run;
  }

  /** All that was asked for is done, and what was written is read once more. Ends the threads. */
  async end(): Promise<LedgerResult> {
    this.command({ kind: 'end' }, { kind: 'free' });
    const [{ result }] = await Promise.all([this.cpu.next('finished'), this.hardware.next('left')]);
    await Promise.all([this.cpu.terminate(), this.hardware.terminate()]);
    const { blocksChecked, wholeShare, violations } = result;
    return {
      verdict: violations.length === 0 ? 'pass' : 'fail',
      of: 'block',
      frames: blocksChecked,
      wholeShare,
      swaps: this.swaps,
      violations,
    };
  }

  /** The CPU gives the first turn, when it has come to its command. */
  private command(command: DiskCommand, toHardware: HardwareCommand): void {
    this.turns.give(CPU);
    this.hardware.send(toHardware);
    this.cpu.send(command);
  }
}
