import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../../../src/exec/nbd/connection.ts';
import { QUEUE_DEPTH } from '../../../src/exec/nbd/transmission.ts';
import { FakeSocket } from './fake-socket.ts';
import { MemoryBackend } from './memory-backend.ts';
import { ABORT, DISC, decodeReplies, EXPORT_NAME, FLUSH, option, read, request, u32 } from './wire.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const LINGER_MS = 2_000;

let backend: MemoryBackend;
let socket: FakeSocket;
let connection: Connection;
let reasons: string[];
let closed: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  backend = new MemoryBackend();
  socket = new FakeSocket();
  reasons = [];
  closed = 0;
  connection = new Connection(socket, {
    served: { name: 'disk', description: '', backend },
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    lingerMs: LINGER_MS,
    dropped: (reason) => reasons.push(reason),
    closed: () => closed++,
  });
});
afterEach(async () => {
  vi.useRealTimers();
  socket.destroy();
  await settle();
});

/** Everything that is under way in the event loop has happened. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function push(...chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) socket.push(chunk);
  await settle();
}

/** Into the transmission phase, with simple replies. */
async function negotiate(): Promise<void> {
  await push(u32(3), option(EXPORT_NAME));
  socket.takeWritten();
}

const reads = (count: number) =>
  Buffer.concat(Array.from({ length: count }, (_, i) => request(read(i, 512 * i, 512))));
const cookies = (bytes: Buffer) => decodeReplies(bytes, () => 512).map(({ cookie }) => cookie);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('handshakes', () => {
  it('a client that says nothing is dropped after the handshake timeout, not before', async () => {
    const gone = once(socket, 'close');
    vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS - 1);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    await gone;
    expect(reasons).toEqual(['no handshake within 10000 ms']);
    expect(closed).toBe(1);
  });

  it('the timeout is for the whole: a byte now and then does not put it off', async () => {
    const bytes = Buffer.concat([u32(3), option(EXPORT_NAME)]);
    for (let at = 0; at < 10; at++) {
      await push(bytes.subarray(at, at + 1));
      vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS / 10);
    }
    expect(socket.destroyed).toBe(true);
  });

  it('a client in the transmission phase may be silent as long as it likes', async () => {
    await negotiate();
    vi.advanceTimersByTime(100 * HANDSHAKE_TIMEOUT_MS);
    await push(reads(1));
    expect(cookies(socket.takeWritten())).toEqual([0]);
  });

  it('the timers keep no process alive', () => {
    const unref = vi.fn();
    const spy = vi.spyOn(globalThis, 'setTimeout').mockReturnValue({ unref } as unknown as NodeJS.Timeout);
    new Connection(new FakeSocket(), {
      served: { name: '', description: '', backend },
      handshakeTimeoutMs: 1,
      lingerMs: 1,
      dropped: () => undefined,
      closed: () => undefined,
    });
    expect(unref).toHaveBeenCalledTimes(spy.mock.calls.length);
    spy.mockRestore();
  });
});

describe('backpressure', () => {
  it('requests that came together are answered by one write', async () => {
    await negotiate();
    const before = socket.writes;
    await push(reads(50));
    expect(socket.writes - before).toBe(1);
    expect(cookies(socket.takeWritten())).toEqual(upTo(50));
  });

  it('requests that complete together are answered by one write', async () => {
    backend.holding = true;
    await negotiate();
    await push(reads(50));
    const before = socket.writes;
    backend.release((held) => held.reverse());
    await settle();
    expect(socket.writes - before).toBe(1);
    expect(cookies(socket.takeWritten())).toEqual(upTo(50).reverse());
  });

  it('a slow disk stops the reading of the socket, and completions start it again', async () => {
    backend.holding = true;
    await negotiate();
    await push(reads(QUEUE_DEPTH + 1));
    expect(socket.isPaused()).toBe(true);
    backend.release();
    await settle();
    expect(socket.isPaused()).toBe(false);
    backend.release();
    await settle();
    expect(cookies(socket.takeWritten())).toEqual(upTo(QUEUE_DEPTH + 1));
  });

  it('a client that does not read its replies stops the reading of the socket, until it reads', async () => {
    await negotiate();
    socket.stuck = true;
    for (let i = 0; i < 4; i++) await push(reads(QUEUE_DEPTH));
    expect(socket.isPaused()).toBe(true);
    expect(backend.calls.length).toBeLessThanOrEqual(2 * QUEUE_DEPTH);
    socket.unstick();
    await settle();
    expect(socket.isPaused()).toBe(false);
    expect(cookies(socket.takeWritten())).toHaveLength(4 * QUEUE_DEPTH);
  });
});

describe('the end of a connection', () => {
  it('after DISC the server ends its side once all is answered', async () => {
    backend.holding = true;
    await negotiate();
    await push(reads(3), request({ command: DISC, cookie: 9 }));
    expect(socket.writableEnded).toBe(false);
    backend.release();
    await settle();
    expect(cookies(socket.takeWritten())).toEqual([0, 1, 2]);
    expect(socket.writableEnded).toBe(true);
    socket.push(null);
    await settle();
    expect(closed).toBe(1);
    expect(reasons).toEqual([]);
  });

  it('a client that does not close its side then is dropped', async () => {
    await negotiate();
    await push(request({ command: DISC, cookie: 9 }));
    vi.advanceTimersByTime(LINGER_MS);
    await settle();
    expect(closed).toBe(1);
    expect(reasons).toEqual(['the client did not close the connection']);
  });

  it('a connection counts as closed only when the backend has let go of its memory', async () => {
    backend.holding = true;
    await negotiate();
    await push(reads(2));
    socket.destroy();
    await settle();
    expect(closed).toBe(0);
    backend.release();
    await settle();
    expect(closed).toBe(1);
  });

  it('it is told once that it is closed, also when the last operation completes in the same moment', async () => {
    backend.holding = true;
    await negotiate();
    await push(reads(2));
    socket.destroy();
    backend.release();
    await settle();
    expect(closed).toBe(1);
  });

  it('a client that closes without waiting for the answer to its last words is not dropped', async () => {
    await push(u32(3), option(ABORT));
    socket.destroy(new Error('write EPIPE'));
    await settle();
    expect([closed, reasons]).toEqual([1, []]);
  });

  it('a connection that breaks is told, with the reason', async () => {
    await negotiate();
    socket.destroy(new Error('read ECONNRESET'));
    await settle();
    expect([closed, reasons]).toEqual([1, ['read ECONNRESET']]);
  });

  it('a request without magic drops the client, with a reason', async () => {
    await negotiate();
    await push(Buffer.alloc(28));
    expect(socket.destroyed).toBe(true);
    expect(reasons).toEqual(['a request without its magic number']);
  });
});

describe('when the server closes', () => {
  it('a client in its handshake is let go', async () => {
    connection.shutDown();
    await settle();
    expect(socket.writableEnded).toBe(true);
  });

  it('outstanding requests are finished, new ones refused, and the connection ends', async () => {
    backend.holding = true;
    await negotiate();
    await push(reads(2));
    connection.shutDown();
    await push(request({ command: FLUSH, cookie: 7 }));
    expect(decodeReplies(socket.takeWritten())).toMatchObject([{ cookie: 7, error: 108 }]);
    expect(socket.writableEnded).toBe(false);
    backend.release();
    await settle();
    expect(cookies(socket.takeWritten())).toEqual([0, 1]);
    expect(socket.writableEnded).toBe(true);
  });

  it('a client that does not read its last replies is dropped in the end', async () => {
    await negotiate();
    socket.stuck = true;
    await push(reads(2));
    connection.shutDown();
    vi.advanceTimersByTime(LINGER_MS);
    await settle();
    expect(closed).toBe(1);
    expect(reasons).toEqual(['the server closed before the client had read its replies']);
  });
});
