import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, MIB, pattern } from './memory-backend.ts';
import { TransmissionBench } from './transmission-bench.ts';
import { cut, DF, FLUSH, FUA, NO_HOLE, read, TRIM, WRITE_ZEROES, write } from './wire.ts';

const EIO = 5;
const ENOSPC = 28;

let backend: MemoryBackend;
beforeEach(() => {
  backend = new MemoryBackend(4 * MIB);
});

const simple = () => new TransmissionBench(backend, false);
const structured = () => new TransmissionBench(backend, true);

const media = (offset: number, length: number) =>
  Buffer.from(backend.bytes.subarray(offset, offset + length));
const okay = (cookie: number) => ({ kind: 'simple', cookie, error: 0, done: true, data: Buffer.alloc(0) });

describe('read', () => {
  it('is answered by a simple reply with the data', () => {
    expect(
      simple()
        .send(read(7, 4096, 512))
        .replies(),
    ).toEqual([{ kind: 'simple', cookie: 7, error: 0, done: true, data: media(4096, 512) }]);
  });

  it('is answered by one chunk, which is the last, where structured replies are negotiated', () => {
    expect(
      structured()
        .send(read(7, 4096, 512))
        .replies(),
    ).toEqual([{ kind: 'data', cookie: 7, error: 0, done: true, offset: 4096, data: media(4096, 512) }]);
  });

  it('longer than a transfer of the backend is cut up, and answered by a chunk for each piece', () => {
    const bench = structured().send(read(7, 512, 300 * 1024));
    expect(backend.calls.map(({ offset, length }) => [offset, length])).toEqual([
      [512, 131_072],
      [512 + 131_072, 131_072],
      [512 + 262_144, 45_056],
    ]);
    const replies = bench.replies();
    expect(replies.map(({ done }) => done)).toEqual([false, false, true]);
    for (const { offset = 0, data } of replies) expect(data?.equals(media(offset, data.length))).toBe(true);
  });

  it.each([
    ['with DF', true, DF],
    ['as a simple reply', false, 0],
  ])('is answered in one %s, however the pieces complete', (_, structuredReplies, flags) => {
    backend.holding = true;
    const bench = new TransmissionBench(backend, structuredReplies).send(read(7, 0, MIB, flags));
    expect(backend.heldRequests).toBe(8);
    backend.release((held) => held.reverse());
    const [reply, ...others] = bench.replies();
    expect(reply).toMatchObject({ cookie: 7, error: 0, done: true });
    expect(reply.data?.equals(media(0, MIB))).toBe(true);
    expect(others).toEqual([]);
  });

  it('DONE comes with the last piece to complete, not with the last in place', () => {
    backend.holding = true;
    const bench = structured().send(read(7, 0, 3 * 131_072));
    backend.release(([first, second, third]) => [third, first, second]);
    expect(bench.replies().map(({ offset, done }) => [offset, done])).toEqual([
      [2 * 131_072, false],
      [0, false],
      [131_072, true],
    ]);
  });

  it('a piece that fails tells its offset; the others bring their data', () => {
    backend.fails = ({ offset }) => (offset === 131_072 ? EIO : 0);
    expect(
      structured()
        .send(read(7, 0, 3 * 131_072))
        .replies(),
    ).toMatchObject([
      { kind: 'data', offset: 0, done: false },
      { kind: 'errorOffset', offset: 131_072, error: EIO, done: false },
      { kind: 'data', offset: 2 * 131_072, done: true },
    ]);
  });

  it.each([
    ['simple', false, 0, 'simple'],
    ['structured', true, 0, 'error'],
    ['with DF', true, DF, 'error'],
  ])('of one reply that fails brings no data: %s', (_, structuredReplies, flags, kind) => {
    backend.fails = () => EIO;
    const bench = new TransmissionBench(backend, structuredReplies).send(read(7, 0, 512, flags));
    expect(bench.replies()).toMatchObject([{ kind, cookie: 7, error: EIO, done: true }]);
  });
});

describe('write', () => {
  it('lands on the disk and is answered', () => {
    const data = pattern(4096, 99);
    expect(
      structured()
        .send(write(3, 8192, data))
        .replies(),
    ).toEqual([okay(3)]);
    expect(media(8192, 4096)).toEqual(data);
  });

  it('longer than a transfer is cut up and answered once', () => {
    const data = pattern(MIB, 5);
    expect(
      simple()
        .send(write(3, 512, data))
        .replies(),
    ).toEqual([okay(3)]);
    expect(media(512, MIB).equals(data)).toBe(true);
    expect(backend.calls.every(({ length }) => length <= backend.transferBytes)).toBe(true);
    expect(backend.calls).toHaveLength(8);
  });

  it('its first pieces are under way before the last data have come', () => {
    const bench = simple();
    const bytes = bench.encode(write(3, 0, pattern(2 * 131_072, 5)));
    bench.sendBytes(bytes.subarray(0, 28 + 131_072 + 1));
    expect(backend.calls).toHaveLength(1);
    expect(bench.replies()).toEqual([]);
    bench.sendBytes(bytes.subarray(28 + 131_072 + 1));
    expect(bench.replies()).toEqual([okay(3)]);
  });

  it('data of a request still held are not overwritten by those of the next', () => {
    backend.holding = true;
    const bench = simple();
    const datas = Array.from({ length: 40 }, (_, i) => pattern(4096, 1000 * i + 1));
    for (const [i, data] of datas.entries())
      bench.sendBytes(...cut(bench.encode(write(i, 4096 * i, data)), [10, 1000, 3000]));
    backend.release((held) => held.reverse());
    for (const [i, data] of datas.entries()) expect(media(4096 * i, 4096).equals(data)).toBe(true);
    expect(bench.replies()).toHaveLength(40);
  });

  it('a piece that fails makes the request fail, once', () => {
    backend.fails = ({ offset }) => (offset === 0 ? ENOSPC : 0);
    expect(
      simple()
        .send(write(3, 0, pattern(MIB)))
        .replies(),
    ).toMatchObject([{ cookie: 3, error: ENOSPC }]);
  });
});

describe('commands without data', () => {
  it.each([
    ['flush', { command: FLUSH }, [{ kind: 'flush', offset: 0, length: 0 }]],
    [
      'trim',
      { command: TRIM, offset: 512, length: 1024 },
      [{ kind: 'trim', offset: 512, length: 1024, fua: false }],
    ],
    [
      'trim with FUA',
      { command: TRIM, length: 512, flags: FUA },
      [{ kind: 'trim', offset: 0, length: 512, fua: true }],
    ],
    [
      'write zeroes',
      { command: WRITE_ZEROES, length: 512 },
      [{ kind: 'writeZeroes', offset: 0, length: 512, noHole: false, fua: false }],
    ],
    [
      'write zeroes with NO_HOLE and FUA',
      { command: WRITE_ZEROES, length: 512, flags: FUA | NO_HOLE },
      [{ kind: 'writeZeroes', offset: 0, length: 512, noHole: true, fua: true }],
    ],
  ])('%s reaches the backend as it was meant', (_, fields, calls) => {
    expect(
      structured()
        .send({ cookie: 1, ...fields })
        .replies(),
    ).toEqual([okay(1)]);
    expect(backend.calls).toEqual(calls);
  });

  it('ranges longer than the backend takes are cut up, and may be longer than any payload', () => {
    backend = new MemoryBackend(40 * MIB);
    expect(
      simple()
        .send({ command: TRIM, cookie: 1, length: 40 * MIB })
        .replies(),
    ).toEqual([okay(1)]);
    expect(backend.calls.map(({ offset, length }) => [offset / MIB, length / MIB])).toEqual([
      [0, 8],
      [8, 8],
      [16, 8],
      [24, 8],
      [32, 8],
    ]);
  });

  it('write zeroes leaves zeroes, where it was told and nowhere else', () => {
    backend.rangeBytes = 1024;
    const before = media(0, 8192);
    simple().send({ command: WRITE_ZEROES, cookie: 1, offset: 512, length: 4096 });
    expect(media(0, 8192).equals(before.fill(0, 512, 512 + 4096))).toBe(true);
  });

  it('write with FUA is a write with FUA, each piece of it', () => {
    simple().send(write(1, 0, pattern(MIB), FUA));
    expect(backend.calls.map(({ fua }) => fua)).toEqual(Array(8).fill(true));
  });

  it('FUA is taken with read and flush, and means nothing there', () => {
    const bench = structured().send(read(1, 0, 512, FUA), { command: FLUSH, cookie: 2, flags: FUA });
    expect(bench.replies().map(({ error }) => error)).toEqual([0, 0]);
  });
});
