/** One machine to be measured, with its two threads, kept ready between trials that are interleaved with others'. */
import { countCard } from '../../src/host/books.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import { hostUs } from '../../src/hw/clock.ts';
import type { Anomaly } from '../../src/hw/link/verifier.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { makeReport } from '../../src/testbed/make-report.ts';
import type { GaugedSwap } from '../gauged-swaps.ts';
import { ledgerOf } from '../ledger.ts';
import type { LedgerResult } from '../results.ts';
import { Thread } from '../thread.ts';
import type { DrainResult } from './drains.ts';
import type { CellAnswer, Command, Drainer, Trial } from './messages.ts';
import { CPU, Turns } from './turns.ts';

interface HardwareBooks {
  readonly anomalies: readonly (readonly Anomaly[])[];
}

type HardwareThread = Thread<CellAnswer<HardwareBooks>, Command>;
type CpuThread = Thread<CellAnswer<DrainResult>, Command>;

export interface CellEnd {
  readonly ledger: LedgerResult;
  /** Of all swaps. */
  readonly swaps: readonly GaugedSwap[];
  /** Frames that lay in the rings when each of them ended. */
  readonly waiting: readonly number[];
}

/** Files with the code of the CPU thread: the product's build, or one that it is compared with. */
export const PRODUCT = 'drain-cpu.worker';

export class Cell {
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly turns: Turns;
  private readonly hardware: HardwareThread;
  private readonly cpu: CpuThread;

  private constructor(
    memory: Memory,
    layout: MachineLayout,
    turns: Turns,
    hardware: HardwareThread,
    cpu: CpuThread,
  ) {
    this.memory = memory;
    this.layout = layout;
    this.turns = turns;
    this.hardware = hardware;
    this.cpu = cpu;
  }

  static async start(
    { memory, layout }: { readonly memory: Memory; readonly layout: MachineLayout },
    drainer: Drainer,
    cpuFile = PRODUCT,
  ): Promise<Cell> {
    const turnsBuffer = Turns.buffer();
    const start = { buffer: memory.buffer, turns: turnsBuffer, layout, originUs: hostUs() };
    const hardware = new Thread<CellAnswer<HardwareBooks>, Command>('drain-hw.worker', start);
    await hardware.next('ready');
    const cpu = new Thread<CellAnswer<DrainResult>, Command>(cpuFile, { ...start, drainer });
    await cpu.next('ready');
    return new Cell(memory, layout, new Turns(turnsBuffer), hardware, cpu);
  }

  /** So many times the rings are filled and drained; see TrialPlan. */
  async trial(turns: number, lead = 0, swapEveryUs = Number.POSITIVE_INFINITY): Promise<Trial> {
    this.command({ kind: 'trial', turns, lead, swapEveryUs });
    const [{ trial }] = await Promise.all([this.cpu.next('trial'), this.hardware.next('left')]);
    return trial;
  }

  /** So many swaps with traffic on, the last one to `to`. */
  async swap(count: number, to: string): Promise<void> {
    this.command({ kind: 'swaps', count, to });
    await Promise.all([this.cpu.next('swapped'), this.hardware.next('left')]);
  }

  /** Drains what is left, makes the books, and ends the threads. */
  async end(): Promise<CellEnd> {
    this.command({ kind: 'end' });
    const [{ result: drained }, { result: books }] = await Promise.all([
      this.cpu.next('finished'),
      this.hardware.next('finished'),
    ]);
    await Promise.all([this.cpu.terminate(), this.hardware.terminate()]);
    return drained.kind === 'host'
      ? {
          ledger: this.ledger(drained.cpu, books),
          swaps: drained.swaps,
          waiting: drained.waiting,
        }
      : { ledger: this.bareLedger(drained.bare), swaps: [], waiting: [] };
  }

  /** The CPU gives the first turn, when it has come to its command. */
  private command(command: Command): void {
    this.turns.give(CPU);
    this.hardware.send(command);
    this.cpu.send(command);
  }

  private ledger(
    cpu: Extract<DrainResult, { kind: 'host' }>['cpu'],
    { anomalies }: HardwareBooks,
  ): LedgerResult {
    const counts = this.layout.cards.map((card) => countCard(this.memory, card));
    const losses = this.layout.cards.map(() => []);
    const results = {
      cpu,
      hardware: { anomalies, losses, occupancy: cpu.occupancy },
      counts,
      samples: [{ elapsedMs: 0, delivered: 0, swaps: 0 }],
      reliefs: [],
      interrupted: false,
    };
    return ledgerOf(
      makeReport(
        this.layout,
        results,
        this.layout.cards.map(() => ({})),
      ),
    );
  }

  /** All offered frames were taken, and each was the next of its flow. */
  private bareLedger({ frames, wrong }: { readonly frames: number; readonly wrong: number }): LedgerResult {
    const { offered } = countCard(this.memory, this.layout.cards[0]);
    const violations: string[] = [];
    if (frames !== offered) violations.push(`bare ring: ${offered} frames offered, ${frames} taken`);
    if (wrong !== 0) violations.push(`bare ring: ${wrong} frames were not the next of their flow`);
    return {
      verdict: violations.length === 0 ? 'pass' : 'fail',
      frames,
      wholeShare: 0,
      swaps: 0,
      violations,
    };
  }
}
