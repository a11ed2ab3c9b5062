/** The controller: registers, bring-up, shutdown and reset, as one actor with bounded steps. */
import { Bell } from '../bell.ts';
import { Iommu } from '../iommu.ts';
import { type Memory, PAGE_BYTES } from '../memory.ts';
import { type InterruptFabric, MsixTable } from '../msix.ts';
import type { RegisterFile } from '../registers.ts';
import { AdminCommands } from './admin.ts';
import { WriteCache } from './cache.ts';
import { InterruptUnit } from './coalescing.ts';
import { CommandTable } from './commands.ts';
import { Completer } from './completer.ts';
import { DataBuffer } from './data-buffer.ts';
import {
  ACQ,
  ACQ_HIGH,
  AQA,
  AQA_ACQS_SHIFT,
  AQA_MASK,
  ASQ,
  ASQ_HIGH,
  CC,
  CC_CHOICES_MASK,
  CC_EN,
  CC_ENTRIES_MASK,
  CC_IOCQES_SHIFT,
  CC_IOSQES_SHIFT,
  CC_SHN_MASK,
  CQE_BYTES,
  CQE_SHIFT,
  CSTS,
  CSTS_CFS,
  CSTS_RDY,
  CSTS_SHST_SHIFT,
  SHST_COMPLETE,
  SHST_OCCURRING,
  SQE_BYTES,
  SQE_SHIFT,
  VECTORS,
} from './datasheet.ts';
import { CommandEngine } from './engine.ts';
import { ErrorLog } from './error-log.ts';
import { Events } from './events.ts';
import { Features } from './features.ts';
import { IoCommands } from './io.ts';
import { type NvmeLayout, nvmeRegisters } from './layout.ts';
import { type Media, MediaError } from './media.ts';
import type { DiskParts, Hooks } from './parts.ts';
import { NvmeProbes } from './probes.ts';
import { CompletionQueues, SubmissionQueues } from './queues.ts';
import { MediaClock, type Timing } from './timing.ts';

export interface NvmeOptions {
  /** From CC.EN to CSTS.RDY, both ways. */
  readonly readyUs?: number;
  /** Blocks of the volatile write cache; 0: there is none. */
  readonly cacheBlocks?: number;
  /** How long the media takes; without: no time. */
  readonly timing?: Timing;
}

const READY_US = 500;
const NEVER = Number.POSITIVE_INFINITY;
/** The entry sizes that CC must name (3.1.5). */
const ENTRY_SIZES = (SQE_SHIFT << CC_IOSQES_SHIFT) | (CQE_SHIFT << CC_IOCQES_SHIFT);

type State = 'off' | 'starting' | 'ready' | 'shut down' | 'failed' | 'stopping';

export class NvmeController {
  readonly name: string;
  readonly registers: RegisterFile;
  readonly msix: MsixTable;
  readonly probes: NvmeProbes;
  readonly bell: Bell;
  /** Set by a simulation. */
  readonly hooks: Hooks = { holdsBack: () => false, failsMedia: () => 0 };
  private readonly parts: DiskParts;
  private readonly interrupts: InterruptUnit;
  private readonly completer: Completer;
  private readonly features: Features;
  private readonly engine: CommandEngine;
  private readonly readyUs: number;
  private state: State = 'off';
  /** When starting or stopping ends. */
  private switchAtUs = NEVER;
  private generation: number;

  constructor(
    memory: Memory,
    layout: NvmeLayout,
    fabric: InterruptFabric,
    media: Media,
    options: NvmeOptions = {},
  ) {
    this.name = layout.name;
    this.registers = nvmeRegisters(memory, layout);
    this.msix = new MsixTable(memory, layout.msix, VECTORS);
    this.probes = new NvmeProbes(memory, layout.probes);
    this.bell = new Bell(memory, layout.bell);
    this.readyUs = options.readyUs ?? READY_US;
    this.parts = this.assemble(memory, layout, new WriteCache(media, options.cacheBlocks ?? 0));
    this.interrupts = new InterruptUnit(this.msix, fabric);
    this.completer = new Completer(this.parts, this.interrupts);
    this.features = new Features(this.parts.cache, this.interrupts);
    const io = new IoCommands(this.parts);
    const admin = new AdminCommands(this.parts, this.features, this.completer, io.counts);
    const clock = options.timing === undefined ? undefined : new MediaClock(options.timing);
    this.engine = new CommandEngine(this.parts, this.completer, admin, io, this.features, clock);
    this.powerOn(0);
    this.generation = this.registers.generation();
  }

  /** One bounded step: at most `budget` commands. Returns the work done. */
  step(nowUs: number, budget: number): number {
    if (this.registers.generation() !== this.generation) this.reconfigure(nowUs);
    if (nowUs >= this.switchAtUs) this.switchOver(nowUs);
    let work = 0;
    if (this.state === 'ready') {
      work = this.engine.step(nowUs, budget);
      if (this.completer.failed) this.fail();
    }
    this.interrupts.step(nowUs);
    this.probes.beat();
    return work;
  }

  /** Anything to do at once? For the look between announcing sleep and sleeping. */
  hasWork(nowUs: number): boolean {
    return (
      this.registers.generation() !== this.generation ||
      nowUs >= this.switchAtUs ||
      this.interrupts.hasWork(nowUs) ||
      (this.state === 'ready' && this.engine.hasWork(nowUs))
    );
  }

  /** When the controller next has something to do by itself, in microseconds, or infinity. */
  nextTimerUs(): number {
    const dueUs = this.state === 'ready' ? this.engine.nextTimerUs() : NEVER;
    return Math.min(this.switchAtUs, this.interrupts.nextTimerUs, dueUs);
  }

  /** Power goes and comes back: what a cut leaves on the media is in `WriteCache`. All else is as after power on. */
  powerCut(seed: number, nowUs: number): void {
    this.parts.cache.powerCut(seed);
    this.powerOn(nowUs);
    this.generation = this.registers.generation();
  }

  /** The machine is no more: the media is let go, with what was written to it. Throws MediaError. */
  close(): void {
    this.parts.cache.close();
  }

  private assemble(memory: Memory, layout: NvmeLayout, cache: WriteCache): DiskParts {
    const { registers, probes, hooks } = this;
    const { device } = layout;
    const iommu = new Iommu(memory, layout.iommu);
    const errors = new ErrorLog();
    const events = new Events(probes, errors);
    return {
      memory,
      registers,
      iommu,
      device,
      probes,
      commands: new CommandTable(),
      submission: new SubmissionQueues(registers, events),
      completion: new CompletionQueues(memory, registers, events),
      data: new DataBuffer(memory, iommu, device, probes),
      events,
      errors,
      cache,
      hooks,
    };
  }

  private powerOn(nowUs: number): void {
    this.registers.reset(-1);
    this.msix.reset();
    this.parts.errors.clear();
    this.dropAll(nowUs);
    this.state = 'off';
    this.switchAtUs = NEVER;
  }

  private dropAll(nowUs: number): void {
    this.engine.reset(nowUs);
    this.interrupts.reset();
    this.features.reset();
  }

  private reconfigure(nowUs: number): void {
    // Read before the registers are: a write that comes later is seen next time.
    this.generation = this.registers.generation();
    const configuration = this.registers.get(CC);
    const enabled = (configuration & CC_EN) !== 0;
    if (this.state === 'off') {
      if (enabled) this.start(configuration, nowUs);
    } else if (!enabled) {
      if (this.state !== 'stopping') this.stop(nowUs);
    } else if (this.state === 'ready' && (configuration & CC_SHN_MASK) !== 0) {
      this.shutDown();
    }
  }

  /** CC.EN was set (7.6.1). */
  private start(configuration: number, nowUs: number): void {
    const asChosen = (configuration & CC_CHOICES_MASK) === 0;
    if (!asChosen || (configuration & CC_ENTRIES_MASK) !== ENTRY_SIZES || !this.openAdminQueues()) {
      this.fail();
      return;
    }
    this.state = 'starting';
    this.switchAtUs = nowUs + this.readyUs;
  }

  /** Controller reset: CC.EN was cleared (7.3.2). AQA, ASQ and ACQ stay. */
  private stop(nowUs: number): void {
    this.dropAll(nowUs);
    this.state = 'stopping';
    this.switchAtUs = nowUs + this.readyUs;
  }

  private switchOver(nowUs: number): void {
    this.switchAtUs = NEVER;
    if (this.state === 'starting') {
      this.state = 'ready';
      this.registers.set(CSTS, CSTS_RDY);
      return;
    }
    this.state = 'off';
    this.registers.set(CSTS, 0);
    this.reconfigure(nowUs); // it may have been enabled again meanwhile
  }

  /** What was written is safe when the driver reads that this is complete (7.6.2). No command is processed any more. */
  private shutDown(): void {
    this.state = 'shut down';
    this.registers.set(CSTS, CSTS_RDY | (SHST_OCCURRING << CSTS_SHST_SHIFT));
    try {
      this.parts.cache.flush();
      this.registers.set(CSTS, CSTS_RDY | (SHST_COMPLETE << CSTS_SHST_SHIFT));
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      this.fail();
    }
  }

  /** Until the next reset (9.5). */
  private fail(): void {
    this.state = 'failed';
    this.registers.setBits(CSTS, CSTS_CFS);
  }

  /** As AQA, ASQ and ACQ say. False: they cannot be. */
  private openAdminQueues(): boolean {
    const { registers, parts } = this;
    const sizes = registers.get(AQA);
    const submissionEntries = (sizes & AQA_MASK) + 1;
    const completionEntries = ((sizes >>> AQA_ACQS_SHIFT) & AQA_MASK) + 1;
    const submission = registers.get(ASQ) | 0;
    const completion = registers.get(ACQ) | 0;
    const high = registers.get(ASQ_HIGH) | registers.get(ACQ_HIGH);
    if (submissionEntries < 2 || completionEntries < 2 || high !== 0) return false;
    if (!this.mayHold(submission, submissionEntries * SQE_BYTES)) return false;
    if (!this.mayHold(completion, completionEntries * CQE_BYTES)) return false;
    parts.completion.open(0, completion, completionEntries, 0, true);
    parts.submission.open(0, submission, submissionEntries, 0);
    return true;
  }

  private mayHold(address: number, bytes: number): boolean {
    if ((address & (PAGE_BYTES - 1)) !== 0) return false;
    if (this.parts.iommu.allows(this.parts.device, address, bytes)) return true;
    this.probes.count('dmaFaults');
    return false;
  }
}
