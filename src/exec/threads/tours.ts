/** What several CPUs did one after another, as if it had been one. */
import type { MachineLayout } from '../../host/machine.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { Occupancy } from './idle.ts';
import type { CpuResult, Tour } from './messages.ts';

const NO_TIME: Occupancy = { workingUs: 0, lookingUs: 0, idleUs: 0 };

/** Of a thread that ended in the middle: its swaps were told as they ended. What it saw of frames is in their counts alone. */
export function tourOfTheDead(records: readonly SwapRecord[], { cards }: MachineLayout): Tour {
  const scheduled = records.reduce((last, { id }) => Math.max(last, id), 0);
  const anomalies = cards.map(() => []);
  return { records, unkept: 0, scheduled, violations: [], anomalies, occupancy: NO_TIME };
}

/** `last`: of the CPU that served to the end, with all that the devices have to say. Swaps are numbered throughout. */
export function combined(earlier: readonly Tour[], last: CpuResult): CpuResult {
  if (earlier.length === 0) return last;
  const tours = [...earlier, last];
  return {
    ...last,
    records: renumbered(tours),
    unkept: sum(tours, ({ unkept }) => unkept),
    scheduled: sum(tours, ({ scheduled }) => scheduled),
    violations: tours.flatMap(({ violations }) => violations),
    anomalies: last.anomalies.map((_, card) => tours.flatMap(({ anomalies }) => anomalies[card] ?? [])),
    occupancy: {
      workingUs: sum(tours, ({ occupancy }) => occupancy.workingUs),
      lookingUs: sum(tours, ({ occupancy }) => occupancy.lookingUs),
      idleUs: sum(tours, ({ occupancy }) => occupancy.idleUs),
    },
  };
}

function renumbered(tours: readonly Tour[]): SwapRecord[] {
  let before = 0;
  return tours.flatMap(({ records, scheduled }) => {
    const base = before;
    before += scheduled;
    return records.map((record) => ({ ...record, id: record.id + base }));
  });
}

function sum(tours: readonly Tour[], value: (tour: Tour) => number): number {
  return tours.reduce((total, tour) => total + value(tour), 0);
}
