/** An NBD server: one export, any number of clients. */
import { createServer, type Server, type Socket } from 'node:net';
import type { BlockBackend, NbdExport } from './backend.ts';
import { Connection } from './connection.ts';
import { type ListenAddress, listen, NbdServerError } from './listen.ts';
import { MAX_STRING_BYTES } from './protocol.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const LINGER_MS = 2_000;
const MAX_CONNECTIONS = 128;

export interface NbdServerOptions {
  readonly served: NbdExport;
  readonly address: ListenAddress;
  /** Told when a client is dropped, or not let in: misbehaviour, a broken connection, too many clients. */
  readonly onDropped?: (reason: string) => void;
}

export class NbdServer {
  private readonly server: Server;
  private readonly served: NbdExport;
  private readonly onDropped: (reason: string) => void;
  private readonly connections = new Set<Connection>();
  /** While it closes: called when the last connection is gone. */
  private emptied: () => void = () => undefined;
  private closing: Promise<void> | undefined;

  private constructor({ served, onDropped = () => undefined }: NbdServerOptions) {
    this.served = served;
    this.onDropped = onDropped;
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  /** @throws {NbdServerError} The address cannot be had, or the export is not what it is to be. */
  static async start(options: NbdServerOptions): Promise<NbdServer> {
    checkExport(options.served);
    const made = new NbdServer(options);
    await listen(made.server, options.address);
    made.server.on('error', (error) => made.onDropped(`a client could not be let in: ${error.message}`));
    made.server.on('drop', () => made.onDropped(`more than ${MAX_CONNECTIONS} clients at once`));
    return made;
  }

  /** Where clients find it, as they write it. */
  get uri(): string {
    const name = encodeURIComponent(this.served.name);
    const address = this.server.address();
    if (address === null) return '';
    if (typeof address === 'string') return `nbd+unix:///${name}?socket=${encodeURIComponent(address)}`;
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `nbd://${host}:${address.port}/${name}`;
  }

  /** Clients that are connected, or whose requests the backend still has. */
  get clients(): number {
    return this.connections.size;
  }

  /**
   * Lets nobody in, finishes what is outstanding (new requests get ESHUTDOWN), and ends the connections. A client
   * that does not read its replies is dropped. Resolves when the backend has nothing more to do.
   */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const emptied = new Promise<void>((resolve) => {
      this.emptied = resolve;
    });
    for (const connection of this.connections) connection.shutDown();
    if (this.connections.size > 0) await emptied;
    await stopped;
  }

  private accept(socket: Socket): void {
    const connection = new Connection(socket, {
      served: this.served,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      lingerMs: LINGER_MS,
      dropped: this.onDropped,
      closed: (gone) => this.forget(gone),
    });
    this.connections.add(connection);
  }

  private forget(connection: Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.emptied();
  }
}

function checkExport({ name, description, backend }: NbdExport): void {
  for (const text of [name, description])
    if (Buffer.byteLength(text) > MAX_STRING_BYTES || text.includes('\0'))
      throw badExport(`name and description have at most ${MAX_STRING_BYTES} bytes, none of them NUL`);
  for (const wrong of wrongSizes(backend)) throw badExport(wrong);
}

/** What does not hold of the backend's sizes (NBD, "Block size constraints"). */
function* wrongSizes(backend: BlockBackend): Generator<string> {
  const { sizeBytes, minimumBlockBytes, preferredBlockBytes, transferBytes, rangeBytes } = backend;
  if (!isPowerOfTwo(minimumBlockBytes) || minimumBlockBytes > 65_536)
    yield `minimumBlockBytes is ${minimumBlockBytes}; it must be a power of two up to 65536`;
  if (!isPowerOfTwo(preferredBlockBytes) || preferredBlockBytes < Math.max(512, minimumBlockBytes))
    yield `preferredBlockBytes is ${preferredBlockBytes}; it must be a power of two, at least 512 and the minimum`;
  for (const [what, bytes] of Object.entries({ sizeBytes, transferBytes, rangeBytes }))
    if (!Number.isSafeInteger(bytes) || bytes <= 0 || bytes % minimumBlockBytes !== 0)
      yield `${what} is ${bytes}; it must be a positive multiple of minimumBlockBytes, ${minimumBlockBytes}`;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}

function badExport(what: string): NbdServerError {
  return new NbdServerError('bad-export', `NBD export: ${what}`);
}
