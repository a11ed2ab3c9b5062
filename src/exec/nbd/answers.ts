/** Replies of the transmission phase: simple ones, and chunks where structured replies are negotiated. */
import {
  CHUNK_HEADER_BYTES,
  CMD_READ,
  type Cookie,
  DATA_CHUNK_HEADER_BYTES,
  ERROR_CHUNK_BYTES,
  ERROR_OFFSET_CHUNK_BYTES,
  putChunkHeader,
  putDataChunk,
  putErrorChunk,
  putErrorOffsetChunk,
  putSimpleReply,
  REPLY_FLAG_DONE,
  REPLY_TYPE_NONE,
  SIMPLE_REPLY_BYTES,
} from './protocol.ts';
import { ReplyQueue } from './replies.ts';
import type { Operation, Request, RequestHeader } from './request.ts';

/** Room for a chunk with so many bytes of data, or for the error that may take its place. */
export function chunkBytes(length: number): number {
  return Math.max(DATA_CHUNK_HEADER_BYTES + length, ERROR_OFFSET_CHUNK_BYTES);
}

export class Answers {
  readonly queue = new ReplyQueue();
  readonly structured: boolean;
  /** In front of the data of a read that is answered in one. */
  readonly headerBytes: number;

  constructor(structured: boolean) {
    this.structured = structured;
    this.headerBytes = structured ? DATA_CHUNK_HEADER_BYTES : SIMPLE_REPLY_BYTES;
  }

  /** To a request that never reaches the backend: refused, or empty. */
  atOnce(header: RequestHeader, error: number): void {
    if (header.command !== CMD_READ || !this.structured) return this.simple(header, error);
    const bytes = error === 0 ? CHUNK_HEADER_BYTES : ERROR_CHUNK_BYTES;
    const slab = this.queue.reserve(bytes);
    const start = slab.used - bytes;
    if (error !== 0) putErrorChunk(slab.bytes, start, error, header);
    else putChunkHeader(slab.bytes, start, REPLY_FLAG_DONE, REPLY_TYPE_NONE, 0, header);
    this.queue.push(slab, start, bytes, bytes);
  }

  /** To a piece of a chunked read; `done` with the last to complete, whichever it is. */
  chunk(operation: Operation, request: Request, error: number, done: boolean): void {
    const { slab, start, reserved, offset, length } = operation;
    const flags = done ? REPLY_FLAG_DONE : 0;
    if (error !== 0) {
      putErrorOffsetChunk(slab.bytes, start, flags, error, offset, request);
      this.queue.push(slab, start, ERROR_OFFSET_CHUNK_BYTES, reserved);
      return;
    }
    putDataChunk(slab.bytes, start, flags, offset, length, request);
    this.queue.push(slab, start, DATA_CHUNK_HEADER_BYTES + length, reserved);
  }

  /** To a request as a whole, when all of it is complete. */
  whole(request: Request): void {
    if (request.command === CMD_READ) this.read(request);
    else this.simple(request, request.error);
  }

  private read(request: Request): void {
    const { slab, start, reserved, error, offset, length } = request;
    if (!this.structured) putSimpleReply(slab.bytes, start, error, request);
    else if (error === 0) putDataChunk(slab.bytes, start, REPLY_FLAG_DONE, offset, length, request);
    else putErrorChunk(slab.bytes, start, error, request);
    const errorBytes = this.structured ? ERROR_CHUNK_BYTES : SIMPLE_REPLY_BYTES;
    this.queue.push(slab, start, error === 0 ? this.headerBytes + length : errorBytes, reserved);
  }

  private simple(cookie: Cookie, error: number): void {
    const slab = this.queue.reserve(SIMPLE_REPLY_BYTES);
    const start = slab.used - SIMPLE_REPLY_BYTES;
    putSimpleReply(slab.bytes, start, error, cookie);
    this.queue.push(slab, start, SIMPLE_REPLY_BYTES, SIMPLE_REPLY_BYTES);
  }
}
