/** From a driver that ends its CPUs again and again to the one that served before. */

import { NIC_DRIVERS } from '../../drivers/index.ts';
import { Control } from '../../host/control.ts';
import type { MachineLayout } from '../../host/machine.ts';
import type { Memory } from '../../hw/memory.ts';
import { Incumbents } from './incumbents.ts';
import { OutOfService, type Return } from './relief.ts';
import { MOST_ENDS, Restarts } from './restarts.ts';

/** In place of a driver's, where what runs above it has failed; and where it is not known. */
const NO_DRIVER = -1;
/** And where it has not proved itself: the assignment still names the one before, which is not to blame and serves again. */
const ON_PROBATION = -2;

export class GoingBack {
  private readonly devices: readonly Incumbents[];
  private readonly deviceNames: readonly string[];
  private readonly restarts = new Restarts();
  private readonly control: Control;
  /** Names of the drivers of cards, by their places. */
  private names: readonly string[] = [];

  constructor(memory: Memory, { cards, disks, control }: MachineLayout) {
    this.control = new Control(memory, control);
    this.deviceNames = [...cards, ...disks].map(({ name }) => name);
    this.devices = cards.map(
      ({ assignment, parameters }) => new Incumbents(memory, assignment, NIC_DRIVERS, parameters),
    );
  }

  /** All CPUs know the same ones. */
  know(names: readonly string[]): void {
    if (names.length > this.names.length) this.names = names;
  }

  stateAddress(device: number): number {
    return this.devices[device].stateAddress;
  }

  nameOf(device: number): string {
    return this.deviceNames[device];
  }

  /** `driver polling of eth0`; of one that is being swapped, `a swap of eth0`: either driver may have had its turn. */
  whoServes(device: number): string {
    if (this.control.isSwapping(device)) return `a swap of ${this.nameOf(device)}`;
    return `driver ${this.nameAt(this.placeOn(device))} of ${this.nameOf(device)}`;
  }

  look(): void {
    for (const [device, incumbents] of this.devices.entries())
      if (!this.control.isSwapping(device)) incumbents.look();
  }

  /** How long the next CPU is to wait. */
  get delayMs(): number {
    return this.restarts.delayMs;
  }

  /**
   * A CPU has ended at this device, whose driver is to blame, or what runs above it. Too often: the driver before serves again. Nobody
   * serves meanwhile. Throws OutOfService where there is none, or where it goes on like this.
   */
  judge(device: number, reason: string, ofApplication: boolean, nowUs: number): Return | undefined {
    const { restarts } = this;
    const name = this.nameOf(device);
    const place = ofApplication ? NO_DRIVER : this.toBlame(device);
    restarts.ended(device, place, nowUs);
    const last = `the last time: ${reason}`;
    if (restarts.hopeless)
      throw new OutOfService(`no CPU lasts, whoever drives ${name}; ${last}; start with other drivers`);
    if (place === ON_PROBATION || !restarts.isCondemned(device, place)) return undefined;
    const back =
      place === NO_DRIVER
        ? undefined
        : this.devices[device].goBack((other) => !restarts.isCondemned(device, other));
    if (back !== undefined) return { device: name, from: this.nameAt(place), to: this.nameAt(back) };
    const advice = ofApplication
      ? 'no other driver would help: mend the application'
      : 'there is no driver to go back to: mend it, or start with another one';
    throw new OutOfService(`${name} lost its CPU ${MOST_ENDS} times, ${last}; ${advice}`);
  }

  /** The swap is cut off with its CPU: the next one has none under way. */
  private toBlame(device: number): number {
    if (!this.control.isSwapping(device)) return this.placeOn(device);
    this.control.endSwap(device);
    return ON_PROBATION;
  }

  private placeOn(device: number): number {
    return this.devices[device]?.place ?? NO_DRIVER;
  }

  private nameAt(place: number): string {
    return this.names[place] ?? 'unknown';
  }
}
