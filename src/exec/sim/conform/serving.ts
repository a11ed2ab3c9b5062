/** A driver in seeded scenarios: alone, swapped in and out, with rings drained, moved or reset. */
import type { Violation } from '../../../check/ledger.ts';
import type { SwapRecord } from '../../../swap/record.ts';
import type { SimResult } from '../machine.ts';
import type { SimScenario } from '../scenario.ts';
import type { SeedOptions, Workbench } from '../seeds.ts';
import { shrink } from '../shrink.ts';
import { adviceFor } from './advice.ts';
import { EventsOf } from './events.ts';
import { type Explanation, type Finding, pass } from './point.ts';

/** Of those that take longest, so many are run to find a smaller one. */
const ENDLESS_RUNS = 30;
const OUT_OF_MEMORY = /packet buffers of .* the machine has memory for|DMA memory left/;
const ENDED = /^VIOLATION/;
const ENDED_OR_UNDONE = /^VIOLATION|^swap .*: (refused|rolledBack) (?!.*memory)/;

export interface Seeds {
  readonly from: number;
  readonly seeds: number;
}

/** Runs the seeds with each of the options in turn, up to the first failure. */
export function askSeeds(
  workbench: Workbench,
  { from, seeds }: Seeds,
  rounds: readonly SeedOptions[],
): Finding {
  let frames = 0;
  let swaps = 0;
  for (const options of rounds)
    for (let seed = from; seed < from + seeds; seed++) {
      const scenario = workbench.draw(seed, options);
      const result = judge(workbench.run(scenario), options);
      if (result.violation !== undefined) return broken(workbench, scenario, result, options);
      frames += result.frames;
      swaps += result.records.filter(({ outcome }) => outcome === 'done').length;
    }
  return pass(swaps > 0 ? `${swaps} swaps` : `${frames.toLocaleString('en-US')} frames`);
}

/** Without faults a swap has no reason not to be done, unless the machine has no memory for it. */
function judge(result: SimResult, { faults = [] }: SeedOptions): SimResult {
  if (result.violation !== undefined || faults.length > 0) return result;
  const record = result.records.find(
    ({ outcome, reason }) => outcome !== 'done' && !OUT_OF_MEMORY.test(reason),
  );
  return record === undefined ? result : { ...result, violation: undone(record) };
}

function undone({ device, id, from, to, outcome, phase, reason }: SwapRecord): Violation {
  const how = outcome === 'refused' ? 'refused' : 'rolled back';
  const message = `swap ${id}, ${from} → ${to}, was ${how} in ${phase}: ${reason}`;
  return { invariant: 'driver', device, message };
}

/** The failure made small, with its last events. */
function broken(
  workbench: Workbench,
  scenario: SimScenario,
  result: SimResult,
  options: SeedOptions,
): Finding {
  const run = (smaller: SimScenario) => judge(workbench.run(smaller), options);
  const shrunk = shrink(scenario, result, sparing(run));
  const { violation = result.violation, during } = run(shrunk);
  if (violation === undefined) throw new Error('there is no violation to explain');
  const { invariant, message, device, queue, flow, sequence } = violation;
  const events = new EventsOf(invariant, device, options.faults?.length === 0 ? ENDED_OR_UNDONE : ENDED);
  workbench.run(shrunk, events);
  const explanation: Explanation = {
    invariant,
    message,
    device,
    ...(queue === undefined ? {} : { queue }),
    ...(flow === undefined ? {} : { flow }),
    ...(sequence === undefined ? {} : { sequence }),
    ...during,
    events: events.last(),
  };
  return { verdict: 'fail', says: adviceFor(violation, during?.phase), seed: scenario.seed, explanation };
}

/** A scenario that does not end takes as long as hundreds that do: after some of them nothing smaller is found. */
function sparing(run: (scenario: SimScenario) => SimResult): (scenario: SimScenario) => SimResult {
  let left = ENDLESS_RUNS;
  let enough: SimResult | undefined;
  return (scenario) => {
    if (enough !== undefined) return enough;
    const result = run(scenario);
    if (/does not come to (its|an|the) end/.test(result.violation?.message ?? '') && --left === 0)
      enough = { ...result, violation: undefined };
    return result;
  };
}
