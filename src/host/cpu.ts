/** A CPU: takes interrupts, lets each card's driver work, and runs what swaps are due. One bounded step at a time. */

import type { DeliveryCheck } from '../check/delivery.ts';
import { completionsThatWait, framesThatWait, WakeupCheck } from '../check/wakeups.ts';
import type { Burst } from '../drivers/burst.ts';
import type { Application, NicDriverDefinition } from '../drivers/contract.ts';
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import { BufferPool } from '../drivers/pool.ts';
import type { Clock } from '../hw/clock.ts';
import { DmaAllocator } from '../hw/dma.ts';
import type { Memory } from '../hw/memory.ts';
import { CpuPort } from '../hw/msix.ts';
import { Probes } from '../hw/nic/probes.ts';
import { NvmeProbes } from '../hw/nvme/probes.ts';
import { SwapDesk } from '../swap/desk.ts';
import { SwapHost } from '../swap/host.ts';
import { PATIENCE } from '../swap/probation.ts';
import { type AnySlot, POLL_BUDGET, type Slot } from '../swap/slot.ts';
import { releaseSpare } from '../swap/trim.ts';
import { warmIfFit } from '../swap/warm.ts';
import { countBuffersOf, formatOf } from './adoption.ts';
import { APPLICATIONS, type ApplicationDefinition, isBuiltIn } from './apps/applications.ts';
import { Exit, ExitFailure } from './apps/exit.ts';
import { offer } from './apps/offer.ts';
import { aim, assignmentOf, type CardParts, makeApplication, makeSlot, windowsOf } from './card.ts';
import { Control } from './control.ts';
import type { CpuPlan } from './cpu-plan.ts';
import { Disk, type DiskParts } from './disk.ts';
import { type CardLayout, type DiskLayout, LINES_PER_DEVICE, type MachineLayout } from './machine.ts';
import { passOn } from './passing.ts';
import { LateAllocator } from './stock.ts';
import { Takeover } from './takeover.ts';
import type { Reset } from './unfinished.ts';
import { driverFailure, type HostViolation } from './violation.ts';

/** Steps between two looks at clock and timetable while there is work; one without counts for some. */
const STEPS_PER_TICK = 16;
const EMPTY_STEP = 4;
/** Ticks between two readings of the cards' drop counters, and looks at buffers to spare. */
const TICKS_PER_COLLECT = 64;

export class Cpu {
  /** Of cards. */
  readonly slots: Slot[] = [];
  readonly disks: Disk[] = [];
  /** All slots: cards first. */
  readonly devices: readonly AnySlot[];
  readonly desk: SwapDesk;
  readonly dma: DmaAllocator;
  readonly pool: BufferPool;
  readonly violations: HostViolation[] = [];
  readonly checks: DeliveryCheck[] = [];
  /** Devices that were reset when this CPU took over, and why. */
  readonly resets: Reset[] = [];
  readonly port: CpuPort;
  readonly number: number;
  readonly adopts: CpuPlan['adopts'];
  /** Service ended by an error: nothing is to be asked of the drivers any more. */
  crashed = false;
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly control: Control;
  private readonly clock: Clock;
  private readonly applications: Application[] = [];
  /** By device. */
  private readonly wakeups: WakeupCheck[] = [];
  private readonly host: SwapHost;
  private readonly parts: CardParts;
  private readonly diskParts: DiskParts;
  private readonly takeover: Takeover;
  private readonly known: readonly ApplicationDefinition[];
  /** Of each card's assignment, when this CPU was made. */
  private readonly versions: readonly number[];
  private readonly drivers: Map<string, NicDriverDefinition>;
  private readonly diskDrivers: Map<string, DiskDriverDefinition>;
  private countdown = 0;
  private ticks = 0;

  constructor(memory: Memory, layout: MachineLayout, clock: Clock, plan: CpuPlan) {
    this.memory = memory;
    this.layout = layout;
    this.control = new Control(memory, layout.control);
    this.clock = clock;
    this.adopts = plan.adopts;
    this.number = plan.number ?? 0;
    this.port = new CpuPort(memory, layout.cpus[this.number]);
    this.drivers = new Map(plan.drivers.map((definition) => [definition.name, definition]));
    this.diskDrivers = new Map(plan.diskDrivers?.map((definition) => [definition.name, definition]));
    const Allocator = plan.adopts === 'later' ? LateAllocator : DmaAllocator;
    this.dma = new Allocator(memory, layout.dmaTable, layout.dmaPages);
    this.pool = new BufferPool(memory, layout.poolTable, layout.arena, windowsOf(memory, layout));
    const wasLost = ({ name }: CardLayout | DiskLayout, reason: string) =>
      this.resets.push({ device: name, reason });
    this.parts = { memory, clock, dma: this.dma, pool: this.pool, drivers: this.drivers, wasLost };
    this.diskParts = { memory, clock, dma: this.dma, drivers: this.diskDrivers, wasLost };
    // Before anything is made by them: a swap may come in between.
    this.versions = layout.cards.map((card) => assignmentOf(card, this.parts).version);
    for (const card of layout.cards) this.slots.push(this.makeSlot(card));
    for (const disk of layout.disks) this.disks.push(this.makeDisk(disk));
    this.devices = [...this.slots, ...this.disks.map(({ slot }) => slot)];
    this.host = new SwapHost(
      this.devices,
      this.port.bell,
      plan.patience ?? PATIENCE,
      (slot) => this.trespassed(slot),
      plan.understudy,
    );
    this.known = [...APPLICATIONS, ...(plan.applications ?? [])];
    for (const card of layout.cards)
      if (plan.adopts !== 'later' || isBuiltIn(card.app)) this.makeApplication(card);
    const { devices, slots, disks, checks, applications, parts, control } = this;
    this.takeover = new Takeover({ devices, slots, disks, checks, applications, layout, parts, control });
    const { timed, round, swapEnded } = plan;
    const drivers = { nic: this.drivers, nvme: this.diskDrivers };
    this.desk = new SwapDesk(this.host, this.devices, drivers, timed, round, layout.seed, swapEnded);
  }

  /** Cold start of all devices, in slices. Throws what a driver or an allocation throws. */
  *boot(): Generator<void> {
    for (const definition of this.drivers.values()) yield* warmIfFit(definition, this.clock);
    const buffers = this.slots.reduce((sum, slot) => sum + slot.buffers, 0);
    yield* this.pool.grow(buffers, buffers);
    this.aim('all');
    for (const slot of this.devices) yield* slot.driver.start();
    for (const slot of this.devices) slot.driver.activate();
    for (const { assignment, environment } of this.slots) assignment.serve(environment.state.region.address);
    for (const { slot } of this.disks) slot.assignment.serve(slot.environment.state.region.address);
    this.host.remember();
  }

  /**
   * Takes over all devices from a CPU that ended, wherever it was, and is known to run no more. From shared words alone; if this CPU
   * ends meanwhile, the next one begins with it anew. Throws as Takeover.settle.
   */
  *adopt(): Generator<void> {
    this.listen('all');
    yield* this.takeover.settle(() => this.serveAll());
    this.takeMeasure();
    this.pool.shrink(this.slots.reduce((sum, { buffers }) => sum + buffers, 0));
  }

  /** While another CPU serves: what is read in the pause is in the caches then. */
  foresee(): void {
    this.takeover.foresee();
  }

  /** Takes over all devices from a CPU that left, in the pause. Throws what a driver throws. */
  succeed(): void {
    this.listen('used');
    // What applications of others look at is not known: they are not made while another CPU serves.
    for (const card of this.layout.cards)
      if (this.checks.at(card.index) === undefined) this.makeApplication(card);
    this.takeover.succeed();
  }

  /** Behind the pause, and before a swap is asked for: what the first step did not need. */
  settleIn(): void {
    for (const slot of this.slots) aim(slot, this.number, 'all');
    this.takeMeasure();
  }

  /** Is each device still served as it was when this CPU was made? */
  fits(): boolean {
    return (
      this.slots.every(({ assignment }, i) => assignment.version === this.versions[i]) &&
      this.disks.every(({ fits }) => fits)
    );
  }

  /** On scratch devices: what leaving takes is in the caches then. */
  practiseLeaving(): void {
    for (const { definition } of this.devices) this.host.understudy?.play(definition, definition);
  }

  /** Between two steps, with no swap under way: whoever takes over finds nothing in doubt. Throws what a driver throws. */
  leave(): void {
    for (const slot of this.devices) {
      try {
        slot.driver.quiesce();
        passOn(slot, formatOf(slot.name, slot.definition));
        slot.driver.release();
      } catch (error) {
        this.failed(slot, error);
      }
    }
  }

  /** Swaps are due from now on, and so are requests to disks. */
  start(nowUs: number): void {
    this.desk.start(nowUs);
    for (const disk of this.disks) disk.start(nowUs);
  }

  /** No more requests to disks; links are told by themselves. */
  endTraffic(): void {
    for (const disk of this.disks) disk.end();
  }

  /** Takes interrupts, polls every device once. Returns what was moved: frames and requests. */
  step(): number {
    this.takeInterrupts();
    let frames = 0;
    for (const slot of this.devices) frames += this.serve(slot);
    for (const disk of this.disks) frames += this.ask(disk);
    this.countdown -= frames > 0 ? 1 : EMPTY_STEP;
    if (this.countdown <= 0) this.tick();
    return frames;
  }

  /** May the CPU sleep until an interrupt, or until `desk.nextDueUs`? */
  idle(): boolean {
    for (const slot of this.devices) if (slot.mediator !== null || !this.driverIdle(slot)) return false;
    for (const disk of this.disks) if (!disk.idle()) return false;
    return true;
  }

  /** After a sleep that nobody ended: was anybody to have ended it? */
  sleptThrough(): void {
    const now = this.clock.nowUs();
    this.devices.forEach((slot, i) => {
      const { work } = this.wakeups[i];
      if (!this.wakeups[i].missed(now)) return;
      const message = `${work.what}, its vector is enabled, and nobody was told`;
      this.violations.push({ invariant: 'interrupts', device: slot.name, message, timeUs: now });
      for (let vector = 0; vector < work.vectors; vector++) this.interrupt(slot, vector);
    });
  }

  /** Adds up what the drop counters of all cards show. */
  collect(): void {
    for (const slot of this.slots) slot.environment.statistics.collect();
  }

  /** End of service: every driver stops, and every buffer comes home. */
  *halt(): Generator<void> {
    for (const slot of this.devices) yield* slot.driver.stop();
  }

  driverNames(device: AnySlot['definition']['device']): readonly string[] {
    return [...(device === 'nic' ? this.drivers : this.diskDrivers).keys()];
  }

  private trespassed(slot: AnySlot): void {
    const message = `swap ${this.desk.underWay().join(' or ')} changed the rings of another device`;
    const timeUs = this.clock.nowUs();
    this.violations.push({ invariant: 'isolation', device: slot.name, message, timeUs });
  }

  /** A step in which nobody asks for anything. */
  private serveAll(): void {
    this.takeInterrupts();
    for (const slot of this.devices) this.serve(slot);
  }

  private serve(slot: AnySlot): number {
    this.control.serve(slot.index);
    try {
      const { mediator } = slot;
      if (mediator !== null && !mediator.before()) return this.desk.after(slot, mediator, 0);
      // One call for both: the driver, and all that it calls, is compiled into this one.
      const served = slot.driver.poll(POLL_BUDGET);
      return mediator === null ? served : this.desk.after(slot, mediator, served);
    } catch (error) {
      // An application that sends by another card meets that card's driver here.
      const culprit = error instanceof ExitFailure ? this.slots[error.slot] : slot;
      this.failed(culprit, error instanceof ExitFailure ? error.cause : error);
      return 0;
    }
  }

  /** Requests of a disk's workload go to whoever drives it. */
  private ask(disk: Disk): number {
    this.control.serve(disk.slot.index);
    try {
      return disk.step();
    } catch (error) {
      this.failed(disk.slot, error);
      return 0;
    }
  }

  private driverIdle(slot: AnySlot): boolean {
    this.control.serve(slot.index);
    try {
      return slot.driver.idle();
    } catch (error) {
      this.failed(slot, error);
      return false;
    }
  }

  private interrupt(slot: AnySlot, vector: number): void {
    this.control.serve(slot.index);
    try {
      slot.driver.interrupt(vector);
    } catch (error) {
      this.failed(slot, error);
    }
  }

  /** A driver threw, or what it serves. On probation it is swapped back; in normal service the run is over. */
  private failed(slot: AnySlot, error: unknown): void {
    if (slot.mediator?.driverFailed(error) === true) return;
    this.control.serve(slot.index); // it is to blame, whoever called it
    this.violations.push(driverFailure(slot.name, slot.definition.name, error, this.clock.nowUs()));
    throw error;
  }

  private tick(): void {
    this.countdown = STEPS_PER_TICK;
    if (this.desk.dueUs !== Number.POSITIVE_INFINITY) this.lookAtClock();
    if (++this.ticks % TICKS_PER_COLLECT === 0) this.tidyUp();
  }

  /** Too rare to be compiled soon, so by number: an iterator would be allocated. */
  private tidyUp(): void {
    const { slots } = this;
    for (let i = 0; i < slots.length; i++) {
      slots[i].environment.statistics.collect();
      releaseSpare(slots[i], this.host);
    }
  }

  /** The time is a number that the platform allocates: not read where nothing is due ever. */
  private lookAtClock(): void {
    const nowUs = this.clock.nowUs();
    if (nowUs >= this.desk.dueUs) this.desk.tick(nowUs);
  }

  private takeInterrupts(): void {
    if (!this.port.anyPending()) return;
    let groups = this.port.takeSummary();
    while (groups !== 0) {
      const group = 31 - Math.clz32(groups & -groups);
      groups &= groups - 1;
      let lines = this.port.takeGroup(group);
      while (lines !== 0) {
        const line = group * 32 + 31 - Math.clz32(lines & -lines);
        lines &= lines - 1;
        this.interrupt(this.devices[Math.floor(line / LINES_PER_DEVICE)], line % LINES_PER_DEVICE);
      }
    }
  }

  private listen(to: 'used' | 'all'): void {
    this.port.bell.announce(false);
    this.aim(to);
    this.countdown = STEPS_PER_TICK; // whatever a tick does is not in the pause
  }

  /** Interrupts come to this CPU. In a pause it is queues in use that count; one that comes later comes after `settleIn`. */
  private aim(which: 'used' | 'all'): void {
    for (const slot of this.slots) aim(slot, this.number, which);
    for (const disk of this.disks) disk.aim(this.number);
  }

  private takeMeasure(): void {
    for (const slot of this.slots) countBuffersOf(slot);
    this.host.remember();
  }

  private makeDisk(disk: DiskLayout): Disk {
    const made = new Disk(disk, this.diskParts, this.adopts);
    const probes = new NvmeProbes(this.memory, disk.nvme.probes);
    this.wakeups.push(new WakeupCheck(completionsThatWait(made.slot.environment.state), probes));
    return made;
  }

  private makeApplication(card: CardLayout): void {
    const definition = this.known.find(({ name }) => name === card.app);
    if (definition === undefined) throw new Error(`${card.name}: there is no application ${card.app}`);
    const exit = new Exit(this.slots[definition.sends === 'on' ? card.index ^ 1 : card.index]);
    const { application, check } = makeApplication(card, definition, this.parts, this.layout.staging, exit);
    this.applications[card.index] = application;
    this.checks[card.index] = check;
  }

  private makeSlot(card: CardLayout): Slot {
    if (this.adopts === 'atOnce') this.control.serve(card.index);
    const slot = makeSlot(card, this.parts, this.adopts, (queue, burst) =>
      this.deliver(card.index, queue, burst),
    );
    const probes = new Probes(this.memory, card.nic.probes);
    this.wakeups.push(new WakeupCheck(framesThatWait(slot.environment.state), probes));
    return slot;
  }

  private deliver(card: number, queue: number, burst: Burst): number {
    const slot = this.slots[card];
    slot.deliveries++;
    return offer(this.layout.cards[card].app, this.applications[card], slot, queue, burst);
  }
}
