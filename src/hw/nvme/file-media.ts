/** A disk in a sparse file, with a lock file beside it while it is in use. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { BLOCK_BYTES } from './datasheet.ts';
import { type Media, MediaError } from './media.ts';

/** Somebody else has the file open as a disk. */
export class MediaInUse extends MediaError {
  constructor(file: string, lock: string, pid: string) {
    super(`${file} is in use by process ${pid}: end that, or if it is no user of the file, remove ${lock}`);
    this.name = 'MediaInUse';
  }
}

/** The file is there and is of another size than asked for. */
export class MediaSizeMismatch extends MediaError {
  constructor(file: string, bytes: number, asked: number) {
    super(`${file} has ${bytes} bytes and not ${asked}: ask for its size, or name another file`);
    this.name = 'MediaSizeMismatch';
  }
}

/** Zeros are written in pieces of this size. */
const ZEROS = new Uint8Array(1 << 20);

export class FileMedia implements Media {
  readonly blocks: number;
  private readonly file: string;
  private readonly lock: string;
  private readonly descriptor: number;

  /** Makes the file if it is not there. Throws MediaInUse, MediaSizeMismatch, MediaError. */
  constructor(file: string, blocks: number) {
    this.file = file;
    this.blocks = blocks;
    this.lock = `${file}.lock`;
    takeLock(file, this.lock);
    try {
      this.descriptor = openSized(file, blocks * BLOCK_BYTES);
    } catch (error) {
      unlinkSync(this.lock);
      throw error instanceof MediaError ? error : new MediaError(`${file} cannot be a disk`, error);
    }
  }

  read(block: number, count: number, bytes: Uint8Array, address: number): void {
    const length = count * BLOCK_BYTES;
    for (let done = 0; done < length; ) {
      const part = this.attempt('read', () =>
        readSync(this.descriptor, bytes, address + done, length - done, block * BLOCK_BYTES + done),
      );
      if (part === 0)
        throw new MediaError(`${this.file} ends before block ${block + count}: it was cut short`);
      done += part;
    }
  }

  write(block: number, count: number, bytes: Uint8Array, address: number): void {
    this.writeBytes(block * BLOCK_BYTES, count * BLOCK_BYTES, bytes, address);
  }

  zero(block: number, count: number): void {
    const length = count * BLOCK_BYTES;
    for (let done = 0; done < length; done += ZEROS.length)
      this.writeBytes(block * BLOCK_BYTES + done, Math.min(ZEROS.length, length - done), ZEROS, 0);
  }

  flush(): void {
    this.attempt('flush', () => fsyncSync(this.descriptor));
  }

  close(): void {
    this.attempt('close', () => {
      closeSync(this.descriptor);
      unlinkSync(this.lock);
    });
  }

  private writeBytes(position: number, length: number, bytes: Uint8Array, address: number): void {
    for (let done = 0; done < length; )
      done += this.attempt('write', () =>
        writeSync(this.descriptor, bytes, address + done, length - done, position + done),
      );
  }

  private attempt<T>(what: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new MediaError(`${what} of ${this.file} failed`, error);
    }
  }
}

function openSized(file: string, bytes: number): number {
  const descriptor = openFile(file, bytes);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new MediaError(`${file} is no regular file: name one, or a new one`);
    if (found.size !== bytes) throw new MediaSizeMismatch(file, found.size, bytes);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Opens the file; a new one gets its size at once and is a hole. */
function openFile(file: string, bytes: number): number {
  try {
    const made = openSync(file, 'wx');
    ftruncateSync(made, bytes);
    closeSync(made);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  return openSync(file, 'r+');
}

function takeLock(file: string, lock: string): void {
  if (makeLock(file, lock)) return;
  const pid = readFileSync(lock, 'utf8').trim();
  if (isAlive(pid)) throw new MediaInUse(file, lock, pid);
  removeStale(file, lock);
  if (!makeLock(file, lock)) throw new MediaInUse(file, lock, 'unknown');
}

/** False: there is one. */
function makeLock(file: string, lock: string): boolean {
  try {
    const descriptor = openSync(lock, 'wx');
    writeSync(descriptor, `${process.pid}\n`);
    closeSync(descriptor);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new MediaError(`${file} cannot be locked: ${lock} cannot be made`, error);
  }
}

/** Two may find the lock stale at once; what is moved away and is not stale any more was made by the other, and goes back. */
function removeStale(file: string, lock: string): void {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new MediaError(`${file} cannot be locked: the stale ${lock} cannot be removed`, error);
  }
  const pid = readFileSync(aside, 'utf8').trim();
  if (isAlive(pid)) {
    renameSync(aside, lock);
    throw new MediaInUse(file, lock, pid);
  }
  unlinkSync(aside);
}

/** A lock without a number was made this moment. */
function isAlive(pid: string): boolean {
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0) return true;
  try {
    process.kill(number, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
