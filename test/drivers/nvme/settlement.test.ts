/** A queue pair as a CPU left it that ended in the middle of something, by hand: the simulation does it at every access. */
import { describe, expect, it } from 'vitest';
import { OP, PENDING, REQUEST } from '../../../src/drivers/nvme/requests.ts';
import { settlePair, tellPair } from '../../../src/drivers/nvme/settlement.ts';
import { CommandWalk } from '../../../src/drivers/nvme/slot-walk.ts';
import { NOBODY, PAIR, SHADOW, SHADOW_WORDS } from '../../../src/drivers/nvme/state.ts';
import { StateError } from '../../../src/drivers/state-block.ts';
import { cqHead, SQE, SQE_WORDS, sqTail } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench } from './bench.ts';

const DEPTH = 8;
const DEVICE = 5;

/** Reads of a page each, in flight on the only pair. */
function bench(requests: number, driver = 'polling') {
  const made = DiskBench.started(driver, { queueDepth: DEPTH });
  const { memory, state, requests: table } = made;
  const record = state.pair(1);
  const batch = Int32Array.from({ length: requests }, (_, request) => request);
  for (const request of batch) table.prepare(request, OP.read, 8 * request, 8, 4096 * (request + 1), 0);
  made.driver.submit(0, batch, requests);
  const shadowOf = (cid: number): number => memory.words[record + PAIR.shadow] + cid * SHADOW_WORDS;
  const settle = (waits: (request: number) => boolean = () => true): void => {
    settlePair(made.environment, 1, waits);
    state.validate(DEVICE);
    while (!new CommandWalk(state, table).advance(1000));
  };
  const commands = (): [first: number, count: number][] => {
    const found: [number, number][] = [];
    state.forEachCommand((first, count) => found.push([first, count]));
    return found;
  };
  return { ...made, words: memory.words, table, record, shadowOf, settle, commands };
}

describe('a queue pair whose CPU has ended', () => {
  it('is as it was if nothing was in doubt', () => {
    const { settle, commands, words, record } = bench(3);
    const before = words.slice(record, record + 13);
    settle();
    expect(commands()).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    expect(words.slice(record, record + 13)).toEqual(before);
  });

  it('has no command that was written and not enqueued', () => {
    const { settle, commands, words, record, shadowOf } = bench(2);
    words.set([7, 1, 7, words[record + PAIR.tail]], shadowOf(2));
    settle();
    expect(commands()).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });

  it('has the command again of a completion that was not committed, for those who wait for it', () => {
    const { settle, commands, words, record, shadowOf, table, controller, clock } = bench(3);
    while (controller.step(clock.nowUs(), 8) > 0);
    // All three were taken, and two of their requests handed over and closed in the client's books.
    for (const cid of [0, 1, 2]) {
      table.finish(words[shadowOf(cid)], 0);
      words[shadowOf(cid) + SHADOW.count] = 0;
    }
    words[record + PAIR.free] = DEPTH;
    settle((request) => request === 2);
    expect(commands()).toEqual([
      [NOBODY, 1],
      [NOBODY, 1],
      [2, 1],
    ]);
    expect(table.status(2)).toBe(PENDING);
    settle((request) => request === 2); // and once more
    expect(commands()[2]).toEqual([2, 1]);
  });

  it('has an entry for all requests of a command that one was joining', () => {
    const { settle, words, record, shadowOf, table } = bench(1, 'batching');
    const shadow = shadowOf(0);
    const entry =
      words[record + PAIR.sq] + (words[shadow + SHADOW.at] & (words[record + PAIR.slots] - 1)) * SQE_WORDS;
    table.prepare(1, OP.read, 8, 8, 8192, 0);
    words[table.at(1) + REQUEST.next] = -1;
    words[table.at(0) + REQUEST.next] = 1;
    words[shadow + SHADOW.last] = 1;
    words[shadow + SHADOW.count] = 2;
    expect(words[entry + SQE.cdw12] & 0xffff).toBe(7);
    settle();
    expect(words[entry + SQE.cdw12] & 0xffff).toBe(15);
    expect([words[entry + SQE.prp1], words[entry + SQE.prp2]]).toEqual([4096, 8192]);
  });

  it('is refused if its commands cannot be', () => {
    const { settle, words, shadowOf } = bench(1);
    words[shadowOf(0)] = 5000;
    expect(() => settle()).toThrow(StateError);
  });
});

describe('the disk of such a pair', () => {
  /** From now on a doorbell is not rung, until what is returned is called. */
  function silence({ port }: DiskBench, doorbell: number): () => void {
    const write = port.write32;
    port.write32 = (offset, value) => {
      if (offset !== doorbell) write.call(port, offset, value);
    };
    return () => {
      port.write32 = write;
    };
  }

  it('is told of commands of which it was only said that it knows them', () => {
    const made = DiskBench.started('polling', { queueDepth: DEPTH });
    const heard = silence(made, sqTail(1));
    const requests = [made.prepare(OP.read, 0, 8), made.prepare(OP.read, 8, 8)];
    made.submit(...requests);
    made.turns(100);
    heard();
    const record = made.state.pair(1);
    expect(made.memory.words[record + PAIR.tailRung]).toBe(made.memory.words[record + PAIR.tail]);
    expect(made.handed).toEqual([]);
    tellPair(made.environment, 1);
    made.settle(...requests);
  });

  it('is told of completions of which it was only said that it knows them to be taken', () => {
    const made = DiskBench.started('polling', { queueDepth: DEPTH });
    const heard = silence(made, cqHead(1));
    for (let nth = 0; nth < 2 * DEPTH - 1; nth++) made.read(0, 1);
    const request = made.prepare(OP.read, 0, 8);
    made.submit(request);
    made.turns(100);
    heard();
    expect(made.isDone(request)).toBe(false);
    tellPair(made.environment, 1);
    made.settle(request);
  });

  it.each([0, 3])(
    'hears nothing new where it was told of all %i commands, by however many words',
    (commands) => {
      const { controller, clock, environment, words, record, state } = bench(commands);
      const executed = (): number => {
        while (controller.step(clock.nowUs(), 8) > 0);
        return controller.probes.read('commands');
      };
      expect(executed()).toBe(commands);
      for (const [tailRung, headRung] of [
        [commands, 0],
        [0, 0], // its CPU ended between the doorbell and the word
      ]) {
        words[record + PAIR.tailRung] = tailRung;
        words[record + PAIR.headRung] = headRung;
        tellPair(environment, 1);
        expect(executed()).toBe(commands);
        expect(words[record + PAIR.tailRung]).toBe(commands);
      }
      state.validate(DEVICE);
      expect(controller.probes.read('invalidDoorbells')).toBe(0);
    },
  );
});
