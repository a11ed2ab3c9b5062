/** A driver in seeded scenarios: alone, swapped in and out, with rings drained, moved or reset. */
import type { Violation } from '../../../check/ledger.ts';
import type { Patience } from '../../../swap/probation.ts';
import type { SwapRecord } from '../../../swap/record.ts';
import { EventsOf } from '../events.ts';
import type { SimResult } from '../run.ts';
import type { SimScenario } from '../scenario.ts';
import type { SeedOptions, Workbench } from '../seeds.ts';
import { shrink } from '../shrink.ts';
import type { Trace } from '../trace.ts';
import { adviceFor } from './advice.ts';
import { DISK_ADVICE } from './disk-advice.ts';
import { type Explanation, type Finding, pass } from './point.ts';

/** Of those that take longest, so many are run to find a smaller one. */
const ENDLESS_RUNS = 30;
/** Far longer than any interrupt is moderated; the machine itself gives up when nothing is done any more. */
const UNHURRIED: Patience = { stuckPolls: 1_000_000, idlePolls: 30 };
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
  let requests = 0;
  let swaps = 0;
  for (const options of rounds) {
    const run = runnerOf(workbench, options);
    for (let seed = from; seed < from + seeds; seed++) {
      const scenario = workbench.draw(seed, options);
      const result = run(scenario);
      if (result.violation !== undefined) return broken(scenario, result, run, isCalm(options));
      frames += result.frames;
      requests += result.requests;
      swaps += result.records.filter(({ outcome }) => outcome === 'done').length;
    }
  }
  if (swaps > 0) return pass(`${swaps} swaps`);
  const grouped = (count: number) => count.toLocaleString('en-US');
  return pass(frames > 0 ? `${grouped(frames)} frames` : `${grouped(requests)} requests`);
}

type Run = (scenario: SimScenario, trace?: Trace) => SimResult;

function isCalm({ faults }: SeedOptions): boolean {
  return faults?.length === 0;
}

/** Without faults a driver is given time for its moderation, and a swap that is not done is a violation. */
function runnerOf(workbench: Workbench, options: SeedOptions): Run {
  if (!isCalm(options)) return (scenario, trace) => workbench.run(scenario, trace);
  return (scenario, trace) => {
    const result = workbench.run(scenario, trace, UNHURRIED);
    return result.violation === undefined ? { ...result, violation: unfinished(result.records) } : result;
  };
}

/** A swap that nothing disturbed has no reason not to be done, unless the machine has no memory for it. */
function unfinished(records: readonly SwapRecord[]): Violation | undefined {
  for (const { device, id, from, to, outcome, phase, reason, notes } of records) {
    const swap = `swap ${id}, ${from} → ${to}`;
    const failed = notes.find((note) => note.includes('failed in release'));
    if (outcome === 'done' && failed !== undefined)
      return { invariant: 'driver', device, message: `${swap}: ${failed}` };
    if (outcome === 'done' || OUT_OF_MEMORY.test(reason)) continue;
    const how = outcome === 'refused' ? 'refused' : 'rolled back';
    return { invariant: 'driver', device, message: `${swap}, was ${how} in ${phase}: ${reason}` };
  }
  return undefined;
}

/** The failure made small, with its last events. */
function broken(scenario: SimScenario, result: SimResult, run: Run, calm: boolean): Finding {
  const shrunk = shrink(scenario, result, sparing(run));
  const { violation = result.violation, during } = run(shrunk);
  if (violation === undefined) throw new Error('there is no violation to explain');
  const events = new EventsOf(violation, calm ? ENDED_OR_UNDONE : ENDED);
  run(shrunk, events);
  const { invariant, message, device, queue, flow, sequence } = violation;
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
  const says = adviceFor(violation, during?.phase, scenario.cards.length > 0 ? undefined : DISK_ADVICE);
  return { verdict: 'fail', says, seed: scenario.seed, explanation };
}

/** A scenario that does not end takes as long as hundreds that do: after some of them nothing smaller is found. */
function sparing(run: Run): Run {
  let left = ENDLESS_RUNS;
  let enough: SimResult | undefined;
  return (scenario) => {
    if (enough !== undefined) return enough;
    const result = run(scenario);
    if (/does not come to (its|an|the) end|no progress/.test(result.violation?.message ?? '') && --left === 0)
      enough = { ...result, violation: undefined };
    return result;
  };
}
