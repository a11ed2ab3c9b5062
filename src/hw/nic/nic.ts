/** The card: registers, engines, link state and reset, as one actor with bounded steps. */
import { Bell } from '../bell.ts';
import { Iommu } from '../iommu.ts';
import type { Memory } from '../memory.ts';
import { type InterruptFabric, MsixTable } from '../msix.ts';
import type { RegisterFile } from '../registers.ts';
import {
  AUTOC,
  AUTOC_AN_RESTART,
  CTRL,
  CTRL_LRST,
  CTRL_RST,
  LINKS,
  LINKS_SPEED_10G,
  LINKS_UP,
  LXOFFRXCNT,
  LXONRXCNT,
  MFLCN,
  MFLCN_RFCE,
  RAH_AV,
  rah,
  ral,
  rxpbsize,
  VECTORS,
} from './datasheet.ts';
import { PacketFifo } from './fifo.ts';
import { InterruptUnit } from './interrupts.ts';
import { macAddress, type NicLayout, nicRegisters } from './layout.ts';
import type { CardParts } from './parts.ts';
import { Probes } from './probes.ts';
import { RxEngine } from './receive.ts';
import { TxEngine } from './transmit.ts';
import { QUANTUM_US, type Wire } from './wire.ts';

/** How long the link takes to come up after a reset. Silicon takes longer; a testbed should not wait for it. */
const LINK_TRAINING_US = 500;

export class Nic {
  readonly name: string;
  readonly registers: RegisterFile;
  readonly msix: MsixTable;
  readonly probes: Probes;
  readonly bell: Bell;
  readonly receive: RxEngine;
  readonly transmit: TxEngine;
  linkUp = false;
  private readonly interrupts: InterruptUnit;
  private readonly device: number;
  private generation: number;
  private carrier = true;
  private linkUpAtUs = Number.POSITIVE_INFINITY;

  constructor(memory: Memory, layout: NicLayout, fabric: InterruptFabric) {
    this.name = layout.name;
    this.device = layout.device;
    this.registers = nicRegisters(memory, layout);
    this.msix = new MsixTable(memory, layout.msix, VECTORS);
    this.probes = new Probes(memory, layout.probes);
    this.bell = new Bell(memory, layout.bell);
    this.interrupts = new InterruptUnit(this.registers, this.msix, fabric);
    const { device } = layout;
    const iommu = new Iommu(memory, layout.iommu);
    const { registers, interrupts, probes } = this;
    const parts: CardParts = { memory, registers, iommu, device, interrupts, probes };
    this.receive = new RxEngine(parts, new PacketFifo(layout.fifo));
    this.transmit = new TxEngine(parts, layout.staging);
    this.receive.refresh = (nowUs) => this.refresh(nowUs);
    this.msix.reset();
    this.reset(0);
    this.generation = this.registers.generation();
    this.takeConfiguration();
  }

  plug(wire: Wire): void {
    this.receive.wire = wire;
    this.transmit.wire = wire;
  }

  /** One bounded step: at most `budget` frames each way. Returns the work done. */
  step(nowUs: number, budget: number): number {
    this.refresh(nowUs);
    if (nowUs >= this.linkUpAtUs) this.raiseLink();
    const work = this.receive.step(budget, nowUs) + (this.linkUp ? this.transmit.step(budget, nowUs) : 0);
    this.interrupts.step(nowUs);
    this.probes.beat();
    return work;
  }

  /** Before frames arrive in a burst: see `RxEngine.announceArrivals`. */
  beginArrivals(nowUs: number): void {
    this.receive.announceArrivals();
    this.refresh(nowUs);
  }

  /** A PAUSE frame arrives from the cable. */
  paused(quanta: number, nowUs: number): void {
    if ((this.registers.get(MFLCN) & MFLCN_RFCE) === 0) return;
    this.registers.bump(quanta === 0 ? LXONRXCNT : LXOFFRXCNT, 1);
    this.transmit.pauseUntil(nowUs + quanta * QUANTUM_US);
  }

  /** Anything to do at once? For the look between announcing sleep and sleeping. */
  hasWork(nowUs: number): boolean {
    return (
      this.registers.generation() !== this.generation ||
      this.receive.hasWork() ||
      this.interrupts.hasWork(nowUs) ||
      (this.linkUp && this.transmit.hasWork(nowUs))
    );
  }

  /** When the card next has something to do by itself, in microseconds, or infinity. */
  nextTimerUs(): number {
    const pauseEndUs = this.linkUp ? this.transmit.nextTimerUs() : Number.POSITIVE_INFINITY;
    return Math.min(this.linkUpAtUs, this.interrupts.nextTimerUs, this.receive.nextTimerUs(), pauseEndUs);
  }

  /** The cable is pulled, or plugged in again. */
  setCarrier(present: boolean, nowUs: number): void {
    this.carrier = present;
    this.trainLink(nowUs);
  }

  /** The link goes down, and comes up again if there is a cable. */
  private trainLink(nowUs: number): void {
    this.dropLink();
    this.linkUpAtUs = this.carrier ? nowUs + LINK_TRAINING_US : Number.POSITIVE_INFINITY;
  }

  private refresh(nowUs: number): void {
    if (this.registers.generation() !== this.generation) this.reconfigure(nowUs);
  }

  private reconfigure(nowUs: number): void {
    // Read before the registers are: a write that comes later is seen next time.
    this.generation = this.registers.generation();
    if ((this.registers.get(CTRL) & (CTRL_RST | CTRL_LRST)) !== 0) this.reset(nowUs);
    if ((this.registers.get(AUTOC) & AUTOC_AN_RESTART) !== 0) {
      this.registers.clearBits(AUTOC, AUTOC_AN_RESTART);
      this.trainLink(nowUs);
    }
    this.takeConfiguration();
  }

  /** Takes over all that a driver has set. Twice is as good as once. */
  takeConfiguration(): void {
    this.receive.configure();
    this.transmit.configure();
    this.interrupts.configure();
  }

  /** Software reset and link reset together, as drivers use them (4.2.1.6). CTRL is cleared last: it tells that all is done. */
  private reset(nowUs: number): void {
    this.receive.reset();
    this.transmit.reset();
    this.interrupts.reset();
    this.registers.reset(CTRL);
    this.registers.set(rxpbsize(0), this.receive.fifo.limit);
    const mac = macAddress(this.device);
    this.registers.set(ral(0), mac[0] | (mac[1] << 8) | (mac[2] << 16) | (mac[3] << 24));
    this.registers.set(rah(0), mac[4] | (mac[5] << 8) | RAH_AV);
    this.trainLink(nowUs);
    this.registers.set(CTRL, 0);
  }

  private raiseLink(): void {
    this.linkUpAtUs = Number.POSITIVE_INFINITY;
    this.linkUp = true;
    this.registers.set(LINKS, LINKS_UP | LINKS_SPEED_10G);
    this.interrupts.linkChanged();
  }

  private dropLink(): void {
    if (this.linkUp) this.interrupts.linkChanged();
    this.linkUp = false;
    this.registers.set(LINKS, 0);
  }
}
