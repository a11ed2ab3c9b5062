/** A small NBD client on a real socket, for tests. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  Cursor,
  decodeOptionReply,
  decodeReply,
  GO,
  infoRequest,
  type OptionReply,
  option,
  type Reply,
  type RequestFields,
  request,
  STRUCTURED_REPLY,
  u32,
} from './wire.ts';

const GREETING_BYTES = 18;

export class NbdClient {
  readonly socket: Socket;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  private received = Buffer.alloc(0);
  private arrived: () => void = () => undefined;
  private over = false;
  private readonly readLengths = new Map<number, number>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.arrived();
    });
    this.closed = new Promise((resolve) => {
      socket.on('error', resolve); // a connection reset is closed too
      socket.on('close', () => {
        this.over = true;
        this.arrived();
        resolve();
      });
    });
  }

  /** Connected, and greeted. */
  static async open(address: { path: string } | { host: string; port: number }): Promise<NbdClient> {
    const socket = connect(address);
    const client = new NbdClient(socket);
    await once(socket, 'connect');
    await client.decode((cursor) => cursor.take(GREETING_BYTES));
    return client;
  }

  /** Ready for requests. */
  static async go(
    address: { path: string } | { host: string; port: number },
    { structured = true, name = '' } = {},
  ): Promise<NbdClient> {
    const client = await NbdClient.open(address);
    client.socket.write(u32(1));
    if (structured) await client.option(STRUCTURED_REPLY);
    const type = (await client.option(GO, infoRequest(name))).at(-1)?.type;
    if (type !== 1) throw new Error(`GO was answered by ${type}`);
    return client;
  }

  /** Sends an option. Resolves to all its replies, the last one ACK or an error. */
  async option(number: number, data?: Buffer): Promise<OptionReply[]> {
    this.socket.write(option(number, data));
    const replies: OptionReply[] = [];
    for (;;) {
      const reply = await this.decode(decodeOptionReply);
      replies.push(reply);
      if (reply.type === 1 || reply.type >= 0x8000_0000) return replies;
    }
  }

  send(...requests: readonly RequestFields[]): void {
    for (const { command, cookie, length = 0 } of requests)
      this.readLengths.set(cookie, command === 0 ? length : 0);
    this.socket.write(Buffer.concat(requests.map(request)));
  }

  /** The next reply, whichever request it belongs to. */
  reply(): Promise<Reply> {
    return this.decode((cursor) => decodeReply(cursor, (cookie) => this.readLengths.get(cookie) ?? 0));
  }

  /** One request at a time. */
  async ask(fields: RequestFields): Promise<Reply> {
    this.send(fields);
    return this.reply();
  }

  /** Waits until enough has come for `read` not to run out of bytes. */
  private async decode<T>(read: (cursor: Cursor) => T): Promise<T> {
    for (;;) {
      const cursor = new Cursor(this.received);
      try {
        const value = read(cursor);
        this.received = this.received.subarray(cursor.at);
        return value;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        if (this.over) throw new Error('the server closed the connection', { cause: error });
      }
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    }
  }
}
