/** From a resolved run to a machine's memory: streams, layout, and what is written before the threads start. */
import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NIC_DRIVERS } from '../drivers/index.ts';
import { BUFFER_BYTES } from '../drivers/pool.ts';
import { mirrors } from '../host/apps/applications.ts';
import {
  type CardPlan,
  type ClientPlan,
  type DiskPlan,
  layoutMachine,
  type MachineLayout,
} from '../host/machine.ts';
import { CaptureError, readCapture } from '../hw/link/capture.ts';
import { layoutCaptured, type PreparedCapture, usableFrames } from '../hw/link/captured.ts';
import { IMIX } from '../hw/link/frames.ts';
import { layoutGenerated, prepareGenerated } from '../hw/link/generated.ts';
import type { Pace } from '../hw/link/pacer.ts';
import type { Stream } from '../hw/link/stream.ts';
import { Memory, MemoryMap } from '../hw/memory.ts';
import { macAddress } from '../hw/nic/layout.ts';
import { buffersFor } from '../swap/plan.ts';
import { UsageError } from './errors.ts';
import type { ResolvedCard, ResolvedRun, ResolvedTraffic } from './resolve.ts';
import type { ResolvedDisk } from './resolve-disk.ts';
import type { Scenario } from './scenario.ts';
import { parseSize } from './units.ts';

export interface BuiltMachine {
  readonly memory: Memory;
  readonly layout: MachineLayout;
  /** Frames of each card's capture that are left out, by reason. */
  readonly skipped: readonly Readonly<Record<string, number>>[];
}

interface PreparedTraffic {
  readonly stream: Stream;
  readonly pace: Pace;
  readonly fill: (memory: Memory) => void;
  readonly skipped: Readonly<Record<string, number>>;
}

/**
 * Throws UsageError: an unreadable capture, or more memory than there is. `wholeOneIn`: of how many frames one is
 * compared whole, a power of two; runs compare all of them.
 */
export function buildMachine(run: ResolvedRun, scenario: Scenario, wholeOneIn = 1): BuiltMachine {
  const map = new MemoryMap();
  const traffic = run.cards.map((card, i) => prepareTraffic(map, card.traffic, i, run.seed));
  const plans = run.cards.map((card, i) => cardPlan(card, i, traffic[i], run, wholeOneIn));
  const disks = run.disks.map((disk) => diskPlan(disk, run));
  const layout = layoutMachine(map, plans, bufferLimit(run, scenario), run.seed, disks);
  const memory = allocate(layout.bytes);
  for (const { fill } of traffic) fill(memory);
  return { memory, layout, skipped: traffic.map(({ skipped }) => skipped) };
}

function cardPlan(
  card: ResolvedCard,
  index: number,
  { stream, pace }: PreparedTraffic,
  run: ResolvedRun,
  wholeOneIn: number,
): CardPlan {
  const { name, queues, application, parameters } = card;
  const forwarded = run.cards[index ^ 1]?.application.sends === 'on';
  return {
    name,
    queues,
    driver: card.definition.name,
    parameters,
    app: application.name,
    stream,
    pace,
    lossless: card.traffic.lossless,
    lossy: !card.traffic.lossless || mayReset(run, index),
    wholeOneIn,
    frames: run.frames,
    durationUs: run.durationUs,
    returns: application.sends === 'back' ? index : forwarded ? index ^ 1 : undefined,
    mirrored: mirrors(application),
  };
}

function diskPlan(disk: ResolvedDisk, { durationUs }: ResolvedRun): DiskPlan {
  const { definition, workload, remote, ...plan } = disk;
  const client: ClientPlan =
    remote === undefined ? { kind: 'workload', options: workload } : { kind: 'remote', options: remote };
  return { ...plan, driver: definition.name, client, durationUs };
}

function mayReset({ timed, round, takesOrders }: ResolvedRun, slot: number): boolean {
  const planned =
    round?.method === 'reset' || timed.some((swap) => swap.slot === slot && swap.method === 'reset');
  return planned || takesOrders;
}

function prepareTraffic(
  map: MemoryMap,
  traffic: ResolvedTraffic,
  index: number,
  seed: number,
): PreparedTraffic {
  if (traffic.capture !== undefined) return prepareReplay(map, traffic, traffic.capture);
  const sizes = traffic.size === 'imix' ? IMIX : [traffic.size];
  const stream = layoutGenerated(map, sizes, traffic.flows);
  const mac = macAddress(index);
  return {
    stream,
    pace: paceOf(traffic),
    skipped: {},
    fill: (memory) => prepareGenerated(memory, stream, mac, seed + index),
  };
}

function prepareReplay(map: MemoryMap, traffic: ResolvedTraffic, file: string): PreparedTraffic {
  const { frames, skipped } = usableFrames(read(file).frames);
  if (frames.length === 0) throw new UsageError(`${file}: holds no frame that can be replayed`);
  const prepared = layoutCaptured(map, frames);
  return { stream: prepared.stream, pace: paceOf(traffic, prepared), fill: prepared.fill, skipped };
}

function read(file: string): ReturnType<typeof readCapture> {
  try {
    return readCapture(find(file));
  } catch (error) {
    if (error instanceof CaptureError) throw new UsageError(error.message);
    throw error;
  }
}

/** As given, else inside the package: so that the captures it brings are found from anywhere. */
function find(file: string): string {
  if (isAbsolute(file) || existsSync(file)) return file;
  for (const up of ['..', '../..']) {
    const inside = resolve(fileURLToPath(new URL('.', import.meta.url)), up, file);
    if (existsSync(inside)) return inside;
  }
  return file;
}

function paceOf({ rate }: ResolvedTraffic, capture?: PreparedCapture): Pace {
  if (typeof rate === 'number') return { kind: 'rate', framesPerSecond: rate };
  if (rate === 'max' || capture === undefined) return { kind: 'max' };
  const factor = rate === 'recorded' ? 1 : Number(rate.slice('recorded*'.length));
  return { kind: 'recorded', factor, offsetsUs: capture.offsetsUs, roundUs: capture.roundUs };
}

/** As many buffers as the memory that was asked for holds, else as the run can come to need. */
function bufferLimit(run: ResolvedRun, scenario: Scenario): number {
  const needed = run.cards.reduce((sum, card) => sum + buffersFor(card.parameters, card.queues), 0);
  if (scenario.memory === undefined)
    return run.cards.reduce((sum, card, i) => sum + worstCase(run, card, i), 0);
  const bytes = typeof scenario.memory === 'number' ? scenario.memory : parseSize(scenario.memory);
  const limit = Math.floor(bytes / BUFFER_BYTES);
  if (limit >= needed) return limit;
  const least = Math.ceil((needed * BUFFER_BYTES) / 2 ** 20);
  throw new UsageError(
    `memory ${scenario.memory}: the cards' rings need ${needed} packet buffers, ${least}M; give as much, or make rings shorter`,
  );
}

/** The most that a card's rings hold at any time: the longest rings that it can be told of, old and new side by side. */
function worstCase(run: ResolvedRun, card: ResolvedCard, index: number): number {
  const own = run.timed.filter((swap) => swap.slot === index).map((swap) => swap.parameters);
  const most = (name: string): number =>
    Math.max(
      card.parameters[name] ?? 0,
      ...own.map((given) => given[name] ?? 0),
      ...(run.round?.vary[name] ?? []),
      run.takesOrders ? greatest(name) : 0,
    );
  const txAndBurst = card.queues * (most('txRing') + 256);
  return 2 * (card.queues + 1) * Math.max(512, Math.min(most('rxRing'), most('rxBuffers') + 1)) + txAndBurst;
}

/** The greatest value that a driver of cards takes of a parameter. */
function greatest(name: string): number {
  const specs = NIC_DRIVERS.flatMap(({ parameters }) => parameters).filter((spec) => spec.name === name);
  return Math.max(...specs.map(({ max }) => max));
}

function allocate(bytes: number): Memory {
  const gib = (bytes / 2 ** 30).toFixed(1);
  if (bytes > totalmem())
    throw new UsageError(
      `the machine needs ${gib} GiB, more memory than this host has; give it less (--memory)`,
    );
  try {
    return new Memory(new SharedArrayBuffer(bytes));
  } catch {
    throw new UsageError(
      `the machine needs ${gib} GiB in one piece, and this host cannot give it; give it less (--memory)`,
    );
  }
}
