import { beforeEach, describe, expect, it, test } from 'vitest';
import { QUEUE_DEPTH, WINDOW_BYTES } from '../../../src/exec/nbd/transmission.ts';
import { MemoryBackend, MIB, pattern } from './memory-backend.ts';
import { TransmissionBench } from './transmission-bench.ts';
import { DF, DISC, FLUSH, read, write } from './wire.ts';

const ENOSPC = 28;
const ESHUTDOWN = 108;

let backend: MemoryBackend;
beforeEach(() => {
  backend = new MemoryBackend(4 * MIB);
});

const simple = () => new TransmissionBench(backend, false);
const structured = () => new TransmissionBench(backend, true);

const media = (offset: number, length: number) =>
  Buffer.from(backend.bytes.subarray(offset, offset + length));

describe('what is on its way is bounded', () => {
  const many = Array.from({ length: 1000 }, (_, i) => read(i, 4096 * (i % 1024), 4096));

  it('no more requests are taken than the queue is deep while the backend is slow', () => {
    backend.holding = true;
    const bench = structured().send(...many);
    expect(backend.calls).toHaveLength(QUEUE_DEPTH);
    expect(bench.transmission.hungry).toBe(false);
    backend.release((held) => held.slice(0, 5)); // the others are never completed
    expect(backend.calls).toHaveLength(QUEUE_DEPTH + 5);
  });

  it('all are answered in the end, each once, with its data', () => {
    backend.holding = true;
    const bench = structured().send(...many);
    while (backend.heldRequests > 0) backend.release((held) => held.reverse());
    const replies = bench.replies();
    expect(new Set(replies.map(({ cookie }) => cookie)).size).toBe(1000);
    expect(replies).toHaveLength(1000);
    for (const { offset = 0, data } of replies) expect(data?.equals(media(offset, 4096))).toBe(true);
    expect(bench.transmission.idle).toBe(true);
  });

  it('no more requests are taken than the queue is deep while the client does not read', () => {
    const bench = structured();
    bench.reads = false;
    for (const fields of many) bench.send(fields);
    expect(backend.calls.length).toBeLessThanOrEqual(QUEUE_DEPTH + 1);
    expect(bench.heldBack).toBeGreaterThan(0);
  });

  it('refused requests of a client that does not read its replies count as well', () => {
    const bench = simple();
    bench.reads = false;
    for (let i = 0; i < 1000; i++) bench.send({ command: 99, cookie: i });
    expect(bench.heldBack / 28).toBeGreaterThan(1000 - QUEUE_DEPTH - 2);
  });

  it.each([
    ['reads', (i: number) => read(i, 0, MIB, DF)],
    ['reads in chunks', (i: number) => read(i, 0, MIB)],
  ])('long %s take no more memory than the window', (_, fields) => {
    backend.holding = true;
    backend.transferBytes = MIB;
    const bench = structured().send(...Array.from({ length: 100 }, (_, i) => fields(i)));
    expect(bench.transmission.replies.reservedBytes).toBeGreaterThan(WINDOW_BYTES - 2 * MIB);
    expect(bench.transmission.replies.reservedBytes).toBeLessThanOrEqual(WINDOW_BYTES);
  });

  it('the longest request is served all the same, and leaves no memory reserved', () => {
    backend = new MemoryBackend(32 * MIB);
    const bench = structured().send(read(1, 0, 32 * MIB, DF), read(2, 0, 512));
    expect(bench.replies()).toMatchObject([
      { cookie: 1, error: 0 },
      { cookie: 2, error: 0 },
    ]);
    expect(bench.transmission.replies.reservedBytes).toBe(0);
  });
});

describe('the end', () => {
  it('after DISC what is outstanding is answered, and nothing is taken any more', () => {
    backend.holding = true;
    const bench = simple().send(read(1, 0, 512), { command: DISC, cookie: 2 }, read(3, 0, 512));
    expect(bench.transmission.done).toBe(false);
    backend.release();
    expect(bench.replies().map(({ cookie }) => cookie)).toEqual([1]);
    expect(bench.transmission.done).toBe(true);
  });

  it('a client that ends in the middle of a payload loses that request alone', () => {
    backend.holding = true;
    const bench = simple();
    const bytes = Buffer.concat([bench.encode(read(1, 0, 512)), bench.encode(write(2, 0, pattern(MIB)))]);
    bench.sendBytes(bytes.subarray(0, 200_000));
    bench.transmission.endInput();
    bench.settle();
    expect(bench.transmission.done).toBe(false);
    backend.release();
    expect(bench.replies().map(({ cookie }) => cookie)).toEqual([1]);
    expect(bench.transmission.done).toBe(true);
  });

  it('a client that ends in the middle of a payload that was refused is done', () => {
    const bench = simple();
    bench.sendBytes(bench.encode(write(1, 4 * MIB, pattern(4096))).subarray(0, 1000));
    bench.transmission.endInput();
    bench.settle();
    expect(bench.replies()).toMatchObject([{ cookie: 1, error: ENOSPC }]);
    expect(bench.transmission.done).toBe(true);
  });

  it('a client that ends while requests wait for their turn gets them answered', () => {
    backend.holding = true;
    const bench = simple().send(...Array.from({ length: 300 }, (_, i) => read(i, 0, 512)));
    bench.transmission.endInput();
    while (backend.heldRequests > 0) backend.release();
    expect(bench.replies()).toHaveLength(300);
    expect(bench.transmission.done).toBe(true);
  });

  it('while the server closes, new requests are refused and old ones finished', () => {
    backend.holding = true;
    const bench = structured().send(read(1, 0, 512));
    bench.transmission.shutDown();
    bench.send(read(2, 0, 512), write(3, 0, pattern(512)), { command: FLUSH, cookie: 4 });
    expect(bench.replies().map(({ cookie, error }) => [cookie, error])).toEqual([
      [2, ESHUTDOWN],
      [3, ESHUTDOWN],
      [4, ESHUTDOWN],
    ]);
    expect(bench.transmission.done).toBe(false);
    backend.release();
    expect(bench.replies()).toMatchObject([{ cookie: 1, error: 0 }]);
    expect(bench.transmission.done).toBe(true);
  });
});

test('a backend that completes a request twice is found out', () => {
  const bench = simple();
  backend.flush = (completion) => {
    completion.complete(0);
    completion.complete(0);
  };
  expect(() => bench.send({ command: FLUSH, cookie: 1 })).toThrow(/twice/);
});
