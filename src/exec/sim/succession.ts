/**
 * One CPU follows another: after a power cut it begins with nothing; after a crash it takes over what is in memory; and from one
 * that leaves, what that one has brought to an end.
 */

import type { Adopts } from '../../host/card.ts';
import type { Cpu } from '../../host/cpu.ts';
import type { Anomaly } from '../../hw/link/verifier.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { AnySlot } from '../../swap/slot.ts';
import type { Situation } from './coverage.ts';
import { stepThrough } from './endless.ts';
import type { SimMachine } from './machine.ts';

/** Turns of the machine for which the next CPU is there already before the one that serves may leave. */
const TURNS_AHEAD = 400;

/** A CPU to which the devices are to pass. */
interface Heir {
  readonly cpu: Cpu;
  turnsLeft: number;
}

export class Succession {
  /** Of swaps on CPUs that have ended. */
  readonly records: SwapRecord[] = [];
  private readonly machine: SimMachine;
  private heir: Heir | undefined;
  /** By the checks of the CPUs before, card by card: it is the judge's, who lists it further. */
  private said: readonly (readonly Anomaly[])[] = [];

  constructor(machine: SimMachine) {
    this.machine = machine;
  }

  /** Between two turns: is another CPU to be made, or are the devices to pass to one that is there? */
  look(): void {
    const { machine, heir } = this;
    const { lots, scenario } = machine;
    if (heir === undefined) {
      if (scenario.rates.handover === 0 || lots.below(1000) >= scenario.rates.handover) return;
      this.heir = this.makeHeir();
    } else if (heir.turnsLeft-- <= 0 && !machine.cpu.desk.busy) this.passTo(heir.cpu);
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
    machine.power.restore(() => {
      machine.cpu = machine.makeCpu();
    });
    machine.attend();
    stepThrough(machine.cpu.boot(), machine.hardware, machine.clock);
    this.beginService();
  }

  /**
   * After a crash. Memory stays as it is, and so do interrupts on their way. What the checks have counted, and which frame
   * they expect next, is the application's, which the next CPU must find in memory like all else.
   */
  private takeOver(): void {
    const { machine } = this;
    machine.note('the CPU dies');
    this.bury();
    machine.cpu = this.nextCpu('atOnce');
    machine.attend();
    if (!this.adopt(machine.cpu.adopt())) return this.follow();
    this.beginService();
    machine.note('another CPU has taken over its devices');
    this.refuseResets();
    this.countPairs();
    const { cards, disks } = machine.layout;
    if (cards.length > 0) this.count('cards taken over');
    if (disks.length > 0) this.count('disks taken over');
  }

  /** Where a driver was swapped since that one was made, it is made anew. */
  private passTo(heir: Cpu): void {
    const { machine } = this;
    machine.note('the CPU leaves');
    if (!this.inSlices(leave(machine.cpu))) return; // it has died meanwhile
    const before = machine.cpu.devices;
    this.bury();
    const fits = heir.fits();
    machine.cpu = fits ? heir : this.nextCpu('atOnce');
    if (!this.adopt(fits ? succeed(heir) : machine.cpu.adopt())) return this.follow();
    machine.attend(); // an heir makes what it looks at when it takes over
    this.beginService();
    machine.note('another CPU serves its devices');
    this.compare(before);
    const { cards, disks } = machine.layout;
    if (cards.length > 0) this.count(fits ? 'cards handed over' : 'cards handed over after a swap');
    if (disks.length > 0) this.count(fits ? 'disks handed over' : 'disks handed over after a swap');
  }

  private adopt(slices: Generator<void>): boolean {
    const adopted = this.inSlices(slices);
    this.machine.cpu.checks.forEach(({ verifier }, i) => {
      verifier.anomalies.push(...this.said[i]);
    });
    return adopted;
  }

  /** Under strikes, like all that a CPU does. False when it has died meanwhile. */
  private inSlices(slices: Generator<void>): boolean {
    const { machine } = this;
    const { cpuEnd } = machine;
    for (let done = false; !done && !cpuEnd.down; machine.clock.us++) {
      machine.inCpu(() => {
        done = this.next(slices);
      });
      if (!done && !cpuEnd.down) machine.stepHardware(); // which may be waited for
    }
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
    // One that died before it had made all of its checks has nothing to say.
    const { checks, slots } = machine.cpu;
    if (checks.length === slots.length) this.said = checks.map(({ verifier }) => verifier.anomalies);
    this.heir = undefined;
    machine.swaps.cutOff();
    this.records.push(...machine.cpu.desk.records);
    machine.mischief.restart();
    machine.cpuEnd.over();
  }

  /** Another one, with interrupt lines of its own. */
  private nextCpu(adopts: Adopts): Cpu {
    const { machine } = this;
    return machine.makeCpu(1 - machine.cpu.number, adopts);
  }

  /** Nothing else tells one driver from another: both serve. */
  private compare(before: readonly AnySlot[]): void {
    const { machine } = this;
    for (const { index, name, definition } of before) {
      const now = machine.cpu.devices[index].definition.name;
      if (now === definition.name) continue;
      const message = `the CPU that took over drives it with ${now}, the one that left did with ${definition.name}`;
      machine.fail({ invariant: 'driver', device: name, message });
    }
  }

  /** Nobody scribbles here: a state block that does not hold together is a fault, and a reset would hide it. */
  private refuseResets(): void {
    const { machine } = this;
    for (const { device, reason } of machine.cpu.resets)
      machine.fail({
        invariant: 'driver',
        device,
        message: `the CPU that took over has reset it: ${reason}`,
      });
  }

  /** Of a swap that ended with its CPU nothing is left: each of a disk's queues has one queue pair, and none is being made. */
  private countPairs(): void {
    const { machine } = this;
    for (const { slot } of machine.cpu.disks) {
      const { state, queues } = slot.environment;
      let pairs = 0;
      for (let left = state.active; left !== 0; left &= left - 1) pairs++;
      const making = state.header('making');
      if (pairs === queues && making === 0) continue;
      const what =
        making === 0 ? `${pairs} queue pairs for ${queues} queues` : `queue pair ${making} half made`;
      machine.fail({
        invariant: 'driver',
        device: slot.name,
        message: `the CPU that took over left ${what}`,
      });
    }
  }

  private count(situation: Situation): void {
    const { situations } = this.machine.covered;
    situations[situation] = (situations[situation] ?? 0) + 1;
  }

  /** As on threads, one that cannot be made now is left to be made later. */
  private makeHeir(): Heir | undefined {
    try {
      return { cpu: this.nextCpu('later'), turnsLeft: this.machine.lots.below(TURNS_AHEAD) };
    } catch {
      return undefined; // a driver throws: who it was is told when it is made in earnest
    }
  }
}

/** As slices: on threads, the CPU makes its first step between the two. */
function* succeed(cpu: Cpu): Generator<void> {
  cpu.succeed();
  yield;
  cpu.settleIn();
  yield;
}

/** As slices, of which there is but one. */
function* leave(cpu: Cpu): Generator<void> {
  cpu.leave();
  yield;
}
