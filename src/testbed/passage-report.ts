import type { Relief } from '../exec/threads/relief.ts';
import { quantiles, rounded } from './quantiles.ts';
import type { PassagesReport, RecoveryNote } from './report.ts';

const NOTES_KEPT = 100;

/** `startedUs`: on the machine's clock, when traffic began. */
export function reportPassages(reliefs: readonly Relief[], startedUs: number): PassagesReport {
  const handovers = reliefs.filter(({ cause }) => cause === 'handover');
  const recoveries = reliefs.filter(({ cause }) => cause !== 'handover');
  return {
    handovers: times(handovers),
    recoveries: times(recoveries),
    notes: recoveries.slice(0, NOTES_KEPT).map((relief) => noteOf(relief, startedUs)),
  };
}

function times(reliefs: readonly Relief[]): PassagesReport['handovers'] {
  return {
    count: reliefs.length,
    adoptionUs: quantiles(reliefs.map(({ leftUs, adoptedUs }) => adoptedUs - leftUs)),
    pauseUs: quantiles(reliefs.map(({ leftUs, servedUs }) => servedUs - leftUs)),
  };
}

function noteOf(relief: Relief, startedUs: number): RecoveryNote {
  const { from, to, cause, reason, leftUs, servedUs, returned, resets } = relief;
  return {
    atMs: rounded((leftUs - startedUs) / 1000),
    from,
    to,
    cause: cause === 'handover' ? 'killed' : cause,
    reason,
    pauseUs: rounded(servedUs - leftUs),
    ...(returned === undefined ? {} : { returned }),
    ...(resets.length === 0 ? {} : { resets }),
  };
}
