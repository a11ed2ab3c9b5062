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
import type {
  Application,
  DriverDeclaration,
  NicDriverDefinition,
  NicEnvironment,
} from '../drivers/contract.ts';
import { RxRing } from '../drivers/nic/rx-ring.ts';
import { SlotWalk } from '../drivers/nic/slot-walk.ts';
import { NicState, RX, STATE_BYTES } from '../drivers/nic/state.ts';
import { type SentCall, TxRing } from '../drivers/nic/tx-ring.ts';
import { reshaped } from '../drivers/parameters.ts';
import type { BufferPool } from '../drivers/pool.ts';
import { lowestBit, StateError } from '../drivers/state-block.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import { align, type Memory, PAGE_BYTES, type Region } from '../hw/memory.ts';
import { EIMC } from '../hw/nic/datasheet.ts';
import type { Assigned, Assignment } from '../swap/assignment.ts';
import { buffersOn } from '../swap/plan.ts';
import type { AnySlot, Slot } from '../swap/slot.ts';
import { countBuffers } from '../swap/trim.ts';
import type { CardLayout } from './machine.ts';
import { takeUp } from './passing.ts';

const EVERY_VECTOR = 0x7fffffff;
const SLOTS_AT_ONCE = 1024;

/** Who drives a card, with what, and where its state block lies. */
export interface Served extends Assigned<NicDriverDefinition> {
  readonly state: NicState;
}

/** A card as its CPU has it. */
export interface HostedCard {
  readonly slot: Slot;
  readonly check: DeliveryCheck;
  readonly application: Application;
}

/** A device cannot be taken over as it is. */
export class AdoptionError extends Error {
  constructor(device: string, reason: string) {
    super(`${device} cannot be taken over: ${reason}`);
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
  const { region, ...assigned } = assignedNow(card.name, assignment, STATE_BYTES, dma);
  return { ...assigned, state: new NicState(memory, region) };
}

/** The same of any device: its driver, and where its state block lies. Throws AdoptionError. */
export function assignedNow<D extends DriverDeclaration>(
  device: string,
  assignment: Assignment<D>,
  stateBytes: number,
  dma: DmaAllocator,
): Assigned<D> & { readonly region: Region } {
  const assigned = assignment.read();
  const address = assignment.stateAddress;
  if (address === 0) throw new AdoptionError(device, 'no driver has served it');
  if (assigned === undefined) throw new AdoptionError(device, 'its driver is not known here');
  const { definition, parameters } = assigned;
  const region = { address, bytes: align(stateBytes, PAGE_BYTES) };
  if (!lies(region, dma.region)) throw new AdoptionError(device, `at ${address}, which is no DMA memory`);
  return { definition, parameters: reshaped(definition.name, definition.parameters, parameters), region };
}

/**
 * Of a card whose CPU is no more: header, records and every slot are looked at before anything is done by them. Returns why they are not
 * to be believed, if so.
 */
export function doubtIn(card: CardLayout, { state }: Served, pool: BufferPool): string | undefined {
  try {
    state.validate(card.nic.device);
    const walk = new SlotWalk(state, pool);
    while (!walk.advance(SLOTS_AT_ONCE));
    return undefined;
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
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
 * The drivers that were pointed to serve on. The first act of each is a look at its rings: who was told of them is no more. `begin` is
 * told of each slot before its driver is called.
 */
export function takeOver(devices: readonly AnySlot[], begin: (device: AnySlot) => void): void {
  for (const slot of devices) {
    begin(slot);
    takeUp(slot, formatOf(slot.name, slot.definition));
  }
  for (const slot of devices) {
    begin(slot);
    slot.driver.activate();
  }
}

/** In which a driver passes its device on to its like. Throws AdoptionError. */
export function formatOf(device: string, definition: DriverDeclaration): string {
  const format = ownFormat(definition);
  if (format === undefined)
    throw new AdoptionError(device, `${definition.name} does not import what it exports`);
  return format;
}

/** The same, or undefined where there is none. */
export function ownFormat({ exports, imports }: DriverDeclaration): string | undefined {
  return exports.find((known) => imports.includes(known));
}

/** How many packet buffers the rings of a card that was taken over may hold. */
export function countBuffersOf(slot: Slot): void {
  const { environment, parameters } = slot;
  const { state, queues, memory } = environment;
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
