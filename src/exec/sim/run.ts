/** What a scenario is run with, and what comes of it. */
import type { CheckerDefinition } from '../../check/checker.ts';
import type { Violation } from '../../check/ledger.ts';
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import type { DiskDriverDefinition } from '../../drivers/nvme/contract.ts';
import type { ApplicationDefinition } from '../../host/apps/applications.ts';
import type { Phase } from '../../swap/plan.ts';
import type { Patience } from '../../swap/probation.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { Covered } from './coverage.ts';

/** Beside the built-in ones. */
export interface SimParts {
  readonly drivers: readonly NicDriverDefinition[];
  readonly diskDrivers: readonly DiskDriverDefinition[];
  readonly applications: readonly ApplicationDefinition[];
  readonly checkers: readonly CheckerDefinition[];
  /** With drivers on probation, where it is to be more than usual. */
  readonly patience?: Patience;
}

export interface SimResult {
  readonly violation: Violation | undefined;
  /** The swap in whose time it was seen, and its phase. */
  readonly during: { readonly swap: number; readonly phase: Phase } | undefined;
  readonly records: readonly SwapRecord[];
  readonly frames: number;
  readonly requests: number;
  readonly covered: Covered;
  readonly timeUs: number;
}
