/** A connection's socket without a network. The client's end is the test. */
import { Duplex } from 'node:stream';

/** The test pushes bytes, and decides when what the server writes has left. */
export class FakeSocket extends Duplex {
  readonly out: Buffer[] = [];
  /** The client does not read: writes are not finished. */
  stuck = false;
  private stuckWrite: (() => void) | undefined;
  writes = 0;

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this._writev([{ chunk }], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.writes++;
    this.out.push(...chunks.map(({ chunk }) => Buffer.from(chunk)));
    if (this.stuck) this.stuckWrite = () => done();
    else done();
  }

  unstick(): void {
    this.stuck = false;
    this.stuckWrite?.();
    this.stuckWrite = undefined;
  }

  /** What was written since the last call. */
  takeWritten(): Buffer {
    return Buffer.concat(this.out.splice(0));
  }
}
