import type { CpuResult } from '../exec/threads/messages.ts';
import { PHASES } from '../swap/plan.ts';
import { phaseTookUs, type SwapRecord } from '../swap/record.ts';
import { quantiles } from './quantiles.ts';
import type { PairReport, SwapNote, SwapsReport } from './report.ts';

const NOTES_KEPT = 100;

/** `disks`: names of the devices that are disks. */
export function reportSwaps(
  { records, unkept, scheduled }: Pick<CpuResult, 'records' | 'unkept' | 'scheduled'>,
  disks: ReadonlySet<string>,
): SwapsReport {
  const done = records.filter((record) => record.outcome === 'done');
  return {
    count: done.length + unkept,
    scheduled,
    refused: records.filter((record) => record.outcome === 'refused').length,
    rolledBack: records.filter((record) => record.outcome === 'rolledBack').length,
    resubmitted: records.reduce((total, record) => total + record.resubmitted, 0),
    aborted: records.reduce((total, record) => total + record.aborted, 0),
    ...times(done),
    phasesUs: Object.fromEntries(
      PHASES.map((phase) => [phase, done.map((record) => phaseTookUs(record, phase))] as const)
        .map(([phase, values]) => [phase, values.filter((value) => value !== undefined)] as const)
        .filter(([, values]) => values.length > 0)
        .map(([phase, values]) => [phase, quantiles(values)]),
    ),
    byPair: [
      ...byPair(
        done.filter(({ device }) => !disks.has(device)),
        'card',
      ),
      ...byPair(
        done.filter(({ device }) => disks.has(device)),
        'disk',
      ),
    ],
    notes: notesOf(records),
  };
}

function times(records: readonly SwapRecord[]) {
  return {
    criticalSectionUs: quantiles(records.map((record) => record.criticalSectionUs)),
    stallUs: quantiles(records.map((record) => record.stallUs)),
    controlStallUs: quantiles(
      records.map((record) => record.controlStallUs).filter((stall) => stall !== undefined),
    ),
  };
}

function byPair(done: readonly SwapRecord[], kind: PairReport['kind']): PairReport[] {
  const pairs = new Map<string, SwapRecord[]>();
  for (const record of done) {
    const key = `${record.from} ${record.to} ${record.method}`;
    const pair = pairs.get(key);
    if (pair === undefined) pairs.set(key, [record]);
    else pair.push(record);
  }
  return [...pairs.values()].map((records) => {
    const { from, to, method } = records[0];
    return { kind, from, to, method, count: records.length, ...times(records) };
  });
}

/** Every refused or rolled-back swap has its reason; a remark that recurs is given once. */
function notesOf(records: readonly SwapRecord[]): SwapNote[] {
  const seen = new Set<string>();
  const notes: SwapNote[] = [];
  for (const record of records) {
    const reasons =
      record.outcome === 'done' ? record.notes.filter((note) => !seen.has(note)) : [record.reason];
    for (const reason of reasons) {
      seen.add(reason);
      const { id, device, from, to, outcome, phase } = record;
      if (notes.length < NOTES_KEPT) notes.push({ swap: id, device, from, to, outcome, phase, reason });
    }
  }
  return notes;
}
