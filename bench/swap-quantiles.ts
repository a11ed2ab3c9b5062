/** What many swaps have taken, as quantiles. */
import { PHASES } from '../src/swap/plan.ts';
import { phaseTookUs, type SwapRecord } from '../src/swap/record.ts';
import type { Collected } from './collect.ts';
import type { Swaps } from './gauged-swaps.ts';

export const QUANTILES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, max: 1 };
const MEDIAN = { '': 0.5 };

/** Critical section, stall, control, and how far the stall is over the control. */
export function recordQuantiles(collected: Collected, id: string, done: Swaps): void {
  record(collected, `${id}/critical/`, done, ({ criticalSectionUs }) => criticalSectionUs);
  record(collected, `${id}/stall/`, done, ({ stallUs }) => stallUs);
  record(collected, `${id}/control/`, done, ({ controlStallUs }) => controlStallUs);
  recordMedian(collected, `${id}/over`, done, overUs);
}

/** The same for each pair of drivers by itself. */
export function recordPairs(
  collected: Collected,
  id: string,
  pairs: readonly { readonly from: string; readonly to: string }[],
  done: Swaps,
): void {
  for (const { from, to } of pairs)
    recordQuantiles(
      collected,
      `${id}/${from}-${to}`,
      done.filter((swap) => swap.from === from && swap.to === to),
    );
}

export function recordPhases(collected: Collected, id: string, done: Swaps): void {
  for (const phase of PHASES)
    record(collected, `${id}/phase-${phase}/`, done, (swap) => phaseTookUs(swap, phase));
}

export function recordMedian(
  collected: Collected,
  id: string,
  done: Swaps,
  of: (swap: SwapRecord) => number | undefined,
): void {
  record(collected, id, done, of, MEDIAN);
}

/** How much longer a swap's stall is than its own control. */
function overUs({ stallUs, controlStallUs }: SwapRecord): number | undefined {
  return controlStallUs === undefined ? undefined : stallUs - controlStallUs;
}

function record(
  collected: Collected,
  id: string,
  done: Swaps,
  of: (swap: SwapRecord) => number | undefined,
  parts: Readonly<Record<string, number>> = QUANTILES,
): void {
  for (const [name, part] of Object.entries(parts)) {
    const value = done.quantile(of, part);
    if (value !== undefined) collected.value(`${id}${name}`, value, part === 0.5 && !done.settled);
  }
}
