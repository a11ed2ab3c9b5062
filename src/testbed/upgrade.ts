/** All devices that a driver drives go to another version of it, one after another. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { checkedParameters } from './checked-parameters.ts';
import type { SwapResult } from './run-events.ts';
import type { RunningDevice, SwapOptions } from './running-device.ts';
import type { DriverParameters } from './scenario.ts';

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

/** Parameters that the new version has too keep their values. Throws UsageError if it does not take one, before the first swap. */
export async function upgradeAll(
  found: readonly Upgradable[],
  to: DriverDeclaration,
  { allOrNone = false, ...options }: UpgradeOptions,
): Promise<UpgradeResult> {
  const planned = found.map((one) => ({ ...one, kept: keptBy(to, one) }));
  const swaps: SwapResult[] = [];
  const done: Upgradable[] = [];
  for (const { kept, ...one } of planned) {
    const result = await one.device.swap(to.name, kept, options);
    swaps.push(result);
    if (result.outcome === 'done') done.push(one);
    else if (allOrNone)
      return { to: to.name, outcome: 'takenBack', swaps, takenBack: await takeBack(done, options) };
  }
  const outcome = done.length === found.length ? 'done' : 'some';
  return { to: to.name, outcome, swaps, takenBack: [] };
}

async function takeBack(done: readonly Upgradable[], options: SwapOptions): Promise<SwapResult[]> {
  const results: SwapResult[] = [];
  for (const { device, driver, parameters } of done.toReversed())
    results.push(await device.swap(driver, parameters, options));
  return results;
}

function keptBy(to: DriverDeclaration, { device, parameters }: Upgradable): DriverParameters {
  const known = new Set(to.parameters.map((spec) => spec.name));
  const kept = Object.fromEntries(Object.entries(parameters).filter(([name]) => known.has(name)));
  checkedParameters(to, kept, `upgrade of ${device.name}`);
  return kept;
}
