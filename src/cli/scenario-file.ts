import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { DiskScenario, Scenario } from '../testbed/index.ts';
import { UsageError, validateScenario } from '../testbed/index.ts';

/** Reads a scenario; the files it names are looked for beside it first. */
export function readScenario(file: string): Scenario {
  return beside(dirname(file), validateScenario(parsed(file), file));
}

function parsed(file: string): unknown {
  const text = contents(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${message(error)}${lineOf(text, message(error))}`);
  }
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the scenario: ${message(error)}`);
  }
}

/** Node 20 tells the position alone, newer ones the line too. */
function lineOf(text: string, complaint: string): string {
  const [, position] = /at position (\d+)(?! \(line)/.exec(complaint) ?? [];
  return position === undefined ? '' : ` (line ${text.slice(0, Number(position)).split('\n').length})`;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function beside(folder: string, scenario: Scenario): Scenario {
  const path = (name: string) => {
    const candidate = join(folder, name);
    return !isAbsolute(name) && existsSync(candidate) ? candidate : name;
  };
  // A bare name is a built-in driver, whatever lies beside the scenario.
  const driverPath = (name: string) => (/[/\\.]/.test(name) ? path(name) : name);
  const driven = ({ driver }: Pick<Scenario, 'driver'>) =>
    driver === undefined ? {} : { driver: { ...driver, name: driverPath(driver.name) } };
  const rebase = <T extends Pick<Scenario, 'capture' | 'driver'>>(part: T): T => ({
    ...part,
    ...(part.capture === undefined ? {} : { capture: path(part.capture) }),
    ...driven(part),
  });
  const disk = (given: DiskScenario): DiskScenario => ({
    ...given,
    ...(given.media === undefined ? {} : { media: path(given.media) }),
    ...driven(given),
  });
  return {
    ...rebase(scenario),
    ...(scenario.nics === undefined ? {} : { nics: scenario.nics.map(rebase) }),
    ...(scenario.disks === undefined ? {} : { disks: scenario.disks.map(disk) }),
    ...(scenario.swaps === undefined
      ? {}
      : { swaps: scenario.swaps.map((swap) => ({ ...swap, to: driverPath(swap.to) })) }),
  };
}
