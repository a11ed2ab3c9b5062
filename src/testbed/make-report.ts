/** Puts a run's results together: the ledger's verdict, and what the user is told. */
import { cpus } from 'node:os';
import { diskBalance } from '../check/blocks/balance.ts';
import { balance, type CardBalance, type CardFacts, INVARIANTS, type Violation } from '../check/ledger.ts';
import type { DiskResult } from '../exec/threads/messages.ts';
import { type CardCounts, factsOf } from '../host/books.ts';
import type { CardLayout, MachineLayout } from '../host/machine.ts';
import { PHASES, type Phase } from '../swap/plan.ts';
import { phaseBeganUs, type SwapRecord } from '../swap/record.ts';
import type { DriveResults, Sample } from './drive.ts';
import { reportPassages } from './passage-report.ts';
import type {
  CardReport,
  DeviceReport,
  DiskReport,
  OwnDriverReport,
  Report,
  ThroughputReport,
  ViolationReport,
} from './report.ts';
import { reportSwaps } from './swap-report.ts';

const VIOLATIONS_KEPT = 100;
const TIMELINE_SLICES = 60;

type Skipped = readonly Readonly<Record<string, number>>[];

export function makeReport(
  layout: MachineLayout,
  results: DriveResults,
  skipped: Skipped,
  ownDrivers: readonly OwnDriverReport[] = [],
): Report {
  const { records } = results.cpu;
  const facts = layout.cards.map((card) =>
    factsOf(card, results.counts, results.cpu.anomalies[card.index], results.hardware.anomalies[card.index]),
  );
  const balances = facts.map(balance);
  // What the CPU saw comes first: it is the cause where the balance shows the effect.
  const disks = results.cpu.disks.map((disk) => ({ disk, balance: diskBalance(disk.facts) }));
  const violations = [
    ...hostViolations(results),
    ...balances.flatMap((card) => card.violations),
    ...disks.flatMap(({ balance }) => balance.violations),
  ];
  const devices: [string, DeviceReport][] = [
    ...layout.cards.map((card, i): [string, CardReport] => [
      card.name,
      reportCard(card, i, results, facts[i], balances[i], skipped[i]),
    ]),
    ...disks.map(({ disk, balance }): [string, DiskReport] => [disk.facts.name, reportDisk(disk, balance)]),
  ];
  const frames = results.counts.reduce((total, card) => total + card.delivered.frames, 0);
  const octets = results.counts.reduce((total, card) => total + card.delivered.octets, 0);
  const durationUs = Math.max(1, results.cpu.endUs - results.cpu.startUs);
  return {
    version: 1,
    verdict: violations.length === 0 ? 'pass' : 'fail',
    violations: violations.slice(0, VIOLATIONS_KEPT).map((violation) => reportViolation(violation, records)),
    covered: {
      framesChecked: frames + results.counts.reduce((total, card) => total + card.returned.frames, 0),
      bytesChecked: octets + results.counts.reduce((total, card) => total + card.returned.octets, 0),
      wholePayloadShare: 1 / Math.max(1, ...layout.cards.map((card) => card.wholeOneIn)),
      buffersAccounted: results.cpu.buffers,
      invariants: [...INVARIANTS, ...(disks.length > 0 ? ['promise'] : [])],
    },
    devices: Object.fromEntries(devices),
    ...(ownDrivers.length > 0 ? { ownDrivers } : {}),
    swaps: reportSwaps(results.cpu, new Set(layout.disks.map(({ name }) => name))),
    ...(results.reliefs.length > 0 ? { passages: reportPassages(results.reliefs, results.cpu.startUs) } : {}),
    throughput: throughput(frames, octets, durationUs, results.samples),
    durationMs: durationUs / 1000,
    seed: layout.seed,
    interrupted: results.interrupted,
    host: { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
  };
}

function hostViolations({ cpu }: DriveResults): Violation[] {
  const buffers = cpu.bufferProblems.map(({ device, queue, message }): Violation => {
    return { invariant: 'buffers', device, message, ...(queue === undefined ? {} : { queue }) };
  });
  return [...cpu.violations, ...buffers];
}

function reportViolation(
  { timeUs, ...violation }: Violation,
  records: readonly SwapRecord[],
): ViolationReport {
  const swap = timeUs === undefined ? undefined : swapAt(records, violation.device, timeUs);
  if (swap === undefined || timeUs === undefined) return violation;
  return { ...violation, swap: swap.id, phase: phaseAt(swap, timeUs) };
}

function swapAt(records: readonly SwapRecord[], device: string, timeUs: number): SwapRecord | undefined {
  return records.find(
    (record) => record.device === device && timeUs >= record.acceptedUs && timeUs <= record.endedUs,
  );
}

function phaseAt(record: SwapRecord, timeUs: number): Phase {
  let current: Phase = 'negotiate';
  for (const phase of PHASES) {
    const began = phaseBeganUs(record, phase);
    if (began !== undefined && began <= timeUs) current = phase;
  }
  return current;
}

function reportCard(
  card: CardLayout,
  index: number,
  results: DriveResults,
  facts: CardFacts,
  { lost, duplicated, reordered, damaged }: CardBalance,
  skipped: Readonly<Record<string, number>>,
): CardReport {
  const counts: CardCounts = results.counts[index];
  return {
    kind: 'card',
    driver: results.cpu.drivers[index],
    app: card.app,
    offered: counts.offered,
    delivered: counts.delivered.frames,
    lost,
    duplicated,
    reordered,
    damaged,
    dropped: Object.fromEntries(Object.entries(facts.dropped).filter(([, count]) => count > 0)),
    transmitted: counts.returned.frames,
    skipped,
    lossesByPhase: lossesByPhase(card, results),
    dmaFaults: counts.dmaFaults,
  };
}

function reportDisk(
  { driver, facts: { counts }, served, latencyUs }: DiskResult,
  { lost, duplicated, corrupt, brokenPromises }: ReturnType<typeof diskBalance>,
): DiskReport {
  const seconds = Math.max(1, served.endUs - served.startUs) / 1e6;
  const { submitted, completed, failed } = counts;
  return {
    kind: 'disk',
    driver,
    submitted,
    completed,
    failed,
    lost,
    duplicated,
    corrupt,
    brokenPromises,
    iops: Math.round(served.completed / seconds),
    mbps: Math.round(served.bytes / seconds / 1e5) / 10,
    latencyUs,
  };
}

/** Each loss on the link falls into a phase of a swap of that card, or into none. */
function lossesByPhase({ index, name }: CardLayout, { cpu, hardware }: DriveResults): Record<string, number> {
  const phases: Record<string, number> = {};
  for (const loss of hardware.losses[index]) {
    const swap = swapAt(cpu.records, name, loss.timeUs);
    const phase = swap === undefined ? 'none' : phaseAt(swap, loss.timeUs);
    phases[phase] = (phases[phase] ?? 0) + loss.frames;
  }
  return phases;
}

function throughput(
  frames: number,
  octets: number,
  durationUs: number,
  samples: readonly Sample[],
): ThroughputReport {
  return {
    mpps: frames / durationUs,
    gbps: (octets * 8) / durationUs / 1000,
    timeline: timeline(samples, durationUs / 1000),
  };
}

/** Samples put into equal slices of the time in which frames were delivered. */
function timeline(samples: readonly Sample[], durationMs: number): { mpps: number; swaps: number }[] {
  const slices = Math.max(1, Math.min(TIMELINE_SLICES, Math.floor(samples.length / 2)));
  const sliceMs = durationMs / slices;
  const at = (ms: number): Sample => samples.findLast((sample) => sample.elapsedMs <= ms) ?? samples[0];
  return Array.from({ length: slices }, (_, i) => {
    const from = at(i * sliceMs);
    const to = at((i + 1) * sliceMs);
    const ms = to.elapsedMs - from.elapsedMs;
    const mpps = ms > 0 ? (to.delivered - from.delivered) / ms / 1000 : 0;
    return { mpps: Math.round(mpps * 1000) / 1000, swaps: to.swaps - from.swaps };
  });
}
