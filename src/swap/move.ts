/**
 * A receive queue gets a ring of another length, with traffic on. The new ring is made on a spare queue,
 * the redirection table steers frames there, and the old queue is disabled when nothing can come to it any
 * more. No frame of a flow is delivered before one that came earlier:
 *
 * - The card writes frames to memory in their order of arrival, and counts a frame for its queue (QPRC)
 *   before it shows the descriptor. So when `n` frames are counted for the new queue, every earlier frame of
 *   the old queue is counted by then: the new ring may be read up to its n-th frame as soon as the old ring
 *   has been read up to its count, read after.
 * - RETA is not synchronised with frames inside the card. None is left for the old queue when the packet
 *   buffer has been empty, or has wrapped twice, since the table was written: RXMEMWRAP (4.6.7.1).
 */
import { disableReceiveQueue, enableReceiveQueue, routeQueue } from '../drivers/nic/bring-up.ts';
import {
  forgetReceive,
  freeRing,
  makeRing,
  type RingMemory,
  recordReceive,
  ringOf,
} from '../drivers/nic/ring-memory.ts';
import { framesNote, RX } from '../drivers/nic/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import {
  DESCRIPTOR_WORDS,
  QUEUE_ENABLE,
  QUEUES,
  RETA_WORDS,
  RX_DD,
  RX_EOP,
  RX_STATUS_WORD,
  RXMEMWRAP,
  RXMEMWRAP_EMPTY,
  RXMEMWRAP_WRAPS,
  reta,
  rxdctl,
} from '../hw/nic/datasheet.ts';
import type { NicPort } from '../hw/nic/port.ts';
import { load, store } from '../hw/shared.ts';
import type { Exchange } from './exchange.ts';
import { Refusal } from './plan.ts';
import { each, SERVE, type Slices } from './slices.ts';
import type { Slot } from './slot.ts';
import { stripReceive } from './take-down.ts';

/** A ring made ready for the frames of a queue. */
export interface NewRing {
  readonly from: number;
  readonly memory: RingMemory;
}

export function* makeNewRings({ slot, plan, newRings }: Exchange): Slices {
  for (const from of plan.moves) {
    newRings.push({ from, memory: makeRing(slot.environment, 'rx', plan.newSlots) });
    yield SERVE;
  }
}

export function dropNewRings({ slot, newRings }: Exchange): void {
  for (let made = newRings.pop(); made !== undefined; made = newRings.pop())
    freeRing(slot.environment, made.memory);
}

/** The next of the plan's moves. Throws what the driver throws: it does not know its rings then, and is swapped back. */
export function* moveNextQueue(exchange: Exchange): Slices {
  const { slot, newRings, plan, record } = exchange;
  const made = newRings.shift();
  if (made === undefined) return;
  if (slot.driver.queuesChanged === undefined) {
    freeRing(slot.environment, made.memory);
    record.notes.push(`${record.to} cannot move queues: queue ${made.from} keeps its ring`);
    return;
  }
  yield* moveQueue(slot, made, plan.parameters.rxBuffers ?? 0);
}

function* moveQueue(slot: Slot, made: NewRing, rxBuffers: number): Slices {
  const { environment } = slot;
  const { port, state, statistics, memory } = environment;
  const logical = memory.words[state.rx(made.from) + RX.logical];
  const queue = spareQueue(slot);
  routeQueue(port, queue, queue);
  yield* each(enableReceiveQueue(port, queue, made.memory.ring.address, made.memory.slots), SERVE);
  recordReceive(environment, queue, logical, made.memory, rxBuffers, true);
  statistics.restartQueue(queue);
  try {
    slot.driver.queuesChanged?.(); // posts buffers on the new ring, and reads it up to the gate
  } catch (error) {
    yield* endQueue(slot, queue);
    throw error;
  }
  yield SERVE;
  yield* finishMove(slot, made.from, queue);
}

/** The new ring is there, and the driver serves it. Begins anew wherever an earlier try has ended. */
function* finishMove(slot: Slot, from: number, to: number): Slices {
  const { port, statistics } = slot.environment;
  const gate = new Gate(slot, from, to);
  steer(port, from, to);
  const barrier = new DrainBarrier(port);
  while (!barrier.passed()) {
    yield SERVE;
    gate.open();
  }
  const last = statistics.receivedOnRing(from);
  while (!gate.tookFromOld(last)) {
    yield SERVE;
    gate.open();
  }
  gate.remove();
  if (from !== 0) yield* endQueue(slot, from);
  slot.driver.queuesChanged?.();
}

/**
 * Of a card whose CPU is no more: the move that was under way comes to its end, by what rings and registers say of it. The driver
 * serves meanwhile.
 */
export function* moveOn(slot: Slot): Slices {
  const { port, state, statistics } = slot.environment;
  for (let queue = 1; queue < QUEUES; queue++) {
    if (state.rxActive(queue)) continue;
    // Enabled, and not recorded: nothing has come to it.
    if ((port.read32(rxdctl(queue)) & QUEUE_ENABLE) !== 0)
      yield* each(disableReceiveQueue(port, queue), SERVE);
  }
  for (let left = state.receiving; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    const other = otherThan(slot, queue);
    if (other === undefined) continue;
    if (isLimited(slot, queue)) {
      if (!isSteered(port, queue)) statistics.restartQueue(queue); // nothing has come to it either
      return yield* finishMove(slot, other, queue);
    }
    if (queue === 0 || isSteered(port, queue) || isLimited(slot, other)) continue;
    yield* endQueue(slot, queue); // its frames go to the other one, all of which may be read
    return slot.driver.queuesChanged?.();
  }
}

/** Another ring for the same queue of the application. Queue 0 keeps its own, but of two others one goes: that is the one. */
function otherThan({ environment }: Slot, queue: number): number | undefined {
  const { state, memory } = environment;
  const { words } = memory;
  const logical = words[state.rx(queue) + RX.logical];
  let found: number | undefined;
  for (let left = state.receiving; left !== 0; left &= left - 1) {
    const other = lowestBit(left);
    if (other !== queue && words[state.rx(other) + RX.logical] === logical) found = other;
  }
  return found;
}

function isLimited({ environment: { state, memory } }: Slot, queue: number): boolean {
  return memory.words[state.rx(queue) + RX.limited] !== 0;
}

/**
 * Nothing comes to the queue any more, or never did, and all that came was taken. Its record stays as long as
 * the ring has buffers: they have no other owner.
 */
function* endQueue(slot: Slot, queue: number): Slices {
  const { environment } = slot;
  yield* each(disableReceiveQueue(environment.port, queue), SERVE);
  const old = ringOf(environment, 'rx', queue);
  stripReceive(slot, queue);
  forgetReceive(environment, queue);
  freeRing(environment, old);
}

/** How far the new ring may be read: as its record says, from which the gate goes on wherever it was. */
class Gate {
  private readonly slot: Slot;
  private readonly from: number;
  private readonly to: number;
  private readonly oldRecord: number;
  private readonly newRecord: number;
  /** Frames of the new ring up to the gate. */
  private frames: number;
  private counted: number;
  private needed = 0;

  constructor(slot: Slot, from: number, to: number) {
    const { state } = slot.environment;
    this.slot = slot;
    this.from = from;
    this.to = to;
    this.oldRecord = state.rx(from);
    this.newRecord = state.rx(to);
    this.frames = this.counted = this.framesBelow();
  }

  /** Opens it for all frames that no unread one of the old ring can precede. */
  open(): void {
    const { statistics } = this.slot.environment;
    if (this.frames === this.counted) {
      this.counted = statistics.receivedOnRing(this.to);
      this.needed = statistics.receivedOnRing(this.from); // read after the new queue's
    }
    if (this.tookFromOld(this.needed)) this.advance();
  }

  /** Has the driver taken so many frames from the old ring? Its count runs freely. */
  tookFromOld(frames: number): boolean {
    const { words } = this.slot.environment.memory;
    return ((words[framesNote(words, this.oldRecord)] - frames) | 0) >= 0;
  }

  remove(): void {
    store(this.slot.environment.memory.words, this.newRecord + RX.limited, 0);
    this.slot.driver.interrupt(this.to);
  }

  /** Frames taken from the new ring, and those that may be. */
  private framesBelow(): number {
    const { words } = this.slot.environment.memory;
    const record = this.newRecord;
    const mask = words[record + RX.slots] - 1;
    let frames = words[framesNote(words, record)];
    for (let at = words[record + RX.consumed]; at !== words[record + RX.readable]; at = (at + 1) | 0)
      if ((words[words[record + RX.ring] + (at & mask) * DESCRIPTOR_WORDS + RX_STATUS_WORD] & RX_EOP) !== 0)
        frames++;
    return frames;
  }

  /** Over the frames that are counted, as far as their descriptors are written. */
  private advance(): void {
    const { words } = this.slot.environment.memory;
    const mask = words[this.newRecord + RX.slots] - 1;
    let at = words[this.newRecord + RX.readable];
    while (this.frames < this.counted) {
      const status = load(
        words,
        words[this.newRecord + RX.ring] + (at & mask) * DESCRIPTOR_WORDS + RX_STATUS_WORD,
      );
      if ((status & RX_DD) === 0) break;
      if ((status & RX_EOP) !== 0) this.frames++;
      at = (at + 1) | 0;
    }
    if (at === words[this.newRecord + RX.readable]) return;
    store(words, this.newRecord + RX.readable, at);
    // The card's own interrupt may have come while the gate was shut, and found nothing to read.
    this.slot.driver.interrupt(this.to);
  }
}

/** Passed when no frame that was inside the card at its making is inside any more. */
class DrainBarrier {
  private readonly port: NicPort;
  private readonly began: number;

  constructor(port: NicPort) {
    this.port = port;
    this.began = port.read32(RXMEMWRAP);
  }

  passed(): boolean {
    const now = this.port.read32(RXMEMWRAP);
    return (now & RXMEMWRAP_EMPTY) !== 0 || ((now - this.began) & RXMEMWRAP_WRAPS) >= 2;
  }
}

function steer(port: NicPort, from: number, to: number): void {
  for (let word = 0; word < RETA_WORDS; word++) {
    const entries = port.read32(reta(word));
    let changed = entries;
    for (let shift = 0; shift < 32; shift += 8)
      if (((entries >>> shift) & (QUEUES - 1)) === from)
        changed = (changed & ~(0xff << shift)) | (to << shift);
    if (changed !== entries) port.write32(reta(word), changed);
  }
  port.read32(reta(0)); // posted writes have arrived when a read returns
}

function isSteered(port: NicPort, queue: number): boolean {
  for (let word = 0; word < RETA_WORDS; word++) {
    const entries = port.read32(reta(word));
    for (let shift = 0; shift < 32; shift += 8)
      if (((entries >>> shift) & (QUEUES - 1)) === queue) return true;
  }
  return false;
}

/** The plan has seen to it that there is one. */
function spareQueue({ environment: { state } }: Slot): number {
  for (let queue = 1; queue < QUEUES; queue++) if (!state.rxActive(queue)) return queue;
  throw new Refusal('no spare receive queue');
}
