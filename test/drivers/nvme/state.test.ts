import { describe, expect, it } from 'vitest';
import { OP, RequestTable, requestBytes } from '../../../src/drivers/nvme/requests.ts';
import { CommandWalk } from '../../../src/drivers/nvme/slot-walk.ts';
import {
  DISK_STATE_BYTES,
  DiskState,
  type H,
  NOBODY,
  OWN,
  PAIR,
  RECORD_WORDS,
  SHADOW,
  SHADOW_WORDS,
  stackOf,
} from '../../../src/drivers/nvme/state.ts';
import { StateError } from '../../../src/drivers/state-block.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../../../src/hw/memory.ts';
import { CQE, CQE_PHASE, CQE_WORDS } from '../../../src/hw/nvme/datasheet.ts';

const DEVICE = 3;
const SLOTS = 16;
const DEPTH = 10;
const REQUESTS = 64;

/**
 * A block of one disk with pairs 1 and 3 for queues 0 and 1 and no disk behind them. In flight on each: CIDs 0 to 3, with
 * requests 10 to 13 and 20 to 23; CID 2 stands for two requests, the second being 14 or 24.
 */
function block() {
  const map = new MemoryMap();
  const region = map.take(DISK_STATE_BYTES);
  const table = map.take(requestBytes(REQUESTS));
  const page = () => map.take(PAGE_BYTES, PAGE_BYTES).address >>> 2;
  const admin = [page(), page(), page()];
  const pairs = [1, 3].map((queue, nth) => ({
    queue,
    nth,
    sq: page(),
    cq: page(),
    shadow: page(),
    lists: map.take(DEPTH * PAGE_BYTES, PAGE_BYTES).address,
  }));
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  const { words } = memory;
  const state = new DiskState(memory, region);
  const requests = new RequestTable(memory, table);
  state.format(DEVICE, 2);
  for (const [nth, field] of (['adminSq', 'adminCq'] as const).entries()) state.setHeader(field, admin[nth]);
  state.setHeader('adminData', admin[2] * 4);
  state.setHeader('adminSlots', 64);
  for (let request = 0; request < REQUESTS; request++)
    requests.prepare(request, OP.read, request, 1, PAGE_BYTES, 0);
  for (const { queue, nth, sq, cq, shadow, lists } of pairs) {
    // Five commands were told, one completion taken and acknowledged: four are outstanding.
    words.set([sq, cq, SLOTS, DEPTH, shadow, lists, 5, 5, 1, 1, DEPTH - 4, nth, 0], state.pair(queue));
    for (let cid = 0; cid < DEPTH; cid++) {
      const first = cid < 4 ? 10 * (nth + 1) + cid : NOBODY;
      const count = cid < 4 ? (cid === 2 ? 2 : 1) : 0;
      words.set([first, count, first, cid + 1], shadow + cid * SHADOW_WORDS);
    }
    words[shadow + 2 * SHADOW_WORDS + SHADOW.last] = 10 * (nth + 1) + 4;
    words[requests.at(10 * (nth + 1) + 2) + 6] = 10 * (nth + 1) + 4;
    for (let place = 0; place < DEPTH - 4; place++) words[stackOf(shadow, DEPTH) + place] = DEPTH - 1 - place;
  }
  state.setHeader('active', 0b1010);
  return { state, memory, words, requests, base: region.address >>> 2 };
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

/** Sets words of the record of a pair. */
function record(queue: number, fields: Partial<Record<keyof typeof PAIR, number>>): (block: Block) => void {
  return ({ words, state }) => {
    for (const [name, value] of Object.entries(fields))
      words[state.pair(queue) + PAIR[name as keyof typeof PAIR]] = value;
  };
}

function header(field: keyof typeof H, value: number): (block: Block) => void {
  return ({ state }) => state.setHeader(field, value);
}

describe('validating the state block of a disk', () => {
  it.each<[string, (block: Block) => void]>([
    ['that holds together', () => undefined],
    [
      'whose positions have run over 2^31',
      record(1, { tail: -0x7ffffffe, tailRung: -0x7ffffffe, head: 0x7ffffffe, headRung: 0x7ffffffe }),
    ],
    ['with a command that was not told', record(1, { tail: 6, free: DEPTH - 5 })],
    ['with completions that were not acknowledged', record(1, { head: 3, free: DEPTH - 2 })],
    ['with every CID in use', record(3, { tail: 11, tailRung: 11, free: 0 })],
    [
      'with a pair that retires beside the one that took its place',
      ({ state, words }) => {
        words.copyWithin(state.pair(5), state.pair(3), state.pair(3) + RECORD_WORDS);
        words[state.pair(3) + PAIR.retiring] = 1;
        state.setHeader('active', 0b101010);
      },
    ],
    [
      'whose inactive records are nonsense',
      ({ state, words }) => words.fill(-1, state.pair(2), state.pair(2) + RECORD_WORDS),
    ],
  ])('takes one %s', (_, change) => {
    expect(refusal(change)).toBe('taken');
  });

  it.each<[string, string, (block: Block) => void]>([
    ['without its magic number', 'no magic number', header('magic', 1)],
    ['of another length', `64 bytes, not ${DISK_STATE_BYTES}`, header('bytes', 64)],
    ['of another disk', 'of device 4, not 3', header('device', 4)],
    ['of no queues', '0 queues, not 1 to 16', header('queues', 0)],
    ['of more queues than there can be', '17 queues, not 1 to 16', header('queues', 17)],
    ['without an admin queue', 'admin queue: 0 slots', header('adminSlots', 0)],
    [
      'whose admin queue is behind itself',
      'admin queue: -1 commands in flight on 64 slots',
      header('adminHead', 1),
    ],
    [
      'whose admin queue is outside the memory',
      'admin queue: outside the memory',
      header('adminSq', 1 << 28),
    ],
    [
      'whose admin queue begins within a page',
      'admin queue: outside the memory',
      ({ state }) => state.setHeader('adminCq', state.header('adminCq') + 4),
    ],
    [
      'whose extension is outside the memory',
      'an extension outside the memory',
      header('extension', -PAGE_BYTES),
    ],
    ['with a queue that is no power of two', 'queue pair 3: 24 slots', record(3, { slots: 24 })],
    ['with a queue of negative length', 'queue pair 1: -2147483648 slots', record(1, { slots: -(2 ** 31) })],
    ['with a longer queue than there can be', 'queue pair 1: 2048 slots', record(1, { slots: 2048 })],
    ['with as many commands as slots', 'queue pair 1: a depth of 16 on 16 slots', record(1, { depth: 16 })],
    ['with no commands', 'queue pair 1: a depth of 0 on 16 slots', record(1, { depth: 0 })],
    ['with more free CIDs than there are', 'queue pair 1: 11 free CIDs of 10', record(1, { free: 11 })],
    ['with fewer free CIDs than none', 'queue pair 1: -1 free CIDs of 10', record(1, { free: -1 })],
    [
      'that has lost a CID',
      'queue pair 1: 4 commands in flight, but 5 free CIDs of 10',
      record(1, { free: 5 }),
    ],
    [
      'that has taken more completions than there were commands',
      'queue pair 3: -1 commands in flight, but 6 free CIDs of 10',
      record(3, { head: 6 }),
    ],
    ['that told of more than it wrote', 'queue pair 1: -1 commands untold of 4', record(1, { tailRung: 6 })],
    ['with more untold than outstanding', 'queue pair 1: 5 commands untold of 4', record(1, { tailRung: 0 })],
    [
      'that acknowledged what it did not take',
      'queue pair 1: -1 completions not acknowledged on 16 slots',
      record(1, { headRung: 2 }),
    ],
    [
      'whose submission queue begins before the memory',
      'queue pair 1: a queue outside the memory',
      record(1, { sq: -1024 }),
    ],
    [
      'whose completion queue begins within a page',
      'queue pair 1: a queue outside the memory',
      ({ state, words }) =>
        words.fill(words[state.pair(1) + PAIR.cq] + 4, state.pair(1) + PAIR.cq, state.pair(1) + PAIR.cq + 1),
    ],
    [
      'whose shadow lies behind the memory',
      'queue pair 3: a queue outside the memory',
      ({ state, words }) =>
        words.fill(words.length, state.pair(3) + PAIR.shadow, state.pair(3) + PAIR.shadow + 1),
    ],
    [
      'whose list pages end behind the memory',
      'queue pair 3: a queue outside the memory',
      ({ state, words }) =>
        words.fill(
          words.length * 4 - 9 * PAGE_BYTES,
          state.pair(3) + PAIR.lists,
          state.pair(3) + PAIR.lists + 1,
        ),
    ],
    [
      'that serves a queue which the client does not have',
      'queue pair 3: serves queue 2 of 2',
      record(3, { logical: 2 }),
    ],
    [
      'with two pairs for one queue',
      'queue pair 3: queue 0 has a queue pair already',
      record(3, { logical: 0 }),
    ],
    [
      'with a queue that nobody serves',
      'no queue pair takes commands of queue 1',
      record(3, { retiring: 1 }),
    ],
  ])('refuses one %s', (_, reason, spoil) => {
    expect(refusal(spoil)).toBe(`state block refused: ${reason}`);
  });
});

describe('the walk over the shadows', () => {
  const shadowAt = ({ words, state }: Block, queue: number, cid: number): number =>
    words[state.pair(queue) + PAIR.shadow] + cid * SHADOW_WORDS;

  it('looks at no more CIDs at a time than it is told', () => {
    for (const cids of [1, 3, 10, 19, 20]) {
      const { state, requests } = block();
      const walk = new CommandWalk(state, requests);
      let slices = 1;
      while (!walk.advance(cids)) slices++;
      expect(slices).toBe(Math.ceil(20 / cids));
    }
  });

  it.each<[string, string, (made: Block) => void]>([
    [
      'that does not exist',
      'queue pair 3, command 1: no such request as 64',
      (made) => {
        made.words[shadowAt(made, 3, 1)] = 64;
      },
    ],
    [
      'that is done',
      'queue pair 1, command 3: request 13 is done',
      ({ requests }) => {
        requests.finish(13, 0);
      },
    ],
    [
      'that is done, as the second of its command',
      'queue pair 3, command 2: request 24 is done',
      ({ requests }) => {
        requests.finish(24, 0);
      },
    ],
    [
      'too few',
      'queue pair 1, command 0: -1 requests',
      (made) => {
        made.words[shadowAt(made, 1, 0) + SHADOW.count] = -1;
      },
    ],
    [
      'too many',
      'queue pair 1, command 0: 33 requests',
      (made) => {
        made.words[shadowAt(made, 1, 0) + SHADOW.count] = 33;
      },
    ],
    [
      'behind the last of a chain',
      'queue pair 1, command 0: no such request as -2',
      (made) => {
        made.words[shadowAt(made, 1, 0) + SHADOW.count] = 2;
      },
    ],
    [
      'of a driver that is not here',
      'queue pair 1, command 1: no such request as -7',
      (made) => {
        made.words[shadowAt(made, 1, 1)] = OWN - 5;
      },
    ],
  ])('names the command with a request %s', (_, reason, spoil) => {
    const made = block();
    spoil(made);
    expect(() => new CommandWalk(made.state, made.requests).advance(100)).toThrow(reason);
  });

  it.each([
    ['outstanding', 1],
    ['beyond the depth', DEPTH],
    ['negative', -1],
  ])('refuses a stack with a CID that is %s', (_, cid) => {
    const made = block();
    const shadow = made.words[made.state.pair(1) + PAIR.shadow];
    made.words[stackOf(shadow, DEPTH) + 2] = cid;
    expect(() => new CommandWalk(made.state, made.requests).advance(100)).toThrow(
      `queue pair 1: command ${cid} is not free`,
    );
  });

  it("takes a driver's own commands where there may be some", () => {
    const made = block();
    made.words[shadowAt(made, 1, 1)] = OWN - 5;
    made.state.setHeader('extensionBytes', 6 * 4096);
    expect(new CommandWalk(made.state, made.requests).advance(100)).toBe(true);
    made.state.setHeader('extensionBytes', 5 * 4096);
    expect(() => new CommandWalk(made.state, made.requests).advance(100)).toThrow('no such request');
  });

  it('passes over a pair that has gone meanwhile', () => {
    const made = block();
    const walk = new CommandWalk(made.state, made.requests);
    expect(walk.advance(12)).toBe(false);
    made.words[shadowAt(made, 3, 3)] = 99;
    made.state.setHeader('active', 0b10);
    expect(walk.advance(1)).toBe(true);
  });
});

describe('what the block says, whoever drives', () => {
  it('puts back header and active records, whatever was done to them', () => {
    const { state, words, base } = block();
    const before = words.slice(base, base + DISK_STATE_BYTES / 4);
    const copy = new Int32Array(DISK_STATE_BYTES / 4);
    state.save(copy);
    state.setHeader('active', 0);
    state.setHeader('adoptions', 9);
    for (const queue of [1, 3]) words.fill(77, state.pair(queue), state.pair(queue) + 13);
    state.restore(copy);
    expect(words.slice(base, base + DISK_STATE_BYTES / 4)).toEqual(before);
  });

  it('work waits when the phase tag at the head of any queue is that of its pass, and of no other', () => {
    const { state, words } = block();
    const status = (slot: number) => words[state.pair(3) + PAIR.cq] + slot * CQE_WORDS + CQE.status;
    expect(state.workWaits()).toBe(false);
    words[status(2)] = CQE_PHASE;
    expect(state.workWaits()).toBe(false);
    words[status(1)] = CQE_PHASE;
    expect(state.workWaits()).toBe(true);
    words[state.pair(3) + PAIR.head] = SLOTS + 1; // the next pass: that one is old
    expect(state.workWaits()).toBe(false);
    words[status(1)] = 0;
    expect(state.workWaits()).toBe(true);
    expect(state.completionWaits()).toBe(false);
  });

  it('visits each outstanding command once', () => {
    const { state } = block();
    const seen: number[][] = [];
    state.forEachCommand((first, count, queue, cid) => seen.push([queue, cid, first, count]));
    expect(seen).toEqual([
      [1, 0, 10, 1],
      [1, 1, 11, 1],
      [1, 2, 12, 2],
      [1, 3, 13, 1],
      [3, 0, 20, 1],
      [3, 1, 21, 1],
      [3, 2, 22, 2],
      [3, 3, 23, 1],
    ]);
  });
});
