/** A transmission without a socket: chunks in, replies out. */
import { Transmission } from '../../../src/exec/nbd/transmission.ts';
import type { MemoryBackend } from './memory-backend.ts';
import { decodeReplies, READ, type Reply, type RequestFields, request } from './wire.ts';

export class TransmissionBench {
  readonly transmission: Transmission;
  /** Whether the client reads what is written to it. */
  reads = true;
  private readonly waiting: Buffer[] = [];
  private readonly out: Buffer[] = [];
  private readonly readLengths = new Map<number, number>();
  private decoded = 0;

  constructor(backend: MemoryBackend, structured: boolean) {
    this.transmission = new Transmission(backend, structured, () => this.settle());
  }

  /** Requests in one chunk. */
  send(...requests: readonly RequestFields[]): this {
    return this.sendBytes(Buffer.concat(requests.map((fields) => this.encode(fields))));
  }

  encode(fields: RequestFields): Buffer {
    if (fields.command === READ) this.readLengths.set(fields.cookie, fields.length ?? 0);
    return request(fields);
  }

  sendBytes(...chunks: readonly Buffer[]): this {
    // A copy that nothing else refers to, as what a socket hands over.
    this.waiting.push(...chunks.map((chunk) => Buffer.from(chunk)));
    return this.settle();
  }

  /** As the socket does it: a chunk whenever one is taken, replies as they become ready. */
  settle(): this {
    const { transmission } = this;
    for (;;) {
      transmission.run();
      const wrote = this.write();
      const chunk = transmission.hungry ? this.waiting.shift() : undefined;
      if (chunk !== undefined) transmission.receive(chunk);
      else if (!wrote) return this;
    }
  }

  /** Bytes that were not taken, since too much is on its way. */
  get heldBack(): number {
    return this.waiting.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** All that was written to the client since the last call. */
  replies(): Reply[] {
    const bytes = this.written().subarray(this.decoded);
    this.decoded += bytes.length;
    return decodeReplies(bytes, (cookie) => this.readLengths.get(cookie) ?? 0);
  }

  written(): Buffer {
    return Buffer.concat(this.out);
  }

  private write(): boolean {
    const { replies } = this.transmission;
    const batch = replies.take();
    for (const { slab, start, end } of batch) this.out.push(Buffer.from(slab.bytes.subarray(start, end)));
    if (batch.length === 0 || !this.reads) return false;
    replies.written();
    return true;
  }
}
