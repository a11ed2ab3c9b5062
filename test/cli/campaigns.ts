/** Reports of campaigns, as `validate` gets them. */
import { CARD_SITUATIONS, DISK_SITUATIONS } from '../../src/exec/sim/coverage.ts';
import { canStrike, type DeviceClass, FAULT_NAMES, whyNot } from '../../src/exec/sim/faults.ts';
import { PHASES } from '../../src/swap/plan.ts';
import type { CampaignReport, DeviceCoverage, SeedFailureReport } from '../../src/testbed/index.ts';
import { scenario } from '../exec/sim/scenarios.ts';

const DRIVERS = ['interrupt', 'polling', 'batching', 'a-driver-with-a-long-name'];
const APPS = ['sink', 'echo', 'forward'];

function rowsOf(device: DeviceClass): DeviceCoverage['faults'] {
  return FAULT_NAMES.map((fault, row) => ({
    fault,
    why: whyNot(fault),
    least: PHASES.map((phase, column) =>
      canStrike(fault, phase, device) ? 1234 * row + 17 * column + 1 : null,
    ),
  }));
}

export const PASSED_CAMPAIGN: CampaignReport = {
  version: 1,
  verdict: 'pass',
  from: 0,
  seeds: 1_000_000,
  frames: 514_222_108,
  requests: 241_018_377,
  swaps: 3_402_118,
  outcomes: { done: 2_702_118, rolledBack: 250_000, refused: 400_000, cutOff: 50_000 },
  elapsedMs: 12_345_678,
  failedSeeds: [],
  failures: [],
  coverage: {
    phases: PHASES,
    drivers: DRIVERS,
    applications: APPS,
    faults: rowsOf('nic'),
    pairs: DRIVERS.flatMap((from, row) =>
      DRIVERS.map((to, column) => ({ from, to, least: APPS.map((_, i) => 100 * row + 10 * column + i + 1) })),
    ),
    disks: {
      drivers: DRIVERS,
      applications: ['blocks'],
      faults: rowsOf('nvme'),
      pairs: DRIVERS.flatMap((from, row) =>
        DRIVERS.map((to, column) => ({ from, to, least: [50 * row + column + 1] })),
      ),
    },
    situations: Object.fromEntries(
      [...CARD_SITUATIONS, ...DISK_SITUATIONS].map((name, i) => [name, 7 ** (i + 1)]),
    ),
    cells: 4_080,
    zero: [],
  },
  faults: FAULT_NAMES,
  interrupted: false,
  host: { node: 'v20.20.2', cpu: 'Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz', threads: 2 },
};

export const FAILURE: SeedFailureReport = {
  seed: 4_294_967_295,
  invariant: 'order',
  device: 'eth1',
  queue: 2,
  flow: 7,
  sequence: 120_422,
  message: 'frame 120422 of flow 7, received, was duplicated',
  swap: 3,
  phase: 'probation',
  timeUs: 4812.125,
  smallest: scenario([{}, { queues: 4 }], [{ ambushes: [{ phase: 'commit', fault: 'silence' }] }], {
    silence: 3,
  }),
  smallestMessage: 'frame 4 of flow 0, received, was duplicated',
  events: Array.from(
    { length: 40 },
    (_, i) => `${(4700 + i * 2.875).toFixed(3).padStart(12)}  eth1 does <thing> number ${i}`,
  ),
};

export const FAILED_CAMPAIGN: CampaignReport = {
  ...PASSED_CAMPAIGN,
  verdict: 'fail',
  interrupted: true,
  seeds: 300,
  failedSeeds: [4_294_967_280, 4_294_967_281, 4_294_967_295],
  failures: [FAILURE],
  coverage: {
    ...PASSED_CAMPAIGN.coverage,
    faults: PASSED_CAMPAIGN.coverage.faults.map((row) => ({ ...row, least: row.least.map((n) => n && 0) })),
    zero: PHASES.map((phase) => `${phase}|silence|interrupt|a-driver-with-a-long-name|forward`),
  },
};
