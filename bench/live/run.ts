/** Runs of whole machines on the product's own threads, for what is measured end to end. */

import { ThreadedMachine } from '../../src/exec/threads/machine.ts';
import { type DriveResults, drive } from '../../src/testbed/drive.ts';
import { makeReport } from '../../src/testbed/make-report.ts';
import type { Report } from '../../src/testbed/report.ts';
import type { Scenario } from '../../src/testbed/scenario.ts';
import { ledgerOf } from '../ledger.ts';
import { resolvedFor } from '../machines.ts';
import type { LedgerResult } from '../results.ts';

export interface LiveRun {
  readonly report: Report;
  readonly results: DriveResults;
  readonly ledger: LedgerResult;
}

export async function runLive(scenario: Scenario): Promise<LiveRun> {
  const { run, memory, layout } = await resolvedFor(scenario);
  const machine = await ThreadedMachine.start(memory, layout, {
    timed: run.timed,
    round: run.round,
    driverModules: [],
    applicationModules: [],
    pcapOut: undefined,
    wantsDump: false,
    takesOrders: false,
  });
  try {
    const results = await drive(machine, {});
    const report = makeReport(
      layout,
      results,
      layout.cards.map(() => ({})),
    );
    return { report, results, ledger: ledgerOf(report) };
  } finally {
    await machine.kill();
  }
}
