/** From a driver that ends its CPUs again and again to the one that served before. */
import type { MachineLayout } from '../../host/machine.ts';
import type { Memory } from '../../hw/memory.ts';
import { Incumbents } from './incumbents.ts';
import { OutOfService, type Return } from './relief.ts';
import { MOST_ENDS, Restarts } from './restarts.ts';

/** In place of a driver's, where what runs above it has failed; and where it is not known. */
const NO_DRIVER = -1;

export class GoingBack {
  private readonly cards: readonly Incumbents[];
  private readonly restarts = new Restarts();
  /** Names of the drivers of cards, by their places. */
  private names: readonly string[] = [];

  constructor(memory: Memory, { cards }: MachineLayout) {
    this.cards = cards.map((card) => new Incumbents(memory, card));
  }

  /** All CPUs know the same ones. */
  know(names: readonly string[]): void {
    if (names.length > this.names.length) this.names = names;
  }

  stateAddress(card: number): number {
    return this.cards[card].stateAddress;
  }

  driverOf(device: number): string {
    return this.nameAt(this.placeOn(device));
  }

  look(isSwapping: (card: number) => boolean): void {
    for (const [card, incumbents] of this.cards.entries()) if (!isSwapping(card)) incumbents.look();
  }

  /** How long the next CPU is to wait. */
  get delayMs(): number {
    return this.restarts.delayMs;
  }

  /**
   * A CPU has ended at this device, whose driver is to blame, or what runs above it. Too often: the driver before serves again. Nobody
   * serves meanwhile. Throws OutOfService where there is none, or where it goes on like this.
   */
  judge(
    device: number,
    name: string,
    reason: string,
    ofApplication: boolean,
    nowUs: number,
  ): Return | undefined {
    const { restarts } = this;
    const place = ofApplication ? NO_DRIVER : this.placeOn(device);
    restarts.ended(device, place, nowUs);
    const blamed = ofApplication ? 'its application' : `driver ${this.nameAt(place)}`;
    const last = `the last time: ${reason}`;
    if (restarts.hopeless)
      throw new OutOfService(`no CPU lasts, whoever drives ${name}; ${last}; start with other drivers`);
    if (!restarts.isCondemned(device, place)) return undefined;
    const back =
      place === NO_DRIVER
        ? undefined
        : this.cards[device].goBack((other) => !restarts.isCondemned(device, other));
    if (back !== undefined) return { device: name, from: this.nameAt(place), to: this.nameAt(back) };
    throw new OutOfService(
      `${blamed} ended the CPU ${MOST_ENDS} times on ${name}, ${last}; there is nobody to go back to: ` +
        'mend it, or start with another one',
    );
  }

  private placeOn(device: number): number {
    return this.cards[device]?.place ?? NO_DRIVER;
  }

  private nameAt(place: number): string {
    return this.names[place] ?? 'unknown';
  }
}
