/**
 * A disk in memory, for tests: it remembers what it was asked, fails when told, and holds requests back. It throws at
 * a request that the server should have refused.
 */
import type { BlockBackend, Completion } from '../../../src/exec/nbd/backend.ts';

export interface Call {
  readonly kind: 'read' | 'write' | 'flush' | 'trim' | 'writeZeroes';
  readonly offset: number;
  readonly length: number;
  readonly fua?: boolean;
  readonly noHole?: boolean;
}

export const MIB = 1024 * 1024;

export class MemoryBackend implements BlockBackend {
  readonly bytes: Buffer;
  readonly sizeBytes: number;
  readOnly = false;
  minimumBlockBytes = 512;
  readonly preferredBlockBytes = 4096;
  transferBytes = 128 * 1024;
  rangeBytes = 8 * MIB;
  readonly calls: Call[] = [];
  /** Requests are kept until `release`, and take effect then: memory handed over must hold that long. */
  holding = false;
  private held: (() => void)[] = [];
  /** The error of a call, or 0. */
  fails: (call: Call) => number = () => 0;

  /** Filled so that each block is like no other. */
  constructor(sizeBytes = MIB) {
    this.sizeBytes = sizeBytes;
    this.bytes = pattern(sizeBytes);
  }

  get heldRequests(): number {
    return this.held.length;
  }

  /** Lets go of the requests held, in the order in which `order` arranges them. */
  release(order: (held: (() => void)[]) => (() => void)[] = (held) => held): void {
    const { held } = this;
    this.held = [];
    for (const finish of order(held)) finish();
  }

  read(offset: number, length: number, into: Uint8Array, at: number, completion: Completion): void {
    checkMemory(into, at, length);
    this.take({ kind: 'read', offset, length }, completion, () => {
      into.set(this.bytes.subarray(offset, offset + length), at);
    });
  }

  write(
    offset: number,
    length: number,
    from: Uint8Array,
    at: number,
    fua: boolean,
    completion: Completion,
  ): void {
    checkMemory(from, at, length);
    this.take({ kind: 'write', offset, length, fua }, completion, () => {
      this.bytes.set(from.subarray(at, at + length), offset);
    });
  }

  flush(completion: Completion): void {
    this.take({ kind: 'flush', offset: 0, length: 0 }, completion, () => undefined);
  }

  trim(offset: number, length: number, fua: boolean, completion: Completion): void {
    this.take({ kind: 'trim', offset, length, fua }, completion, () => undefined);
  }

  writeZeroes(offset: number, length: number, noHole: boolean, fua: boolean, completion: Completion): void {
    this.take({ kind: 'writeZeroes', offset, length, noHole, fua }, completion, () => {
      this.bytes.fill(0, offset, offset + length);
    });
  }

  private take(call: Call, completion: Completion, effect: () => void): void {
    this.check(call);
    this.calls.push(call);
    const finish = () => {
      const error = this.fails(call);
      if (error === 0) effect();
      completion.complete(error);
    };
    if (this.holding) this.held.push(finish);
    else finish();
  }

  /** What the server promises a backend of each request. */
  private check({ kind, offset, length }: Call): void {
    if (kind === 'flush') return;
    const most = kind === 'read' || kind === 'write' ? this.transferBytes : this.rangeBytes;
    const { minimumBlockBytes, sizeBytes } = this;
    if (length <= 0 || length > most) throw new Error(`${kind} of ${length} bytes`);
    if (offset % minimumBlockBytes !== 0 || length % minimumBlockBytes !== 0 || offset + length > sizeBytes)
      throw new Error(`${kind} of ${length} bytes at ${offset}`);
    if (this.readOnly && kind !== 'read') throw new Error(`${kind} of a disk that is read-only`);
  }
}

function checkMemory(bytes: Uint8Array, at: number, length: number): void {
  if (at < 0 || at + length > bytes.length)
    throw new Error(`memory from ${at} to ${at + length}, of ${bytes.length} bytes`);
}

/** Bytes that tell where they are from. */
export function pattern(length: number, seed = 0): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(4 * i + seed, 2_654_435_761);
  return Buffer.from(words.buffer, 0, length);
}
