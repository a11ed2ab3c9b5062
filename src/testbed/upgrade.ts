/** All devices that a driver drives go to another version of it, one after another. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { negotiate, Refusal } from '../swap/plan.ts';
import { checkedParameters } from './checked-parameters.ts';
import { UsageError } from './errors.ts';
import type { SwapResult } from './run-events.ts';
import type { RunningDevice, SwapOptions } from './running-device.ts';
import type { DriverParameters } from './scenario.ts';

/** Of one device, when a CPU ended while it was to go back: it may end of another device's driver, which has still to go back. */
const ATTEMPTS = 3;

export interface UpgradeOptions extends SwapOptions {
  /** At the first swap that is not done, those before it are taken back and no further one is tried. Default: false. */
  readonly allOrNone?: boolean;
}

export interface UpgradeResult {
  /** The new version, as it is called in this run. */
  readonly to: string;
  /** `some`: of these swaps not all were done. `takenBack`: those that were have been taken back. */
  readonly outcome: 'done' | 'some' | 'takenBack';
  /** One a device, in the order of the devices. */
  readonly swaps: readonly SwapResult[];
  /** Swaps to what was there before, in the opposite order. */
  readonly takenBack: readonly SwapResult[];
}

/** A device, and how it is driven before. */
export interface Upgradable {
  readonly device: RunningDevice;
  readonly driver: string;
  readonly parameters: DriverParameters;
}

interface Planned extends Upgradable {
  /** Parameters that both have. */
  readonly kept: DriverParameters;
}

/** One upgrade of some devices. */
export class Upgrade {
  private readonly to: DriverDeclaration;
  private readonly planned: readonly Planned[];
  private readonly options: UpgradeOptions;
  private readonly drivenBy: (device: string) => string;

  /**
   * `drivenBy`: by whom a device is driven now. Throws UsageError if the new version does not take the parameters of one, or if there
   * would be no way back for one that may have to go it.
   */
  constructor(
    found: readonly Upgradable[],
    to: DriverDeclaration,
    options: UpgradeOptions,
    drivenBy: (device: string) => string,
  ) {
    this.to = to;
    this.options = options;
    this.drivenBy = drivenBy;
    this.planned = found.map((one) => ({ ...one, kept: keptBy(to, one) }));
    if (options.allOrNone === true) for (const one of found) demandWayBack(to, one);
  }

  async run(): Promise<UpgradeResult> {
    const { to, planned, options } = this;
    const { allOrNone = false, lazy = false } = options;
    if (lazy && !allOrNone) return this.ended(await Promise.all(planned.map((one) => this.forward(one))));
    const swaps: SwapResult[] = [];
    for (const one of planned) {
      const swap = await this.forward(one);
      swaps.push(swap);
      if (swap.outcome !== 'done' && allOrNone)
        return { to: to.name, outcome: 'takenBack', swaps, takenBack: await this.takeBack() };
    }
    return this.ended(swaps);
  }

  private ended(swaps: readonly SwapResult[]): UpgradeResult {
    const outcome = swaps.every((swap) => swap.outcome === 'done') ? 'done' : 'some';
    return { to: this.to.name, outcome, swaps, takenBack: [] };
  }

  private forward({ device, kept }: Planned): Promise<SwapResult> {
    return device.swap(this.to.name, kept, this.options);
  }

  /** Every device that has the new version: also one whose swap had been made when its CPU ended. */
  private async takeBack(): Promise<SwapResult[]> {
    const results: SwapResult[] = [];
    for (const one of this.planned.toReversed())
      if (this.drivenBy(one.device.name) === this.to.name) results.push(await this.back(one));
    return results;
  }

  /** At once, however the way there was. */
  private async back({ device, driver, parameters }: Planned): Promise<SwapResult> {
    const { method } = this.options;
    const options = method === undefined ? {} : { method };
    let result = await device.swap(driver, parameters, options);
    for (let attempt = 1; attempt < ATTEMPTS && result.outcome === 'cutOff'; attempt++)
      result = await device.swap(driver, parameters, options);
    return result;
  }
}

function keptBy(to: DriverDeclaration, { device, parameters }: Upgradable): DriverParameters {
  const known = new Set(to.parameters.map((spec) => spec.name));
  const kept = Object.fromEntries(Object.entries(parameters).filter(([name]) => known.has(name)));
  checkedParameters(to, kept, `upgrade of ${device.name}`);
  return kept;
}

function demandWayBack(to: DriverDeclaration, { device, driver }: Upgradable): void {
  const before = device.drivers.find(({ name }) => name === driver);
  if (before === undefined) return;
  try {
    negotiate(to, before);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageError(
      `upgrade of ${device.name}: it could not be taken back (${error.message}); give ${to.name} a converter to what ${driver} imports, or upgrade without all-or-none`,
    );
  }
}
