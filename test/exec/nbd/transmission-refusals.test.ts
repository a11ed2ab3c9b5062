import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, MIB, pattern } from './memory-backend.ts';
import { TransmissionBench } from './transmission-bench.ts';
import {
  DF,
  FLUSH,
  NO_HOLE,
  READ,
  type RequestFields,
  read,
  TRIM,
  WRITE,
  WRITE_ZEROES,
  write,
} from './wire.ts';

const EPERM = 1;
const EIO = 5;
const EINVAL = 22;
const ENOSPC = 28;
const EOVERFLOW = 75;

let backend: MemoryBackend;
beforeEach(() => {
  backend = new MemoryBackend(4 * MIB);
});

const simple = () => new TransmissionBench(backend, false);
const structured = () => new TransmissionBench(backend, true);

describe('a request that cannot be is refused, and the next one is served', () => {
  const size = 4 * MIB;
  it.each<[string, Omit<RequestFields, 'cookie'>, number]>([
    ['read beyond the end', { command: READ, offset: size - 512, length: 1024 }, EINVAL],
    ['read at 2^64 - 512', { command: READ, offset: 2n ** 64n - 512n, length: 512 }, EINVAL],
    ['write beyond the end', { command: WRITE, offset: size, data: pattern(512) }, ENOSPC],
    ['write zeroes beyond the end', { command: WRITE_ZEROES, offset: size, length: 512 }, ENOSPC],
    ['trim beyond the end', { command: TRIM, offset: size - 512, length: 1024 }, EINVAL],
    ['offset not aligned', { command: READ, offset: 1, length: 512 }, EINVAL],
    ['length not aligned', { command: WRITE, data: pattern(511) }, EINVAL],
    ['read longer than any payload', { command: READ, length: 32 * MIB + 512 }, EINVAL],
    ['command that nobody knows', { command: 0x4242 }, EINVAL],
    ['flag that nobody knows', { command: READ, length: 512, flags: 0x80 }, EINVAL],
    ['NO_HOLE with write', { command: WRITE, data: pattern(512), flags: NO_HOLE }, EINVAL],
    ['DF with write', { command: WRITE, data: pattern(512), flags: DF }, EINVAL],
    ['flush of a range', { command: FLUSH, offset: 512 }, EINVAL],
  ])('%s', (_, fields, error) => {
    for (const bench of [simple(), structured()]) {
      const replies = bench.send({ cookie: 1, ...fields }, { command: FLUSH, cookie: 2 }).replies();
      expect(replies).toMatchObject([
        { cookie: 1, error, done: true },
        { cookie: 2, error: 0 },
      ]);
    }
    expect(backend.calls.map(({ kind }) => kind)).toEqual(['flush', 'flush']);
  });

  it('DF without structured replies', () => {
    expect(
      simple()
        .send(read(1, 0, 512, DF))
        .replies(),
    ).toMatchObject([{ error: EINVAL }]);
  });

  it('DF longer than any payload is told by its own error', () => {
    expect(
      structured()
        .send(read(1, 0, 64 * MIB, DF))
        .replies(),
    ).toMatchObject([{ kind: 'error', error: EOVERFLOW }]);
  });

  it('nothing is written to a disk that is read-only', () => {
    backend.readOnly = true;
    const fields = { cookie: 1, length: 512 };
    const bench = simple().send(
      write(1, 0, pattern(512)),
      { command: TRIM, ...fields },
      { command: WRITE_ZEROES, ...fields },
      { command: FLUSH, cookie: 1 },
    );
    expect(bench.replies().map(({ error }) => error)).toEqual([EPERM, EPERM, EPERM, 0]);
    expect(backend.calls.map(({ kind }) => kind)).toEqual(['flush']);
  });

  it('an error of the backend goes to the client', () => {
    backend.fails = () => EIO;
    const bench = simple().send({ command: FLUSH, cookie: 1 }, { command: TRIM, cookie: 2, length: 512 });
    expect(bench.replies().map(({ error }) => error)).toEqual([EIO, EIO]);
  });

  it('an empty request succeeds and does not reach the backend', () => {
    const bench = structured().send(read(1, 0, 0), write(2, 0, Buffer.alloc(0)), {
      command: TRIM,
      cookie: 3,
    });
    expect(bench.replies().map(({ kind, error, done }) => [kind, error, done])).toEqual([
      ['none', 0, true],
      ['simple', 0, true],
      ['simple', 0, true],
    ]);
    expect(backend.calls).toEqual([]);
  });
});

describe('the connection is to be dropped', () => {
  it.each([
    ['after bytes that are no request', Buffer.alloc(28), /magic/],
    ['after a write longer than any payload', undefined, /33554944/],
  ])('%s', (_, bytes, reason) => {
    const bench = simple();
    bench.sendBytes(bytes ?? bench.encode({ command: WRITE, cookie: 1, length: 32 * MIB + 512 }));
    expect(bench.transmission.violation).toMatch(reason);
    expect(bench.transmission.hungry).toBe(false);
  });

  it('and takes no request that follows', () => {
    const bench = simple();
    bench.sendBytes(Buffer.concat([Buffer.alloc(28), bench.encode(read(1, 0, 512))]));
    expect(backend.calls).toEqual([]);
  });
});
