/**
 * How a CPU takes cards over from another one, by shared words alone: from one that leaves, which has brought everything to an end
 * before, or from one that is no more.
 *
 * The latter may have ended between any two stores, so a word says no more than the order of stores makes it say. What was
 * in doubt at the end is decided here, before a driver sees it, and so that deciding it twice is as good as once: a CPU
 * that adopts may end too.
 */
import type { DeliveryCheck } from '../check/delivery.ts';
import { Burst } from '../drivers/burst.ts';
import type { Application, NicDriverDefinition, NicEnvironment } from '../drivers/contract.ts';
import { memoryInUse } from '../drivers/nic/ring-memory.ts';
import { RxRing } from '../drivers/nic/rx-ring.ts';
import { SlotWalk } from '../drivers/nic/slot-walk.ts';
import { NicState, RX, STATE_BYTES } from '../drivers/nic/state.ts';
import { type SentCall, TxRing } from '../drivers/nic/tx-ring.ts';
import { reshaped } from '../drivers/parameters.ts';
import type { BufferPool } from '../drivers/pool.ts';
import { lowestBit, StateError } from '../drivers/state-block.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import { align, gapsBetween, type Memory, PAGE_BYTES, type Region } from '../hw/memory.ts';
import { EIMC } from '../hw/nic/datasheet.ts';
import type { Assigned, Assignment } from '../swap/assignment.ts';
import { buffersOn } from '../swap/plan.ts';
import type { Slot } from '../swap/slot.ts';
import { countBuffers } from '../swap/trim.ts';
import type { CardLayout } from './machine.ts';

const EVERY_VECTOR = 0x7fffffff;
const SLOTS_AT_ONCE = 1024;

/** Who drives a card, with what, and where its state block lies. */
export interface Served extends Assigned<NicDriverDefinition> {
  readonly state: NicState;
}

/** A card as its CPU has it. */
interface HostedCard {
  readonly slot: Slot;
  readonly check: DeliveryCheck;
  readonly application: Application;
}

/** A card cannot be taken over as it is. */
export class AdoptionError extends Error {
  constructor(card: string, reason: string, options?: ErrorOptions) {
    super(
      `${card} cannot be taken over: ${reason}; it has to be reset, and its driver started anew`,
      options,
    );
    this.name = 'AdoptionError';
  }
}

/** Who serves a card, as far as that is told: nothing is looked at that changes while it is served. Throws AdoptionError. */
export function servedNow(
  card: CardLayout,
  assignment: Assignment<NicDriverDefinition>,
  memory: Memory,
  dma: DmaAllocator,
): Served {
  const assigned = assignment.read();
  const address = assignment.stateAddress;
  if (address === 0) throw new AdoptionError(card.name, 'no driver has served it');
  if (assigned === undefined) throw new AdoptionError(card.name, 'its driver is not known here');
  const { definition, parameters } = assigned;
  const region = { address, bytes: align(STATE_BYTES, PAGE_BYTES) };
  if (!lies(region, dma.region)) throw new AdoptionError(card.name, `at ${address}, which is no DMA memory`);
  const state = new NicState(memory, region);
  return { definition, parameters: reshaped(definition.name, definition.parameters, parameters), state };
}

/** Of a card whose CPU is no more: header, records and every slot are looked at before anything is done by them. Throws AdoptionError. */
export function surveyCard(card: CardLayout, served: Served, pool: BufferPool): Served {
  const { state } = served;
  try {
    state.validate(card.nic.device);
    const walk = new SlotWalk(state, pool);
    while (!walk.advance(SLOTS_AT_ONCE));
  } catch (cause) {
    if (cause instanceof StateError) throw new AdoptionError(card.name, cause.message, { cause });
    throw cause;
  }
  return served;
}

/**
 * What was told to cards, or may have been, is told; then each ring's burst in doubt is decided on. There is one at most:
 * the one that was with the application.
 */
export function settleCards(cards: readonly HostedCard[]): void {
  const calls: SentCall[] = [];
  for (const { slot } of cards) tell(slot.environment, calls);
  const burst = new Burst();
  for (const card of cards) {
    const { state } = card.slot.environment;
    for (let left = state.receiving; left !== 0; left &= left - 1)
      settleRing(card, lowestBit(left), calls, burst);
  }
}

/**
 * Pool and allocator follow from the rings: what lies in none was on its way, or a swap's that ended with its CPU. A
 * card may touch its rings, and nothing else of the DMA pages. Throws StateError.
 */
export function takeStock(slots: readonly Slot[], pool: BufferPool, dma: DmaAllocator): void {
  pool.takeStock((claim) => {
    for (const { environment } of slots) environment.state.forEachBuffer(claim);
  });
  const kept: Region[] = [];
  for (const { environment } of slots) {
    const { rings, shadows } = memoryInUse(environment);
    kept.push(environment.state.region, ...rings, ...shadows);
    for (const gap of gapsBetween(dma.region, rings)) environment.port.unmap(gap);
  }
  dma.freeAllBut(kept);
}

/**
 * The drivers that were pointed to serve on. The first act of each is a look at its rings: who was told of them is no more. `begin` is
 * told of each slot before its driver is called.
 */
export function takeOver(slots: readonly Slot[], begin: (slot: Slot) => void): void {
  for (const slot of slots) {
    begin(slot);
    importAll(slot);
  }
  for (const slot of slots) {
    begin(slot);
    slot.driver.activate();
  }
}

/** In which a driver passes its card on to its like. Throws AdoptionError. */
export function formatOf(card: string, { name, exports, imports }: NicDriverDefinition): string {
  const format = exports.find((known) => imports.includes(known));
  if (format === undefined) throw new AdoptionError(card, `${name} does not import what it exports`);
  return format;
}

function importAll(slot: Slot): void {
  const { definition, driver, environment, parameters, name } = slot;
  const { state, queues, memory } = environment;
  driver.importState(formatOf(name, definition));
  const lengths: number[] = [];
  for (let left = state.receiving; left !== 0; left &= left - 1)
    lengths.push(memory.words[state.rx(lowestBit(left)) + RX.slots]);
  countBuffers(slot, buffersOn(lengths, parameters, queues));
}

/** Interrupts wait, doorbells do not. The last call of each transmit ring is added to `calls`. */
function tell(environment: NicEnvironment, calls: SentCall[]): void {
  const { port, state } = environment;
  port.write32(EIMC, EVERY_VECTOR);
  for (let left = state.sending; left !== 0; left &= left - 1) {
    const ring = new TxRing(environment, lowestBit(left));
    ring.resume();
    const call = ring.lastCall();
    if (call !== undefined) calls.push(call);
  }
  for (let left = state.receiving; left !== 0; left &= left - 1)
    new RxRing(environment, lowestBit(left)).resume();
}

/**
 * The larger of `consumed` and what was sent decides: frames below the tail of a transmit ring have left, or will, so the
 * application has had them, and they are checked if they were not, and consumed. Others come again as if for the first time.
 */
function settleRing(
  { slot, check, application }: HostedCard,
  queue: number,
  calls: SentCall[],
  burst: Burst,
): void {
  const ring = new RxRing(slot.environment, queue);
  ring.adopt();
  if (ring.peek(burst, Burst.CAPACITY) === 0) return;
  check.revert(burst);
  const sent = calls.find(({ source, position }) => source === burst.ring && position === burst.position);
  if (sent === undefined) return application.revert?.(burst);
  check.burst(burst, sent.segments, ring.logical);
  let frames = 0;
  for (let i = 0; i < sent.segments; i++) frames += burst.ends[i];
  ring.consume(sent.segments, frames);
}

function lies(part: Region, whole: Region): boolean {
  const offset = part.address - whole.address;
  return offset >= 0 && offset % PAGE_BYTES === 0 && offset + part.bytes <= whole.bytes;
}
