/** A whole machine that runs freely for as long as a trial lasts, and stands still between trials. */
import { countCard } from '../../src/host/books.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import { hostUs } from '../../src/hw/clock.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { makeReport } from '../../src/testbed/make-report.ts';
import { ledgerOf } from '../ledger.ts';
import type { Built } from '../machines.ts';
import type { LedgerResult } from '../results.ts';
import { Thread } from '../thread.ts';
import { Histogram } from './histogram.ts';
import {
  type CpuAnswer,
  type CpuTrial,
  endingBuffer,
  type HardwareAnswer,
  type HardwareTrial,
  type LiveCommand,
  SENT,
  type SwapSeries,
  type TrialLoad,
} from './messages.ts';
import { Stamps } from './stamps.ts';

export interface LiveTrial {
  readonly cpu: CpuTrial;
  readonly hardware: HardwareTrial;
  /** Of all cards. */
  readonly offered: number;
  readonly delivered: number;
  readonly mpps: number;
  /** Nanoseconds from when a frame was due at the card to the application; of the timed sink alone. */
  readonly latencies: Int32Array;
}

export class LiveCell {
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly ending: Int32Array;
  private readonly histogram: Histogram;
  private readonly hardware: Thread<HardwareAnswer, LiveCommand>;
  private readonly cpu: Thread<CpuAnswer, LiveCommand>;

  private constructor(
    { memory, layout }: Built,
    ending: SharedArrayBuffer,
    histogram: SharedArrayBuffer,
    hardware: Thread<HardwareAnswer, LiveCommand>,
    cpu: Thread<CpuAnswer, LiveCommand>,
  ) {
    this.memory = memory;
    this.layout = layout;
    this.ending = new Int32Array(ending);
    this.histogram = new Histogram(histogram);
    this.hardware = hardware;
    this.cpu = cpu;
  }

  /** `swaps`: there will be some. */
  static async start(built: Built, swaps = false): Promise<LiveCell> {
    const ending = endingBuffer();
    const histogram = Histogram.buffer();
    const { memory, layout } = built;
    const start = {
      buffer: memory.buffer,
      ending,
      histogram,
      stamps: Stamps.buffer(),
      layout,
      originUs: hostUs(),
      swaps,
    };
    const hardware = new Thread<HardwareAnswer, LiveCommand>('live-hw.worker', start);
    await hardware.next('ready');
    const cpu = new Thread<CpuAnswer, LiveCommand>('live-cpu.worker', start);
    await cpu.next('ready');
    return new LiveCell(built, ending, histogram, hardware, cpu);
  }

  async trial(load: TrialLoad, swaps?: SwapSeries): Promise<LiveTrial> {
    const before = this.counts();
    this.histogram.clear();
    Atomics.store(this.ending, 0, SENT);
    this.cpu.send({ kind: 'trial', load, swaps });
    this.hardware.send({ kind: 'trial', load, swaps });
    const [{ trial: hardware }, { trial: cpu }] = await Promise.all([
      this.hardware.next('trial'),
      this.cpu.next('trial'),
    ]);
    const after = this.counts();
    const delivered = after.delivered - before.delivered - hardware.leadFrames;
    return {
      cpu,
      hardware,
      offered: after.offered - before.offered - hardware.leadFrames,
      delivered,
      mpps: delivered / hardware.seconds / 1e6,
      latencies: this.histogram.counts(),
    };
  }

  /** Makes the books, and ends the threads. */
  async end(): Promise<LedgerResult> {
    this.hardware.send({ kind: 'end' });
    this.cpu.send({ kind: 'end' });
    const [{ result: cpu }, { result: books }] = await Promise.all([
      this.cpu.next('finished'),
      this.hardware.next('finished'),
    ]);
    const { cards } = this.layout;
    const results = {
      cpu,
      hardware: { anomalies: books.anomalies, losses: cards.map(() => []), occupancy: cpu.occupancy },
      counts: cards.map((card) => countCard(this.memory, card)),
      samples: [{ elapsedMs: 0, delivered: 0, swaps: 0 }],
      reliefs: [],
      interrupted: false,
    };
    const report = makeReport(
      this.layout,
      results,
      cards.map(() => ({})),
    );
    await Promise.all([this.cpu.terminate(), this.hardware.terminate()]);
    return ledgerOf(report);
  }

  private counts(): { readonly offered: number; readonly delivered: number } {
    const all = this.layout.cards.map((card) => countCard(this.memory, card));
    return {
      offered: all.reduce((sum, card) => sum + card.offered, 0),
      delivered: all.reduce((sum, card) => sum + card.delivered.frames, 0),
    };
  }
}
