/** Memory for a scenario: as little as it needs, used again by the next one. */
import { resolveParameters } from '../../drivers/parameters.ts';
import { APPLICATIONS, type ApplicationDefinition, mirrors } from '../../host/apps/applications.ts';
import { type CardPlan, layoutMachine, type MachineLayout } from '../../host/machine.ts';
import { layoutCaptured } from '../../hw/link/captured.ts';
import { layoutGenerated, prepareGenerated } from '../../hw/link/generated.ts';
import type { Pace } from '../../hw/link/pacer.ts';
import type { Stream } from '../../hw/link/stream.ts';
import { align, Memory, MemoryMap, PAGE_BYTES } from '../../hw/memory.ts';
import { macAddress } from '../../hw/nic/layout.ts';
import { buffersFor } from '../../swap/plan.ts';
import type { SimCard } from './draw-cards.ts';
import type { SimSwap } from './draw-swaps.ts';
import { dmaOfDisk, planDisk } from './plan-disk.ts';
import { roundOf } from './round.ts';
import type { SimParts } from './run.ts';
import type { SimScenario } from './scenario.ts';

/** Memories by their size: a scenario must not see what was in one before, nor how large another was. */
const memories = new Map<number, Memory>();
const STEP_BYTES = 512 * 1024;

export function layoutScenario(
  scenario: SimScenario,
  parts: SimParts,
): { readonly memory: Memory; readonly layout: MachineLayout } {
  const map = new MemoryMap();
  const streams = scenario.cards.map((card, i) => layoutStream(map, card, i, scenario.seed + i));
  const plans = scenario.cards.map((card, i) => planCard(scenario, card, i, streams[i].stream, parts));
  const rings = scenario.cards.map((card, i) => longest(scenario, card, i));
  const atStart = plans.reduce((sum, plan) => sum + buffersFor(plan.parameters, plan.queues), 0);
  const buffers =
    scenario.spareBuffers === undefined
      ? rings.reduce((sum, ring, i) => sum + buffersOf(scenario.cards[i], ring), 0)
      : atStart + scenario.spareBuffers;
  const disks = scenario.disks.map((disk, i) => planDisk(scenario, disk, i, parts.diskDrivers));
  const layout = layoutMachine(map, plans, buffers, scenario.seed, disks, {
    card: Math.max(0, ...scenario.cards.map((card, i) => dmaOf(card, rings[i]))),
    disk: Math.max(0, ...scenario.disks.map((disk, i) => dmaOfDisk(scenario, disk, i, parts.diskDrivers))),
  });
  const memory = cleared(layout.bytes);
  for (const { fill } of streams) fill(memory);
  return { memory, layout };
}

function cleared(bytes: number): Memory {
  const size = align(bytes, STEP_BYTES);
  let memory = memories.get(size);
  if (memory === undefined) {
    memory = new Memory(new SharedArrayBuffer(size));
    memories.set(size, memory);
  }
  memory.words.fill(0);
  return memory;
}

interface LaidOut {
  readonly stream: Stream;
  /** Writes into the memory what it consists of. */
  readonly fill: (memory: Memory) => void;
}

function layoutStream(map: MemoryMap, card: SimCard, index: number, seed: number): LaidOut {
  const mac = macAddress(index);
  if (card.captured === true) return layoutCaptured(map, roundOf(card, mac));
  const stream = layoutGenerated(map, card.sizes, card.flows);
  return { stream, fill: (memory) => prepareGenerated(memory, stream, mac, seed) };
}

function planCard(
  scenario: SimScenario,
  card: SimCard,
  index: number,
  stream: Stream,
  parts: SimParts,
): CardPlan {
  const definition = parts.drivers.find(({ name }) => name === card.driver);
  if (definition === undefined) throw new Error(`there is no driver ${card.driver}`);
  const known: readonly ApplicationDefinition[] = [...APPLICATIONS, ...parts.applications];
  const application = known.find(({ name }) => name === card.app);
  const peer = known.find(({ name }) => name === scenario.cards[index ^ 1]?.app);
  const resets = scenario.swaps.some((swap) => swap.device === index && swap.method === 'reset');
  return {
    name: `eth${index}`,
    queues: card.queues,
    driver: card.driver,
    parameters: resolveParameters(card.driver, definition.parameters, card.parameters),
    app: card.app,
    stream,
    pace: paceOf(card),
    lossless: card.lossless,
    lossy: !card.lossless || resets,
    wholeOneIn: 1,
    frames: card.frames,
    durationUs: Number.POSITIVE_INFINITY,
    returns: application?.sends === 'back' ? index : peer?.sends === 'on' ? index ^ 1 : undefined,
    mirrored: application !== undefined && mirrors(application),
    fifoBytes: card.fifoKiB * 1024,
  };
}

function paceOf({ gapsUs }: SimCard): Pace {
  if (gapsUs.length === 0) return { kind: 'max' };
  let time = 0;
  const offsetsUs = Float64Array.from(gapsUs, (gap) => {
    const at = time;
    time += gap;
    return at;
  });
  return { kind: 'recorded', factor: 1, offsetsUs, roundUs: time };
}

interface Longest {
  readonly rx: number;
  readonly tx: number;
}

/** The longest rings that a card has in the scenario. */
function longest({ swaps }: SimScenario, card: SimCard, index: number): Longest {
  const own = swaps.filter((swap: SimSwap) => swap.device === index).map(({ parameters }) => parameters);
  const most = (name: string) =>
    Math.max(...[card.parameters, ...own].map((parameters) => parameters[name] ?? 8));
  return { rx: most('rxRing'), tx: most('txRing') };
}

/** Old rings and new ones side by side, and what waits to be sent. */
function buffersOf({ queues }: SimCard, { rx, tx }: Longest): number {
  return 2 * (queues + 1) * rx + queues * tx;
}

/** State block; rings and shadows of all queues, old and new. */
function dmaOf({ queues }: SimCard, { rx, tx }: Longest): number {
  const pages = (bytes: number) => align(bytes, PAGE_BYTES);
  const receive = pages(rx * 16) + pages(rx * 4);
  const transmit = pages(tx * 16) + pages(tx * 20);
  return 2 * PAGE_BYTES + 2 * (queues + 1) * receive + 2 * queues * transmit;
}
