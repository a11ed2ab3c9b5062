/** From a driver that ends its CPUs again and again to the one that served before. */

import { DISK_DRIVERS, NIC_DRIVERS } from '../../drivers/index.ts';
import { DISK_STATE_BYTES, DiskState } from '../../drivers/nvme/state.ts';
import { type OwnWords, StateError } from '../../drivers/state-block.ts';
import { Control } from '../../host/control.ts';
import type { MachineLayout } from '../../host/machine.ts';
import type { Memory } from '../../hw/memory.ts';
import { Incumbents } from './incumbents.ts';
import type { KnownDrivers } from './known-drivers.ts';
import { OutOfService, type Return } from './relief.ts';
import { MOST_ENDS, Restarts } from './restarts.ts';

/** In place of a driver's, where what runs above it has failed; and where it is not known. */
const NO_DRIVER = -1;
/** And where it has not proved itself: the assignment still names the one before, which is not to blame and serves again. */
const ON_PROBATION = -2;

interface Device {
  readonly kind: keyof KnownDrivers;
  readonly name: string;
  readonly incumbents: Incumbents;
}

export class GoingBack {
  private readonly devices: readonly Device[];
  private readonly restarts = new Restarts();
  private readonly memory: Memory;
  private readonly control: Control;
  private known: KnownDrivers = { nic: [], nvme: [] };

  constructor(memory: Memory, { cards, disks, control }: MachineLayout) {
    this.memory = memory;
    this.control = new Control(memory, control);
    this.devices = [
      ...cards.map(({ name, assignment, parameters }) => ({
        kind: 'nic' as const,
        name,
        incumbents: new Incumbents(memory, assignment, NIC_DRIVERS, parameters),
      })),
      ...disks.map(({ name, assignment, parameters }) => ({
        kind: 'nvme' as const,
        name,
        incumbents: new Incumbents(memory, assignment, DISK_DRIVERS, parameters),
      })),
    ];
  }

  /** All CPUs know the same ones, some of them sooner. */
  know({ nic, nvme }: KnownDrivers): void {
    const { known } = this;
    this.known = {
      nic: nic.length > known.nic.length ? nic : known.nic,
      nvme: nvme.length > known.nvme.length ? nvme : known.nvme,
    };
  }

  stateAddress(device: number): number {
    return this.devices[device].incumbents.stateAddress;
  }

  nameOf(device: number): string {
    return this.devices[device].name;
  }

  /** `driver polling of eth0`; of one that is being swapped, `a swap of eth0`: either driver may have had its turn. */
  whoServes(device: number): string {
    if (this.control.isSwapping(device)) return `a swap of ${this.nameOf(device)}`;
    return `driver ${this.nameAt(device, this.placeOn(device))} of ${this.nameOf(device)}`;
  }

  look(): void {
    for (const [device, { incumbents }] of this.devices.entries())
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
    const back = place === NO_DRIVER ? undefined : this.goBack(device, place);
    if (back !== undefined)
      return { device: name, from: this.nameAt(device, place), to: this.nameAt(device, back) };
    const advice = ofApplication
      ? 'no other driver would help: mend the application'
      : 'there is no driver to go back to: mend it, or start with another one';
    throw new OutOfService(`${name} lost its CPU ${MOST_ENDS} times, ${last}; ${advice}`);
  }

  /**
   * Data of a disk that lie in memory alone, done with for those who wrote them, are behind its state block, and what there is to know
   * of them may be in a driver's own words. So only one that knows the format follows where there are such data, and it finds those
   * words as they were last, not as they were in its own days.
   */
  private goBack(device: number, from: number): number | undefined {
    const { kind, incumbents } = this.devices[device];
    const { bank, stateAddress } = incumbents;
    const may = (place: number): boolean => !this.restarts.isCondemned(device, place);
    if (kind === 'nic' || stateAddress === 0) return incumbents.goBack(() => true, may);
    const state = new DiskState(this.memory, { address: stateAddress, bytes: DISK_STATE_BYTES });
    state.own.use(bank);
    if (!holdsTogether(state.own)) return undefined;
    const formats = this.known.nvme.map(({ format }) => format);
    const extended = state.header('extension') !== 0;
    const back = incumbents.goBack((place) => !extended || formats[place] === formats[from], may);
    const format = back === undefined ? undefined : formats[back];
    if (format !== undefined) state.own.moveTo(incumbents.bank, format);
    return back;
  }

  /** The swap is cut off with its CPU: the next one has none under way. */
  private toBlame(device: number): number {
    if (!this.control.isSwapping(device)) return this.placeOn(device);
    this.control.endSwap(device);
    return ON_PROBATION;
  }

  private placeOn(device: number): number {
    return this.devices[device].incumbents.place ?? NO_DRIVER;
  }

  private nameAt(device: number, place: number): string {
    return this.known[this.devices[device].kind][place]?.name ?? 'unknown';
  }
}

function holdsTogether(own: OwnWords): boolean {
  try {
    own.validate();
    return true;
  } catch (error) {
    if (error instanceof StateError) return false;
    throw error;
  }
}
