/** Rings in DMA memory: a ring, its shadow, and their record in the state block. */

import { align, PAGE_BYTES, type Region } from '../../hw/memory.ts';
import { DESCRIPTOR_BYTES } from '../../hw/nic/datasheet.ts';
import { put, store } from '../../hw/shared.ts';
import type { NicEnvironment } from '../contract.ts';
import { lowestBit } from '../state-block.ts';
import { FRAMES_NOTE_WORDS, RX, RX_SHADOW_WORDS, TX, TX_SHADOW_WORDS } from './state.ts';

export interface RingMemory {
  readonly ring: Region;
  readonly shadow: Region;
  readonly slots: number;
}

/** Allocates and maps; throws DmaExhausted with nothing left behind. */
export function makeRing(environment: NicEnvironment, kind: 'rx' | 'tx', slots: number): RingMemory {
  const { dma, port } = environment;
  const ring = dma.allocate(slots * DESCRIPTOR_BYTES, `a ${kind} ring of ${slots} descriptors`);
  try {
    const shadowWords = kind === 'rx' ? RX_SHADOW_WORDS : TX_SHADOW_WORDS;
    const shadow = dma.allocate(slots * shadowWords * 4, `the shadow of a ${kind} ring`);
    port.map(ring);
    return { ring, shadow, slots };
  } catch (error) {
    dma.free(ring);
    throw error;
  }
}

export function freeRing(environment: NicEnvironment, memory: RingMemory): void {
  environment.port.unmap(memory.ring);
  environment.dma.free(memory.ring);
  environment.dma.free(memory.shadow);
}

/** What was made for a queue, found again in its record. */
export function ringOf(environment: NicEnvironment, kind: 'rx' | 'tx', queue: number): RingMemory {
  const { memory, state } = environment;
  const record = kind === 'rx' ? state.rx(queue) : state.tx(queue);
  const fields = kind === 'rx' ? RX : TX;
  const slots = memory.words[record + fields.slots];
  const shadowWords = kind === 'rx' ? RX_SHADOW_WORDS : TX_SHADOW_WORDS;
  return {
    ring: pages(memory.words[record + fields.ring] * 4, slots * DESCRIPTOR_BYTES),
    shadow: pages(memory.words[record + fields.shadow] * 4, slots * shadowWords * 4),
    slots,
  };
}

/** Of all queues that have rings: what the card may touch, and what it must not. */
export function memoryInUse(environment: NicEnvironment): {
  readonly rings: Region[];
  readonly shadows: Region[];
} {
  const { state } = environment;
  const memories: RingMemory[] = [];
  for (let left = state.receiving; left !== 0; left &= left - 1)
    memories.push(ringOf(environment, 'rx', lowestBit(left)));
  for (let left = state.sending; left !== 0; left &= left - 1)
    memories.push(ringOf(environment, 'tx', lowestBit(left)));
  return { rings: memories.map(({ ring }) => ring), shadows: memories.map(({ shadow }) => shadow) };
}

/** `limited`: nothing of it may be read yet. */
export function recordReceive(
  environment: NicEnvironment,
  queue: number,
  logical: number,
  memory: RingMemory,
  target: number,
  limited = false,
): void {
  const { state } = environment;
  const { words } = environment.memory;
  const record = state.rx(queue);
  put(words, record + RX.ring, memory.ring.address >>> 2);
  put(words, record + RX.slots, memory.slots);
  put(words, record + RX.shadow, memory.shadow.address >>> 2);
  put(words, record + RX.posted, 0);
  put(words, record + RX.target, Math.min(target, memory.slots - 1));
  put(words, record + RX.logical, logical);
  put(words, record + RX.readable, 0);
  put(words, record + RX.limited, limited ? 1 : 0);
  for (let word = 0; word < 2 * FRAMES_NOTE_WORDS; word++) put(words, record + RX.frames + word, 0);
  put(words, record + RX.identity, state.newIdentity());
  store(words, record + RX.consumed, 0);
  state.setHeader('rxActive', state.header('rxActive') | (1 << queue));
}

export function recordTransmit(environment: NicEnvironment, queue: number, memory: RingMemory): void {
  const { state } = environment;
  const { words } = environment.memory;
  const record = state.tx(queue);
  put(words, record + TX.ring, memory.ring.address >>> 2);
  put(words, record + TX.slots, memory.slots);
  put(words, record + TX.shadow, memory.shadow.address >>> 2);
  put(words, record + TX.posted, 0);
  put(words, record + TX.filled, 0);
  store(words, record + TX.reclaimed, 0);
  state.setHeader('txActive', state.header('txActive') | (1 << queue));
}

export function forgetReceive(environment: NicEnvironment, queue: number): void {
  environment.state.setHeader('rxActive', environment.state.header('rxActive') & ~(1 << queue));
}

export function forgetTransmit(environment: NicEnvironment, queue: number): void {
  environment.state.setHeader('txActive', environment.state.header('txActive') & ~(1 << queue));
}

function pages(address: number, bytes: number): Region {
  return { address, bytes: align(bytes, PAGE_BYTES) };
}
