/** The ledger's part of what a bench says: a pass, and how much was looked at. */
import type { Report } from '../src/testbed/report.ts';
import type { LedgerResult } from './results.ts';

/** Violations told of one bench. */
const VIOLATIONS_KEPT = 10;

/** Of frames in benchmarks, one in so many is compared whole. */
export const WHOLE_ONE_IN = 256;

export function ledgerOf(report: Report): LedgerResult {
  return {
    verdict: report.verdict,
    frames: report.covered.framesChecked,
    wholeShare: report.covered.wholePayloadShare,
    swaps: report.swaps.count,
    violations: report.violations
      .map(({ device, message }) => `${device}: ${message}`)
      .slice(0, VIOLATIONS_KEPT),
  };
}

/** The share is that of all frames together. Those of one bench are all of frames, or of blocks, or of requests. */
export function joinLedgers(ledgers: readonly LedgerResult[]): LedgerResult {
  const of = ledgers.find((ledger) => ledger.of !== undefined)?.of;
  const frames = ledgers.reduce((sum, ledger) => sum + ledger.frames, 0);
  const whole = ledgers.reduce((sum, ledger) => sum + ledger.frames * ledger.wholeShare, 0);
  return {
    verdict: ledgers.every(({ verdict }) => verdict === 'pass') ? 'pass' : 'fail',
    ...(of === undefined ? {} : { of }),
    frames,
    wholeShare: frames === 0 ? 0 : whole / frames,
    swaps: ledgers.reduce((sum, ledger) => sum + ledger.swaps, 0),
    violations: ledgers.flatMap(({ violations }) => violations).slice(0, VIOLATIONS_KEPT),
  };
}
