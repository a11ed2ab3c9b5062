/** One client: its socket, its timers, and backpressure both ways. */
import type { Duplex } from 'node:stream';
import type { NbdExport } from './backend.ts';
import { Handshake, type HandshakeAction } from './handshake.ts';
import { Transmission } from './transmission.ts';

export interface ConnectionOptions {
  readonly served: NbdExport;
  /** From the connection to the first request; a client that needs longer is dropped. */
  readonly handshakeTimeoutMs: number;
  /** How long a client may take to read its last replies, and to close its side, when the connection ends. */
  readonly lingerMs: number;
  /** The client is dropped, for this reason. Not called for one that leaves by itself. */
  readonly dropped: (reason: string) => void;
  /** The socket is closed and nothing is in the backend's hands. */
  readonly closed: (connection: Connection) => void;
}

export class Connection {
  private readonly socket: Duplex;
  private readonly options: ConnectionOptions;
  private readonly handshake: Handshake;
  private transmission: Transmission | undefined;
  private timer: NodeJS.Timeout;
  /** A turn will come by itself: nothing to schedule. */
  private turnComes = false;
  /** Nothing of the client is read any more, and nothing is written. */
  private ending = false;
  private socketClosed = false;
  /** `closed` was called. */
  private over = false;

  /** `socket` must be open to writing after the other side has ended (`allowHalfOpen`). */
  constructor(socket: Duplex, options: ConnectionOptions) {
    this.socket = socket;
    this.options = options;
    this.handshake = new Handshake(options.served);
    const { handshakeTimeoutMs } = options;
    this.timer = setTimeout(
      () => this.drop(`no handshake within ${handshakeTimeoutMs} ms`),
      handshakeTimeoutMs,
    );
    this.timer.unref();
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('end', () => this.endOfInput());
    socket.on('error', (error) => this.failed(error));
    socket.on('close', () => this.closeOfSocket());
    this.act(this.handshake.start());
  }

  /** The server closes: what is outstanding is finished, within `lingerMs`. */
  shutDown(): void {
    if (this.ending) return;
    if (this.transmission === undefined) return this.finish();
    this.setDeadline('the server closed before the client had read its replies');
    this.transmission.shutDown();
    this.turn(this.transmission);
  }

  private receive(chunk: Buffer): void {
    if (this.ending) return;
    if (this.transmission === undefined) return this.act(this.handshake.receive(chunk));
    this.transmission.receive(chunk);
    this.turn(this.transmission);
  }

  private act(actions: readonly HandshakeAction[]): void {
    for (const action of actions) {
      if (action.kind === 'send') this.socket.write(action.bytes);
      else if (action.kind === 'transmit') this.transmit(action.structured, action.rest);
      else if (action.kind === 'end') this.finish();
      else this.drop(action.reason);
    }
  }

  private transmit(structured: boolean, rest: Buffer): void {
    clearTimeout(this.timer);
    const transmission = new Transmission(this.options.served.backend, structured, () => this.wake());
    this.transmission = transmission;
    transmission.receive(rest);
    this.turn(transmission);
  }

  /** An operation has completed. Others may complete in the same breath: their replies leave together. */
  private wake(): void {
    if (this.turnComes) return;
    this.turnComes = true;
    process.nextTick(this.laterTurn);
  }

  private readonly laterTurn = (): void => {
    this.turnComes = false;
    if (this.socketClosed) this.checkClosed();
    else if (this.transmission !== undefined) this.turn(this.transmission);
  };

  /** Takes requests, writes replies, and has the socket read or wait. */
  private turn(transmission: Transmission): void {
    if (this.ending) return;
    transmission.run();
    if (transmission.violation !== undefined) return this.drop(transmission.violation);
    this.writeReplies(transmission);
    if (transmission.done) this.finish();
    else if (transmission.hungry === this.socket.isPaused()) this.readOrWait(transmission.hungry);
  }

  private readOrWait(read: boolean): void {
    if (read) this.socket.resume();
    else this.socket.pause();
  }

  /**
   * One batch at a time: while the client does not read, replies gather here and are counted, and at last no more
   * requests are taken.
   */
  private writeReplies(transmission: Transmission): void {
    const batch = transmission.replies.take();
    if (batch.length === 0) return;
    const { socket } = this;
    if (batch.length > 1) socket.cork();
    for (let i = 0; i < batch.length; i++) {
      const { slab, start, end } = batch[i];
      socket.write(slab.bytes.subarray(start, end), i === batch.length - 1 ? this.written : undefined);
    }
    socket.uncork();
  }

  private readonly written = (error?: Error | null): void => {
    // The socket tells the error itself, and closes.
    if (error || this.transmission === undefined) return;
    this.transmission.replies.written();
    this.turn(this.transmission);
  };

  private endOfInput(): void {
    if (this.transmission === undefined) return this.finish();
    this.transmission.endInput();
    this.turn(this.transmission);
  }

  /** All is said: ends our side, and waits for the client to end its own. */
  private finish(): void {
    if (this.ending) return;
    this.ending = true;
    this.setDeadline('the client did not close the connection');
    this.socket.end();
    this.socket.resume(); // what still comes is thrown away
  }

  private drop(reason: string): void {
    this.ending = true;
    this.options.dropped(reason);
    this.socket.destroy();
  }

  /** A client may close without waiting for the last answers. */
  private failed(error: Error): void {
    if (!this.ending) this.options.dropped(error.message);
  }

  private setDeadline(reason: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drop(reason), this.options.lingerMs);
    this.timer.unref();
  }

  private closeOfSocket(): void {
    clearTimeout(this.timer);
    this.ending = true;
    this.socketClosed = true;
    this.checkClosed();
  }

  private checkClosed(): void {
    if (this.over || (this.transmission?.operations ?? 0) > 0) return;
    this.over = true;
    this.options.closed(this);
  }
}
