/** What a CPU makes of a card: the slot with whoever drives it, and the application that its frames go to. */
import { DeliveryCheck } from '../check/delivery.ts';
import type { Application, NicDriverDefinition, NicEnvironment } from '../drivers/contract.ts';
import { NicState, STATE_BYTES } from '../drivers/nic/state.ts';
import { NicStatistics } from '../drivers/nic/statistics.ts';
import { reshaped } from '../drivers/parameters.ts';
import type { BufferPool } from '../drivers/pool.ts';
import { lowestBit } from '../drivers/state-block.ts';
import type { Clock } from '../hw/clock.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import { Iommu } from '../hw/iommu.ts';
import { makeChecker } from '../hw/link/stream.ts';
import { UndoLog } from '../hw/link/undo.ts';
import { Verifier } from '../hw/link/verifier.ts';
import type { Memory, Region } from '../hw/memory.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';
import { NicPort } from '../hw/nic/port.ts';
import { Assignment } from '../swap/assignment.ts';
import type { Losses } from '../swap/losses.ts';
import { NIC_KIND } from '../swap/nic-kind.ts';
import { buffersFor } from '../swap/plan.ts';
import { reasonOf } from '../swap/slices.ts';
import { Slot } from '../swap/slot.ts';
import { doubtIn, type Served, servedNow } from './adoption.ts';
import type { ApplicationDefinition } from './apps/applications.ts';
import type { Exit } from './apps/exit.ts';
import { ApplicationFailure } from './apps/offer.ts';
import { lossesOf } from './books.ts';
import { type CardLayout, LINES_PER_DEVICE, type MachineLayout } from './machine.ts';

const EVERY_QUEUE = (1 << QUEUES) - 1;

/** At once from a CPU that is no more, or later from one that still serves and will leave. */
export type Adopts = 'atOnce' | 'later';

/** What the cards of a CPU share. */
export interface CardParts {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly dma: DmaAllocator;
  readonly pool: BufferPool;
  readonly drivers: ReadonlyMap<string, NicDriverDefinition>;
  /** Is told of a card that is to be reset, and why. */
  readonly wasLost: (card: CardLayout, reason: string) => void;
}

export function assignmentOf(
  card: CardLayout,
  { memory, drivers }: CardParts,
): Assignment<NicDriverDefinition> {
  return new Assignment(memory.words, card.assignment.address >>> 2, drivers);
}

/** Throws what a driver or an allocation throws; AdoptionError when it is not told who serves the card, and where. */
export function makeSlot(
  card: CardLayout,
  parts: CardParts,
  adopts: Adopts | undefined,
  deliver: NicEnvironment['deliver'],
): Slot {
  const { memory, clock, dma, pool } = parts;
  const assignment = assignmentOf(card, parts);
  const { definition, parameters, state } = served(card, parts, adopts, assignment);
  const port = new NicPort(memory, card.nic, clock);
  const statistics = new NicStatistics(memory, port, card.statistics);
  const { queues } = card;
  const environment: NicEnvironment = { port, memory, dma, pool, state, statistics, clock, queues, deliver };
  const driver = definition.create(environment, parameters);
  const slot = new Slot(
    card.index,
    NIC_KIND,
    environment,
    definition,
    parameters,
    driver,
    assignment,
    lossesOf(memory, card),
  );
  slot.buffers = slot.keptBuffers = buffersFor(parameters, queues);
  return slot;
}

/** Buffers are mapped for all cards: one receives a frame, another sends it. */
export function windowsOf(
  memory: Memory,
  layout: MachineLayout,
): { map: (window: Region) => void; unmap: (window: Region) => void } {
  const iommu = new Iommu(memory, layout.iommu);
  const devices = layout.cards.map((card) => card.nic.device);
  return {
    map: (window) => {
      for (const device of devices) iommu.map(device, window);
    },
    unmap: (window) => {
      for (const device of devices) iommu.unmap(device, window);
    },
  };
}

/** The card's interrupts come to this CPU: of its queues, or of all that it may have. */
export function aim({ environment, index }: Slot, cpu: number, which: 'used' | 'all'): void {
  const { port, state } = environment;
  for (
    let left = which === 'all' ? EVERY_QUEUE : state.receiving | state.sending;
    left !== 0;
    left &= left - 1
  ) {
    const vector = lowestBit(left);
    port.connectVector(vector, cpu, index * LINES_PER_DEVICE + vector);
  }
}

/** Frames are checked when it has exchanged the addresses. Throws ApplicationFailure. */
export function makeApplication(
  card: CardLayout,
  definition: ApplicationDefinition,
  { memory, pool, clock }: CardParts,
  staging: Region,
  exit: Exit,
): { readonly application: Application; readonly check: DeliveryCheck } {
  const { mirrored, lossy, wholeOneIn } = card;
  const undo = new UndoLog(memory, card.deliveryUndo, card.deliveryState);
  const checker = makeChecker(memory, card.stream, card.deliveryState, { mirrored, lossy, wholeOneIn }, undo);
  const verifier = new Verifier(memory, checker, card.deliveryTally, clock);
  const check = new DeliveryCheck(memory, pool, staging, card.deliveryJournal, undo, verifier);
  try {
    const application = definition.create({ memory, pool, check, exit, notes: card.applicationNotes });
    return { application, check };
  } catch (error) {
    throw new ApplicationFailure(card.app, `does not start: ${reasonOf(error)}`, { cause: error });
  }
}

function served(
  card: CardLayout,
  parts: CardParts,
  adopts: Adopts | undefined,
  assignment: Assignment<NicDriverDefinition>,
): Served {
  if (adopts === undefined) return firstServed(card, parts, assignment);
  const found = servedNow(card, assignment, parts.memory, parts.dma);
  if (adopts === 'atOnce') survey(card, found, parts);
  return found;
}

/** A card whose state block is not to be believed is lost. One that is being reset may have one that nobody has formatted yet. */
function survey(card: CardLayout, found: Served, { memory, pool, wasLost }: CardParts): void {
  const losses = lossesOf(memory, card);
  const { state } = found;
  const doubt = losses.standing === 'lost' ? 'the CPU before came no further' : doubtIn(card, found, pool);
  if (doubt === undefined) return;
  if (losses.standing === 'torn' && (state.receiving | state.sending) === 0) return;
  loseCard(card, losses, state);
  wasLost(card, doubt);
}

/** Nothing of its state block is kept: all is found anew by its registers. */
export function loseCard({ nic, queues }: CardLayout, losses: Losses, state: NicState): void {
  losses.lose();
  for (const bank of [0, 1]) {
    state.own.use(bank);
    state.own.clear();
  }
  state.format(nic.device, queues);
}

function firstServed(
  card: CardLayout,
  { memory, dma, drivers }: CardParts,
  assignment: Assignment<NicDriverDefinition>,
): Served {
  const definition = drivers.get(card.driver);
  if (definition === undefined) throw new Error(`${card.name}: there is no driver ${card.driver}`);
  const parameters = reshaped(card.driver, definition.parameters, card.parameters);
  assignment.prepare(definition, parameters);
  assignment.point();
  const region = dma.allocate(STATE_BYTES, `the state block of ${card.name}`);
  return { definition, parameters, state: new NicState(memory, region) };
}
