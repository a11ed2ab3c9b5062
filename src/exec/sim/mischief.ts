/** Makes happen what the scenario says may go wrong, and marks where it did. */
import type { Driver } from '../../drivers/contract.ts';
import { BUFFER_BYTES } from '../../drivers/pool.ts';
import { LINES_PER_DEVICE } from '../../host/machine.ts';
import { DmaExhausted } from '../../hw/dma.ts';
import { STATUS } from '../../hw/nvme/datasheet.ts';
import type { MediaOp } from '../../hw/nvme/media.ts';
import type { Phase } from '../../swap/plan.ts';
import type { SimSwap } from './draw-swaps.ts';
import type { AmbientFault, Fault } from './faults.ts';
import { AMBIENT } from './faults.ts';
import type { SimMachine } from './machine.ts';
import { POINTS } from './points.ts';
import {
  BRIEF,
  CALLED,
  CUT_SHORT,
  LASTING,
  OF_DEVICES,
  OF_LINKS,
  OF_OLD,
  STRIKES,
  SURVIVABLE,
} from './susceptible.ts';
import { InjectedFault, Victim } from './victim.ts';
import type { CallWatch, DriverCall } from './watched-driver.ts';

const MOST_AMBIENT = 100;
const FLAP_US = 200;
const SILENCE_US = 400;
const PAUSE_QUANTA = 4000;
const STALL_STEPS = 60;
/** Runs of descriptors held back, and turns with short budgets, after an ambush. */
const HELD_RUNS = 6;
const SHORT_TURNS = 30;

/** Calls of service; a driver that is to throw on probation does so in one of so many: fewer than end a probation. */
const SERVICE: ReadonlySet<DriverCall> = new Set(['poll', 'transmit', 'interrupt', 'submit']);
const DOOMED_CALLS = { card: 6, disk: 2 };
/** Commands that the media fails after an ambush. */
const FAILED_COMMANDS = 4;

export class Mischief implements CallWatch {
  private readonly machine: SimMachine;
  private readonly victims: readonly Victim[];
  private readonly cards: number;
  private readonly ambient: readonly AmbientFault[];
  private quiet = false;
  /** A call under way that ends at one of its next accesses. */
  private fuse: { readonly card: number; readonly call: DriverCall } | undefined;
  /** Faults by lot that are still to come: else a run might never end. */
  private left = MOST_AMBIENT;
  private requests: number[] = [];

  constructor(machine: SimMachine) {
    this.machine = machine;
    const { cards, disks } = machine.layout;
    this.cards = cards.length;
    this.victims = [...cards, ...disks].map(() => new Victim());
    const { rates } = machine.scenario;
    this.ambient = AMBIENT.filter((fault) => rates[fault] > 0 && STRIKES.has(fault));
    machine.hardware.nics.forEach((nic, card) => {
      const holds = (): boolean => this.holdsBack(card);
      nic.receive.holdsBack = holds;
      nic.transmit.holdsBack = holds;
    });
    machine.hardware.disks.forEach((disk, i) => {
      const device = this.cards + i;
      disk.hooks.holdsBack = () => this.holdsBack(device);
      disk.hooks.failsMedia = (op) => this.failsMedia(device, op);
    });
  }

  /** The faults of a swap about to be asked for. */
  lay(swap: SimSwap): void {
    this.victims[swap.device].ambushes.push(...swap.ambushes);
  }

  swapEnded(card: number): void {
    this.victims[card].ambushes = [];
  }

  /** No more of it: the end of the run is to be reached. */
  calm(): void {
    this.quiet = true;
    this.machine.fabric.rate = 0;
    this.victims.forEach((victim, card) => {
      victim.ambushes = [];
      victim.silentUntilUs = 0;
      if (victim.carrierBackUs !== Number.POSITIVE_INFINITY) this.plug(card);
    });
  }

  /** At a scheduling point: of the CPU, or in the middle of a device's step, where no other device may step. */
  strike(inCpu: boolean): void {
    if (this.quiet) return;
    if (inCpu) this.burn();
    const { lots, scenario } = this.machine;
    for (let card = 0; card < this.victims.length; card++) this.spring(card, inCpu);
    for (const fault of this.ambient)
      if (this.left > 0 && lots.chance(scenario.rates[fault]) && (inCpu || !OF_DEVICES.has(fault))) {
        this.left--;
        this.happen(fault, lots.below(OF_LINKS.has(fault) ? this.cards : this.victims.length));
      }
  }

  /** Swaps asked for while one is under way. Between two steps of the CPU, where it takes requests. */
  requestSwaps(): void {
    for (let card = 0; card < this.victims.length; card++) {
      const phase = this.machine.phaseOf(card);
      if (phase !== undefined && this.take(card, phase, 'swapDuringSwap')) this.requests.push(card);
    }
    for (let card = this.requests.pop(); card !== undefined; card = this.requests.pop()) {
      const { cpu, lots } = this.machine;
      const to = lots.pick(cpu.driverNames(cpu.devices[card].definition.device));
      this.mark(card, 'swapDuringSwap');
      cpu.desk.ask(card, to, {}, 'inplace');
    }
  }

  hardwareBudget(card: number): number {
    const { lots, scenario } = this.machine;
    const victim = this.victims[card];
    const short = victim.shortTurns > 0 || lots.chance(scenario.rates.shortBudget);
    if (victim.shortTurns > 0) victim.shortTurns--;
    if (!short) return 1 + lots.below(scenario.budget);
    this.mark(card, 'shortBudget');
    return 1;
  }

  silent(card: number): boolean {
    return this.machine.clock.us < this.victims[card].silentUntilUs;
  }

  /** Cables whose time has come are plugged in again. */
  restore(): void {
    const now = this.machine.clock.us;
    for (let card = 0; card < this.victims.length; card++)
      if (now >= this.victims[card].carrierBackUs) this.plug(card);
  }

  nextTimerUs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { carrierBackUs, silentUntilUs } of this.victims) {
      next = Math.min(next, carrierBackUs);
      if (silentUntilUs > this.machine.clock.us) next = Math.min(next, silentUntilUs);
    }
    return next;
  }

  before(card: number, call: DriverCall, driver: Driver | undefined): void {
    if (BRIEF.has(call)) POINTS.hasten(1 + this.machine.lots.below(4));
    if (call === 'submit') this.machine.cpuEnd.release();
    this.doom(card, call, driver);
    this.maybeThrow(card, call, driver);
    this.light(card, call, driver);
  }

  after(card: number, call: DriverCall, driver: Driver | undefined): void {
    this.fuse = undefined;
    if (call === 'submit') this.machine.cpuEnd.resume();
    this.maybeThrow(card, call, driver);
  }

  budget(card: number, budget: number, driver: Driver): number {
    if (this.isStuck(card, driver)) return 0;
    return this.victims[card].shortTurns > 0 ? 1 : budget;
  }

  /** On probation it throws in one of its first calls; if probation were over by then, nobody would take it back. */
  private doom(card: number, call: DriverCall, driver: Driver | undefined): void {
    const victim = this.victims[card];
    if (call === 'activate' && driver !== undefined && driver === this.machine.exchangeOf(card)?.next) {
      if (!this.take(card, 'probation', 'throwingDriver')) return;
      const most = card < this.cards ? DOOMED_CALLS.card : DOOMED_CALLS.disk;
      victim.doomed = { driver, calls: this.machine.lots.between(1, most) };
    }
    if (victim.doomed === undefined || victim.doomed.driver !== driver || !SERVICE.has(call)) return;
    if (--victim.doomed.calls > 0) return;
    victim.doomed = undefined;
    this.throwFrom(card, call, 'before');
  }

  /** The call may end at any access of its own. */
  private light(card: number, call: DriverCall, driver: Driver | undefined): void {
    if (!CUT_SHORT.has(call) || !this.maySurvive(card, call) || !this.mayThrow(card, call, driver)) return;
    this.fuse = { card, call };
    this.rearm();
  }

  /** A call that is to be cut short is struck every few accesses. */
  rearm(): void {
    if (this.fuse !== undefined) POINTS.hasten(1 + this.machine.lots.below(6));
  }

  private burn(): void {
    if (this.fuse === undefined || !this.machine.lots.chance(400)) return;
    const { card, call } = this.fuse;
    this.fuse = undefined;
    this.throwFrom(card, call, 'in the middle of');
  }

  private maySurvive(card: number, call: DriverCall): boolean {
    if (this.victims[card].ambushes.length === 0) return false;
    const phase = this.machine.phaseOf(card);
    if (phase === undefined || !this.waits(card, phase, 'throwingDriver')) return false;
    // One fault is survived: the way back is gone without another.
    if (this.machine.exchangeOf(card)?.record.outcome === 'rolledBack') return false;
    return SURVIVABLE[phase]?.includes(call) === true;
  }

  private throwFrom(card: number, call: DriverCall, where: string): never {
    const phase = this.machine.phaseOf(card);
    if (phase !== undefined) this.take(card, phase, 'throwingDriver');
    this.mark(card, 'throwingDriver');
    this.machine.note(`${this.nameOf(card)}: thrown ${where} ${call}`);
    throw new InjectedFault(call);
  }

  private maybeThrow(card: number, call: DriverCall, driver: Driver | undefined): void {
    if (!this.maySurvive(card, call) || !this.mayThrow(card, call, driver)) return;
    // Before its work or after it; else perhaps in the middle of it.
    if (!this.machine.lots.chance(350)) return;
    this.throwFrom(card, call, 'around');
  }

  /**
   * From the beginning of its probation. A driver that let work wait there is to be swapped back, so it stays
   * stuck if it is not; one that had nothing to do cannot be told from a good one, and is one from then on.
   */
  private isStuck(card: number, driver: Driver): boolean {
    const { machine } = this;
    const victim = this.victims[card];
    const { devices } = machine.cpu;
    if (devices[card].driver !== driver || (victim.stuck === undefined && victim.ambushes.length === 0))
      return false;
    const exchange = machine.exchangeOf(card);
    if (exchange?.record.phase !== 'probation' || exchange.next !== driver) return victim.stuck === driver;
    if (victim.stuck !== driver && !this.waits(card, 'probation', 'stuckDriver')) return false;
    victim.stuck = devices[card].environment.state.workWaits() ? driver : undefined;
    this.mark(card, 'stuckDriver');
    return true;
  }

  /** One fault is survived: not one of the driver that is to take its place again. */
  private mayThrow(card: number, call: DriverCall, driver: Driver | undefined): boolean {
    const exchange = this.machine.exchangeOf(card);
    if (call === 'create' || exchange === undefined) return call === 'create';
    return driver === (OF_OLD.has(call) ? exchange.old.driver : exchange.next);
  }

  /** What lies in wait for the phase that the card's swap is in. */
  private spring(card: number, inCpu: boolean): void {
    const { ambushes } = this.victims[card];
    if (ambushes.length === 0) return;
    const phase = this.machine.phaseOf(card);
    if (phase === undefined) return;
    const due = ambushes.find(
      (ambush) =>
        ambush.phase === phase && !CALLED.has(ambush.fault) && (inCpu || !OF_DEVICES.has(ambush.fault)),
    );
    if (due === undefined) return;
    // Anywhere in a phase that lasts, at once in one that is soon over.
    if (LASTING.has(phase) && !this.machine.lots.chance(200)) return;
    this.take(card, phase, due.fault);
    this.happen(due.fault, card);
  }

  private happen(fault: Fault, card: number): void {
    this.machine.note(`${this.nameOf(card)}: ${fault}`);
    // All devices of a CPU go with it.
    if (fault === 'crash') for (const device of this.victims.keys()) this.mark(device, fault);
    else this.mark(card, fault);
    const { lots, clock, hardware, cpu, fabric } = this.machine;
    const victim = this.victims[card];
    switch (fault) {
      case 'lateWriteBack':
        victim.heldRuns += lots.between(1, HELD_RUNS);
        return;
      case 'delayedInterrupt':
        fabric.delayNext = true;
        return;
      case 'spuriousInterrupt':
        cpu.port.raise(card * LINES_PER_DEVICE + lots.below(8), clock.us);
        return;
      case 'pauseStorm':
        for (let frames = lots.between(1, 3); frames > 0; frames--)
          hardware.nics[card].paused(lots.below(PAUSE_QUANTA), clock.us);
        return;
      case 'silence':
        victim.silentUntilUs = clock.us + lots.below(SILENCE_US);
        return;
      case 'linkFlap':
        hardware.nics[card].setCarrier(false, clock.us);
        victim.carrierBackUs = clock.us + lots.below(FLAP_US);
        return;
      case 'shortBudget':
        victim.shortTurns += SHORT_TURNS;
        return;
      case 'mediaError':
        victim.failures += lots.between(1, FAILED_COMMANDS);
        return;
      case 'powerCut':
      case 'crash':
        this.machine.cpuEnd.demand(fault);
        return;
      case 'stalledCpu':
        for (let steps = lots.between(10, STALL_STEPS); steps > 0; steps--) {
          this.machine.stepHardware();
          clock.us += 0.5;
        }
        return;
      default:
        return; // struck where the swap asks: allocation, calls of drivers, requests
    }
  }

  /** Held back by the scenario's rate, or after an ambush. */
  private holdsBack(card: number): boolean {
    if (this.quiet) return false;
    const victim = this.victims[card];
    const { lots, scenario } = this.machine;
    if (victim.heldRuns > 0) victim.heldRuns--;
    else if (!lots.chance(scenario.rates.lateWriteBack)) return false;
    this.mark(card, 'lateWriteBack');
    return true;
  }

  private plug(card: number): void {
    this.victims[card].carrierBackUs = Number.POSITIVE_INFINITY;
    this.machine.hardware.nics[card].setCarrier(true, this.machine.clock.us);
  }

  /** By the scenario's rate, or after an ambush. What was written is read once more in the end: the media does not fail then. */
  private failsMedia(device: number, op: MediaOp): number {
    const { lots, scenario, cpu } = this.machine;
    if (this.quiet || cpu.disks[device - this.cards].rechecks) return STATUS.success;
    const victim = this.victims[device];
    if (victim.failures > 0) victim.failures--;
    else if (this.left > 0 && lots.chance(scenario.rates.mediaError)) this.left--;
    else return STATUS.success;
    this.mark(device, 'mediaError');
    this.machine.note(`${this.nameOf(device)}: the media fails a ${op}`);
    return op === 'read' ? STATUS.unrecoveredRead : op === 'write' ? STATUS.writeFault : STATUS.internalError;
  }

  /** The CPU has begun anew: nothing lies in wait, and nothing of the last one's is under way. */
  restart(): void {
    this.fuse = undefined;
    this.requests = [];
    for (const victim of this.victims) victim.restart();
  }

  /** While a swap prepares, memory may run out once. */
  guardAllocation(): void {
    const { dma, pool } = this.machine.cpu;
    const allocate = dma.allocate.bind(dma);
    const grow = pool.grow.bind(pool);
    dma.allocate = (bytes, what) => {
      this.maybeExhaust(bytes, what);
      return allocate(bytes, what);
    };
    pool.grow = (wanted, slice) => {
      this.maybeExhaust(wanted * BUFFER_BYTES, 'packet buffers');
      return grow(wanted, slice);
    };
  }

  private maybeExhaust(bytes: number, what: string): void {
    for (let card = 0; card < this.victims.length; card++) {
      if (this.machine.phaseOf(card) !== 'prepare') continue;
      // Not always the first one: what was allocated before it must be given back.
      if (!this.machine.lots.chance(500) || !this.take(card, 'prepare', 'failingAllocation')) continue;
      this.mark(card, 'failingAllocation');
      this.machine.note(`${this.nameOf(card)}: no memory for ${what}`);
      throw new DmaExhausted(bytes, what, 0);
    }
  }

  private nameOf(device: number): string {
    return this.machine.cpu.devices[device].name;
  }

  private mark(card: number, fault: Fault): void {
    const phase = this.machine.phaseOf(card);
    if (phase !== undefined) this.machine.marks[card].mark(phase, fault);
  }

  private waits(card: number, phase: Phase, fault: Fault): boolean {
    return this.victims[card].ambushes.some((ambush) => ambush.phase === phase && ambush.fault === fault);
  }

  private take(card: number, phase: Phase, fault: Fault): boolean {
    const { ambushes } = this.victims[card];
    const at = ambushes.findIndex((ambush) => ambush.phase === phase && ambush.fault === fault);
    if (at < 0) return false;
    ambushes.splice(at, 1);
    return true;
  }
}
