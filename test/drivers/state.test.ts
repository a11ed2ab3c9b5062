import { describe, expect, it } from 'vitest';
import { SlotWalk } from '../../src/drivers/nic/slot-walk.ts';
import {
  H,
  HEADER_WORDS,
  NicState,
  notesOf,
  RECORD_WORDS,
  RX,
  STATE_BYTES,
  TX,
  TX_NOTE,
  TX_NOTE_WORDS,
} from '../../src/drivers/nic/state.ts';
import { BUFFER_BYTES, BufferPool, poolTableBytes } from '../../src/drivers/pool.ts';
import { StateError } from '../../src/drivers/state-block.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../../src/hw/memory.ts';
import {
  DESCRIPTOR_WORDS,
  QUEUES,
  RX_DD,
  RX_STATUS_WORD,
  TX_DD,
  TX_STATUS_WORD,
} from '../../src/hw/nic/datasheet.ts';

const DEVICE = 3;
const SLOTS = 16;
const BUFFERS = 64;

/** A block of one card with receive queues 0 and 2, transmit queue 0, and rings that no card is behind. */
function block() {
  const map = new MemoryMap();
  const region = map.take(STATE_BYTES);
  const rings = map.take(4 * SLOTS * DESCRIPTOR_WORDS * 4);
  const shadows = map.take(SLOTS * 4 * 8);
  const table = map.take(poolTableBytes(BUFFERS));
  const arena = map.take(BUFFERS * BUFFER_BYTES, PAGE_BYTES);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  const { words } = memory;
  const state = new NicState(memory, region);
  const pool = new BufferPool(memory, table, arena, { map: () => undefined, unmap: () => undefined });
  for (const _ of pool.grow(BUFFERS, BUFFERS));
  state.format(DEVICE, 2);
  const ring = (nth: number) => (rings.address >>> 2) + nth * SLOTS * DESCRIPTOR_WORDS;
  const shadow = (nth: number) => (shadows.address >>> 2) + nth * SLOTS;
  [0, 2].forEach((queue, nth) => {
    const record = state.rx(queue);
    words.set([ring(nth), SLOTS, shadow(nth), 5, 9, 8, nth, 0, 0, 5], record);
    for (let slot = 0; slot < SLOTS; slot++) words[shadow(nth) + slot] = nth * SLOTS + slot;
  });
  words.set([ring(2), SLOTS, shadow(2), 2, 4, 4], state.tx(0));
  for (let slot = 0; slot < SLOTS; slot++) words[shadow(2) + slot] = 40 + slot;
  state.setHeader('rxActive', 0b101);
  state.setHeader('txActive', 0b1);
  return { state, memory, words, pool, base: region.address >>> 2 };
}

type Block = ReturnType<typeof block>;

function refusal(spoil: (block: Block) => void): string {
  const made = block();
  spoil(made);
  try {
    made.state.validate(DEVICE);
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
  return 'taken';
}

describe('validating a state block', () => {
  it('takes one that holds together', () => {
    expect(refusal(() => undefined)).toBe('taken');
  });

  it.each<[string, string, (block: Block) => void]>([
    ['without its magic number', 'no magic number', ({ state }) => state.setHeader('magic', 1)],
    [
      'of another length',
      `${STATE_BYTES - 4} bytes, not ${STATE_BYTES}`,
      ({ state }) => state.setHeader('bytes', STATE_BYTES - 4),
    ],
    ['of another card', 'of device 4, not 3', ({ state }) => state.setHeader('device', 4)],
    [
      'with a ring that is no power of two',
      'receive queue 2: 24 slots',
      ({ words, state }) => words.fill(24, state.rx(2) + RX.slots, state.rx(2) + RX.slots + 1),
    ],
    [
      'with a ring of no slots',
      'receive queue 0: 0 slots',
      ({ words, state }) => words.fill(0, state.rx(0) + RX.slots, state.rx(0) + RX.slots + 1),
    ],
    [
      'with a ring of negative length',
      'transmit queue 0: -2147483648 slots',
      ({ words, state }) => words.fill(-(2 ** 31), state.tx(0) + TX.slots, state.tx(0) + TX.slots + 1),
    ],
    [
      'that has consumed more than was posted',
      'receive queue 2: -1 descriptors in flight on 16 slots',
      ({ words, state }) => words.fill(10, state.rx(2) + RX.consumed, state.rx(2) + RX.consumed + 1),
    ],
    [
      'with more descriptors in flight than a ring holds',
      'transmit queue 0: 16 descriptors in flight on 16 slots',
      ({ words, state }) => words.fill(18, state.tx(0) + TX.posted, state.tx(0) + TX.posted + 1),
    ],
    [
      'with more transmit descriptors filled than there are',
      'transmit queue 0: 16 descriptors filled',
      ({ words, state }) => words.fill(18, state.tx(0) + TX.filled, state.tx(0) + TX.filled + 1),
    ],
    [
      'whose ring begins before the memory',
      'receive queue 0: a ring outside the memory',
      ({ words, state }) => words.fill(-4, state.rx(0) + RX.ring, state.rx(0) + RX.ring + 1),
    ],
    [
      'whose ring ends behind the memory',
      'transmit queue 0: a ring outside the memory',
      ({ words, state }) => words.fill(words.length - 63, state.tx(0) + TX.ring, state.tx(0) + TX.ring + 1),
    ],
    [
      'whose receive shadow ends behind the memory',
      'receive queue 2: a ring outside the memory',
      ({ words, state }) =>
        words.fill(words.length - 15, state.rx(2) + RX.shadow, state.rx(2) + RX.shadow + 1),
    ],
    [
      'whose transmit shadow, four words a slot, ends behind the memory',
      'transmit queue 0: a ring outside the memory',
      ({ words, state }) =>
        words.fill(words.length - 63, state.tx(0) + TX.shadow, state.tx(0) + TX.shadow + 1),
    ],
    [
      'whose ring serves a queue that the application does not have',
      'receive queue 2: serves queue 2 of 2',
      ({ words, state }) => words.fill(2, state.rx(2) + RX.logical, state.rx(2) + RX.logical + 1),
    ],
    [
      'that lets a ring be read further than it is posted',
      'receive queue 0: 5 of 4 descriptors may be read',
      ({ words, state }) => words.set([10, 1], state.rx(0) + RX.readable),
    ],
    [
      'whose gate lies behind what is consumed',
      'receive queue 0: -1 of 4 descriptors may be read',
      ({ words, state }) => words.set([4, 1], state.rx(0) + RX.readable),
    ],
  ])('refuses one %s', (_, reason, spoil) => {
    expect(refusal(spoil)).toBe(`state block refused: ${reason}`);
  });

  it('takes a full ring: all slots but one in flight', () => {
    expect(
      refusal(({ words, state }) =>
        words.fill(5 + SLOTS - 1, state.rx(2) + RX.posted, state.rx(2) + RX.posted + 1),
      ),
    ).toBe('taken');
  });

  it('takes positions that have run over 2^31', () => {
    const spoil = ({ words, state }: Block): void => {
      words[state.rx(0) + RX.consumed] = 0x7ffffffe;
      words[state.rx(0) + RX.posted] = -0x7ffffffc;
    };
    expect(refusal(spoil)).toBe('taken');
  });

  it('looks only at active queues', () => {
    expect(refusal(({ words, state }) => words.fill(-1, state.rx(1), state.rx(1) + RECORD_WORDS))).toBe(
      'taken',
    );
  });

  it('walks the slots in flight and names the one whose buffer does not exist', () => {
    const { state, words, pool } = block();
    const walk = (): boolean => new SlotWalk(state, pool).advance(100);
    expect(walk()).toBe(true);
    const shadow = words[state.rx(2) + RX.shadow];
    words[shadow + 4] = 9999; // not in flight
    expect(walk()).toBe(true);
    words[shadow + 7] = BUFFERS;
    expect(walk).toThrow(`rx queue 2, slot 7: no such buffer as ${BUFFERS}`);
    words[shadow + 7] = 0;
    words[words[state.tx(0) + TX.shadow] + 3] = -1;
    expect(walk).toThrow('tx queue 0, slot 3: no such buffer as -1');
  });
});

describe('the walk in slices', () => {
  // Ten slots in flight: 5 to 8 of receive rings 0 and 2, 2 and 3 of transmit ring 0.
  it('looks at no more slots at a time than it is told', () => {
    for (const slots of [1, 2, 3, 4, 9, 10]) {
      const { state, pool } = block();
      const walk = new SlotWalk(state, pool);
      let slices = 1;
      while (!walk.advance(slots)) slices++;
      expect(slices).toBe(Math.ceil(10 / slots));
    }
  });

  it('finds a wrong slot in the slice in which it lies, not before', () => {
    const { state, words, pool } = block();
    words[words[state.rx(2) + RX.shadow] + 6] = -1; // the sixth of all
    const walk = new SlotWalk(state, pool);
    expect(walk.advance(5)).toBe(false);
    expect(() => walk.advance(1)).toThrow('rx queue 2, slot 6');
  });

  it('passes over what the driver has taken meanwhile, and over what it has posted', () => {
    const { state, words, pool } = block();
    const walk = new SlotWalk(state, pool);
    expect(walk.advance(1)).toBe(false);
    const record = state.rx(0);
    words[words[record + RX.shadow] + 6] = -1;
    words[words[record + RX.shadow] + 9] = -1;
    words[record + RX.consumed] = 7;
    words[record + RX.posted] = 12;
    expect(walk.advance(2)).toBe(false); // slots 7 and 8
    expect(walk.advance(6)).toBe(true);
  });

  it('ends with a ring of which the driver has taken all, and more', () => {
    const { state, words, pool } = block();
    const walk = new SlotWalk(state, pool);
    walk.advance(1);
    words[state.rx(0) + RX.posted] = 30;
    words[state.rx(0) + RX.consumed] = 25;
    expect(walk.advance(6)).toBe(true);
  });

  it('takes positions that run over 2^31', () => {
    const { state, words, pool } = block();
    words[state.rx(0) + RX.consumed] = 0x7ffffffe;
    words[state.rx(0) + RX.posted] = -0x7ffffffc;
    const walk = new SlotWalk(state, pool);
    expect(walk.advance(1)).toBe(false);
    words[words[state.rx(0) + RX.shadow] + (-0x7ffffffd & (SLOTS - 1))] = 99;
    expect(() => walk.advance(5)).toThrow('rx queue 0, slot 3: no such buffer as 99');
  });
});

describe('saving and restoring', () => {
  it('puts back header and active records, word by word, whatever was done to them', () => {
    const { state, words, base } = block();
    const used = Array.from(words.subarray(base, base + STATE_BYTES / 4));
    const copy = new Int32Array(STATE_BYTES / 4);
    state.save(copy);
    state.setHeader('rxActive', 0b111);
    state.setHeader('adoptions', 9);
    words.fill(77, state.rx(0), state.rx(0) + 10);
    words.fill(78, state.tx(0), state.tx(0) + 5);
    state.restore(copy);
    expect(Array.from(words.subarray(base, base + STATE_BYTES / 4))).toEqual(used);
  });

  it('brings back a queue that was forgotten meanwhile', () => {
    const { state } = block();
    const copy = new Int32Array(STATE_BYTES / 4);
    state.save(copy);
    state.setHeader('rxActive', 0);
    state.restore(copy);
    expect([0, 1, 2].map((queue) => state.rxActive(queue))).toEqual([true, false, true]);
  });

  it('formats a block anew: no queue is active, nothing of the old one is left', () => {
    const { state, words, base } = block();
    state.format(1, 4);
    expect(state.header('device')).toBe(1);
    expect(state.header('queues')).toBe(4);
    expect(words.subarray(base + H.rxActive, base + HEADER_WORDS).every((word) => word === 0)).toBe(true);
    const records = words.subarray(base + HEADER_WORDS, base + HEADER_WORDS + 2 * QUEUES * RECORD_WORDS);
    expect(records.every((word) => word === 0)).toBe(true);
  });
});

describe('what the rings say, whoever drives', () => {
  function receivedAt({ words, state }: Block, queue: number, slot: number): void {
    words[words[state.rx(queue) + RX.ring] + slot * DESCRIPTOR_WORDS + RX_STATUS_WORD] = RX_DD;
  }

  it('work waits when the next descriptor of any ring is written, and not when a later one is', () => {
    const made = block();
    expect(made.state.workWaits()).toBe(false);
    receivedAt(made, 2, 6);
    expect(made.state.workWaits()).toBe(false);
    receivedAt(made, 2, 5);
    expect(made.state.workWaits()).toBe(true);
  });

  it('a stale DD on a slot that is not posted is no work', () => {
    const made = block();
    receivedAt(made, 0, 9);
    made.words[made.state.rx(0) + RX.consumed] = 9;
    expect(made.state.workWaits()).toBe(false);
  });

  it('frames behind the gate of a moving queue do not wait: they may not be read yet', () => {
    const made = block();
    receivedAt(made, 2, 5);
    made.words[made.state.rx(2) + RX.limited] = 1;
    made.words[made.state.rx(2) + RX.readable] = 5;
    expect(made.state.workWaits()).toBe(false);
    made.words[made.state.rx(2) + RX.readable] = 6;
    expect(made.state.workWaits()).toBe(true);
  });

  it('a completion waits when the last descriptor of the oldest doorbell is reported, and only then', () => {
    const { state, words } = block();
    const status = (slot: number) => words[state.tx(0) + TX.ring] + slot * DESCRIPTOR_WORDS + TX_STATUS_WORD;
    words[notesOf(words, state.tx(0)) + 2 * TX_NOTE_WORDS + TX_NOTE.rung] = 2;
    words[status(2)] = TX_DD; // no RS there: never reported in truth
    expect(state.completionWaits()).toBe(false);
    words[status(3)] = TX_DD;
    expect(state.completionWaits()).toBe(true);
    words[state.tx(0) + TX.reclaimed] = 4;
    expect(state.completionWaits()).toBe(false);
  });

  it('visits each buffer in flight once, with its place', () => {
    const { state } = block();
    const seen: string[] = [];
    state.forEachBuffer((buffer, kind, queue, slot) => seen.push(`${kind}${queue}.${slot}=${buffer}`));
    expect(seen).toEqual([
      ...[5, 6, 7, 8].map((slot) => `rx0.${slot}=${slot}`),
      ...[2, 3].map((slot) => `tx0.${slot}=${40 + slot}`),
      ...[5, 6, 7, 8].map((slot) => `rx2.${slot}=${16 + slot}`),
    ]);
  });
});

describe('receive rings', () => {
  it('have numbers of their own, over resets and between devices', () => {
    const { state } = block();
    const seen = new Set<number>();
    for (const device of [DEVICE, DEVICE, 0, 15]) {
      state.format(device, 2);
      for (let ring = 0; ring < 3; ring++) seen.add(state.newIdentity());
    }
    expect(seen.size).toBe(12);
    const other = block().state;
    other.format(1, 2);
    expect(seen.has(other.newIdentity())).toBe(false);
    expect(seen.has(0)).toBe(false); // no note has been written of ring 0
  });
});
