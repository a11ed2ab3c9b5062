/** The transmission phase of one connection: requests in, replies out. No socket, no clock. */
import { Answers, chunkBytes } from './answers.ts';
import type { BlockBackend } from './backend.ts';
import { checkRequest } from './check-request.ts';
import {
  CMD_DISC,
  CMD_FLAG_DF,
  CMD_FLAG_FUA,
  CMD_FLAG_NO_HOLE,
  CMD_FLUSH,
  CMD_READ,
  CMD_TRIM,
  CMD_WRITE,
  DATA_CHUNK_HEADER_BYTES,
  ESHUTDOWN,
  MAX_PAYLOAD_BYTES,
} from './protocol.ts';
import { NO_SLAB, type ReplyQueue } from './replies.ts';
import { Input, Operation, Request, RequestHeader } from './request.ts';

/** Operations of one connection in the backend's hands. As many replies may wait for the socket. */
export const QUEUE_DEPTH = 128;

/** Memory of one connection for data on their way. A request that is alone may always have what it needs. */
export const WINDOW_BYTES = MAX_PAYLOAD_BYTES;

/**
 * Requests are taken one after the other and handed to the backend in pieces of at most `transferBytes` or
 * `rangeBytes`. With structured replies each piece of a read is answered by its own chunk, in order of completion;
 * otherwise, and with DF, the answer waits for the last piece. A write is not held back until all its data have
 * come: its pieces go to the backend as they arrive.
 */
export class Transmission {
  /** Replies for the socket. */
  readonly replies: ReplyQueue;
  /** Why the connection must be dropped. */
  violation: string | undefined;
  /** In the backend's hands. */
  operations = 0;
  private readonly backend: BlockBackend;
  private readonly answers: Answers;
  private readonly wake: () => void;
  private readonly input = new Input();
  private readonly header = new RequestHeader();
  /** The request of which not everything is issued. */
  private current: Request | undefined;
  /** A piece of a write whose data are being gathered, out of several chunks of the socket. */
  private gathering: Operation | undefined;
  private gathered = 0;
  /** Data of a refused write, to be read past. */
  private skipBytes = 0;
  private running = false;
  private closing = false;
  private inputEnded = false;
  /** Nothing is taken any more. */
  private over = false;
  private readonly spareRequests: Request[] = [];
  private readonly spareOperations: Operation[] = [];

  /** `wake` is called when an operation completes outside `run`: replies may be ready, and `run` has to be called. */
  constructor(backend: BlockBackend, structured: boolean, wake: () => void) {
    this.backend = backend;
    this.answers = new Answers(structured);
    this.replies = this.answers.queue;
    this.wake = wake;
  }

  /** Does it take another chunk? If not, the socket is to wait. */
  get hungry(): boolean {
    return !this.over && this.input.left === 0;
  }

  /** Everything taken is answered, and the answers are written. */
  get idle(): boolean {
    const { operations, replies, current, skipBytes } = this;
    return operations === 0 && replies.unsent === 0 && current === undefined && skipBytes === 0;
  }

  /** No request follows, and all that came are answered. */
  get done(): boolean {
    return this.idle && (this.over || this.closing);
  }

  /** A chunk of the socket, when `hungry`. Call `run` afterwards. */
  receive(chunk: Buffer): void {
    this.input.offer(chunk);
  }

  /** The client sends nothing more. What is complete is answered. */
  endInput(): void {
    this.inputEnded = true;
  }

  /** New requests are answered by ESHUTDOWN from now on. */
  shutDown(): void {
    this.closing = true;
  }

  /** Takes what can be taken: until bytes are missing, or until enough is on its way. */
  run(): void {
    this.running = true;
    while (this.step());
    this.running = false;
    if (this.inputEnded && this.starved) this.end();
  }

  private step(): boolean {
    if (this.over) return false;
    if (this.skipBytes > 0) return this.skip();
    if (this.current !== undefined) return this.issue(this.current);
    return this.next();
  }

  /** More bytes of the client are needed, whatever completes. */
  private get starved(): boolean {
    const { input, current } = this;
    return input.left === 0 && (current === undefined || current.command === CMD_WRITE);
  }

  private end(): void {
    this.over = true;
    this.skipBytes = 0;
    this.current = this.gathering = undefined;
    this.input.drop();
  }

  private violate(reason: string): boolean {
    this.violation = reason;
    this.end();
    return false;
  }

  /** Is there room for another operation that needs so much memory? */
  private admits(bytes: number): boolean {
    const { replies } = this;
    if (this.operations >= QUEUE_DEPTH || replies.unsent >= QUEUE_DEPTH) return false;
    return bytes === 0 || replies.reservedBytes === 0 || replies.reservedBytes + bytes <= WINDOW_BYTES;
  }

  /** Takes the next header. */
  private next(): boolean {
    const { header } = this;
    if (!this.admits(0) || !header.read(this.input)) return false;
    if (!header.valid) return this.violate('a request without its magic number');
    if (header.command === CMD_WRITE && header.length > MAX_PAYLOAD_BYTES)
      return this.violate(`a write of ${header.length} bytes`);
    if (header.command === CMD_DISC) this.end();
    else this.begin(header);
    return true;
  }

  private begin(header: RequestHeader): void {
    const { backend, answers } = this;
    const { command, flags, length } = header;
    const error = this.closing ? ESHUTDOWN : checkRequest(header, backend, answers.structured);
    if (error !== 0 || (length === 0 && command !== CMD_FLUSH)) {
      if (command === CMD_WRITE) this.skipBytes = length;
      answers.atOnce(header, error);
      return;
    }
    const inOne = !answers.structured || (flags & CMD_FLAG_DF) !== 0 || length <= backend.transferBytes;
    this.current = this.spareRequests.pop() ?? new Request();
    this.current.begin(header, command === CMD_READ && !inOne);
  }

  /** Reads past data of a refused write. */
  private skip(): boolean {
    const length = Math.min(this.skipBytes, this.input.left);
    this.input.take(length);
    this.skipBytes -= length;
    return length > 0;
  }

  /** Hands the next piece of a request to the backend. Returns whether that could be done. */
  private issue(request: Request): boolean {
    if (request.command === CMD_READ)
      return request.chunked ? this.readChunk(request) : this.readInOne(request);
    if (request.command === CMD_WRITE) return this.write(request);
    return this.changeRange(request);
  }

  /** A piece of a read, with room for a chunk of the reply. */
  private readChunk(request: Request): boolean {
    const length = pieceOf(request, this.backend.transferBytes);
    if (!this.admits(chunkBytes(length))) return false;
    const operation = this.spareOperation();
    this.reserve(operation, chunkBytes(length));
    this.hand(operation, request, length);
    const { offset, slab, start } = operation;
    this.backend.read(offset, length, slab.bytes, start + DATA_CHUNK_HEADER_BYTES, operation);
    return true;
  }

  /** A piece of a read whose reply is in one: room for all of it is reserved with the first piece. */
  private readInOne(request: Request): boolean {
    const { headerBytes } = this.answers;
    if (!this.admits(request.issued === 0 ? headerBytes + request.length : 0)) return false;
    if (request.issued === 0) this.reserve(request, headerBytes + request.length);
    const operation = this.spareOperation();
    const at = request.start + headerBytes + request.issued;
    this.hand(operation, request, pieceOf(request, this.backend.transferBytes));
    this.backend.read(operation.offset, operation.length, request.slab.bytes, at, operation);
    return true;
  }

  /** A piece of a write: straight out of the socket's chunk if all of it lies there, otherwise gathered. */
  private write(request: Request): boolean {
    const { input } = this;
    const length = pieceOf(request, this.backend.transferBytes);
    if (this.gathering !== undefined) return this.gather(this.gathering, request, length);
    if (input.left === 0 || !this.admits(length)) return false;
    const operation = this.spareOperation();
    if (input.left >= length) {
      this.writePiece(operation, request, length, input.bytes, input.take(length));
      return true;
    }
    this.reserve(operation, length);
    this.gathering = operation;
    this.gathered = 0;
    return this.gather(operation, request, length);
  }

  private gather(operation: Operation, request: Request, length: number): boolean {
    const { input } = this;
    const { slab, start } = operation;
    const part = Math.min(length - this.gathered, input.left);
    const at = input.take(part);
    input.bytes.copy(slab.bytes, start + this.gathered, at, at + part);
    this.gathered += part;
    if (this.gathered < length) return false;
    this.gathering = undefined;
    this.writePiece(operation, request, length, slab.bytes, start);
    return true;
  }

  private writePiece(operation: Operation, request: Request, length: number, from: Buffer, at: number): void {
    const fua = (request.flags & CMD_FLAG_FUA) !== 0;
    this.hand(operation, request, length);
    this.backend.write(operation.offset, length, from, at, fua, operation);
  }

  /** Commands without data: flush, and pieces of trim and write zeroes. */
  private changeRange(request: Request): boolean {
    if (!this.admits(0)) return false;
    const { command, flags } = request;
    const fua = (flags & CMD_FLAG_FUA) !== 0;
    const operation = this.spareOperation();
    this.hand(operation, request, pieceOf(request, this.backend.rangeBytes));
    const { offset, length } = operation;
    if (command === CMD_FLUSH) this.backend.flush(operation);
    else if (command === CMD_TRIM) this.backend.trim(offset, length, fua, operation);
    else this.backend.writeZeroes(offset, length, (flags & CMD_FLAG_NO_HOLE) !== 0, fua, operation);
    return true;
  }

  private spareOperation(): Operation {
    return this.spareOperations.pop() ?? new Operation(this.finished);
  }

  private reserve(owner: Operation | Request, bytes: number): void {
    owner.slab = this.replies.reserve(bytes);
    owner.start = owner.slab.used - bytes;
    owner.reserved = bytes;
  }

  /** Counts the next piece of a request as issued: the call of the backend follows, and may complete it at once. */
  private hand(operation: Operation, request: Request, length: number): void {
    operation.request = request;
    operation.offset = request.offset + request.issued;
    operation.length = length;
    request.issued += length;
    request.pending++;
    this.operations++;
    if (request.issued === request.length) this.current = undefined;
  }

  private readonly finished = (operation: Operation, request: Request, error: number): void => {
    this.operations--;
    request.pending--;
    if (request.error === 0) request.error = error;
    const last = request.complete;
    if (request.chunked) this.answers.chunk(operation, request, error, last);
    else if (operation.reserved > 0) this.replies.release(operation.slab, operation.reserved);
    if (last && !request.chunked) this.answers.whole(request);
    if (last) {
      forgetMemory(request);
      this.spareRequests.push(request);
    }
    forgetMemory(operation);
    this.spareOperations.push(operation);
    if (!this.running) this.wake();
  };
}

/** It is the reply's now, or free. */
function forgetMemory(owner: Operation | Request): void {
  owner.slab = NO_SLAB;
  owner.reserved = 0;
}

function pieceOf(request: Request, mostBytes: number): number {
  return Math.min(mostBytes, request.length - request.issued);
}
