/** An emulated disk as the server's backend: requests go to the CPU that drives it, through shared memory. */
import { OP, type Op, REQUEST_FUA, RequestTable } from '../../drivers/nvme/requests.ts';
import type { DiskLayout } from '../../host/machine.ts';
import { AWAKE, announceWaiting, type RemoteLayout, WAITING } from '../../host/remote/remote-client.ts';
import { RequestRing } from '../../host/remote/request-ring.ts';
import type { Memory } from '../../hw/memory.ts';
import { BLOCK_BYTES, BLOCK_SHIFT, STATUS, STATUS_CODE_MASK } from '../../hw/nvme/datasheet.ts';
import { store } from '../../hw/shared.ts';
import type { BlockBackend, Completion } from './backend.ts';
import { copyIn, copyOut } from './copy.ts';
import { EINVAL, EIO, ENOSPC, ESHUTDOWN } from './protocol.ts';
import { Waker } from './waker.ts';

/** One command moves so many blocks without data at the most (6.17). */
const RANGE_BYTES = 65_536 * BLOCK_BYTES;

/** Completions taken in one turn of the event loop. Their replies leave, and the client works on them while others are copied. */
const TAKEN_AT_ONCE = 4;

/** What is being done; kept and used again. */
class Operation {
  op: Op = OP.flush;
  offset = 0;
  length = 0;
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  fua = false;
  completion: Completion | undefined;
}

/** Of one disk, in the thread that has the sockets. */
export class DiskBackend implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly = false;
  readonly minimumBlockBytes = BLOCK_BYTES;
  readonly preferredBlockBytes = 4096;
  readonly transferBytes: number;
  readonly rangeBytes = RANGE_BYTES;
  private readonly memory: Memory;
  private readonly remote: RemoteLayout;
  private readonly requests: RequestTable;
  private readonly submissions: RequestRing;
  private readonly completions: RequestRing;
  private readonly data: number;
  private readonly waker: Waker;
  private readonly free: number[] = [];
  /** By request; and those that no request is free for. */
  private readonly underWay: (Operation | undefined)[];
  private readonly queued: Operation[] = [];
  private readonly spare: Operation[] = [];
  private readonly taken: Int32Array;
  private closed = false;

  /** `wakeCpu`: called when there is something new for it, much at a time. */
  constructor(
    memory: Memory,
    disk: Pick<DiskLayout, 'blocks' | 'requests' | 'data'>,
    remote: RemoteLayout,
    transferBytes: number,
    wakeCpu: () => void,
  ) {
    this.memory = memory;
    this.remote = remote;
    this.sizeBytes = disk.blocks * BLOCK_BYTES;
    this.transferBytes = transferBytes;
    this.requests = new RequestTable(memory, disk.requests);
    this.submissions = new RequestRing(memory, remote.submissions);
    this.completions = new RequestRing(memory, remote.completions);
    this.data = disk.data.address;
    this.waker = new Waker(wakeCpu);
    for (let request = this.requests.count - 1; request >= 0; request--) this.free.push(request);
    this.underWay = this.free.map(() => undefined);
    this.taken = new Int32Array(TAKEN_AT_ONCE);
    this.watch();
  }

  read(offset: number, length: number, into: Uint8Array, at: number, completion: Completion): void {
    this.begin(OP.read, offset, length, into, at, false, completion);
  }

  write(
    offset: number,
    length: number,
    from: Uint8Array,
    at: number,
    fua: boolean,
    completion: Completion,
  ): void {
    this.begin(OP.write, offset, length, from, at, fua, completion);
  }

  flush(completion: Completion): void {
    this.begin(OP.flush, 0, 0, NO_BYTES, 0, false, completion);
  }

  trim(offset: number, length: number, fua: boolean, completion: Completion): void {
    this.begin(OP.discard, offset, length, NO_BYTES, 0, fua, completion);
  }

  writeZeroes(offset: number, length: number, _noHole: boolean, fua: boolean, completion: Completion): void {
    this.begin(OP.writeZeroes, offset, length, NO_BYTES, 0, fua, completion);
  }

  /** The disk is no more: what it has not completed fails, and so does what is asked for from now on. */
  close(): void {
    this.closed = true;
    store(this.memory.words, this.remote.waiting.address >>> 2, AWAKE);
    Atomics.notify(this.memory.words, this.remote.waiting.address >>> 2);
    for (const operation of [...this.underWay.splice(0), ...this.queued.splice(0)])
      operation?.completion?.complete(ESHUTDOWN);
  }

  private begin(
    op: Op,
    offset: number,
    length: number,
    bytes: Uint8Array,
    at: number,
    fua: boolean,
    completion: Completion,
  ): void {
    if (this.closed) return completion.complete(ESHUTDOWN);
    const operation = this.spare.pop() ?? new Operation();
    operation.op = op;
    operation.offset = offset;
    operation.length = length;
    operation.bytes = bytes;
    operation.at = at;
    operation.fua = fua;
    operation.completion = completion;
    const request = this.free.pop();
    if (request === undefined) this.queued.push(operation);
    else this.submit(request, operation);
  }

  private submit(request: number, operation: Operation): void {
    const { op, offset, length, bytes, at, fua } = operation;
    const address = this.data + request * this.transferBytes;
    if (op === OP.write) copyIn(this.memory, address, bytes, at, length);
    // A discard knows no FUA: a flush follows it.
    const flags = fua && op !== OP.discard ? REQUEST_FUA : 0;
    const moves = op === OP.read || op === OP.write;
    this.requests.prepare(
      request,
      op,
      offset / BLOCK_BYTES,
      length >>> BLOCK_SHIFT,
      moves ? address : 0,
      flags,
    );
    this.underWay[request] = operation;
    this.submissions.push(request);
    this.submissions.publish();
    this.waker.tell(this.free.length + 1 === this.requests.count);
  }

  /** Takes completions as they come, until it is closed. No promise is made while some are there. */
  private readonly watch = (): void => {
    if (this.closed) return;
    const { words } = this.memory;
    const waiting = this.remote.waiting.address >>> 2;
    announceWaiting(this.memory, this.remote);
    if (this.completions.waits) {
      store(words, waiting, AWAKE);
      this.takeCompletions();
      setImmediate(this.watch); // sockets have their turn
      return;
    }
    const { async, value } = Atomics.waitAsync(words, waiting, WAITING);
    if (async) void value.then(this.watch);
    else setImmediate(this.watch);
  };

  private takeCompletions(): void {
    const count = this.completions.take(this.taken, 0, TAKEN_AT_ONCE);
    for (let i = 0; i < count; i++) this.complete(this.taken[i]);
  }

  private complete(request: number): void {
    const operation = this.underWay[request];
    if (operation === undefined) return;
    const error = errorOf(this.requests.status(request));
    const { op, bytes, at, length, completion } = operation;
    if (op === OP.read && error === 0) {
      const address = this.data + request * this.transferBytes;
      copyOut(this.memory, address, bytes, at, length);
    }
    if (op === OP.discard && operation.fua && error === 0) {
      operation.op = OP.flush;
      operation.length = 0;
      this.submit(request, operation);
      return;
    }
    this.underWay[request] = undefined;
    operation.completion = undefined;
    operation.bytes = NO_BYTES;
    this.spare.push(operation);
    const next = this.queued.shift();
    if (next === undefined) this.free.push(request);
    else this.submit(request, next);
    completion?.complete(error);
  }
}

const NO_BYTES = new Uint8Array(0);

/** What a client is told of a status (NBD, "Error values"). */
function errorOf(status: number): number {
  switch (status & STATUS_CODE_MASK) {
    case STATUS.success:
      return 0;
    case STATUS.lbaOutOfRange:
    case STATUS.invalidField:
      return EINVAL;
    case STATUS.capacityExceeded:
      return ENOSPC;
    default:
      return EIO;
  }
}
