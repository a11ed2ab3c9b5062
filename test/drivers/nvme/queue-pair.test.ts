import { describe, expect, it } from 'vitest';
import { CompletionError } from '../../../src/drivers/nvme/queue-pair.ts';
import { OP } from '../../../src/drivers/nvme/requests.ts';
import { PAIR, phaseAt, SHADOW } from '../../../src/drivers/nvme/state.ts';
import { CQE, CQE_STATUS_SHIFT, CQE_WORDS, cqHead } from '../../../src/hw/nvme/datasheet.ts';
import { DiskBench } from './bench.ts';

/** Posts a completion as a disk gone wrong would. */
function post(bench: DiskBench, position: number, cid: number, status = 0): void {
  const { words } = bench.memory;
  const record = bench.state.pair(1);
  const slots = words[record + PAIR.slots];
  const entry = words[record + PAIR.cq] + (position & (slots - 1)) * CQE_WORDS;
  words[entry + CQE.status] = cid | phaseAt(position, slots) | (status << CQE_STATUS_SHIFT);
}

/** Two reads, told to a disk that does not step: CIDs 0 and 1. */
function twoReads(): { bench: DiskBench; reads: number[] } {
  const bench = DiskBench.started('polling', { queueDepth: 4 });
  const reads = [0, 1].map((nth) => bench.prepare(OP.read, nth * 8, 8));
  bench.submit(...reads);
  return { bench, reads };
}

describe('reaping completions', () => {
  it('takes them in any order of CIDs, and frees those', () => {
    const { bench, reads } = twoReads();
    post(bench, 0, 1, 0x281);
    post(bench, 1, 0);
    expect(bench.driver.poll(256)).toBe(2);
    expect(bench.handed.map(({ request }) => request)).toEqual([reads[1], reads[0]]);
    expect(reads.map((request) => bench.requests.status(request))).toEqual([0, 0x281]);
    expect(bench.driver.room(0)).toBe(4);
  });

  it('takes no more than it may, and the rest next time', () => {
    const { bench, reads } = twoReads();
    post(bench, 0, 0);
    post(bench, 1, 1);
    expect(bench.driver.poll(1)).toBe(1);
    expect(bench.handed.map(({ request }) => request)).toEqual([reads[0]]);
    expect(bench.driver.poll(1)).toBe(1);
    expect(bench.handed.map(({ request }) => request)).toEqual(reads);
  });

  it('takes commands of one request and of several in the order of their completions', () => {
    const bench = DiskBench.started('batching', { queueDepth: 8, batch: 4 });
    const requests = [40, 0, 8, 80].map((block) => bench.prepare(OP.read, block, 8)); // the two in the middle are neighbours
    bench.submit(...requests);
    post(bench, 0, 2);
    post(bench, 1, 1);
    post(bench, 2, 0);
    bench.driver.interrupt(1);
    expect(bench.driver.poll(256)).toBe(4);
    const [first, second, third, last] = requests;
    expect(bench.handed.map(({ request }) => request)).toEqual([last, second, third, first]);
    expect(bench.driver.room(0)).toBe(8);
  });

  it.each([
    ['of a CID that is free', 2],
    ['of a CID that there is not', 4],
    ['of a CID far beyond', 0xffff],
  ])('refuses a completion %s, naming queue and CID, when what came before is handed over', (_, cid) => {
    const { bench, reads } = twoReads();
    post(bench, 0, 0);
    post(bench, 1, cid);
    expect(bench.driver.poll(256)).toBe(1);
    expect(bench.handed.map(({ request }) => request)).toEqual([reads[0]]);
    expect(() => bench.driver.poll(256)).toThrow(CompletionError);
    expect(() => bench.driver.poll(256)).toThrow(
      `nvme0: queue 1, command ${cid}: completed, but is not outstanding`,
    );
  });

  it('refuses a command that completes twice', () => {
    const { bench } = twoReads();
    post(bench, 0, 1);
    post(bench, 1, 1);
    bench.driver.poll(256);
    expect(() => bench.driver.poll(256)).toThrow('queue 1, command 1: completed, but is not outstanding');
  });

  it('refuses a command whose request was done by another', () => {
    const { bench, reads } = twoReads();
    bench.requests.finish(reads[0], 0);
    post(bench, 0, 0);
    expect(() => bench.driver.poll(256)).toThrow(`queue 1, command 0: request ${reads[0]} was done before`);
    expect(bench.handed).toEqual([]);
  });

  it("refuses a command that is another driver's own", () => {
    const { bench } = twoReads();
    const { words } = bench.memory;
    words[words[bench.state.pair(1) + PAIR.shadow] + SHADOW.first] = -5;
    post(bench, 0, 0);
    expect(() => bench.driver.poll(256)).toThrow(
      'queue 1, command 0: completed, but is no request of this driver',
    );
  });

  it('stores the head when the requests were handed over, not before, and then rings', () => {
    const { bench } = twoReads();
    const { words } = bench.memory;
    const head = bench.state.pair(1) + PAIR.head;
    const seen: number[][] = [];
    bench.onComplete = () => seen.push([words[head], bench.written(cqHead(1)).length]);
    post(bench, 0, 0);
    post(bench, 1, 1);
    bench.driver.poll(256);
    expect(seen).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(words[head]).toBe(2);
    expect(bench.written(cqHead(1))).toEqual([2]);
  });
});
