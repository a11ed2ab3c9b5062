/** Hostile clients one after the other, on sockets without a network and a disk that they share. */
import { vi } from 'vitest';
import { Connection } from '../../../src/exec/nbd/connection.ts';
import { QUEUE_DEPTH, WINDOW_BYTES } from '../../../src/exec/nbd/transmission.ts';
import { Lots } from '../../../src/exec/sim/lots.ts';
import { FakeSocket } from './fake-socket.ts';
import { BLOCK, DISK_BLOCKS, EXPORT, type FuzzInput, SEED } from './fuzz-input.ts';
import { MemoryBackend } from './memory-backend.ts';
import { Understood } from './understand.ts';
import { DISC, decodeReplies, GO, infoRequest, option, read, request, u32, write } from './wire.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const LINGER_MS = 2_000;

/** What a client is dropped for that it did not say. */
const UNSAID = /^(no handshake within|the client did not close|the server closed before|read ECONNRESET)/;

/** Small, and cut up more than the product's: more ways to go wrong for as many bytes. */
export function fuzzDisk(): MemoryBackend {
  const backend = new MemoryBackend(BLOCK * DISK_BLOCKS);
  backend.transferBytes = 64 * BLOCK;
  backend.rangeBytes = 128 * BLOCK;
  return backend;
}

/** What is under way has happened; nothing here takes longer than a turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One client. Timers are to be vitest's. */
class Client {
  readonly socket = new FakeSocket();
  readonly reasons: string[] = [];
  closed = 0;
  /** Requests that the disk still had when the connection was said to be over. */
  heldWhenClosed = 0;
  readonly connection: WeakRef<Connection>;

  constructor(backend: MemoryBackend) {
    const connection = new Connection(this.socket, {
      served: { name: EXPORT, description: 'a disk for anybody', backend },
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      lingerMs: LINGER_MS,
      dropped: (reason) => this.reasons.push(reason),
      closed: () => {
        this.closed++;
        this.heldWhenClosed = backend.heldRequests;
      },
    });
    this.connection = new WeakRef(connection);
  }
}

export class FuzzBench {
  readonly backend = fuzzDisk();
  /** How many clients were dropped for a reason; numbers in it are left out. */
  readonly dropped = new Map<string, number>();
  /** How many came so far that they asked something of the disk. */
  asking = 0;
  /** Errors that were thrown where nobody could catch them. */
  readonly thrown: unknown[] = [];
  private readonly connections: WeakRef<Connection>[] = [];

  /** @throws What is wrong with the server's answer, or with what is left of the client. */
  async play(input: FuzzInput): Promise<void> {
    const { backend } = this;
    backend.calls.length = 0;
    backend.holding = input.disk === 'late';
    backend.fails = ({ offset }) => (input.disk === 'failing' && offset % 3 === 0 ? 5 : 0);
    const client = new Client(backend);
    this.connections.push(client.connection);
    client.socket.stuck = !input.reads;
    try {
      await this.talk(client, input);
      await this.end(client, input);
      await this.leave(client, input);
    } finally {
      client.socket.destroy();
      backend.release();
    }
    this.expectGone(client);
    this.expectUnderstood(client, input);
  }

  private async talk({ socket }: Client, { chunks, slow, number }: FuzzInput): Promise<void> {
    const lots = new Lots(SEED + 1, number);
    for (const chunk of chunks) {
      if (socket.destroyed) return;
      socket.push(chunk);
      if (slow) await turn();
      this.expectLittleHeld(socket);
      if (slow && lots.chance(500)) this.release(lots);
    }
    await turn();
    this.expectLittleHeld(socket);
  }

  private async end({ socket, connection }: Client, { ending }: FuzzInput): Promise<void> {
    if (ending === 'vanishes') socket.destroy();
    if (ending === 'breaks') socket.destroy(new Error('read ECONNRESET'));
    if (ending === 'stays') vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS);
    if (ending === 'server closes') {
      connection.deref()?.shutDown();
      await turn();
      vi.advanceTimersByTime(LINGER_MS);
    }
    await turn();
  }

  /** The disk finishes, and the client, if it is still there, reads the rest and closes its side. */
  private async leave({ socket }: Client, { number }: FuzzInput): Promise<void> {
    const lots = new Lots(SEED + 2, number);
    if (!socket.destroyed) socket.push(null);
    socket.unstick();
    await turn();
    while (this.backend.heldRequests > 0) {
      this.release(lots);
      await turn();
    }
    await turn();
  }

  /** What the disk has is done, in any order; more may come of it. */
  private release(lots: Lots): void {
    this.backend.release((held) => {
      for (let i = held.length - 1; i > 0; i--) {
        const other = lots.below(i + 1);
        [held[i], held[other]] = [held[other], held[i]];
      }
      return held;
    });
  }

  /** Of a client's requests and answers the server has no more than it promises. */
  private expectLittleHeld(socket: FakeSocket): void {
    const { heldRequests, calls } = this.backend;
    if (heldRequests > QUEUE_DEPTH) throw new Error(`${heldRequests} requests are with the disk`);
    const read = calls.reduce((sum, { kind, length }) => sum + (kind === 'read' ? length : 0), 0);
    const received = socket.out.reduce((sum, { length }) => sum + length, 0);
    if (read - received > WINDOW_BYTES) throw new Error(`${read - received} bytes are kept for the client`);
  }

  private expectGone({ socket, closed, heldWhenClosed, reasons }: Client): void {
    const left = this.thrown.splice(0).map((error) => `thrown: ${error}`);
    if (closed !== 1) left.push(`the connection was closed ${closed} times`);
    if (heldWhenClosed > 0) left.push(`closed while the disk had ${heldWhenClosed} requests`);
    if (reasons.length > 1) left.push(`dropped more than once: ${reasons.join('; ')}`);
    if (this.backend.heldRequests > 0) left.push(`${this.backend.heldRequests} requests are with the disk`);
    if (vi.getTimerCount() > 0) left.push(`${vi.getTimerCount()} timers run`);
    vi.clearAllTimers();
    if (!socket.destroyed) left.push('the socket is open');
    if (left.length > 0) throw new Error(left.join('; '));
  }

  private expectUnderstood({ socket, reasons }: Client, { chunks, ending, reads }: FuzzInput): void {
    const { fault, unanswered, requests } = new Understood(Buffer.concat(chunks), socket.takeWritten());
    const [reason] = reasons;
    if (reason !== undefined) this.count(reason.replace(/".*"|0x[0-9a-f]+|\d+/gs, '…'));
    if (requests !== undefined && requests > 0) this.asking++;
    const patient = ending === 'ends' || ending === 'stays';
    if (reason === undefined && patient) {
      if (fault !== undefined) throw new Error(`not dropped for its ${fault}`);
      if (unanswered > 0) throw new Error(`${unanswered} questions have no answer`);
    }
    if (reason !== undefined && reads && fault === undefined && !UNSAID.test(reason))
      throw new Error(`dropped without a fault: ${reason}`);
  }

  private count(reason: string): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  /** @throws A client that keeps to the protocol is not served. */
  async serveFresh(): Promise<void> {
    this.backend.holding = false;
    this.backend.fails = () => 0;
    const client = new Client(this.backend);
    this.connections.push(client.connection);
    const { socket } = client;
    const data = Buffer.alloc(8 * BLOCK, `client ${this.connections.length} `);
    socket.push(Buffer.concat([u32(3), option(GO, infoRequest(EXPORT))]));
    await turn();
    socket.takeWritten();
    socket.push(Buffer.concat([write(1, 0, data), read(2, 0, data.length)].map(request)));
    await turn();
    const [written, got] = decodeReplies(socket.takeWritten(), (cookie) => (cookie === 2 ? data.length : 0));
    socket.push(request({ command: DISC, cookie: 3 }));
    socket.push(null);
    await turn();
    this.expectGone(client);
    if (written?.error !== 0 || got?.data?.equals(data) !== true)
      throw new Error('a fresh client is not served');
  }

  /** Connections that are still in memory. Ask when garbage has been collected. */
  get connectionsInMemory(): number {
    return this.connections.filter((connection) => connection.deref() !== undefined).length;
  }
}
