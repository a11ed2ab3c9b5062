/** The books of a disk, and their balance: each kind of violation is named, with request, block and version. */
import { describe, expect, it } from 'vitest';
import { type DiskFacts, diskBalance, diskFacts } from '../../../src/check/blocks/balance.ts';
import {
  BLOCK_ANOMALIES,
  type BlockAnomaly,
  BlockBooks,
  type BlockCounts,
  layoutBlockBooks,
} from '../../../src/check/blocks/books.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';

const NOTHING: BlockCounts = {
  submitted: 0,
  completed: 0,
  failed: 0,
  cut: 0,
  lost: 0,
  duplicated: 0,
  corrupt: 0,
  brokenPromises: 0,
  bytesRead: 0,
  bytesWritten: 0,
};

function makeBooks() {
  const map = new MemoryMap();
  const region = layoutBlockBooks(map);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  return { books: new BlockBooks(memory, region), remake: () => new BlockBooks(memory, region) };
}

function facts(more: Partial<Omit<DiskFacts, 'counts'>> & { counts?: Partial<BlockCounts> } = {}): DiskFacts {
  const counts = { ...NOTHING, submitted: 100, completed: 100, ...more.counts };
  return { name: 'nvme0', mayFail: false, aborted: 0, outstanding: 0, anomalies: [], ...more, counts };
}

function anomaly(kind: BlockAnomaly['kind']): BlockAnomaly {
  return { kind, queue: 1, request: 5, block: 42, found: 6, expected: 8, timeUs: 99 };
}

describe('the books', () => {
  it('are empty at first', () => {
    const { books } = makeBooks();
    expect(books.counts()).toEqual(NOTHING);
    expect(books.anomalies()).toEqual([]);
  });

  it('count each thing by itself, beyond 32 bits, and go on on another CPU', () => {
    const { books, remake } = makeBooks();
    const names = Object.keys(NOTHING) as (keyof BlockCounts)[];
    for (const [i, name] of names.entries()) books.count(name, i + 1);
    books.count('bytesRead', 2 ** 32 - 1);
    books.count('bytesRead', 2 ** 32 - 1);
    const expected = Object.fromEntries(names.map((name, i) => [name, i + 1]));
    expect(remake().counts()).toEqual({ ...expected, bytesRead: expected.bytesRead + 2 ** 33 - 2 });
  });

  it('close a batch by one store: before it nothing of it is counted', () => {
    const { books, remake } = makeBooks();
    books.close(3, 1, 512, 1024);
    const { batch } = books;
    expect(remake().batch).toBe(batch);
    books.close(2, 0, 0, 512);
    expect(remake().batch).toBe(batch + 1);
    expect(remake().counts()).toMatchObject({ completed: 5, failed: 1, bytesRead: 512, bytesWritten: 1536 });
  });

  it('of a CPU that ended in an offer go on with what is outstanding', () => {
    const { books, remake } = makeBooks();
    books.offers(5);
    books.took(5);
    books.close(2, 0, 0, 0);
    books.offers(7);
    const next = remake();
    next.resume(6);
    expect(next.counts()).toMatchObject({ submitted: 8, completed: 2 });
    next.offers(1);
    next.took(1);
    expect(next.read('submitted')).toBe(9);
  });

  it('keep the first anomalies as they were seen, in their order', () => {
    const { books, remake } = makeBooks();
    for (const [i, kind] of BLOCK_ANOMALIES.entries())
      books.note(kind, i, 10 + i, 2 ** 30 + i, -1, 2 ** 31 - 1, 0.5 + i);
    expect(remake().anomalies()).toEqual(
      BLOCK_ANOMALIES.map((kind, i) => ({
        kind,
        queue: i,
        request: 10 + i,
        block: 2 ** 30 + i,
        found: 2 ** 32 - 1,
        expected: 2 ** 31 - 1,
        timeUs: 0.5 + i,
      })),
    );
    for (let i = 0; i < 100; i++) books.note('stale', 0, i, 0, 0, 0, 0);
    const kept = books.anomalies();
    expect(kept).toHaveLength(32);
    expect(kept[0].kind).toBe(BLOCK_ANOMALIES[0]);
    expect(kept[31].request).toBe(31 - BLOCK_ANOMALIES.length);
    expect(books.counts()).toEqual(NOTHING); // nothing that is kept lies on a counter
  });
});

describe('the balance of a disk', () => {
  it('is clean when every request was completed once, or went down with the power', () => {
    const clean = { lost: 0, duplicated: 0, corrupt: 0, brokenPromises: 0, violations: [] };
    expect(diskBalance(facts())).toEqual(clean);
    expect(diskBalance(facts({ mayFail: true, counts: { completed: 90, failed: 3, cut: 10 } }))).toEqual(
      clean,
    );
  });

  it('names what was seen, with queue, time and everything that helps to find it', () => {
    const { violations } = diskBalance(facts({ anomalies: BLOCK_ANOMALIES.map(anomaly) }));
    expect(violations.map(({ invariant, message }) => `${invariant}: ${message}`)).toEqual([
      'delivery: request 5 to block 42 was never completed',
      'delivery: request 5 was completed and was not outstanding',
      'damage: block 42, read by request 5, is no block that was ever written',
      'damage: block 42, read by request 5, is block 6',
      'damage: block 42, read by request 5, is torn: not all of it is version 6',
      'damage: block 42, read by request 5, is damaged; its header says version 6',
      'order: block 42, read by request 5, is version 6, and nothing before version 8 was left to be read',
      'promise: block 42, read by request 5, is version 6 after the power cut, and version 8 was promised',
      'order: block 42, read by request 5, is version 6, which was never written',
    ]);
    for (const violation of violations)
      expect(violation).toMatchObject({ device: 'nvme0', queue: 1, timeUs: 99 });
  });

  it('says zeroes where there was no version', () => {
    const [violation] = diskBalance(facts({ anomalies: [{ ...anomaly('forgotten'), found: 0 }] })).violations;
    expect(violation.message).toBe(
      'block 42, read by request 5, is zeroes after the power cut, and version 8 was promised',
    );
  });

  it('leaves out a queue that is not known', () => {
    const [violation] = diskBalance(facts({ anomalies: [{ ...anomaly('lost'), queue: -1 }] })).violations;
    expect(violation).not.toHaveProperty('queue');
  });

  it('counts what is outstanding at the end as lost, beside what was given up', () => {
    const { lost, violations } = diskBalance(facts({ counts: { completed: 95, lost: 3 }, outstanding: 2 }));
    expect(lost).toBe(5);
    expect(violations).toEqual([
      {
        invariant: 'delivery',
        device: 'nvme0',
        message: '2 of 5 lost requests were outstanding at the end and will never be completed',
      },
    ]);
  });

  it.each([99, 101])(
    'finds %i completions of 100 requests, though nobody has seen one that was wrong',
    (completed) => {
      expect(diskBalance(facts({ counts: { completed } })).violations).toEqual([
        {
          invariant: 'conservation',
          device: 'nvme0',
          message: `100 requests were submitted, but ${completed} completed, 0 cut off and 0 lost`,
        },
      ]);
    },
  );

  it('takes counters and anomalies from the books', () => {
    const { books } = makeBooks();
    books.count('submitted', 7);
    books.count('completed', 4);
    books.count('corrupt', 2);
    books.note('torn', 1, 5, 42, 6, 8, 99);
    const read = diskFacts('nvme1', books, 3);
    expect(read).toMatchObject({ name: 'nvme1', outstanding: 3, anomalies: [anomaly('torn')] });
    expect(diskBalance(read)).toMatchObject({ lost: 3, corrupt: 2 });
  });

  it('does not take a failed request for granted, unless errors were planted', () => {
    const counts = { failed: 2 };
    expect(diskBalance(facts({ counts })).violations).toMatchObject([
      { invariant: 'delivery', message: '2 requests failed, and no error was planted' },
    ]);
    expect(diskBalance(facts({ counts, mayFail: true })).violations).toEqual([]);
  });

  it('takes as many failed requests for granted as resets have ended, no more and no less', () => {
    expect(diskBalance(facts({ counts: { failed: 2 }, aborted: 2 })).violations).toEqual([]);
    for (const failed of [0, 1, 3])
      expect(diskBalance(facts({ counts: { failed }, aborted: 2 })).violations).toMatchObject([
        {
          invariant: 'delivery',
          message: `${failed} requests failed, 2 were ended by resets, and no error was planted`,
        },
      ]);
  });
});
