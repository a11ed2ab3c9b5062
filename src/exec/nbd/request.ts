/** Requests as they come in: bytes of the socket in chunks of any size, headers out of them. */
import type { Completion } from './backend.ts';
import { type Cookie, REQUEST_BYTES, REQUEST_MAGIC, read64 } from './protocol.ts';
import { NO_SLAB, type Slab } from './replies.ts';

/** The chunk of the socket that is being worked on. */
export class Input {
  bytes: Buffer = Buffer.alloc(0);
  private at = 0;

  /** Another chunk, when nothing is left of the one before. */
  offer(chunk: Buffer): void {
    this.bytes = chunk;
    this.at = 0;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Takes so many bytes, of those that are left. Returns the index of the first in `bytes`. */
  take(length: number): number {
    const { at } = this;
    this.at += length;
    return at;
  }

  drop(): void {
    this.at = this.bytes.length;
  }
}

/** "Request message". One object, filled again and again. */
export class RequestHeader implements Cookie {
  magic = 0;
  flags = 0;
  command = 0;
  cookieHigh = 0;
  cookieLow = 0;
  /** Rounded above 2^53: see `read64`. */
  offset = 0;
  length = 0;
  /** The beginning of a header whose rest is in the next chunk. */
  private readonly partial = Buffer.alloc(REQUEST_BYTES);
  private have = 0;

  /** Takes a header, or as much of it as is there. Returns whether it is complete. */
  read(input: Input): boolean {
    if (this.have === 0 && input.left >= REQUEST_BYTES) {
      this.decode(input.bytes, input.take(REQUEST_BYTES));
      return true;
    }
    const missing = Math.min(REQUEST_BYTES - this.have, input.left);
    const at = input.take(missing);
    input.bytes.copy(this.partial, this.have, at, at + missing);
    this.have += missing;
    if (this.have < REQUEST_BYTES) return false;
    this.have = 0;
    this.decode(this.partial, 0);
    return true;
  }

  get valid(): boolean {
    return this.magic === REQUEST_MAGIC;
  }

  private decode(bytes: Buffer, at: number): void {
    this.magic = bytes.readUInt32BE(at);
    this.flags = bytes.readUInt16BE(at + 4);
    this.command = bytes.readUInt16BE(at + 6);
    this.cookieHigh = bytes.readUInt32BE(at + 8);
    this.cookieLow = bytes.readUInt32BE(at + 12);
    this.offset = read64(bytes, at + 16);
    this.length = bytes.readUInt32BE(at + 24);
  }
}

/** A request in work: in the backend's hands in one or more operations. Objects are used again. */
export class Request implements Cookie {
  flags = 0;
  command = 0;
  cookieHigh = 0;
  cookieLow = 0;
  offset = 0;
  length = 0;
  /** Bytes handed to the backend so far. */
  issued = 0;
  /** Operations that the backend has not completed. */
  pending = 0;
  /** Of the first operation that failed. */
  error = 0;
  /** Each operation is answered by a chunk of its own. */
  chunked = false;
  /** Room for the reply to a read that is not chunked: `reserved` bytes of the slab, from `start` on. */
  slab: Slab = NO_SLAB;
  start = 0;
  reserved = 0;

  begin(header: RequestHeader, chunked: boolean): void {
    this.flags = header.flags;
    this.command = header.command;
    this.cookieHigh = header.cookieHigh;
    this.cookieLow = header.cookieLow;
    this.offset = header.offset;
    this.length = header.length;
    this.issued = this.pending = this.error = 0;
    this.chunked = chunked;
  }

  get complete(): boolean {
    return this.pending === 0 && this.issued === this.length;
  }
}

/** What the backend is given at a time: a request or a piece of it. Objects are used again. */
export class Operation implements Completion {
  request: Request | undefined;
  offset = 0;
  length = 0;
  /** Memory of its own, if any: a chunk of a reply, or data gathered for a write. */
  slab: Slab = NO_SLAB;
  start = 0;
  reserved = 0;
  private readonly finished: (operation: Operation, request: Request, error: number) => void;

  constructor(finished: (operation: Operation, request: Request, error: number) => void) {
    this.finished = finished;
  }

  complete(error: number): void {
    const { request } = this;
    if (request === undefined) throw new Error('NBD: the backend completed one request twice');
    this.request = undefined;
    this.finished(this, request, error);
  }
}
