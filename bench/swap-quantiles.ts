/** What many swaps have taken, as quantiles. */
import { PHASES } from '../src/swap/plan.ts';
import { phaseTookUs, type SwapRecord } from '../src/swap/record.ts';
import type { Collected } from './collect.ts';
import { quantile } from './statistics.ts';

export const QUANTILES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, max: 1 };

/** How much longer a swap's stall is than its own control: the median. */
export function stallOver(done: readonly SwapRecord[]): number {
  const over = done
    .map(({ stallUs, controlStallUs }) =>
      controlStallUs === undefined ? Number.NaN : stallUs - controlStallUs,
    )
    .filter((us) => !Number.isNaN(us));
  return quantile(over, 0.5);
}

/** Critical section, stall, control, and how far the stall is over the control. */
export function recordQuantiles(collected: Collected, id: string, done: readonly SwapRecord[]): void {
  if (done.length === 0) return;
  const controls = done.map(({ controlStallUs }) => controlStallUs).filter((us) => us !== undefined);
  for (const [name, part] of Object.entries(QUANTILES)) {
    collected.value(
      `${id}/critical/${name}`,
      quantile(
        done.map((swap) => swap.criticalSectionUs),
        part,
      ),
    );
    collected.value(
      `${id}/stall/${name}`,
      quantile(
        done.map((swap) => swap.stallUs),
        part,
      ),
    );
    if (controls.length > 0) collected.value(`${id}/control/${name}`, quantile(controls, part));
  }
  if (controls.length > 0) collected.value(`${id}/over`, stallOver(done));
}

/** The same for each pair of drivers by itself. */
export function recordPairs(
  collected: Collected,
  id: string,
  pairs: readonly { readonly from: string; readonly to: string }[],
  done: readonly SwapRecord[],
): void {
  for (const { from, to } of pairs)
    recordQuantiles(
      collected,
      `${id}/${from}-${to}`,
      done.filter((swap) => swap.from === from && swap.to === to),
    );
}

export function recordPhases(collected: Collected, id: string, done: readonly SwapRecord[]): void {
  for (const phase of PHASES) {
    const took = done.map((swap) => phaseTookUs(swap, phase)).filter((us) => us !== undefined);
    if (took.length > 0)
      for (const [name, part] of Object.entries(QUANTILES))
        collected.value(`${id}/phase-${phase}/${name}`, quantile(took, part));
  }
}
