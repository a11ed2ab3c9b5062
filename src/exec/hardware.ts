/** The hardware side of a machine: its disks, its cards and the testers at the far ends of their cables, as one actor. */
import type { CardLayout, DiskLayout, MachineLayout } from '../host/machine.ts';
import type { Clock } from '../hw/clock.ts';
import { LinkPartner, type Tap } from '../hw/link/partner.ts';
import { makeChecker, makeSource } from '../hw/link/stream.ts';
import { Verifier } from '../hw/link/verifier.ts';
import type { Memory } from '../hw/memory.ts';
import { CpuPort, InterruptFabric } from '../hw/msix.ts';
import { Nic } from '../hw/nic/nic.ts';
import { NvmeController } from '../hw/nvme/controller.ts';
import { FileMedia } from '../hw/nvme/file-media.ts';
import { MemoryMedia } from '../hw/nvme/media.ts';

/** Frames that a card moves each way, a link offers, and commands that a disk fetches, in one step. */
const BUDGET = 64;

export function interruptFabric(memory: Memory, { cpus }: MachineLayout, clock: Clock): InterruptFabric {
  return new InterruptFabric(
    cpus.map((cpu) => new CpuPort(memory, cpu)),
    clock,
  );
}

export class Hardware {
  readonly nics: Nic[] = [];
  readonly disks: NvmeController[] = [];
  readonly partners: LinkPartner[] = [];
  readonly verifiers: (Verifier | undefined)[] = [];
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly clock: Clock;

  constructor(
    memory: Memory,
    layout: MachineLayout,
    clock: Clock,
    tapOf: (card: CardLayout) => Tap | undefined,
    fabric = interruptFabric(memory, layout, clock),
  ) {
    this.memory = memory;
    this.layout = layout;
    this.clock = clock;
    for (const card of layout.cards) {
      const nic = new Nic(memory, card.nic, fabric);
      const verifier = this.returnVerifier(card);
      this.nics.push(nic);
      this.verifiers.push(verifier);
      this.partners.push(this.partner(card, nic, verifier, tapOf(card)));
    }
    for (const disk of layout.disks) this.disks.push(this.makeDisk(disk, fabric));
  }

  /**
   * Takes over the configuration of all cards once more. Done often before traffic, it teaches the compiler: later
   * each write to a configuration register has the card stand still for as long as that takes.
   */
  rehearse(): void {
    for (const nic of this.nics) nic.takeConfiguration();
  }

  /** Traffic begins: the first frames are due now. */
  start(nowUs: number): void {
    for (const partner of this.partners) partner.start(nowUs);
  }

  endTraffic(): void {
    for (const partner of this.partners) partner.stop();
  }

  /** Every card, then every link, then every disk, once. Returns the work done. */
  step(nowUs: number): number {
    let work = 0;
    for (const nic of this.nics) work += nic.step(nowUs, BUDGET);
    for (const partner of this.partners) work += partner.step(nowUs, BUDGET);
    for (const disk of this.disks) work += disk.step(nowUs, BUDGET);
    return work;
  }

  hasWork(nowUs: number): boolean {
    return this.nics.some((nic) => nic.hasWork(nowUs)) || this.disks.some((disk) => disk.hasWork(nowUs));
  }

  /** When something is next to be done that nobody rings the bell for, in microseconds, or infinity. */
  nextTimerUs(nowUs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const nic of this.nics) next = Math.min(next, nic.nextTimerUs());
    for (const partner of this.partners) next = Math.min(next, partner.nextTimerUs(nowUs));
    for (const disk of this.disks) next = Math.min(next, disk.nextTimerUs());
    return next;
  }

  /** The machine is no more: files that disks lie in are let go. */
  close(): void {
    for (const disk of this.disks) disk.close();
  }

  private makeDisk(disk: DiskLayout, fabric: InterruptFabric): NvmeController {
    const { nvme, media: file, blocks, cacheBlocks, timing } = disk;
    const media = file === undefined ? new MemoryMedia(blocks) : new FileMedia(file, blocks);
    return new NvmeController(this.memory, nvme, fabric, media, {
      cacheBlocks,
      ...(timing === undefined ? {} : { timing }),
    });
  }

  private returnVerifier(card: CardLayout): Verifier | undefined {
    if (card.returns === undefined || card.returnState === undefined) return undefined;
    const origin = this.layout.cards[card.returns];
    const lossy = origin.lossy || card.lossy;
    const { mirrored, wholeOneIn } = origin;
    const checker = makeChecker(this.memory, origin.stream, card.returnState, {
      mirrored,
      lossy,
      wholeOneIn,
    });
    return new Verifier(this.memory, checker, card.returnTally, this.clock);
  }

  private partner(
    card: CardLayout,
    nic: Nic,
    verifier: Verifier | undefined,
    tap: Tap | undefined,
  ): LinkPartner {
    const { pace, lossless, frames, durationUs } = card;
    const source = makeSource(this.memory, card.stream);
    return new LinkPartner(
      this.memory,
      nic,
      card.partner,
      { source, pace, lossless, frames, durationUs },
      verifier,
      tap,
    );
  }
}
