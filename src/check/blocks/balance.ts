/** The balance of a disk at the end of a run: every request is done once, and every block is what was written. */
import type { Invariant, Violation } from '../ledger.ts';
import type { BlockAnomaly, BlockAnomalyKind, BlockBooks, BlockCounts } from './books.ts';

/** What is known of one disk: `outstanding` is counted from the requests themselves, not derived from the counters. */
export interface DiskFacts {
  readonly name: string;
  /** Errors were planted: requests may fail. */
  readonly mayFail: boolean;
  /** Requests that resets have ended with an error. */
  readonly aborted: number;
  readonly counts: BlockCounts;
  readonly outstanding: number;
  readonly anomalies: readonly BlockAnomaly[];
}

export interface DiskBalance {
  readonly lost: number;
  readonly duplicated: number;
  readonly corrupt: number;
  readonly brokenPromises: number;
  readonly violations: readonly Violation[];
}

export function diskFacts(
  name: string,
  books: BlockBooks,
  outstanding: number,
  mayFail = false,
  aborted = 0,
): DiskFacts {
  return { name, mayFail, aborted, counts: books.counts(), outstanding, anomalies: books.anomalies() };
}

/** Call when all that will ever complete has completed: what is still outstanding is lost, as what was given up before. */
export function diskBalance(facts: DiskFacts): DiskBalance {
  const { counts, outstanding } = facts;
  const lost = counts.lost + outstanding;
  const { duplicated, corrupt, brokenPromises } = counts;
  const violations = [
    ...failed(facts),
    ...facts.anomalies.map((anomaly) => anomalyAsViolation(facts.name, anomaly)),
    ...unnamed(facts, lost),
    ...unbalanced(facts, lost),
  ];
  return { lost, duplicated, corrupt, brokenPromises, violations };
}

const INVARIANT_OF: Readonly<Record<BlockAnomalyKind, Invariant>> = {
  lost: 'delivery',
  duplicated: 'delivery',
  foreign: 'damage',
  misplaced: 'damage',
  torn: 'damage',
  damaged: 'damage',
  stale: 'order',
  unwritten: 'order',
  forgotten: 'promise',
};

export function anomalyAsViolation(device: string, anomaly: BlockAnomaly): Violation {
  const { kind, queue, timeUs } = anomaly;
  return {
    invariant: INVARIANT_OF[kind],
    device,
    ...(queue < 0 ? {} : { queue }),
    message: sentence(anomaly),
    timeUs,
  };
}

function sentence({ kind, request, block, found, expected }: BlockAnomaly): string {
  const where = `block ${block}, read by request ${request},`;
  switch (kind) {
    case 'lost':
      return `request ${request} to block ${block} was never completed`;
    case 'duplicated':
      return `request ${request} was completed and was not outstanding`;
    case 'foreign':
      return `${where} is no block that was ever written`;
    case 'misplaced':
      return `${where} is block ${found}`;
    case 'torn':
      return `${where} is torn: not all of it is version ${found}`;
    case 'damaged':
      return `${where} is damaged; its header says version ${found}`;
    case 'stale':
      return `${where} is ${content(found)}, and nothing before version ${expected} was left to be read`;
    case 'forgotten':
      return `${where} is ${content(found)} after the power cut, and version ${expected} was promised`;
    case 'unwritten':
      return `${where} is version ${found}, which was never written`;
  }
}

function content(version: number): string {
  return version === 0 ? 'zeroes' : `version ${version}`;
}

/** Where no error was planted, as many fail as resets have ended, no more and no less. */
function failed({ name, mayFail, aborted, counts }: DiskFacts): Violation[] {
  if (mayFail || counts.failed === aborted) return [];
  const resets = aborted === 0 ? '' : `, ${aborted} were ended by resets`;
  const message = `${counts.failed} requests failed${resets}, and no error was planted`;
  return [{ invariant: 'delivery', device: name, message }];
}

/** Requests that are still outstanding have no anomaly of their own. */
function unnamed({ name, outstanding }: DiskFacts, lost: number): Violation[] {
  if (outstanding === 0) return [];
  const message = `${outstanding} of ${lost} lost requests were outstanding at the end and will never be completed`;
  return [{ invariant: 'delivery', device: name, message }];
}

function unbalanced({ name, counts }: DiskFacts, lost: number): Violation[] {
  const { submitted, completed, cut } = counts;
  if (submitted === completed + cut + lost) return [];
  const message = `${submitted} requests were submitted, but ${completed} completed, ${cut} cut off and ${lost} lost`;
  return [{ invariant: 'conservation', device: name, message }];
}
