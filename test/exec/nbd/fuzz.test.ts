/** 100,000 hostile clients. One alone: FUZZ_INPUT=NUMBER npx vitest run test/exec/nbd/fuzz.test.ts */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NbdServer } from '../../../src/exec/nbd/server.ts';
import { NbdClient } from './client.ts';
import { FuzzBench, fuzzDisk, turn } from './fuzz-bench.ts';
import { BLOCK, describeInput, EXPORT, type FuzzInput, fuzzInput } from './fuzz-input.ts';
import { Understood } from './understand.ts';
import { DISC, read, write } from './wire.ts';

const IN_PROCESS = 96_000;
const THROUGH_SOCKETS = 4_000;
const AT_ONCE = 32;
/** A server that has forgotten a client is told apart from one that is slow. */
const PATIENCE_MS = 30_000;
/** Turns of the event loop in which the server hears that its last clients have gone. */
const TURNS_TO_LEAVE = 10_000;
const COLLECTIONS = 100;

const MOST_FAILURES = 5;
const only = process.env.FUZZ_INPUT;

function* inputs(first: number, count: number): Generator<FuzzInput> {
  if (only !== undefined) return yield fuzzInput(Number(only));
  for (let number = first; number < first + count; number++) yield fuzzInput(number);
}

function failureOf(input: FuzzInput, error: unknown): string {
  return `${describeInput(input)}: ${error instanceof Error ? error.message : error}`;
}

describe('96,000 hostile clients, one after the other', { timeout: 600_000 }, () => {
  let bench: FuzzBench;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    bench = new FuzzBench();
    process.setUncaughtExceptionCaptureCallback((error) => bench.thrown.push(error));
  });
  afterEach(() => {
    process.setUncaughtExceptionCaptureCallback(null);
    vi.useRealTimers();
  });

  it('leave nothing behind, and fresh ones are served', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    // Twice: memory of buffers is given back in the background, and the next collection waits for that.
    const collectGarbage = () => {
      collect();
      collect();
    };
    collectGarbage();
    const memoryBefore = process.memoryUsage().arrayBuffers;
    const failures: string[] = [];
    for (const input of inputs(0, IN_PROCESS)) {
      await bench.play(input).catch((error) => failures.push(failureOf(input, error)));
      if (failures.length === MOST_FAILURES) break;
      if (input.number % 1000 === 999) await bench.serveFresh();
    }
    expect(failures).toEqual([]);
    await bench.serveFresh();
    // The last one's streams end in turns of their own. What is left behind stays, however many there are.
    for (let turns = 0; turns < COLLECTIONS && bench.connectionsInMemory > 0; turns++) {
      await turn();
      collectGarbage();
    }
    expect(bench.connectionsInMemory).toBe(0);
    expect(process.memoryUsage().arrayBuffers - memoryBefore).toBeLessThan(4 * 1024 * 1024);
    if (only === undefined) expectVariety(bench);
  });
});

const REASONS = [
  'unknown client flags …',
  'an option without its magic number',
  'option … of a client without fixed newstyle',
  'an export name of … bytes',
  'no export …',
  'more than … options',
  'a request without its magic number',
  'a write of … bytes',
  'no handshake within … ms',
  'the client did not close the connection',
  'the server closed before the client had read its replies',
  'read ECONNRESET',
];

/** They came everywhere: far enough to ask something of the disk, and to be dropped for each reason there is. */
function expectVariety({ dropped, asking }: FuzzBench): void {
  expect(asking).toBeGreaterThan(0.4 * IN_PROCESS);
  expect(REASONS.filter((reason) => (dropped.get(reason) ?? 0) < 10)).toEqual([]);
}

describe('4,000 more, many at once, of a server on a socket', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringswap-fuzz-'));
  const path = join(folder, 'disk.sock');
  const backend = fuzzDisk();
  let server: NbdServer;

  beforeEach(async () => {
    server = await NbdServer.start({ served: { name: EXPORT, description: '', backend }, address: { path } });
    backend.holding = true;
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('leave nothing behind, and a fresh one is served', async () => {
    const failures: string[] = [];
    const queue = inputs(IN_PROCESS, THROUGH_SOCKETS);
    const talk = async () => {
      for (const input of queue) {
        await visit(path, input).catch((error) => failures.push(failureOf(input, error)));
        if (failures.length >= MOST_FAILURES) return;
      }
    };
    let talking = true;
    const done = Promise.all(Array.from({ length: AT_ONCE }, talk)).finally(() => {
      talking = false;
    });
    // The disk completes what it has, the last first, whenever the sockets had their turn.
    for (let turnsLeft = TURNS_TO_LEAVE; talking || (server.clients > 0 && turnsLeft > 0); ) {
      if (!talking) turnsLeft--;
      backend.release((held) => held.reverse());
      backend.calls.length = 0;
      await turn();
    }
    await done;
    backend.holding = false;
    expect(failures).toEqual([]);
    expect({ clients: server.clients, requests: backend.heldRequests }).toEqual({ clients: 0, requests: 0 });
    const client = await NbdClient.go({ path });
    const data = Buffer.alloc(8 * BLOCK, 'fresh');
    expect(await client.ask(write(1, BLOCK, data))).toMatchObject({ error: 0 });
    expect((await client.ask(read(2, BLOCK, data.length))).data?.equals(data)).toBe(true);
    client.send({ command: DISC, cookie: 3 });
    await client.closed;
  });
});

/** One client, until its connection is closed. @throws What is wrong with the server's answer. */
async function visit(path: string, { chunks, slow, reads, ending }: FuzzInput): Promise<void> {
  const socket = connect(path);
  await once(socket, 'connect');
  const received: Buffer[] = [];
  if (reads) socket.on('data', (chunk: Buffer) => received.push(chunk));
  const closed = closeOf(socket);
  for (const chunk of chunks) {
    socket.write(chunk);
    if (slow) await turn();
  }
  const patient = reads && (ending === 'ends' || ending === 'stays');
  if (patient) socket.end();
  else socket.destroy();
  const error = await closed;
  if (!patient || error !== undefined) return;
  const { requests, fault, unanswered } = new Understood(Buffer.concat(chunks), Buffer.concat(received));
  // One that is dropped in its handshake may have lost some answers.
  if (requests !== undefined && fault === undefined && unanswered > 0)
    throw new Error(`${unanswered} questions have no answer`);
}

/** Resolves to the error with which it closed, if any. */
function closeOf(socket: Socket): Promise<Error | undefined> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const guard = setTimeout(() => {
      reject(new Error('the connection was not closed'));
      socket.destroy();
    }, PATIENCE_MS);
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      clearTimeout(guard);
      resolve(failure);
    });
  });
}
