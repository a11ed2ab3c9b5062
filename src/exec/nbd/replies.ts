/**
 * Replies on their way to the socket. Room for a reply is reserved before its data are read, so that the backend
 * puts them behind the header and nothing is copied; replies that lie one behind the other leave as one write.
 */

/** Holds two of the longest chunks that are common (128 KiB). */
const SLAB_BYTES = 384 * 1024;

/** Slabs kept when they are empty. More exist only while replies finish far out of order. */
const SPARE_SLABS = 2;

/** Memory out of which room is given from front to back. It is used again when all of it has come back. */
export class Slab {
  readonly bytes: Buffer;
  used = 0;
  /** Reservations not yet released. */
  live = 0;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafeSlow(length);
  }
}

/** For those that have no memory. */
export const NO_SLAB = new Slab(0);

/** Replies one behind the other in one slab. */
interface Segment {
  readonly slab: Slab;
  readonly start: number;
  end: number;
  replies: number;
  reservedBytes: number;
}

export class ReplyQueue {
  /** Memory that is reserved for this client, until its replies are written. */
  reservedBytes = 0;
  /** Replies that are ready and not yet written. */
  unsent = 0;
  private slab = NO_SLAB;
  private readonly spare: Slab[] = [];
  private ready: Segment[] = [];
  private sending: Segment[] = [];

  /** Room for so many bytes: in the slab returned, the last ones used. */
  reserve(bytes: number): Slab {
    this.reservedBytes += bytes;
    const slab = this.slabFor(bytes);
    slab.used += bytes;
    slab.live++;
    return slab;
  }

  /** Gives room back that was reserved in `count` pieces. */
  release(slab: Slab, bytes: number, count = 1): void {
    this.reservedBytes -= bytes;
    slab.live -= count;
    if (slab.live > 0) return;
    slab.used = 0;
    const retired = slab !== this.slab && slab.bytes.length === SLAB_BYTES;
    if (retired && this.spare.length < SPARE_SLABS) this.spare.push(slab);
  }

  /** A reply is ready at `start`, `bytes` long; `reservedBytes` are to be released when it is written. */
  push(slab: Slab, start: number, bytes: number, reservedBytes: number): void {
    this.unsent++;
    const last = this.ready.at(-1);
    if (last === undefined || last.slab !== slab || last.end !== start) {
      this.ready.push({ slab, start, end: start + bytes, replies: 1, reservedBytes });
      return;
    }
    last.end += bytes;
    last.replies++;
    last.reservedBytes += reservedBytes;
  }

  /** Is a batch taken and not yet written? */
  get busy(): boolean {
    return this.sending.length > 0;
  }

  /** All that is ready, to be written in this order, as one batch; nothing while the batch before is not written. */
  take(): readonly Segment[] {
    if (this.busy) return [];
    const { ready } = this;
    this.ready = this.sending;
    this.sending = ready;
    return ready;
  }

  /** The batch that was taken has left: its memory is free. */
  written(): void {
    for (const { slab, replies, reservedBytes } of this.sending) {
      this.unsent -= replies;
      this.release(slab, reservedBytes, replies);
    }
    this.sending.length = 0;
  }

  private slabFor(bytes: number): Slab {
    if (bytes > SLAB_BYTES) return new Slab(bytes);
    if (this.slab.used + bytes > this.slab.bytes.length) this.slab = this.spare.pop() ?? new Slab(SLAB_BYTES);
    return this.slab;
  }
}
