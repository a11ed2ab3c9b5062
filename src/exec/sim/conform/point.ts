/** What is asked of a driver, point by point. Plain data, so that a thread can hand it to another. */
import type { Invariant } from '../../../check/ledger.ts';
import type { Phase } from '../../../swap/plan.ts';

export type Verdict = 'pass' | 'fail' | 'skipped';

/** A scenario in which the driver broke the contract, as small as it could be made. */
export interface Explanation {
  readonly invariant: Invariant;
  readonly message: string;
  readonly device: string;
  readonly queue?: number;
  readonly flow?: number;
  readonly sequence?: number;
  /** The swap in whose time it was seen. */
  readonly swap?: number;
  readonly phase?: Phase;
  /** Simulated time and what happened, the last line last. */
  readonly events: readonly string[];
}

/** What came out of one point. */
export interface Finding {
  readonly verdict: Verdict;
  /** A sentence on which the driver's author can act. */
  readonly says: string;
  readonly seed?: number;
  readonly explanation?: Explanation;
}

export interface ConformPoint extends Finding {
  readonly name: string;
  readonly title: string;
}

/** A point yet to be looked into. */
export interface Question {
  readonly name: string;
  readonly title: string;
  /** Points without which this one would only say the same again. */
  readonly needs: readonly string[];
  ask(): Finding;
}

export function pass(says: string): Finding {
  return { verdict: 'pass', says };
}

export function fail(says: string): Finding {
  return { verdict: 'fail', says };
}

export function skipped(says: string): Finding {
  return { verdict: 'skipped', says };
}

/** The first of the problems, and how many there are more. */
export function failWith(problems: readonly string[]): Finding {
  const [first = '', ...more] = problems;
  return fail(more.length === 0 ? first : `${first}; and ${more.length} more: ${more.join('; ')}`);
}
