import type { CardReport, PairReport, Quantiles, Report } from '../../src/testbed/index.ts';

const DRIVERS = ['interrupt', 'polling', 'batching'];

const quantiles = (p50: number, p99: number, max: number): Quantiles => ({ p50, p99, max });

const PAIRS: PairReport[] = DRIVERS.flatMap((from, row) =>
  DRIVERS.map((to, column) => {
    const index = row * DRIVERS.length + column;
    return {
      kind: 'card' as const,
      from,
      to,
      method: 'inplace',
      count: 23 + (index % 2),
      criticalSectionUs: quantiles(0.31 + index / 50, 0.62 + index / 9, 1.4 + index * 1.7),
      stallUs: quantiles(3.1 + index / 3, 9.8 + index * 4.2, index === 4 ? 1204.4 : 21 + index * 9.4),
      controlStallUs: quantiles(2.9 + index / 3, 9.1 + index * 3.9, index === 7 ? 20431.2 : 18 + index * 8.8),
    };
  }),
);

const DEVICE: CardReport = {
  kind: 'card',
  driver: 'polling',
  app: 'echo',
  offered: 2_500_000,
  delivered: 2_500_000,
  lost: 0,
  duplicated: 0,
  reordered: 0,
  damaged: 0,
  dropped: {},
  transmitted: 2_500_000,
  skipped: { snapped: 10, PAUSE: 2 },
  lossesByPhase: {},
  dmaFaults: 0,
};

/** A run like that of `npm start`. */
export const PASSED: Report = {
  version: 1,
  verdict: 'pass',
  violations: [],
  covered: {
    framesChecked: 5_000_000,
    bytesChecked: 1_934_200_112,
    wholePayloadShare: 1,
    buffersAccounted: 12_288,
    invariants: [
      'delivery',
      'order',
      'damage',
      'conservation',
      'buffers',
      'interrupts',
      'isolation',
      'transmit',
    ],
  },
  devices: {
    eth0: DEVICE,
    eth1: { ...DEVICE, driver: 'interrupt', app: 'sink', transmitted: 0, skipped: {} },
  },
  swaps: {
    count: 212,
    scheduled: 214,
    refused: 1,
    rolledBack: 1,
    resubmitted: 0,
    aborted: 0,
    criticalSectionUs: quantiles(0.38, 1.31, 15),
    stallUs: quantiles(4.6, 43.2, 1204.4),
    controlStallUs: quantiles(4.2, 40.1, 20431.2),
    phasesUs: {
      negotiate: quantiles(0.8, 2.1, 6.4),
      prepare: quantiles(412.2, 1804.9, 5120),
      quiesce: quantiles(0.1, 0.3, 4),
      transfer: quantiles(0.21, 0.9, 7.7),
      commit: quantiles(0.05, 0.11, 3.3),
      probation: quantiles(42.1, 388, 2210.4),
      retire: quantiles(18.8, 96.4, 412),
    },
    byPair: PAIRS,
    notes: [
      {
        swap: 7,
        device: 'eth0',
        from: 'polling',
        to: 'batching',
        outcome: 'done',
        phase: 'prepare',
        reason: 'queue 0 keeps its ring length of 512: filters do not reach it',
      },
      {
        swap: 18,
        device: 'eth0',
        from: 'polling',
        to: 'batching',
        outcome: 'rolledBack',
        phase: 'transfer',
        reason: 'the state block does not hold together: rxTail 600 is outside the ring of 512',
      },
      {
        swap: 44,
        device: 'eth1',
        from: 'interrupt',
        to: 'polling',
        outcome: 'refused',
        phase: 'negotiate',
        reason: 'another swap is under way',
      },
    ],
  },
  throughput: {
    mpps: 0.4032,
    gbps: 1.2479,
    timeline: Array.from({ length: 120 }, (_, slice) => ({
      mpps: Math.max(
        0,
        0.41 + Math.sin(slice / 4) / 25 - (slice % 29 === 11 ? 0.2 : 0) - (slice < 1 ? 0.3 : 0),
      ),
      swaps: slice === 119 ? 0 : slice % 4 === 0 ? 1 : 2,
    })),
  },
  durationMs: 12_402.2,
  seed: 1,
  interrupted: false,
  host: { node: 'v20.20.2', cpu: 'Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz', cores: 2 },
};

/** An open link, a driver that exchanges frames, and Ctrl-C. */
export const FAILED: Report = {
  ...PASSED,
  verdict: 'fail',
  interrupted: true,
  durationMs: 843.1,
  violations: [
    {
      invariant: 'order',
      device: 'eth0',
      queue: 2,
      flow: 7,
      sequence: 1_204_221,
      swap: 18,
      phase: 'transfer',
      message: 'sequence 1204220 was expected; the frame came one too early',
    },
    ...Array.from({ length: 6 }, (_, index) => ({
      invariant: index === 5 ? 'buffers' : 'delivery',
      device: 'eth0',
      flow: 7,
      message: `made-up violation number ${index + 2}`,
    })),
  ],
  covered: { ...PASSED.covered, wholePayloadShare: 1 / 64 },
  devices: {
    eth0: {
      ...DEVICE,
      delivered: 2_499_100,
      lost: 696,
      reordered: 2,
      dropped: { 'no descriptor': 204 },
      dmaFaults: 3,
    },
    eth1: {
      ...DEVICE,
      offered: 2_500_512,
      dropped: { 'no descriptor': 508, 'FIFO full': 4 },
      lossesByPhase: { none: 500, quiesce: 12 },
      skipped: {},
    },
  },
  swaps: {
    ...PASSED.swaps,
    byPair: [...PAIRS, ...PAIRS.slice(0, 3).map((pair) => ({ ...pair, method: 'drain' as const }))],
    notes: Array.from({ length: 8 }, (_, swap) => ({
      swap,
      device: 'eth0',
      from: 'polling',
      to: 'batching',
      outcome: 'refused' as const,
      phase: 'negotiate',
      reason: 'another swap is under way',
    })),
  },
};

/** How devices came from one CPU to another. */
export const PASSAGES: NonNullable<Report['passages']> = {
  handovers: {
    count: 1204,
    adoptionUs: { p50: 11.2, p99: 140.5, max: 12_204.1 },
    pauseUs: { p50: 14.2, p99: 160.5, max: 14_204.1 },
  },
  recoveries: {
    count: 9,
    adoptionUs: { p50: 5596.7, p99: 25_395.6, max: 25_395.6 },
    pauseUs: { p50: 6934.2, p99: 26_957.7, max: 26_957.7 },
  },
  notes: [
    {
      ...{ atMs: 78.2, from: 0, to: 1, cause: 'killed', pauseUs: 6934.2 },
      reason: 'it was ended on request',
    },
    { atMs: 1046.1, from: 1, to: 0, cause: 'failure', reason: 'gone bad', pauseUs: 15_224.3 },
    {
      ...{ atMs: 4046.1, from: 0, to: 1, cause: 'hang', pauseUs: 15_224.3 },
      reason:
        'driver goes-bad of eth0 hangs: frames lie in receive ring 0, and none is taken: `consumed` stood at 4711 for 2 s',
      returned: { device: 'eth0', from: 'goes-bad', to: 'batching' },
    },
  ],
};
